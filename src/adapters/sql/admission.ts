import { sql } from 'kysely'
import type { Change } from '../../ports/rooms.ts'
import { YeoulError } from '../../protocol/errors.ts'
import { CAPACITY_MAX } from '../../protocol/limits.ts'
import type { JoinEvent, MemberRole } from '../../protocol/model.ts'
import { insertEvents, ROWS_AT_ONCE, stepOf } from './sequence.ts'
import { roleNumber } from './tables.ts'
import type { Transaction } from './transaction.ts'

/** A row by its id outside and its key inside. */
export interface Known {
  id: string
  pk: number
}
export interface Newcomer extends Known {
  role: MemberRole
}

/**
 * Makes the newcomers members, in this order, with a join event each. One conditional update holds the capacity, takes the
 * seqs and counts the members: a crowd that comes at once fills the room exactly. Rejects `room_full`, then nobody is in.
 * The first to come into a room that everybody left becomes its owner, so that no room is without one.
 */
export async function admit(
  tx: Transaction,
  room: Known,
  wanted: Newcomer[],
  actor: Known,
  at: number,
): Promise<Change> {
  const count = wanted.length
  const taken = await tx.db
    .updateTable('rooms')
    .set((eb) => ({ seq: eb('seq', '+', stepOf(tx, count)), member_count: eb('member_count', '+', count) }))
    .where('pk', '=', room.pk)
    .where(sql<boolean>`member_count + ${count} <= coalesce(capacity, ${CAPACITY_MAX})`)
    .returning(['epoch', 'seq', 'n', 'member_count'])
    .executeTakeFirst()
  if (taken === undefined) throw new YeoulError('room_full')
  tx.roomChanged(room.id)
  const { epoch, seq, n } = taken
  const first = seq - count + 1
  const wasEmpty = taken.member_count === count && wanted.every(({ role }) => role !== 'owner')
  const newcomers = wanted.map((one, i): Newcomer => (wasEmpty && i === 0 ? { ...one, role: 'owner' } : one))
  const rows = newcomers.map((newcomer, i) => ({
    room_pk: room.pk,
    user_pk: newcomer.pk,
    role: roleNumber(newcomer.role),
    joined_at: at,
    // By its event the log moves it on, when that gives the seq.
    read_seq: tx.outbox ? seq : first + i,
    read_n: n,
    notify: 'all' as const,
    last_exit_at: null,
  }))
  for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) {
    await tx.db
      .insertInto('members')
      .values(rows.slice(i, i + ROWS_AT_ONCE))
      .execute()
  }
  const events = newcomers.map((newcomer, i): JoinEvent => {
    return { type: 'join', seq: first + i, at, actor: actor.id, user: newcomer.id, role: newcomer.role }
  })
  await insertEvents(
    tx,
    { room, n, at, actorPk: actor.pk, memberCount: taken.member_count },
    events,
    newcomers.map((newcomer) => newcomer.pk),
  )
  return { epoch, events }
}
