import type { Kysely } from 'kysely'
import { YeoulError } from '../../protocol/errors.ts'
import type { EventReader } from './sqlite/event-rows.ts'
import type { Tables } from './tables.ts'

/** What a read sees: one snapshot. */
export interface Snapshot {
  db: Kysely<Tables>
  events: EventReader
}

/** What a write runs in: it commits as a whole or leaves nothing. */
export interface Transaction {
  db: Kysely<Tables>
  /** To be called whenever a room's counters or members change. */
  roomChanged(id: string): void
}

/** Rejects `user_not_found`. */
export async function userPk(db: Kysely<Tables>, id: string): Promise<number> {
  const user = await db.selectFrom('users').select('pk').where('id', '=', id).executeTakeFirst()
  if (user === undefined) throw new YeoulError('user_not_found')
  return user.pk
}

/** Rejects `room_not_found`; a deleted room is none. */
export async function roomPk(db: Kysely<Tables>, id: string): Promise<number> {
  const room = await db
    .selectFrom('rooms')
    .select('pk')
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (room === undefined) throw new YeoulError('room_not_found')
  return room.pk
}
