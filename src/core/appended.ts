import type { Bus } from '../ports/bus.ts'
import type { Appended, Draft } from '../ports/log.ts'
import type { RoomEvent } from '../protocol/model.ts'
import { eventOf } from './chat.ts'
import type { Metrics } from './metrics.ts'
import type { Progress } from './progress.ts'

/** Counts what a batch appended; its senders have read up to their own messages. */
export function countAppended(drafts: Draft[], results: Appended[], progress: Progress, metrics: Metrics): void {
  let accepted = 0
  let duplicates = 0
  for (let i = 0; i < drafts.length; i++) {
    const draft = drafts[i] as Draft
    const result = results[i] as Appended
    if (!result.ok || draft.type !== 'message') continue
    if (result.duplicate) duplicates++
    else {
      accepted++
      progress.sent({ room: draft.room, user: draft.actor, seq: result.seq, n: result.n }, result.epoch)
    }
  }
  if (accepted > 0) metrics.accepted.inc(accepted)
  if (duplicates > 0) metrics.duplicates.inc(duplicates)
}

/** Tells all nodes what a batch appended, room by room, before any of its senders gets an answer. */
export function publishAppended(drafts: Draft[], results: Appended[], bus: Bus): void {
  const rooms = new Map<string, { epoch: number; events: RoomEvent[] }>()
  for (let i = 0; i < drafts.length; i++) {
    const draft = drafts[i] as Draft
    const result = results[i] as Appended
    if (!result.ok || result.duplicate) continue
    const room = rooms.get(draft.room)
    if (room === undefined) rooms.set(draft.room, { epoch: result.epoch, events: [eventOf(draft, result)] })
    else room.events.push(eventOf(draft, result))
  }
  for (const [room, { epoch, events }] of rooms) bus.publish(room, { kind: 'events', epoch, events })
}
