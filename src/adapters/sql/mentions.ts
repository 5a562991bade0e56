import type { Kysely } from 'kysely'
import { UNREAD_MENTIONS_MAX } from '../../protocol/limits.ts'
import type { Tables } from './tables.ts'

/** By room, the `n`s of messages that mention one user, rising, also of some that were read. */
export async function mentionsIn(
  db: Kysely<Tables>,
  rows: { pk: number; user_pk: number; n: number; read_n: number }[],
): Promise<Map<number, number[]>> {
  const found = new Map<number, number[]>()
  const user = rows[0]?.user_pk
  const rooms = rows.filter(({ n, read_n }) => n > read_n).map(({ pk }) => pk)
  if (user === undefined || rooms.length === 0) return found
  const mentions = await db
    .selectFrom('mentions')
    .select(['room_pk', 'n'])
    .where('user_pk', '=', user)
    .where('room_pk', 'in', rooms)
    .orderBy('room_pk')
    .orderBy('seq')
    .execute()
  for (const { room_pk, n } of mentions) {
    const room = found.get(room_pk)
    if (room === undefined) found.set(room_pk, [n])
    else room.push(n)
  }
  return found
}

/** Those after a read cursor, the newest of them. */
export function unreadOf(mentions: number[] | undefined, readN: number): number[] {
  return (mentions ?? []).filter((n) => n > readN).slice(-UNREAD_MENTIONS_MAX)
}
