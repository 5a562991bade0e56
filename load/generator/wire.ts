import { createHash, randomBytes } from 'node:crypto'

/**
 * The client's half of RFC 6455, as small as a load generator needs it: the upgrade, masked text frames out, unmasked
 * frames in. Nothing is allocated for a frame that lies whole in one read.
 */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface Upgrade {
  request: string
  /** What the server must answer in Sec-WebSocket-Accept. */
  accept: string
}

export function upgrade(host: string, path: string, subprotocol: string | null): Upgrade {
  const key = randomBytes(16).toString('base64')
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
  ]
  if (subprotocol !== null) lines.push(`Sec-WebSocket-Protocol: ${subprotocol}`)
  return { request: `${lines.join('\r\n')}\r\n\r\n`, accept }
}

/** Throws when the server's answer is no upgrade of ours. */
export function checkUpgraded(head: string, accept: string): void {
  const status = head.slice(0, head.indexOf('\r\n'))
  if (!status.startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${status}`)
  if (!head.toLowerCase().includes(`sec-websocket-accept: ${accept.toLowerCase()}`)) {
    throw new Error('no upgrade: wrong Sec-WebSocket-Accept')
  }
}

// One mask for a process: what matters here is that the server has to undo one, as with every real client.
const MASK = randomBytes(4)
for (let i = 0; i < 4; i++) if (MASK[i] === 0) MASK[i] = 0x5a

/** A whole masked frame with one mask bit pattern per process. The payload is text. */
export function textFrame(text: string): Buffer {
  return maskedFrame(OPCODE.text, Buffer.from(text))
}

export function maskedFrame(opcode: number, payload: Uint8Array): Buffer {
  const size = payload.length
  const header = size < 126 ? 6 : size < 65_536 ? 8 : 14
  const frame = Buffer.allocUnsafe(header + size)
  frame[0] = 0x80 | opcode
  if (header === 6) {
    frame[1] = 0x80 | size
  } else if (header === 8) {
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(size, 2)
  } else {
    frame[1] = 0x80 | 127
    frame.writeUInt32BE(0, 2)
    frame.writeUInt32BE(size, 6)
  }
  frame.set(MASK, header - 4)
  for (let i = 0; i < size; i++) frame[header + i] = payload[i]! ^ MASK[i & 3]!
  return frame
}

/** Told of every whole frame; the bytes belong to the reader and are valid during the call only. */
export type OnFrame = (opcode: number, bytes: Buffer, start: number, end: number) => void

/** The longest frame that is taken for one: a longer length means that the stream was misread. */
const LARGEST = 64 * 1024 * 1024

/** Splits a byte stream into frames, wherever the reads cut it. Throws on what no server of ours may send. */
export class FrameReader {
  readonly #onFrame: OnFrame
  /** A frame of which only a part has come. */
  #held: Buffer | null = null
  #have = 0

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame
  }

  read(chunk: Buffer, start: number, end: number): void {
    let at = start
    if (this.#held !== null) at = this.#complete(chunk, at, end)
    while (at < end) {
      const size = frameSize(chunk, at, end)
      if (size === 0 || at + size > end) {
        this.#held = Buffer.allocUnsafe(Math.max(size, 16))
        this.#have = chunk.copy(this.#held, 0, at, end)
        return
      }
      this.#deliver(chunk, at, at + size)
      at += size
    }
  }

  /** Fills up the held frame; answers where the next one begins, or `end` when this one is still short. */
  #complete(chunk: Buffer, start: number, end: number): number {
    let held = this.#held!
    let at = start
    let size = frameSize(held, 0, this.#have)
    while (size === 0) {
      if (at === end) return end
      held[this.#have++] = chunk[at++]!
      size = frameSize(held, 0, this.#have)
    }
    if (held.length < size) {
      const larger = Buffer.allocUnsafe(size)
      held.copy(larger, 0, 0, this.#have)
      this.#held = held = larger
    }
    const taken = chunk.copy(held, this.#have, at, Math.min(end, at + size - this.#have))
    this.#have += taken
    if (this.#have < size) return end
    this.#held = null
    this.#deliver(held, 0, size)
    return at + taken
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    const first = bytes[start]!
    if ((first & 0x80) === 0 || (first & 0x70) !== 0) throw new Error(`unexpected frame: first byte ${first}`)
    const short = bytes[start + 1]!
    if ((short & 0x80) !== 0) throw new Error('unexpected frame: masked by the server')
    const header = short < 126 ? 2 : short === 126 ? 4 : 10
    this.#onFrame(first & 0x0f, bytes, start + header, end)
  }
}

/** Bytes of the frame at `start`, header included; 0 while its length is not known yet. */
function frameSize(bytes: Buffer, start: number, end: number): number {
  if (end - start < 2) return 0
  const short = bytes[start + 1]! & 0x7f
  if (short < 126) return 2 + short
  if (short === 126) return end - start < 4 ? 0 : 4 + bytes.readUInt16BE(start + 2)
  if (end - start < 10) return 0
  const size = bytes.readUInt32BE(start + 2) * 2 ** 32 + bytes.readUInt32BE(start + 6)
  if (size > LARGEST) throw new Error(`unexpected frame: ${size} bytes`)
  return 10 + size
}
