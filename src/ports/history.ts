import type { Message } from '../protocol/model.ts'
import type { NoticeEvent } from '../protocol/notice.ts'

/** Messages as they are now: edits and reactions applied, deleted ones with `body: null`. */
export interface History {
  /**
   * Up to `limit` messages in rising seq: those just before `before`, those just after `after`, or the newest. The answer
   * names the room's head as of the same snapshot, so a page and the events after it meet without a hole.
   * Rejects `room_not_found`.
   */
  messages(
    room: string,
    range: { before?: number; after?: number; limit: number },
  ): Promise<{ messages: Message[]; more: boolean; epoch: number; head: number; n: number }>
  message(room: string, seq: number): Promise<Message | null>
  /** How many messages a room has up to and including a seq: the `n` of a read cursor (decision 16). */
  countUpTo(room: string, seq: number): Promise<number>
  /** The seq of the room's message number `n`; null when there is none. Rejects `room_not_found`. */
  seqOf(room: string, n: number): Promise<number | null>
  /**
   * What happened to the room and its members: all such events with after < seq <= through, rising, at most `limit`, each
   * with the count of messages before it. `through` is `before - 1` when that was all, else where to go on from.
   * Rejects `room_not_found`.
   */
  notices(
    room: string,
    range: { after: number; before: number; limit: number },
  ): Promise<{ events: { event: NoticeEvent; n: number }[]; through: number }>
}
