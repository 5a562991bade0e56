import type { History } from '../../../ports/history.ts'
import type { Head } from '../../../ports/log.ts'
import { YeoulError } from '../../../protocol/errors.ts'
import type { Message, RoomEvent } from '../../../protocol/model.ts'
import {
  type EventColumns,
  eventOf,
  MESSAGE_COLUMNS,
  type MessageColumns,
  messageOf,
  noticesOf,
} from '../event-rows.ts'
import type { ReactionSummary } from '../reactions.ts'
import { EDIT, FIRST_TOLD, MESSAGE } from '../tables.ts'
import type { Place } from '../transaction.ts'
import type { Keys } from './keys.ts'
import type { Connection, Statement } from './pool.ts'

type HeadColumns = [epoch: number, seq: number, n: number]
const HEAD_WIDTH = 3
type PageColumns = [...HeadColumns, more: boolean]
const PAGE_WIDTH = 4
/** So many events are scanned for the messages of a page; a longer run of others between them is jumped over. */
const SCAN_MAX = 2_000

/** Reads events and messages in prepared SQL: one statement each, so that each answer is one snapshot. */
export class EventReader {
  readonly #keys: Keys

  constructor(keys: Keys) {
    this.#keys = keys
  }

  async heads(connection: Connection, ids: string[]): Promise<Map<string, Head>> {
    const rows = await connection.rows<[id: string, ...HeadColumns]>(HEADS, [ids])
    return new Map(rows.map(([id, epoch, seq, n]) => [id, { epoch, seq, n }]))
  }

  /** Rejects `room_not_found`. */
  async events(
    connection: Connection,
    id: string,
    after: number,
    limit: number,
  ): Promise<{ head: Head; events: RoomEvent[] }> {
    const rows = await connection.rows<[...HeadColumns, ...EventColumns]>(EVENTS, [id, after, limit])
    const [epoch, seq, n] = orNotFound(rows[0])
    const found = rows.map((row) => row.slice(HEAD_WIDTH) as EventColumns).filter(isThere)
    const userId = await this.#keys.idsOf(connection, new Set(found.flatMap(usersOfEvent)))
    return { head: { epoch, seq, n }, events: found.map((row) => eventOf(row, userId)) }
  }

  async messagesAt(connection: Connection, places: Place[]): Promise<(Message | null)[]> {
    if (places.length === 0) return []
    const rows = await connection.rows<[i: number, ...MessageColumns]>(MESSAGES_AT, [
      places.map((place) => place.pk),
      places.map((place) => place.seq),
    ])
    const messages = await this.#messagesOf(
      connection,
      rows.map(([, ...row]) => row),
    )
    const found = new Map(rows.map(([i], k) => [i, messages[k] as Message]))
    return places.map((_, i) => found.get(i + 1) ?? null)
  }

  async message(connection: Connection, room: string, seq: number): Promise<Message | null> {
    const rows = await connection.rows<MessageColumns>(ONE_MESSAGE, [room, seq])
    return (await this.#messagesOf(connection, rows))[0] ?? null
  }

  /** How many messages the room has up to and including `seq`. Rejects `room_not_found`. */
  async countUpTo(connection: Connection, room: string, seq: number): Promise<number> {
    const rows = await connection.rows<[number]>(COUNT_UP_TO, [room, seq])
    return orNotFound(rows[0])[0]
  }

  /** The seq of the message number `n`; null when there is none. Rejects `room_not_found`. */
  async seqOf(connection: Connection, room: string, n: number): Promise<number | null> {
    const rows = await connection.rows<[number | null]>(SEQ_OF, [room, n])
    return orNotFound(rows[0])[0]
  }

  /** What happened to the room and its members. Rejects `room_not_found`. */
  async notices(
    connection: Connection,
    room: string,
    range: Parameters<History['notices']>[1],
  ): ReturnType<History['notices']> {
    const rows = await connection.rows<EventColumns>(NOTICES, [room, range.after, range.before, range.limit])
    orNotFound(rows[0])
    const found = rows.filter(isThere)
    const userId = await this.#keys.idsOf(connection, new Set(found.flatMap(usersOfEvent)))
    return noticesOf(
      found.map((row) => ({ event: eventOf(row, userId), n: row[4] })),
      range,
    )
  }

  /** Rejects `room_not_found`. */
  async page(
    connection: Connection,
    room: string,
    range: Parameters<History['messages']>[1],
  ): ReturnType<History['messages']> {
    const { before = null, after = null, limit } = range
    const rows = await connection.rows<[...PageColumns, ...MessageColumns]>(PAGE, [room, before, after, limit])
    const [epoch, head, n, more] = orNotFound(rows[0])
    const found = rows.map((row) => row.slice(PAGE_WIDTH) as MessageColumns).filter(isThere)
    return { messages: await this.#messagesOf(connection, found), more, epoch, head, n }
  }

  async #messagesOf(connection: Connection, rows: MessageColumns[]): Promise<Message[]> {
    const userId = await this.#keys.idsOf(connection, new Set(rows.flatMap(usersOfMessage)))
    return rows.map((row) => messageOf(row, userId))
  }
}

