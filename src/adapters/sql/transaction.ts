import type { Kysely } from 'kysely'
import { YeoulError } from '../../protocol/errors.ts'
import type { Message } from '../../protocol/model.ts'
import type { Tables } from './tables.ts'

/** Where a message is: the key of its room, and its seq. */
export interface Place {
  pk: number
  seq: number
}

/** What a read sees: one snapshot. */
export interface Snapshot {
  db: Kysely<Tables>
  /** The messages at these places, in their order; null where there is none. */
  messagesAt(places: Place[]): (Message | null)[] | Promise<(Message | null)[]>
}

/** A query whose rows can be locked. */
interface Lockable {
  forNoKeyUpdate(): unknown
}

/** What a write runs in: it commits as a whole or leaves nothing. */
export interface Transaction {
  db: Kysely<Tables>
  /**
   * The same query, made to hold the rows that it finds until the transaction ends, where several write at once. A change of
   * a room or of its members holds the room's row before it reads or writes anything of it, and so does an append: they
   * come one after the other, and never wait for each other in a circle.
   */
  holding<Query extends Lockable>(query: Query): Query
  /** Whether a log beside the database gives the events of rooms and members their seqs: until then they wait in the outbox. */
  outbox: boolean
  /** The partition of a room. */
  partitionOf(room: string): number
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
  const room = await selectRoom(db, id).executeTakeFirst()
  if (room === undefined) throw new YeoulError('room_not_found')
  return room.pk
}

/** `roomPk` of a room that is about to change: from here on nobody else changes it. */
export async function holdRoom(tx: Transaction, id: string): Promise<number> {
  const room = await tx.holding(selectRoom(tx.db, id)).executeTakeFirst()
  if (room === undefined) throw new YeoulError('room_not_found')
  return room.pk
}

function selectRoom(db: Kysely<Tables>, id: string) {
  return db.selectFrom('rooms').select('pk').where('id', '=', id).where('deleted_at', 'is', null)
}
