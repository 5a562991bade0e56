import { UNREAD_MENTIONS_MAX } from '../../../protocol/limits.ts'
import { MESSAGE } from '../tables.ts'
import type { Statement } from './pool.ts'

/** How far `lively_at` may fall behind, in ms: it is indexed, and an index that moves with each batch would be dear. */
const LIVELY_STEP = 60_000

/**
 * One batch, whole or not at all. `held` is true when every partition is still ours at the place and in the epoch from which
 * the batch was read, and every room ends where the batch goes on; the rest hangs on it. Partitions are locked first, then
 * rooms, each in the order of their keys, as everywhere: so nobody waits for each other in a circle.
 */
const HELD = `
  p AS MATERIALIZED (
    SELECT p.pk FROM unnest($2::bigint[], $3::bigint[], $4::text[]) AS w (pk, epoch, position)
    JOIN partitions p ON p.pk = w.pk AND p.epoch = w.epoch AND p.position = w.position AND p.lease_owner = $1
    ORDER BY p.pk FOR NO KEY UPDATE OF p
  ),
  r AS MATERIALIZED (
    SELECT r.pk FROM unnest($6::bigint[], $7::bigint[]) AS w (pk, seq)
    JOIN rooms r ON r.pk = w.pk AND r.seq = w.seq
    ORDER BY r.pk FOR NO KEY UPDATE OF r
  ),
  held AS MATERIALIZED (
    SELECT (SELECT count(*) FROM p) = cardinality($2::bigint[])
       AND (SELECT count(*) FROM r) = cardinality($6::bigint[]) AS ok
  ),
  moved AS (
    UPDATE partitions p SET position = w.position
    FROM unnest($2::bigint[], $5::text[]) AS w (pk, position)
    WHERE p.pk = w.pk AND (SELECT ok FROM held)
  ),
  counted AS (
    UPDATE rooms r SET
      seq = w.seq,
      n = w.n,
      last_message_seq = w.last_message_seq,
      last_at = coalesce(w.last_at, r.last_at),
      lively_at = CASE WHEN w.last_at - r.lively_at >= ${LIVELY_STEP} THEN w.last_at ELSE r.lively_at END
    FROM unnest($6::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
      AS w (pk, seq, n, last_message_seq, last_at)
    WHERE r.pk = w.pk AND (SELECT ok FROM held)
  ),
  written AS (
    INSERT INTO events (room_pk, seq, type, at, actor_pk, n, client_message_id, body, reply_to, mentions, files,
                        reactions, edited_at, deleted_at, rev, target, subject_pk, detail, is_on)
    SELECT * FROM unnest($12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
                         $18::text[], $19::text[], $20::bigint[], $21::text[], $22::text[], $23::text[], $24::bigint[],
                         $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[], $29::text[], $30::bigint[])
    WHERE (SELECT ok FROM held)
  ),
  read AS (
    UPDATE members m SET read_seq = w.seq, read_n = w.n
    FROM unnest($31::bigint[], $32::bigint[], $33::bigint[], $34::bigint[]) AS w (room_pk, user_pk, seq, n)
    WHERE m.room_pk = w.room_pk AND m.user_pk = w.user_pk AND m.read_seq < w.seq AND (SELECT ok FROM held)
  )`

/** Answers `held`. */
export const PERSIST: Statement = { name: 'write-back', text: `WITH ${HELD} SELECT ok FROM held` }

/**
 * The same for a batch that changes messages of earlier ones, or reactions, or mentions somebody. A row is not taken out and
 * put back in one statement: of an edited message those who are mentioned still keep theirs.
 */
