import type { ErrorCode } from '../protocol/errors.ts'
import type { Durability, FileRef, RoomEvent } from '../protocol/model.ts'

/** A change of a room's messages that asks for the next seq. Membership and room changes go through their own ports. */
export type Draft = MessageDraft | EditDraft | DeleteDraft | ReactionDraft

export interface MessageDraft {
  type: 'message'
  room: string
  actor: string
  clientMessageId: string
  body: string
  replyTo: number | null
  mentions: string[]
  files: FileRef[]
  /** Set by a client that resends: repeats are then looked for without a limit of time (P3). */
  retry: boolean
}
export interface EditDraft {
  type: 'edit'
  room: string
  actor: string
  target: number
  body: string
  mentions: string[]
}
export interface DeleteDraft {
  type: 'delete'
  room: string
  actor: string
  target: number
  /** Whether the actor may delete what others sent. */
  moderate: boolean
}
export interface ReactionDraft {
  type: 'reaction'
  room: string
  actor: string
  target: number
  emoji: string
  on: boolean
  /** The most different emoji that the message may have. */
  most: number
}

export type Appended =
  | {
      ok: true
      /** The epoch of the room's log. */
      epoch: number
      /** The seq that this draft got; of a duplicate, the first one's; of a change that changes nothing, the message's rev. */
      seq: number
      /** Messages: the room's message count at this message. Otherwise 0. */
      n: number
      at: number
      /** True when nothing was appended: a repeat (P3), or a reaction that was so already. */
      duplicate: boolean
    }
  | { ok: false; code: ErrorCode }

export interface Head {
  epoch: number
  seq: number
  n: number
}

/**
 * The record of every room: one gap-free sequence each (P2).
 *
 * - `append` is atomic per draft. When it resolves, the events are durable at `level` (P1) and repeats were recognised
 *   (P3). Drafts of one room get their seqs in the order of the array, and calls in the order in which they were made. A
 *   draft fails alone (`not_a_member`, `room_not_found`, `message_not_found`, `message_deleted`, `not_the_sender`,
 *   `too_many_reactions`), and in a log of several parts also with what concerns its part (`unavailable`, `log_full`,
 *   `log_fenced`); the call rejects with `unavailable` or `storage_full`, and then nothing of it was appended unless the
 *   failure says otherwise by being a lost answer: callers treat it as "perhaps", which P3 makes safe.
 * - A draft by someone who is not a member at its place in the sequence is refused (P5).
 * - `read` returns the contiguous events after a seq. Bodies are as they are now: an edited or erased text never comes back.
 */
export interface Log {
  readonly level: Durability
  /** Whether `append` itself tells all nodes over the bus what it appended; otherwise its caller does. */
  readonly publishes: boolean
  append(drafts: Draft[]): Promise<Appended[]>
  /** Events with seq > after, rising, at most `limit`; empty at the head. Rejects `room_not_found`. */
  read(room: string, after: number, limit: number): Promise<{ head: Head; events: RoomEvent[] }>
  head(room: string): Promise<Head | null>
  heads(rooms: string[]): Promise<Map<string, Head>>
}
