import type { JoinEvent, LeaveEvent, MemberEvent, RoomChangedEvent } from '../../protocol/model.ts'
import { eventTypeNumber, type NewEvent } from './tables.ts'
import type { Transaction } from './transaction.ts'

/** What all events of one change share. */
export interface ChangeContext {
  room: { id: string; pk: number }
  /** The room's message count. */
  n: number
  at: number
  actorPk: number
  /** How many members the room has after the last event. */
  memberCount: number
}

/** An event of the room or of its members. */
export type ChangeEvent = JoinEvent | LeaveEvent | MemberEvent | RoomChangedEvent

/** What waits in the outbox for its seq; `members`: how many the room has after it. `removed`: the room is gone then. */
export type Waiting = { members: number } & (Omit<ChangeEvent, 'seq'> | { type: 'removed' })

/** Well under the number of parameters that a statement may have. */
export const ROWS_AT_ONCE = 500

/** By how much a change of so many events moves the room's head: not at all when a log beside the database gives the seqs. */
export function stepOf(tx: Transaction, events: number): number {
  return tx.outbox ? 0 : events
}

/**
 * Brings the events of a change into their room's sequence. Their seqs were taken from the room's counter in the same
 * transaction; or else they wait in the outbox for the log that gives them, and until then have the key of their row there,
 * below 0, for a seq.
 */
export async function insertEvents(
  tx: Transaction,
  change: ChangeContext,
  events: ChangeEvent[],
  subjectPks: number[] = [],
): Promise<void> {
  if (tx.outbox) return insertWaiting(tx, change, events)
  for (let i = 0; i < events.length; i += ROWS_AT_ONCE) {
    const rows = events.slice(i, i + ROWS_AT_ONCE).map((event, k): NewEvent => {
      return {
        room_pk: change.room.pk,
        seq: event.seq,
        type: eventTypeNumber(event.type),
        at: change.at,
        actor_pk: change.actorPk,
        n: change.n,
        subject_pk: subjectPks[i + k] ?? null,
        detail: detailOf(event),
      }
    })
    await tx.db.insertInto('events').values(rows).execute()
  }
}

/** Tells the log beside the database, after all events of the room, that the room is gone. */
export async function noteRemoval(tx: Transaction, room: { id: string; pk: number }, at: number): Promise<void> {
  if (tx.outbox) await wait(tx, room, at, [{ members: 0, type: 'removed' }])
}

async function insertWaiting(tx: Transaction, change: ChangeContext, events: ChangeEvent[]): Promise<void> {
  let members = change.memberCount
  const waiting = events.toReversed().map(({ seq: _, ...event }): Waiting => {
    const after = { members, ...event }
    if (event.type === 'join') members--
    else if (event.type === 'leave') members++
    return after
  })
  const pks = await wait(tx, change.room, change.at, waiting.toReversed())
  for (const [i, event] of events.entries()) event.seq = -(pks[i] as number)
}

async function wait(
  tx: Transaction,
  room: { id: string; pk: number },
  at: number,
  waiting: Waiting[],
): Promise<number[]> {
  const pks: number[] = []
  const partition = tx.partitionOf(room.id)
  for (let i = 0; i < waiting.length; i += ROWS_AT_ONCE) {
    const rows = waiting.slice(i, i + ROWS_AT_ONCE).map((each) => {
      return { room_pk: room.pk, partition, event: JSON.stringify(each), at }
    })
    const inserted = await tx.db.insertInto('outbox').values(rows).returning('pk').execute()
    // Keys are given in the order of the rows.
    pks.push(...inserted.map(({ pk }) => pk).sort((a, b) => a - b))
  }
  return pks
}

function detailOf(event: ChangeEvent): string {
  switch (event.type) {
    case 'join':
    case 'member':
      return event.role
    case 'leave':
      return event.reason
    case 'room':
      return JSON.stringify(event.changes)
  }
}
