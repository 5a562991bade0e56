import type { Payload } from './payload.ts'

export interface RoomPosition {
  room: string
  epoch: number
  seq: number
}

/**
 * What is numbered: a room, or what one node takes of it where nodes know no common sequence. So loss, repeats and order are
 * judged by what the node that took a message promises, and nobody pays for a counter that it does not need.
 */
export function streamOf(room: string, node: number | undefined): string {
  return node === undefined ? room : `${room}@${node}`
}

export function roomOf(stream: string): string {
  const end = stream.indexOf('@')
  return end < 0 ? stream : stream.slice(0, end)
}

/** What a connection that was cut shows to have its session back. */
export interface Session {
  id: string
  /** Of the last event that it was given. */
  bookmark: string
}

/** What a subscription answered, for one room. */
export interface Subscribed extends RoomPosition {
  /** The room has no sequence of its own: its streams begin at 0, and `seq` means nothing. */
  byNode?: boolean
  /** The seqs of the events that came with the answer; rising and contiguous after the position that was asked for. */
  caughtUp: number[]
  /** False when the server could not go on from the position. */
  recovered: boolean
  /** Where the answer held only a part: the seq up to which the rest is to be asked for in pages. Pushes go on after it. */
  head?: number
}

/** How the client library of a dialect comes back. */
export interface Reconnection {
  /** How long it waits before an attempt, in ms; `attempt` is 0 for the first one. */
  delayMs(attempt: number): number
  /** A connection that held so long (ms) was a good one: the next attempt is a first one again. */
  stableMs: number
}

/** How one kind of server is spoken to. All texts are whole frames; ids are chosen by the caller and come back in replies. */
export interface Dialect {
  readonly path: string
  readonly subprotocol: string | null
  /** Who speaks first after the upgrade. Where it is the server, the client answers its `greeting`. */
  readonly first: 'client' | 'server'
  /** What the client says first. `session`: of before a cut, where the server gives any; null at first. */
  hello(token: string, session: Session | null): string
  /** One text per subscription; `from` is null at first. */
  subscribe(id: number, room: string, from: RoomPosition | null): string
  subscribed(room: string, from: RoomPosition | null, ok: unknown): Subscribed
  /** Asks for the events after a position, up to a seq or as many as one answer holds; null where there are no such pages. */
  events: ((id: number, from: RoomPosition, to: number) => string) | null
  /** The seqs that such a page brought; null when the server could not go on from there. */
  paged(ok: unknown): number[] | null
  /** Null where no library does it. */
  readonly reconnection: Reconnection | null
  /** `retry`: it may have reached the server before. */
  send(id: number, room: string, clientMessageId: string, body: string, retry: boolean): string
  /** Where the message stands that a `send` of this room brought, by its acknowledgement. */
  acknowledged(room: string, ok: unknown): { stream: string; seq: number }
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
