import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { PATIENCE_MS } from './patience.ts'

export const TEXT = 0x1
export const BINARY = 0x2
export const CONTINUATION = 0x0
export const CLOSE = 0x8
export const PING = 0x9
export const PONG = 0xa

/** One frame as it came from the server. */
export interface RawFrame {
  fin: boolean
  rsv: number
  opcode: number
  masked: boolean
  /** Bytes that the length took in the header beyond the first two: 0, 2 or 8. */
  lengthBytes: number
  payload: Buffer
}

interface FrameOptions {
  fin?: boolean
  /** The three reserved bits, 0 to 7. */
  rsv?: number
  masked?: boolean
  /** What the header says instead of the payload's true length. */
  announced?: number
}

/** One frame as a client writes it, or as none should. */
export function frame(opcode: number, payload: string | Buffer = '', options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, masked = true } = options
  const data = Buffer.from(payload as string)
  const length = options.announced ?? data.length
  let header: Buffer
  if (length < 126) header = Buffer.from([0, length])
  else if (length < 65_536) {
    header = Buffer.from([0, 126, 0, 0])
    header.writeUInt16BE(length, 2)
  } else {
    header = Buffer.from([0, 127, 0, 0, 0, 0, 0, 0, 0, 0])
    header.writeBigUInt64BE(BigInt(length), 2)
  }
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  if (!masked) return Buffer.concat([header, data])
  header[1] = (header[1] as number) | 0x80
  const mask = randomBytes(4)
  const body = Buffer.from(data.map((byte, i) => byte ^ (mask[i % 4] as number)))
  return Buffer.concat([header, mask, body])
}

/** The payload of a close frame. */
export function closing(code: number, reason: string | Buffer = ''): Buffer {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(code)
  return Buffer.concat([head, Buffer.from(reason as string)])
}

/** A TCP connection that speaks WebSocket by hand, right or wrong: what a library would not let a test send. */
export class RawSocket {
  readonly socket: Socket
  readonly frames: RawFrame[] = []
  /** Whether the server has ended the TCP connection. */
  ended = false
  #chunks: Buffer[] = []
  #unread = Buffer.alloc(0)
  /** Bytes that must be there before it is worth looking again. */
  #wanted = 2
  #look = new Set<() => void>()

