import type { Lease, LogEntry } from '../../../ports/write-back.ts'
import { eventTypeNumber, MESSAGE } from '../tables.ts'
import type { Statement } from './pool.ts'
import type { WriteBackConnection } from './write-back-connection.ts'
import { readEvent } from './write-back-entries.ts'

const ROOM = eventTypeNumber('room')
/** A client message id that a placeholder may keep. */
const ID_MAX = 200

/**
 * The entry is set aside, and its seq taken by an event that says nothing: an empty message where one was counted, otherwise
 * a change of the room that changes nothing. Whole or not at all, as a batch.
 */
const PARK: Statement = {
  name: 'write-back-park',
  text: `
  WITH p AS MATERIALIZED (
    SELECT pk FROM partitions WHERE pk = $2 AND epoch = $3 AND position = $4 AND lease_owner = $1 FOR NO KEY UPDATE
  ),
  r AS MATERIALIZED (
    SELECT r.pk, $8::bigint > r.n AS message,
           coalesce((SELECT u.pk FROM users u WHERE u.id = $9), r.created_by) AS actor
    FROM rooms r WHERE r.id = $6 AND r.seq + 1 = $7::bigint AND EXISTS (SELECT 1 FROM p) FOR NO KEY UPDATE OF r
  ),
  moved AS (UPDATE partitions SET position = $5 FROM p WHERE partitions.pk = p.pk),
  placed AS (
    INSERT INTO events (room_pk, seq, type, at, actor_pk, n, client_message_id, body, rev, detail)
    SELECT r.pk, $7::bigint, CASE WHEN message THEN ${MESSAGE} ELSE ${ROOM} END, $10::bigint, actor, $8::bigint,
      CASE WHEN message THEN
        CASE WHEN $11::text IS NULL
               OR EXISTS (SELECT 1 FROM events e WHERE e.room_pk = r.pk AND e.actor_pk = actor AND e.client_message_id = $11)
             THEN 'parked:' || $7::bigint ELSE $11 END
      END,
      CASE WHEN message THEN '' END,
      CASE WHEN message THEN $7::bigint END,
      CASE WHEN message THEN NULL ELSE '{}' END
    FROM r
  ),
  counted AS (
    UPDATE rooms SET seq = $7::bigint, n = $8::bigint,
      last_message_seq = CASE WHEN message THEN $7::bigint ELSE last_message_seq END,
      last_at = CASE WHEN message THEN $10::bigint ELSE last_at END
    FROM r WHERE rooms.pk = r.pk
  ),
  aside AS (
    INSERT INTO parked (partition, entry, room, seq, payload, error, tries, at)
    SELECT p.pk, $5::text, $6::text, $7::bigint, $12::text, $13::text, $14::bigint, $15::bigint FROM p
  )
  SELECT pk FROM p`,
}

/** See `WriteBackDatabase.park`; answers false when the partition is not ours at that place any more. */
export async function parkEntry(
  connection: WriteBackConnection,
  worker: string,
  lease: Lease,
  entry: LogEntry,
  why: string,
  tries: number,
): Promise<boolean> {
  const event = readEvent(entry.event)
  const at = Number.isSafeInteger(event?.at) ? (event?.at as number) : Date.now()
  const rows = await connection.rows(PARK, [
    worker,
    lease.partition,
    lease.epoch,
    lease.position,
    entry.id,
    entry.room,
    entry.seq,
    entry.n,
    storable(event?.actor) ? event?.actor : null,
    at,
    event?.type === 'message' && storable(event.clientMessageId) ? event.clientMessageId : null,
    entry.event.replaceAll('\0', '\ufffd'),
    why.replaceAll('\0', '\ufffd'),
    tries,
    Date.now(),
  ])
  return rows.length === 1
}

function storable(text: unknown): boolean {
  return typeof text === 'string' && text.length <= ID_MAX && !text.includes('\0')
}
