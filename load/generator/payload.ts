/** What a frame of the server says, in the terms of the load test, whatever the server speaks. */
export interface Payload {
  /** In the order of the frame. */
  items: Item[]
  /** How many events the items hold together. */
  events: number
  /** When each event's message was due (µs), in order; NaN where the event is no message of the load. */
  due: number[]
  /** Where a session goes on from after the last event, on servers that give sessions back. */
  bookmark?: string
}

export type Item =
  | Run
  /** The server spoke first and waits for who comes. */
  | { is: 'greeting' }
  /** The server waits for this text (Socket.IO's pings). */
  | { is: 'prompt'; answer: string }
  /** The connection is authenticated. A session that is the one of before the cut is whole again, its subscriptions too. */
  | { is: 'welcome'; heartbeatMs: number | null; session?: string }
  | { is: 'reply'; id: number; ok: unknown; error: string | null }
  /** The server stopped pushing a room to this connection. */
  | { is: 'lagging'; room: string }
  /** The server drains: the client is to come back after that time, in ms. */
  | { is: 'comeBack'; afterMs: number }
  | { is: 'other' }

/** Pushed events of one room with rising, contiguous seqs, one right after the other. */
export interface Run {
  is: 'run'
  /** The stream: the room, or a node's part of it. */
  room: string
  first: number
  last: number
}

export function emptyPayload(): Payload {
  return { items: [], events: 0, due: [] }
}

export function addEvent(payload: Payload, room: string, seq: number, due: number): void {
  const run = payload.items.at(-1)
  if (run?.is === 'run' && run.last === seq - 1 && run.room === room) run.last = seq
  else payload.items.push({ is: 'run', room, first: seq, last: seq })
  payload.events++
  payload.due.push(due)
}

/**
 * A server that encodes once sends the same bytes to all subscribers of a room. So a frame that is equal, byte for byte,
 * to one that was just scanned says the same: comparing is many times cheaper than scanning, and it is exact. Bounded:
 * the oldest bytes go first.
 */
export class PayloadCache {
  readonly #entries = new Map<number, { bytes: Buffer; payload: Payload }>()
  readonly #limit: number
  #size = 0
  hits = 0
  misses = 0

  /** `limit`: bytes kept. */
  constructor(limit = 16 * 1024 * 1024) {
    this.#limit = limit
  }

  find(bytes: Buffer, start: number, end: number): Payload | null {
    const entry = this.#entries.get(fingerprint(bytes, start, end))
    if (entry === undefined || entry.bytes.length !== end - start) return this.#miss()
    if (bytes.compare(entry.bytes, 0, entry.bytes.length, start, end) !== 0) return this.#miss()
    this.hits++
    return entry.payload
  }

  /** Keeps a copy, unless the payload holds what is meant for one connection alone. */
  keep(bytes: Buffer, start: number, end: number, payload: Payload): void {
    if (payload.items.some((item) => item.is !== 'run')) return
    const key = fingerprint(bytes, start, end)
    this.#drop(key)
    this.#entries.set(key, { bytes: Buffer.from(bytes.subarray(start, end)), payload })
    this.#size += end - start
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#limit) break
      this.#drop(oldest)
    }
  }

  #drop(key: number): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#size -= entry.bytes.length
    this.#entries.delete(key)
  }

  #miss(): null {
    this.misses++
    return null
  }
}

/** Mixes the length with bytes around where room and seq of the first event stand, and with some of the end. */
function fingerprint(bytes: Buffer, start: number, end: number): number {
  let hash = (end - start) | 0
  const near = Math.min(end, start + 96)
  for (let i = Math.min(end, start + 48); i < near; i += 1) hash = (Math.imul(hash, 31) + bytes[i]!) | 0
  for (let i = Math.max(start, end - 32); i < end; i += 4) hash = (Math.imul(hash, 31) + bytes[i]!) | 0
  return hash
}