function orNotFound<Row>(row: Row | undefined): Row {
  if (row === undefined) throw new YeoulError('room_not_found')
  return row
}

/** A room without what was asked for comes as one row whose other columns are NULL. */
function isThere(row: EventColumns | MessageColumns): boolean {
  return row[0] !== null
}

function usersOfEvent(row: EventColumns): number[] {
  const [, , , actorPk, , , , , , , , subjectPk] = row
  return subjectPk === null ? [actorPk] : [actorPk, subjectPk]
}

function usersOfMessage(row: MessageColumns): number[] {
  const [, , , actorPk, , , , , , reactions] = row
  if (reactions === null) return [actorPk]
  return [actorPk, ...(JSON.parse(reactions) as ReactionSummary).flatMap(([, , users]) => users)]
}

function columnsOf(table: string, columns: string): string {
  return columns.replaceAll(/\w+/g, `${table}.$&`)
}

/** The room's count of messages up to and including a seq. */
function countUpTo(room: string, seq: string): string {
  return `
    CASE WHEN ${seq} >= ${room}.seq THEN ${room}.n
         WHEN ${seq} <= 0 THEN 0
         ELSE (SELECT n FROM events WHERE room_pk = ${room}.pk AND seq = ${seq}) END`
}

/**
 * The seq of the message number `n`. Every event holds the count so far, which never falls: so a message is found by
 * halving, however many other events lie between, and no index has to be kept for it.
 */
function seqOf(room: string, n: string): string {
  return `
    (WITH RECURSIVE search (low, high) AS (
      SELECT ${n}, ${room}.seq
      UNION ALL
      SELECT CASE WHEN middle.n >= ${n} THEN low ELSE middle.seq + 1 END,
             CASE WHEN middle.n >= ${n} THEN middle.seq ELSE high END
      FROM search JOIN events middle ON middle.room_pk = ${room}.pk AND middle.seq = (low + high) / 2
      WHERE low < high
    ) SELECT low FROM search WHERE low = high)`
}

const HEADS: Statement = {
  name: 'heads',
  text: 'SELECT id, epoch, seq, n FROM rooms WHERE id = ANY($1::text[]) AND deleted_at IS NULL',
}

/** An edit has no text of its own: it shows its message's as it is now, or none once that was deleted. */
const EVENTS: Statement = {
  name: 'events',
  text: `
    SELECT r.epoch, r.seq, r.n, e.*
    FROM rooms r
    LEFT JOIN LATERAL (
      SELECT e.seq, e.type, e.at, e.actor_pk, e.n, e.client_message_id, coalesce(e.body, t.body), e.reply_to,
             coalesce(e.mentions, t.mentions), e.files, e.target, e.subject_pk, e.detail, e.is_on
      FROM events e
      LEFT JOIN events t ON e.type = ${EDIT} AND t.room_pk = e.room_pk AND t.seq = e.target
      WHERE e.room_pk = r.pk AND e.seq > $2::bigint
      ORDER BY e.seq
      LIMIT $3::bigint
    ) e ON true
    WHERE r.id = $1 AND r.deleted_at IS NULL
    ORDER BY e.seq`,
}

const SEQ_OF: Statement = {
  name: 'seq_of',
  text: `
    SELECT CASE WHEN $2::bigint BETWEEN 1 AND r.n THEN ${seqOf('r', '$2::bigint')} END
    FROM rooms r WHERE r.id = $1 AND r.deleted_at IS NULL`,
}

