import type { Payload } from './payload.ts'

export interface RoomPosition {
  room: string
  epoch: number
  seq: number
}

/** What a subscription answered, for one room. */
export interface Subscribed extends RoomPosition {
  /** The seqs of the events that came with the answer; rising and contiguous after the position that was asked for. */
  caughtUp: number[]
  /** False when the server could not go on from the position, or not in one answer. */
  recovered: boolean
}

/** How one kind of server is spoken to. All texts are whole frames; ids are chosen by the caller and come back in replies. */
export interface Dialect {
  readonly path: string
  readonly subprotocol: string | null
  /** The first text after the upgrade; null when the server speaks first. */
  hello(token: string): string | null
  /** One text per subscription; `from` is null at first. */
  subscribe(id: number, room: string, from: RoomPosition | null): string
  subscribed(room: string, from: RoomPosition | null, ok: unknown): Subscribed
  send(id: number, room: string, clientMessageId: string, body: string): string
  /** The seq that the acknowledgement of a `send` names. */
  acknowledged(ok: unknown): number
  /** What keeps a silent connection alive, or null when the server asks by itself. */
  ping(id: number): string | null
  /** Reads one frame's text. Throws when it is not what this server sends. */
  scan(bytes: Buffer, start: number, end: number): Payload
}

/** Bodies begin with the time at which the message was due, in µs, and a space. */
export function bodyOf(due: number, length: number): string {
  return `${Math.round(due)} `.padEnd(length, 'it runs, it runs, and it does not stop ')
}

export function dueOf(body: unknown): number {
  if (typeof body !== 'string') return Number.NaN
  const end = body.indexOf(' ')
  return end > 0 ? Number(body.slice(0, end)) : Number.NaN
}
