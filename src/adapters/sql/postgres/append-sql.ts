import { UNREAD_MENTIONS_MAX } from '../../../protocol/limits.ts'
import { MESSAGE } from '../tables.ts'
import type { Statement } from './pool.ts'

/** The statements of one append, in the order in which they run. Each takes a whole batch. */

/** In the order of their keys, whoever holds them: two batches never wait for each other in a circle. */
export const HOLD_ROOMS: Statement = {
  name: 'append_hold',
  text: `
    SELECT pk, epoch, seq, n, last_message_seq, lively_at FROM rooms
    WHERE pk = ANY($1::bigint[]) AND deleted_at IS NULL
    ORDER BY pk
    FOR NO KEY UPDATE`,
}

/** Only what stands out: drafts of somebody who is no member, and messages that are stored already. */
export const EXCEPTIONS: Statement = {
  name: 'append_exceptions',
  text: `
    SELECT d.i, m.user_pk IS NULL, e.seq, e.n, e.at
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) AS d (i, room_pk, user_pk, client_message_id)
    LEFT JOIN members m ON m.room_pk = d.room_pk AND m.user_pk = d.user_pk
    LEFT JOIN events e
      ON e.room_pk = d.room_pk AND e.actor_pk = d.user_pk AND e.client_message_id = d.client_message_id
    WHERE m.user_pk IS NULL OR e.seq IS NOT NULL`,
}

export const TARGETS: Statement = {
  name: 'append_targets',
  text: `
    SELECT e.room_pk, e.seq, e.actor_pk, e.deleted_at, e.rev, e.reactions, e.n
    FROM unnest($1::bigint[], $2::bigint[]) AS d (room_pk, seq)
    JOIN events e ON e.room_pk = d.room_pk AND e.seq = d.seq
    WHERE e.type = ${MESSAGE}`,
}

export const REACTIONS: Statement = {
  name: 'append_reactions',
  text: `
    SELECT x.room_pk, x.target, x.user_pk, x.emoji
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) AS d (room_pk, target, user_pk, emoji)
    JOIN reactions x
      ON x.room_pk = d.room_pk AND x.target = d.target AND x.emoji = d.emoji AND x.user_pk = d.user_pk`,
}

/** Messages, the counters of their rooms, the read cursors of their senders. */
export const STORE: Statement = {
  name: 'append_store',
  text: `
    WITH message AS (
      INSERT INTO events
        (room_pk, seq, type, at, actor_pk, n, client_message_id, body, reply_to, mentions, files, rev)
      SELECT room_pk, seq, ${MESSAGE}, $1::bigint, actor_pk, n, client_message_id, body, reply_to, mentions, files, seq
      FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::bigint[],
                  $9::text[], $10::text[])
        AS d (room_pk, seq, actor_pk, n, client_message_id, body, reply_to, mentions, files)
    ), room AS (
      UPDATE rooms r
      SET seq = d.seq, n = d.n, last_message_seq = d.last_message_seq,
          last_at = coalesce(d.last_at, r.last_at), lively_at = coalesce(d.lively_at, r.lively_at)
      FROM unnest($11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[])
        AS d (pk, seq, n, last_message_seq, last_at, lively_at)
      WHERE r.pk = d.pk
    )
    UPDATE members m SET read_seq = d.seq, read_n = d.n
    FROM unnest($17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[]) AS d (room_pk, user_pk, seq, n)
    WHERE m.room_pk = d.room_pk AND m.user_pk = d.user_pk AND m.read_seq < d.seq`,
}

export const STORE_CHANGES: Statement = {
  name: 'append_changes',
  text: `
    INSERT INTO events (room_pk, seq, type, at, actor_pk, n, target, detail, is_on)
    SELECT room_pk, seq, type, $1::bigint, actor_pk, n, target, detail, is_on
    FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[],
                $9::bigint[])
      AS d (room_pk, seq, type, actor_pk, n, target, detail, is_on)`,
}

