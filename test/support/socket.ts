import { WebSocket } from 'ws'
import { PATIENCE_MS } from './patience.ts'

type Item = Record<string, unknown> & { re?: number; push?: string }

/** One raw connection of a test: sends commands, keeps every item that came, waits for what it wants to see. */
export class TestSocket {
  readonly ws: WebSocket
  readonly items: Item[] = []
  closed: { code: number; reason: string } | null = null
  #id = 0
  #look: Set<() => void> = new Set()

  private constructor(url: string, options: { origin?: string }) {
    this.ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, 'yeoul.v1', options)
    this.ws.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Item | Item[]
      this.items.push(...(Array.isArray(frame) ? frame : [frame]))
      this.#changed()
    })
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) }
      this.#changed()
    })
    this.ws.on('error', () => {})
  }

  /** Opens without saying hello. */
  static async open(url: string, options: { origin?: string } = {}): Promise<TestSocket> {
    const socket = new TestSocket(url, options)
    await new Promise<void>((resolve, reject) => {
      socket.ws.once('open', resolve)
      socket.ws.once('error', reject)
    })
    return socket
  }

  /** Opens and says hello. */
  static async hello(url: string, token: string): Promise<TestSocket> {
    const socket = await TestSocket.open(url)
    await socket.ok('hello', { token })
    return socket
  }

  /** Sends a command and answers its reply, whatever it is. */
  async ask(op: string, fields: Record<string, unknown> = {}): Promise<Item> {
    const id = ++this.#id
    this.ws.send(JSON.stringify({ id, op, ...fields }))
    return this.until(() => this.items.find((item) => item.re === id), `a reply to ${op}`)
  }

  /** Sends a command that must succeed; answers what `ok` holds. */
  async ok<T = Record<string, unknown>>(op: string, fields: Record<string, unknown> = {}): Promise<T> {
    const reply = await this.ask(op, fields)
    if (reply.ok === undefined) throw new Error(`${op} was refused: ${JSON.stringify(reply.err)}`)
    return reply.ok as T
  }

  /** Sends a command that must be refused; answers the code. */
  async refused(op: string, fields: Record<string, unknown> = {}): Promise<string> {
    const reply = await this.ask(op, fields)
    if (reply.err === undefined) throw new Error(`${op} was not refused: ${JSON.stringify(reply.ok)}`)
    return (reply.err as { code: string }).code
  }

  /** The pushes of a kind so far. */
  pushes<T = Item>(kind: string): T[] {
    return this.items.filter((item) => item.push === kind) as T[]
  }

  /** The seqs of a room's event pushes so far. */
  seqs(room: string): number[] {
    return this.pushes<{ room: string; event: { seq: number } }>('event')
      .filter((push) => push.room === room)
      .map((push) => push.event.seq)
  }

  /** Waits until `find` finds something. Rejects after `ms` with `what` was waited for. */
  until<T>(find: () => T | undefined | null | false, what: string, ms = PATIENCE_MS): Promise<T> {
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
        reject(new Error(`waited ${ms} ms for ${what}; closed: ${JSON.stringify(this.closed)}`))
      }, ms)
      // What nobody waits for any more keeps no process alive.
      timer.unref()
      this.#look.add(look)
      look()
    })
  }

  /** The close code, once closed. */
  async closeCode(ms?: number): Promise<number> {
    return (await this.until(() => this.closed, 'the close', ms)).code
  }

  close(): void {
    this.ws.close()
  }

  #changed(): void {
    for (const look of [...this.#look]) look()
  }
}
