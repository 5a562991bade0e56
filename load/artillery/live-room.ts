import type { EventEmitter } from 'node:events'
import type { WebSocket } from 'ws'

/** An answer that is not here after so long, ms, never comes. */
const PATIENCE_MS = 10_000

/**
 * One connection in one room, as Artillery's own steps cannot read it: a frame holds one object or several, and answers and
 * pushes come in any order. Tells Artillery, as figures of its report, how long messages took and whether events are missing.
 */
export class LiveRoom {
  readonly #socket: WebSocket
  readonly #figures: EventEmitter
  readonly #room: string
  readonly #waiting = new Map<number, { answered: (ok: Answer) => void; failed: (error: Error) => void }>()
  #lastId = 0
  #nextSeq = 0

  constructor(socket: WebSocket, figures: EventEmitter, room: string) {
    this.#socket = socket
    this.#figures = figures
    this.#room = room
    socket.on('message', (data) => this.#frame(String(data)))
    socket.on('close', (code) => this.#closed(`the connection closed: ${code}`))
  }

  /** Resolves when this connection receives the room's events. Rejects with the server's reason. */
  async enter(token: string): Promise<void> {
    await this.#command({ op: 'hello', token })
    await this.#command({ op: 'subscribe', room: this.#room }, ({ position }) => {
      this.#nextSeq = position!.seq + 1
    })
  }

  /** Resolves when the message is acknowledged: it is durable then. Rejects with the server's reason. */
  async send(clientMessageId: string, length: number): Promise<void> {
    const sentAt = Date.now()
    const body = `${sentAt} `.padEnd(length, 'x')
    await this.#command({ op: 'send', room: this.#room, clientMessageId, body })
    this.#figures.emit('histogram', 'yeoul.acknowledgement_ms', Date.now() - sentAt)
  }

  /** Asks for the room's head and waits until all events up to it are here; what is not by then counts as missing. */
  async complete(): Promise<void> {
    const { heads } = await this.#command({ op: 'watch', rooms: [this.#room] })
    const head = heads![0]!.seq
    const until = Date.now() + PATIENCE_MS
    while (this.#nextSeq <= head && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
    this.#count('yeoul.events_missing', Math.max(0, head + 1 - this.#nextSeq))
  }

  /** `atOnce` sees the answer before anything that stands after it in the same frame. */
  #command(fields: object, atOnce?: (ok: Answer) => void): Promise<Answer> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#settle(id)?.failed(new Error('no answer')), PATIENCE_MS)
      this.#waiting.set(id, {
        answered: (ok) => {
          clearTimeout(late)
          atOnce?.(ok)
          resolve(ok)
        },
        failed: (error) => {
          clearTimeout(late)
          reject(error)
        },
      })
      this.#socket.send(JSON.stringify({ id, ...fields }))
    })
  }

  #settle(id: number) {
    const one = this.#waiting.get(id)
    this.#waiting.delete(id)
    return one
  }

  #frame(text: string): void {
    const frame = JSON.parse(text) as Item | Item[]
    for (const item of Array.isArray(frame) ? frame : [frame]) {
      if ('re' in item) this.#reply(item)
      else if (item.push === 'event') this.#event(item.event)
      // Whoever reads this slowly measures itself.
      else if (item.push === 'lagging') this.#closed('this Artillery reads too slowly')
    }
  }

  #reply({ re, ok, err }: Reply): void {
    const waiting = this.#settle(re)
    if (ok !== undefined) waiting?.answered(ok)
    else waiting?.failed(new Error(err?.code))
  }

  #event({ seq, type, body }: { seq: number; type: string; body?: string }): void {
    this.#count('yeoul.events_missing', Math.max(0, seq - this.#nextSeq))
    this.#count('yeoul.events_repeated', seq < this.#nextSeq ? 1 : 0)
    this.#nextSeq = Math.max(this.#nextSeq, seq + 1)
    if (type !== 'message') return
    this.#count('yeoul.messages_received', 1)
    this.#figures.emit('histogram', 'yeoul.delivery_ms', Date.now() - Number.parseInt(body!, 10))
  }

  #closed(why: string): void {
    for (const id of this.#waiting.keys()) this.#settle(id)?.failed(new Error(why))
  }

  #count(name: string, by: number): void {
    this.#figures.emit('counter', name, by)
  }
}

type Item = Reply | { push: 'event'; event: { seq: number; type: string; body?: string } } | { push: 'lagging' }

interface Reply {
  re: number
  ok?: Answer
  err?: { code: string }
}

interface Answer {
  position?: { seq: number }
  heads?: { seq: number }[]
}
