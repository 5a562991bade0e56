import type { Kysely } from 'kysely'
import type { RoomEventType } from '../../protocol/model.ts'
import { eventTypeNumber, type NewEvent, type Tables } from './tables.ts'

/** What all events of one change share. `n` is the room's message count. */
export interface ChangeContext {
  roomPk: number
  n: number
  at: number
  actorPk: number
}

/** An event of the room or of its members. */
export interface ChangeEvent {
  seq: number
  type: Exclude<RoomEventType, 'message' | 'edit' | 'delete' | 'reaction'>
  subjectPk?: number
  detail: string
}

/** Well under the number of parameters that a statement may have. */
export const ROWS_AT_ONCE = 500

/** Writes events whose seqs were taken from the room's counter in the same transaction. */
export async function insertEvents(db: Kysely<Tables>, change: ChangeContext, events: ChangeEvent[]): Promise<void> {
  for (let i = 0; i < events.length; i += ROWS_AT_ONCE) {
    const rows = events.slice(i, i + ROWS_AT_ONCE).map((event): NewEvent => {
      return {
        room_pk: change.roomPk,
        seq: event.seq,
        type: eventTypeNumber(event.type),
        at: change.at,
        actor_pk: change.actorPk,
        n: change.n,
        subject_pk: event.subjectPk ?? null,
        detail: event.detail,
      }
    })
    await db.insertInto('events').values(rows).execute()
  }
}
