import type { ReadCursor } from '../../../ports/memberships.ts'
import { numbers, texts } from './arrays.ts'
import type { Connection, Statement } from './pool.ts'

interface Exit {
  room: string
  user: string
  at: number
}

/** The members are held in the order of their keys first, as appends move them: two nodes never wait in a circle. */
const HELD = `
  held AS MATERIALIZED (
    SELECT m.room_pk, m.user_pk, d.*
    FROM given d
    JOIN rooms r ON r.id = d.room
    JOIN users u ON u.id = d.user_id
    JOIN members m ON m.room_pk = r.pk AND m.user_pk = u.pk
    ORDER BY m.room_pk, m.user_pk
    FOR NO KEY UPDATE OF m
  )`

const CURSORS: Statement = {
  name: 'progress_cursors',
  text: `
    WITH given AS (
      SELECT room, user_id, max(seq) AS seq, max(n) AS n
      FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS d (room, user_id, seq, n)
      GROUP BY room, user_id
    ), ${HELD}
    UPDATE members m SET read_seq = h.seq, read_n = h.n
    FROM held h
    WHERE m.room_pk = h.room_pk AND m.user_pk = h.user_pk AND m.read_seq < h.seq`,
}

const EXITS: Statement = {
  name: 'progress_exits',
  text: `
    WITH given AS (
      SELECT room, user_id, max(at) AS at
      FROM unnest($1::text[], $2::text[], $3::bigint[]) AS d (room, user_id, at)
      GROUP BY room, user_id
    ), ${HELD}
    UPDATE members m SET last_exit_at = greatest(m.last_exit_at, h.at)
    FROM held h
    WHERE m.room_pk = h.room_pk AND m.user_pk = h.user_pk`,
}

/** Read cursors and exit times come gathered: one statement for all of a kind. */
export function saveProgress(connection: Connection, cursors: ReadCursor[], exits: Exit[]): Promise<unknown>[] {
  const writes: Promise<unknown>[] = []
  if (cursors.length > 0) {
    writes.push(
      connection.rows(CURSORS, [
        texts(cursors.map((cursor) => cursor.room)),
        texts(cursors.map((cursor) => cursor.user)),
        numbers(cursors.map((cursor) => cursor.seq)),
        numbers(cursors.map((cursor) => cursor.n)),
      ]),
    )
  }
  if (exits.length > 0) {
    writes.push(
      connection.rows(EXITS, [
        texts(exits.map((exit) => exit.room)),
        texts(exits.map((exit) => exit.user)),
        numbers(exits.map((exit) => exit.at)),
      ]),
    )
  }
  return writes
}