/** Found by an index of their own, however many messages and reactions lie between. */
const NOTICES: Statement = {
  name: 'notices',
  text: `
    SELECT e.*
    FROM rooms r
    LEFT JOIN LATERAL (
      SELECT seq, type, at, actor_pk, n, client_message_id, body, reply_to, mentions, files, target, subject_pk, detail,
             is_on
      FROM events
      WHERE room_pk = r.pk AND seq > $2::bigint AND seq < $3::bigint AND type >= ${FIRST_TOLD}
      ORDER BY seq
      LIMIT $4::bigint
    ) e ON true
    WHERE r.id = $1 AND r.deleted_at IS NULL
    ORDER BY e.seq`,
}

const ONE_MESSAGE: Statement = {
  name: 'one_message',
  text: `
    SELECT ${columnsOf('e', MESSAGE_COLUMNS)}
    FROM rooms r JOIN events e ON e.room_pk = r.pk
    WHERE r.id = $1 AND r.deleted_at IS NULL AND e.seq = $2::bigint AND e.type = ${MESSAGE}`,
}

const MESSAGES_AT: Statement = {
  name: 'messages_at',
  text: `
    SELECT d.i, ${columnsOf('e', MESSAGE_COLUMNS)}
    FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS d (room_pk, seq, i)
    JOIN events e ON e.room_pk = d.room_pk AND e.seq = d.seq
    WHERE e.type = ${MESSAGE}`,
}

const COUNT_UP_TO: Statement = {
  name: 'count_up_to',
  text: `SELECT ${countUpTo('r', '$2::bigint')} FROM rooms r WHERE r.id = $1 AND r.deleted_at IS NULL`,
}

/**
 * Its parameters: room, before, after, limit. Messages are counted from `first` to `last`, as `n` counts. They mostly lie
 * near the place that was asked for; where a long run of other events lies between, each is looked for by its number.
 */
const PAGE: Statement = {
  name: 'page',
  text: `
    WITH counted AS (
      SELECT r.pk, r.epoch, r.seq, r.n,
             CASE WHEN $2::bigint IS NULL THEN r.n ELSE ${countUpTo('r', '$2::bigint - 1')} END AS until,
             CASE WHEN $3::bigint IS NOT NULL THEN ${countUpTo('r', '$3::bigint')} END AS past
      FROM rooms r
      WHERE r.id = $1 AND r.deleted_at IS NULL
    ), bounded AS MATERIALIZED (
      SELECT *, CASE WHEN past IS NULL THEN greatest(1, until - $4::bigint + 1) ELSE past + 1 END AS first,
                CASE WHEN past IS NULL THEN until ELSE least(until, past + $4::bigint) END AS last
      FROM counted
    ), near AS MATERIALIZED (
      SELECT m.* FROM bounded b CROSS JOIN LATERAL (
        (SELECT ${MESSAGE_COLUMNS}
         FROM (SELECT * FROM events
               WHERE b.past IS NULL AND room_pk = b.pk AND seq < coalesce($2::bigint, b.seq + 1)
               ORDER BY seq DESC LIMIT ${SCAN_MAX}) before
         WHERE type = ${MESSAGE} ORDER BY seq DESC LIMIT $4::bigint)
        UNION ALL
        (SELECT ${MESSAGE_COLUMNS}
         FROM (SELECT * FROM events
               WHERE b.past IS NOT NULL AND room_pk = b.pk AND seq > $3::bigint
               ORDER BY seq LIMIT ${SCAN_MAX}) after
         WHERE type = ${MESSAGE} AND n <= b.last ORDER BY seq LIMIT $4::bigint)
      ) m
    )
    SELECT b.epoch, b.seq, b.n, CASE WHEN b.past IS NULL THEN b.first > 1 ELSE b.last < b.until END,
           ${columnsOf('m', MESSAGE_COLUMNS)}
    FROM bounded b
    LEFT JOIN LATERAL (
      SELECT * FROM near WHERE (SELECT count(*) FROM near) >= b.last - b.first + 1
      UNION ALL
      SELECT ${columnsOf('e', MESSAGE_COLUMNS)}
      FROM generate_series(b.first, b.last) AS wanted (n)
      JOIN events e ON e.room_pk = b.pk AND e.seq = ${seqOf('b', 'wanted.n')}
      WHERE (SELECT count(*) FROM near) < b.last - b.first + 1
    ) m ON true
    ORDER BY m.seq`,
}
