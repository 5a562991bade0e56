import type { ErrorCode } from './errors.ts'
import type { RoomFacts } from './facts.ts'
import type { Limits } from './limits.ts'
import type { Durability, MemberRole, Message, NotifyLevel, Position, RoomChangedEvent, RoomEvent } from './model.ts'
import type { Notice } from './notice.ts'

/** The WebSocket subprotocol of this version. */
export const SUBPROTOCOL = 'yeoul.v1'

/** Commands: what a client asks. `id` is chosen by the client and comes back as `re`. */
export type Command = { id: number } & (
  | { op: 'hello'; token: string }
  | { op: 'refresh'; token: string }
  | { op: 'subscribe'; room: string; position?: Position }
  | { op: 'unsubscribe'; room: string }
  | { op: 'watch'; rooms: string[] | 'all' }
  | SendCommand
  | { op: 'edit'; room: string; seq: number; body: string; epoch?: number }
  | { op: 'delete'; room: string; seq: number; epoch?: number }
  | { op: 'react'; room: string; seq: number; emoji: string; on: boolean; epoch?: number }
  | { op: 'read'; room: string; seq: number; n?: number; epoch?: number }
  | { op: 'typing'; room: string }
  | { op: 'events'; room: string; after: number; epoch: number; limit?: number }
  | { op: 'presence'; room: string }
  | { op: 'ping' }
)
export interface SendCommand {
  op: 'send'
  room: string
  clientMessageId: string
  body: string
  replyTo?: number
  fileIds?: string[]
  /** Set when this may be a repeat: the database is asked too (P3). */
  retry?: boolean
}
export type Op = Command['op']

export interface SendAnswer {
  seq: number
  n: number
  at: number
  durability: Durability
  duplicate: boolean
}
export interface EventsAnswer {
  epoch: number
  recovered: boolean
  events: RoomEvent[]
  head: number
}
export interface HeadEntry {
  room: string
  epoch: number
  seq: number
  n: number
  lastMessage?: Message
  /** What of the room was changed lately, as it is at `seq`. */
  changes?: RoomChangedEvent['changes']
  /** Another session of this user read up to here. */
  readN?: number
}

/** What a subscriber is told of the room besides its messages and events: as it is at the `head` of the answer. */
export interface RoomNow extends RoomFacts {
  /** The subscriber's own. */
  role: MemberRole
}

/** What `ok` holds in the reply to each command. */
export interface Answers {
  hello: { user: string; sessionId: string; heartbeatMs: number; limits: Limits }
  refresh: { expiresAt: number }
  subscribe:
    | { position: Position; recovered: true; events: RoomEvent[]; more: boolean; head: number; now?: RoomNow }
    /** No position was given, or it cannot be recovered: drop what you had of this room. `notices` as far as they are at hand. */
    | { position: Position; recovered: false; messages: Message[]; notices?: Notice[]; head: number; now?: RoomNow }
  unsubscribe: Record<string, never>
  /** `refused` names the rooms that the caller may not watch. */
  watch: { heads: HeadEntry[]; refused?: string[] }
  send: SendAnswer
  edit: { seq: number; at: number }
  delete: { seq: number; at: number }
  react: { seq: number; at: number }
  read: Record<string, never>
  typing: Record<string, never>
  events: EventsAnswer
  presence: { online: string[]; count: number }
  ping: { at: number }
}

export interface ErrorBody {
  code: ErrorCode
  message: string
  retryable: boolean
  retryAfterMs?: number
}
export type Reply = { re: number; ok: Answers[Op] } | { re: number; err: ErrorBody }

export type Push =
  | { push: 'event'; room: string; event: RoomEvent }
  | { push: 'presence'; room: string; online?: string[]; offline?: string[]; count: number }
  | { push: 'heads'; rooms: HeadEntry[] }
  | { push: 'typing'; room: string; user: string }
  | { push: 'read'; room: string; user: string; seq: number; n: number }
  | { push: 'lagging'; room: string; position: Position }
  | { push: 'reset'; room: string; epoch: number }
  | { push: 'room_added'; room: string }
  | { push: 'room_removed'; room: string }
  /** A message that this user has not read mentions them. */
  | { push: 'mentioned'; room: string; seq: number; n: number; actor: string }
  /** The user's notification level of a room is another one. */
  | { push: 'notify'; room: string; notify: NotifyLevel }
  | { push: 'limits'; limits: Limits }
  | { push: 'token_expiring'; inMs: number }
  | { push: 'reconnect'; afterMs: number }
export type ServerItem = Reply | Push
