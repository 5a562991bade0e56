import { WebSocket } from 'ws'

export type Item = Record<string, unknown> & { re?: number; push?: string }
export interface Refusal {
  code: string
  retryable: boolean
}

const HELLO_MS = 4_000

/** A connection that comes back whenever it is cut. Answers come by callback, so that they are taken in the order of the wire. */
export class Line {
  readonly #urls: readonly string[]
  readonly #token: string
  readonly #ready: () => void
  readonly #push: (item: Item) => void
  #ws: WebSocket | null = null
  #id = 0
  #asked = new Map<number, (reply: Item) => void>()
  #stopped = false
  #live = false
  #connects = 0
  #pinging: NodeJS.Timeout | null = null
  /** Whether a ping waits for its answer. */
  #unanswered = false
  /** How many times it was cut, and the last close code. */
  cuts = 0
  closeCode = 0

  constructor(options: {
    /** Of several nodes each connection takes the next. */
    url: string | readonly string[]
    token: string
    /** Told after each `hello`. */
    ready: () => void
    push?: (item: Item) => void
    /** Pings every so often, and gives the connection up when one is unanswered at the next; 0: never. */
    pingMs?: number
  }) {
    this.#urls = [options.url].flat().map((url) => `${url.replace('http', 'ws')}/ws`)
    this.#token = options.token
    this.#ready = options.ready
    this.#push = options.push ?? (() => {})
    const { pingMs = 0 } = options
    if (pingMs > 0) this.#pinging = setInterval(() => this.#ping(), pingMs)
    this.#connect()
  }

  /** Whether `hello` was answered on a connection that is open. */
  get live(): boolean {
    return this.#live
  }

  /** The socket under it, for tests that stop reading or cut it. */
  get socket(): WebSocket | null {
    return this.#ws
  }

  /** Sends a command when connected; `answered` is called once, or never when the connection is cut before. */
  ask(op: string, fields: Record<string, unknown>, answered: (ok: Item | null, err: Refusal | null) => void): void {
    if (this.#ws?.readyState !== WebSocket.OPEN) return
    const id = ++this.#id
    this.#asked.set(id, (reply) => answered((reply.ok as Item) ?? null, (reply.err as Refusal) ?? null))
    this.#ws.send(JSON.stringify({ id, op, ...fields }))
  }

  /** Cuts the connection as a broken network does; it comes back by itself. */
  cut(): void {
    this.#ws?.terminate()
  }

  stop(): void {
    this.#stopped = true
    if (this.#pinging !== null) clearInterval(this.#pinging)
    this.#ws?.terminate()
  }

  #connect(): void {
    if (this.#stopped) return
    const url = this.#urls[this.#connects++ % this.#urls.length] as string
    const ws = new WebSocket(url, 'yeoul.v1')
    this.#ws = ws
    // A node that hangs takes connections and says nothing.
    const patience = setTimeout(() => ws.terminate(), HELLO_MS)
    ws.on('open', () => {
      this.ask('hello', { token: this.#token }, (ok) => {
        if (ok === null) return ws.terminate()
        clearTimeout(patience)
        this.#live = true
        this.#ready()
      })
    })
    ws.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Item | Item[]
      for (const item of Array.isArray(frame) ? frame : [frame]) this.#take(item)
    })
    ws.on('error', () => {})
    ws.once('close', (code) => {
      clearTimeout(patience)
      if (this.#live) {
        this.cuts++
        this.closeCode = code
      }
      this.#live = false
      this.#asked.clear()
      this.#unanswered = false
      if (!this.#stopped) setTimeout(() => this.#connect(), 20 + Math.random() * 80)
    })
  }

  #take(item: Item): void {
    if (item.re === undefined) return this.#push(item)
    const answered = this.#asked.get(item.re)
    this.#asked.delete(item.re)
    answered?.(item)
  }

  #ping(): void {
    const ws = this.#ws
    if (ws === null || !this.#live) return
    if (this.#unanswered) return ws.terminate()
    this.#unanswered = true
    this.ask('ping', {}, () => {
      this.#unanswered = false
    })
  }
}