  private constructor(socket: Socket, head: Buffer) {
    this.socket = socket
    socket.on('data', (bytes) => this.#read(bytes as Buffer))
    socket.on('close', () => {
      this.ended = true
      this.#changed()
    })
    if (head.length > 0) this.#read(head)
  }

  /** Sends an upgrade request and answers what came back. `headers` replace the right ones; null leaves one out. */
  static async request(
    port: number,
    { path = '/ws', method = 'GET', headers = {} as Record<string, string | null> } = {},
  ): Promise<{ status: number; headers: Map<string, string>; head: Buffer; socket: Socket; key: string }> {
    const key = randomBytes(16).toString('base64')
    const all: Record<string, string | null> = {
      Host: `localhost:${port}`,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': key,
      ...headers,
    }
    const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : `${name}: ${value}\r\n`))
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.setNoDelay()
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    let bytes = Buffer.alloc(0)
    const end = await new Promise<number>((resolve, reject) => {
      const more = (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk])
        const at = bytes.indexOf('\r\n\r\n')
        if (at < 0) return
        socket.off('data', more)
        resolve(at)
      }
      socket.on('data', more)
      socket.once('close', () => reject(new Error('the server hung up during the handshake')))
    })
    const [first = '', ...rest] = bytes.subarray(0, end).toString().split('\r\n')
    const found = rest.map((line) => line.split(/: */, 2) as [string, string])
    return {
      status: Number(first.split(' ')[1]),
      headers: new Map(found.map(([name, value]) => [name.toLowerCase(), value])),
      head: bytes.subarray(end + 4),
      socket,
      key,
    }
  }

  /** Opens a connection; the handshake must succeed and answer the key. */
  static async open(port: number, headers: Record<string, string | null> = {}): Promise<RawSocket> {
    const answer = await RawSocket.request(port, { headers })
    assert.equal(answer.status, 101)
    const accept = createHash('sha1').update(`${answer.key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    assert.equal(answer.headers.get('sec-websocket-accept'), accept)
    return new RawSocket(answer.socket, answer.head)
  }

  /** Opens a connection and says hello. */
  static async hello(port: number, token: string): Promise<RawSocket> {
    const raw = await RawSocket.open(port)
    raw.send(TEXT, JSON.stringify({ id: 0, op: 'hello', token }))
    await raw.reply(0)
    return raw
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes)
  }
  send(opcode: number, payload: string | Buffer = '', options: FrameOptions = {}): void {
    this.write(frame(opcode, payload, options))
  }

  /** Whatever the server's text frames have carried so far. */
  get items(): Record<string, unknown>[] {
    return this.frames.filter(({ opcode }) => opcode === TEXT).flatMap(({ payload }) => JSON.parse(String(payload)))
  }
  reply(id: number): Promise<Record<string, unknown>> {
    return this.until(() => this.items.find((item) => item.re === id), `the reply to ${id}`)
  }
  /** The first frame of an opcode. */
  frame(opcode: number): Promise<RawFrame> {
    return this.until(() => this.frames.find((one) => one.opcode === opcode), `a frame of opcode ${opcode}`)
  }
  /** The code that the server closed with, once the TCP connection is over too; null when it sent no close frame. */
  async closeCode(ms = PATIENCE_MS): Promise<number | null> {
    await this.until(() => this.ended || this.frames.some(({ opcode }) => opcode === CLOSE), 'a close', ms)
    const close = this.frames.find(({ opcode }) => opcode === CLOSE)
    if (!this.ended) {
      this.send(CLOSE, close?.payload)
      await this.until(() => this.ended, 'the end of the connection', ms)
    }
    if (close === undefined) return null
    assert.equal(this.frames.at(-1), close, 'nothing follows a close frame')
    return close.payload.length < 2 ? 1005 : close.payload.readUInt16BE()
  }

  until<T>(find: () => T | undefined | false, what: string, ms = PATIENCE_MS): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find()
        if (!found) return
        this.#look.delete(look)
        clearTimeout(timer)
        resolve(found)
      }
      const timer = setTimeout(() => {
        this.#look.delete(look)
        reject(new Error(`waited ${ms} ms for ${what}; ended: ${this.ended}, frames: ${this.frames.length}`))
      }, ms)
      // What nobody waits for any more keeps no process alive.
      timer.unref()
      this.#look.add(look)
      look()
    })
  }

  destroy(): void {
    this.socket.destroy()
  }

  #read(bytes: Buffer): void {
    this.#chunks.push(bytes)
    const size = this.#chunks.reduce((sum, chunk) => sum + chunk.length, this.#unread.length)
    if (size < this.#wanted) return
    this.#unread = Buffer.concat([this.#unread, ...this.#chunks.splice(0)])
    this.#wanted = 2
    while (this.#readFrame());
    this.#changed()
  }

  #readFrame(): boolean {
    const bytes = this.#unread
    if (bytes.length < 2) return false
    const [first, second] = bytes as unknown as [number, number]
    const short = second & 0x7f
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
    const start = 2 + lengthBytes
    if (bytes.length < start) return false
    const length =
      lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
    if (bytes.length < start + length) {
      this.#wanted = start + length
      return false
    }
    this.frames.push({
      fin: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      opcode: first & 0xf,
      masked: (second & 0x80) !== 0,
      lengthBytes,
      payload: bytes.subarray(start, start + length),
    })
    this.#unread = bytes.subarray(start + length)
    return true
  }

  #changed(): void {
    for (const look of [...this.#look]) look()
  }
}