/** What becomes of messages: a deleted one keeps nothing, an edited one its new text, each what it does not name. */
export const PATCH: Statement = {
  name: 'append_patch',
  text: `
    UPDATE events e
    SET rev = d.rev,
        body = CASE WHEN d.deleted = 1 THEN NULL WHEN d.edited = 1 THEN d.body ELSE e.body END,
        mentions = CASE WHEN d.deleted = 1 THEN NULL WHEN d.edited = 1 THEN d.mentions ELSE e.mentions END,
        files = CASE WHEN d.deleted = 1 THEN NULL ELSE e.files END,
        reactions = CASE WHEN d.deleted = 1 THEN NULL WHEN d.reacted = 1 THEN d.reactions ELSE e.reactions END,
        edited_at = CASE WHEN d.edited = 1 THEN $1::bigint ELSE e.edited_at END,
        deleted_at = CASE WHEN d.deleted = 1 THEN $1::bigint ELSE e.deleted_at END
    FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::bigint[],
                $9::bigint[], $10::text[])
      AS d (room_pk, seq, rev, edited, body, mentions, deleted, reacted, reactions)
    WHERE e.room_pk = d.room_pk AND e.seq = d.seq`,
}

export const STORE_REACTIONS: Statement = {
  name: 'append_store_reactions',
  text: `
    INSERT INTO reactions (room_pk, target, emoji, user_pk, seq)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[])
    ON CONFLICT (room_pk, target, emoji, user_pk) DO UPDATE SET seq = excluded.seq`,
}

export const TAKE_REACTIONS_BACK: Statement = {
  name: 'append_take_reactions_back',
  text: `
    DELETE FROM reactions x
    USING unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[]) AS d (room_pk, target, emoji, user_pk)
    WHERE x.room_pk = d.room_pk AND x.target = d.target AND x.emoji = d.emoji AND x.user_pk = d.user_pk`,
}

/** The reactions of deleted messages, after all others were stored. */
export const ERASE_REACTIONS = erase('reactions', 'target')
/** Mentions of messages that were edited or deleted; what an edit mentions is stored after. */
export const ERASE_MENTIONS = erase('mentions', 'seq')

/** Takes out all rows of some messages. `message`: the column that names theirs. */
function erase(table: string, message: string): Statement {
  return {
    name: `append_erase_${table}`,
    text: `
      DELETE FROM ${table} x
      USING unnest($1::bigint[], $2::bigint[]) AS d (room_pk, seq)
      WHERE x.room_pk = d.room_pk AND x.${message} = d.seq`,
  }
}

/** A message for each member whom it mentions and who has not read so far. */
export const STORE_MENTIONS: Statement = {
  name: 'append_store_mentions',
  text: `
    INSERT INTO mentions (user_pk, room_pk, seq, n)
    SELECT m.user_pk, m.room_pk, d.seq, d.n
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS d (room_pk, seq, n, actor_pk, user_id)
    JOIN users u ON u.id = d.user_id
    JOIN members m ON m.room_pk = d.room_pk AND m.user_pk = u.pk
    WHERE m.user_pk <> d.actor_pk AND m.read_seq < d.seq
    ON CONFLICT (user_pk, room_pk, seq) DO NOTHING`,
}

/** Of those who were just mentioned: what they have read, and the oldest that are too many. */
export const TRIM_MENTIONS: Statement = {
  name: 'append_trim_mentions',
  text: `
    DELETE FROM mentions x
    USING (
      SELECT m.user_pk, m.room_pk, greatest(m.read_seq, (
        SELECT y.seq FROM mentions y WHERE y.user_pk = m.user_pk AND y.room_pk = m.room_pk
        ORDER BY y.seq DESC LIMIT 1 OFFSET ${UNREAD_MENTIONS_MAX})) AS upto
      FROM (SELECT DISTINCT * FROM unnest($1::bigint[], $2::text[]) AS g (room_pk, user_id)) AS d
      JOIN users u ON u.id = d.user_id
      JOIN members m ON m.room_pk = d.room_pk AND m.user_pk = u.pk
    ) AS k
    WHERE x.user_pk = k.user_pk AND x.room_pk = k.room_pk AND x.seq <= k.upto`,
}