export const PERSIST_CHANGES: Statement = {
  name: 'write-back-changes',
  text: `WITH ${HELD},
  changed AS (
    UPDATE events e SET
      body = CASE WHEN w.deleted_at IS NOT NULL THEN NULL WHEN w.edited_at IS NOT NULL AND e.deleted_at IS NULL
                  THEN w.body ELSE e.body END,
      mentions = CASE WHEN w.deleted_at IS NOT NULL THEN NULL WHEN w.edited_at IS NOT NULL AND e.deleted_at IS NULL
                      THEN w.mentions ELSE e.mentions END,
      files = CASE WHEN w.deleted_at IS NOT NULL THEN NULL ELSE e.files END,
      reactions = CASE WHEN w.deleted_at IS NOT NULL THEN NULL WHEN w.reacted AND e.deleted_at IS NULL
                       THEN w.reactions ELSE e.reactions END,
      edited_at = coalesce(w.edited_at, e.edited_at),
      deleted_at = coalesce(w.deleted_at, e.deleted_at),
      rev = greatest(e.rev, w.rev)
    FROM unnest($35::bigint[], $36::bigint[], $37::bigint[], $38::text[], $39::text[], $40::bigint[], $41::bigint[],
                $42::boolean[], $43::text[])
      AS w (room_pk, seq, rev, body, mentions, edited_at, deleted_at, reacted, reactions)
    WHERE e.room_pk = w.room_pk AND e.seq = w.seq AND e.type = ${MESSAGE} AND (SELECT ok FROM held)
  ),
  erased AS (
    DELETE FROM reactions x USING unnest($35::bigint[], $36::bigint[], $41::bigint[]) AS w (room_pk, target, deleted_at)
    WHERE w.deleted_at IS NOT NULL AND x.room_pk = w.room_pk AND x.target = w.target AND (SELECT ok FROM held)
  ),
  unparked AS (
    DELETE FROM parked x USING unnest($44::text[], $36::bigint[], $41::bigint[]) AS w (room, seq, deleted_at)
    WHERE w.deleted_at IS NOT NULL AND x.room = w.room AND x.seq = w.seq AND (SELECT ok FROM held)
  ),
  untaken AS (
    DELETE FROM reactions x
    USING unnest($45::bigint[], $46::bigint[], $47::text[], $48::bigint[], $49::bigint[])
      AS w (room_pk, target, emoji, user_pk, seq)
    WHERE w.seq IS NULL AND x.room_pk = w.room_pk AND x.target = w.target AND x.emoji = w.emoji
      AND x.user_pk = w.user_pk AND (SELECT ok FROM held)
  ),
  taken AS (
    INSERT INTO reactions (room_pk, target, emoji, user_pk, seq)
    SELECT * FROM unnest($45::bigint[], $46::bigint[], $47::text[], $48::bigint[], $49::bigint[])
      AS w (room_pk, target, emoji, user_pk, seq)
    WHERE w.seq IS NOT NULL AND (SELECT ok FROM held)
    ON CONFLICT (room_pk, target, emoji, user_pk) DO UPDATE SET seq = excluded.seq
  ),
  mentioned AS MATERIALIZED (
    SELECT m.user_pk, m.room_pk, m.read_seq, w.seq, coalesce(w.n, e.n) AS n
    FROM unnest($50::bigint[], $51::bigint[], $52::bigint[], $53::bigint[], $54::text[])
      AS w (room_pk, seq, n, actor_pk, user_id)
    JOIN users u ON u.id = w.user_id
    JOIN members m ON m.room_pk = w.room_pk AND m.user_pk = u.pk
    LEFT JOIN events e ON e.room_pk = w.room_pk AND e.seq = w.seq
    WHERE m.user_pk <> w.actor_pk AND m.read_seq < w.seq AND (SELECT ok FROM held)
  ),
  unmentioned AS (
    DELETE FROM mentions x
    USING unnest($35::bigint[], $36::bigint[], $40::bigint[], $41::bigint[]) AS w (room_pk, seq, edited_at, deleted_at)
    WHERE (w.edited_at IS NOT NULL OR w.deleted_at IS NOT NULL) AND x.room_pk = w.room_pk AND x.seq = w.seq
      AND NOT EXISTS (
        SELECT 1 FROM mentioned k WHERE k.room_pk = x.room_pk AND k.seq = x.seq AND k.user_pk = x.user_pk
      ) AND (SELECT ok FROM held)
  ),
  -- Of those who are mentioned: what they have read, and the oldest that are too many with the new ones.
  trimmed AS (
    DELETE FROM mentions x
    USING (
      SELECT w.user_pk, w.room_pk, greatest(w.read_seq, (
        SELECT y.seq FROM mentions y WHERE y.user_pk = w.user_pk AND y.room_pk = w.room_pk
        ORDER BY y.seq DESC LIMIT 1 OFFSET greatest(${UNREAD_MENTIONS_MAX} - w.added, 0))) AS upto
      FROM (
        SELECT k.user_pk, k.room_pk, max(k.read_seq) AS read_seq, count(*) FILTER (WHERE NOT EXISTS (
          SELECT 1 FROM mentions y WHERE y.user_pk = k.user_pk AND y.room_pk = k.room_pk AND y.seq = k.seq)) AS added
        FROM mentioned k WHERE k.n IS NOT NULL GROUP BY k.user_pk, k.room_pk
      ) AS w
    ) AS k
    WHERE x.user_pk = k.user_pk AND x.room_pk = k.room_pk AND x.seq <= k.upto
  ),
  noted AS (
    INSERT INTO mentions (user_pk, room_pk, seq, n)
    SELECT user_pk, room_pk, seq, n FROM mentioned WHERE n IS NOT NULL
    ON CONFLICT (user_pk, room_pk, seq) DO NOTHING
  )
  SELECT ok FROM held`,
}

/** Rooms, users and messages by their names outside: what a batch must know, in one question. */
export const LOOK_UP: Statement = {
  name: 'write-back-look-up',
  text: `
  SELECT 0 AS what, r.id, r.pk, r.seq, r.n, r.last_message_seq AS last, NULL AS reactions
  FROM unnest($1::text[]) AS w (id) JOIN rooms r ON r.id = w.id
  UNION ALL
  SELECT 1, u.id, u.pk, NULL, NULL, NULL, NULL
  FROM unnest($2::text[]) AS w (id) JOIN users u ON u.id = w.id
  UNION ALL
  SELECT 2, r.id, NULL, e.seq, NULL, e.deleted_at, e.reactions
  FROM unnest($3::text[], $4::bigint[]) AS w (room, seq)
  JOIN rooms r ON r.id = w.room
  JOIN events e ON e.room_pk = r.pk AND e.seq = w.seq AND e.type = ${MESSAGE}`,
}

/** A room with where it ends, a user, or a message with its time of deletion. */
export type LookedUp = [
  what: 0 | 1 | 2,
  id: string,
  pk: number,
  seq: number,
  n: number,
  last: number | null,
  reactions: string | null,
]

/** Which client message ids rooms have already: a unique index refused one of them. */
export const TAKEN: Statement = {
  name: 'write-back-taken',
  text: `
  SELECT e.room_pk, e.actor_pk, e.client_message_id
  FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS w (room_pk, actor_pk, id)
  JOIN events e ON e.room_pk = w.room_pk AND e.actor_pk = w.actor_pk AND e.client_message_id = w.id`,
}

export const COUNT_PARKED: Statement = { name: 'write-back-parked', text: 'SELECT count(*) FROM parked' }
