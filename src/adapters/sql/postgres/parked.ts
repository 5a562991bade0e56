import pg from 'pg'
import { YeoulError } from '../../../protocol/errors.ts'
import type { RoomEvent } from '../../../protocol/model.ts'
import type { ParkedItem } from '../../../protocol/model-admin.ts'
import { jsonList } from '../event-rows.ts'
import { type ReactionSummary, react } from '../reactions.ts'
import { EDIT, eventTypeNumber, MESSAGE, REACTION } from '../tables.ts'
import { ConnectionLost, told } from './failure.ts'
import { NUMBERS } from './pool.ts'
import { readEvent } from './write-back-entries.ts'

const ROOM = eventTypeNumber('room')
const LISTED_MAX = 1_000
const CONNECT_MS = 5_000
/** The server gives a statement up before we do. */
const STATEMENT_MS = 7_000
const ANSWER_MS = 8_000

export type Retried = { ok: true } | { ok: false; why: string }

/** See `Administration.retryParked`. */
export async function retryParked(url: string, pk: number): Promise<void> {
  let retried: Retried | null
  try {
    const parked = await Parked.open(url)
    retried = await parked.retry(pk).finally(() => parked.close())
  } catch (error) {
    throw error instanceof YeoulError ? error : told(new ConnectionLost(error))
  }
  if (retried === null) throw new YeoulError('parked_not_found')
  if (!retried.ok) throw new YeoulError('parked_refused', `The database refused it again: ${retried.why}`)
}

/** What an operator does with entries that were set aside. */
export class Parked {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async open(url: string): Promise<Parked> {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: STATEMENT_MS,
      query_timeout: ANSWER_MS,
      application_name: 'yeoul parked',
      types: NUMBERS,
    })
    // A connection that goes is told of by the call that meets it.
    client.on('error', () => {})
    await client.connect()
    return new Parked(client)
  }

  close(): Promise<void> {
    return this.#client.end()
  }

  /** The oldest first, without what they hold. */
  async list(): Promise<ParkedItem[]> {
    const { rows } = await this.#client.query<ParkedItem>(
      'SELECT pk AS id, partition, room, seq, error AS why, tries, at FROM parked ORDER BY pk LIMIT $1',
      [LISTED_MAX],
    )
    return rows
  }

  /** Forgets an entry for good; its placeholder stays. Answers false when there is none. */
  async drop(pk: number): Promise<boolean> {
    const { rowCount } = await this.#client.query('DELETE FROM parked WHERE pk = $1', [pk])
    return rowCount === 1
  }

  /**
   * Writes what an entry holds in the place of its placeholder. What happened to its room since stays: an edit that came
   * later wins, what was deleted stays erased. An entry that is refused again stays where it is. null: there is none.
   * Rejects when the database does not answer or has no room: that is no refusal.
   */
  async retry(pk: number): Promise<Retried | null> {
    try {
      await this.#client.query('BEGIN')
      await this.#write(pk)
      await this.#client.query('DELETE FROM parked WHERE pk = $1', [pk])
      await this.#client.query('COMMIT')
      return { ok: true }
    } catch (error) {
      await this.#client.query('ROLLBACK')
      const failure = told(error)
      if (failure instanceof YeoulError) throw failure
      const why = (error as Error).message
      const { rowCount } = await this.#client.query('UPDATE parked SET tries = tries + 1, error = $2 WHERE pk = $1', [
        pk,
        why,
      ])
      return rowCount === 0 ? null : { ok: false, why }
    }
  }

  async #write(pk: number): Promise<void> {
    const [entry] = await this.#rows<{ room: string; seq: number; payload: string }>(
      'SELECT room, seq, payload FROM parked WHERE pk = $1 FOR UPDATE',
      [pk],
    )
    if (entry === undefined) throw new Error(`there is no parked entry ${pk}`)
    const event = readEvent(entry.payload) as RoomEvent | null
    if (event === null || eventTypeNumber(event.type) < 0) throw new Error('the event cannot be read')
    const [room] = await this.#rows<{ pk: number }>('SELECT pk FROM rooms WHERE id = $1 FOR NO KEY UPDATE', [
      entry.room,
    ])
    if (room === undefined) throw new Error(`there is no room ${entry.room}`)
    const [place] = await this.#rows<{ type: number }>('SELECT type FROM events WHERE room_pk = $1 AND seq = $2', [
      room.pk,
      entry.seq,
    ])
    if (place?.type !== (event.type === 'message' ? MESSAGE : ROOM))
      throw new Error(`room ${entry.room} has no placeholder at ${entry.seq}`)
    const actor = await this.#user(event.actor)
    await this.#place(room.pk, entry.seq, actor, event)
    if (event.type === 'message') await this.#mention(room.pk, entry.seq)
    if (event.type === 'edit') await this.#edit(room.pk, entry.seq, event)
    if (event.type === 'delete') await this.#delete(room.pk, entry, event)
    if (event.type === 'reaction') await this.#react(room.pk, entry.seq, actor, event)
  }

  async #place(room: number, seq: number, actor: number, event: RoomEvent): Promise<void> {
    if (event.type === 'message') {
      await this.#rows(
        `UPDATE events SET at = $3, actor_pk = $4, reply_to = $5,
           client_message_id = CASE WHEN EXISTS (SELECT 1 FROM events x WHERE x.room_pk = $1 AND x.actor_pk = $4
             AND x.client_message_id = $6 AND x.seq <> $2) THEN client_message_id ELSE $6 END,
           body = CASE WHEN edited_at IS NULL AND deleted_at IS NULL THEN $7 ELSE body END,
           mentions = CASE WHEN edited_at IS NULL AND deleted_at IS NULL THEN $8 ELSE mentions END,
           files = CASE WHEN deleted_at IS NULL THEN $9 END,
           deleted_at = CASE WHEN $7::text IS NULL THEN coalesce(deleted_at, $3) ELSE deleted_at END
         WHERE room_pk = $1 AND seq = $2`,
        [
          room,
          seq,
          event.at,
          actor,
          event.replyTo ?? null,
          event.clientMessageId,
          event.body,
          jsonList(event.mentions),
          event.body === null ? null : jsonList(event.files),
        ],
      )
      return
    }
    const subject = 'user' in event ? await this.#user(event.user) : null
    await this.#rows(
      `UPDATE events SET type = $3, at = $4, actor_pk = $5, target = $6, subject_pk = $7, detail = $8, is_on = $9
       WHERE room_pk = $1 AND seq = $2`,
      [
        room,
        seq,
        eventTypeNumber(event.type),
        event.at,
        actor,
        'target' in event ? event.target : null,
        subject,
        detailOf(event),
        event.type === 'reaction' ? (event.on ? 1 : 0) : null,
      ],
    )
  }

  async #edit(room: number, seq: number, event: RoomEvent & { type: 'edit' }): Promise<void> {
    await this.#rows(
      `UPDATE events e SET rev = greatest(rev, $3), body = $4, mentions = $5, edited_at = $6
       WHERE room_pk = $1 AND seq = $2 AND deleted_at IS NULL AND $4::text IS NOT NULL AND NOT EXISTS
         (SELECT 1 FROM events x WHERE x.room_pk = $1 AND x.seq > $3 AND x.type = ${EDIT} AND x.target = $2)`,
      [room, event.target, seq, event.body, jsonList(event.mentions), event.at],
    )
    await this.#mention(room, event.target)
  }

  async #delete(
    room: number,
    entry: { room: string; seq: number },
    event: RoomEvent & { type: 'delete' },
  ): Promise<void> {
    await this.#rows(
      `UPDATE events SET rev = greatest(rev, $3), body = NULL, mentions = NULL, files = NULL, reactions = NULL,
         deleted_at = $4
       WHERE room_pk = $1 AND seq = $2 AND type = ${MESSAGE}`,
      [room, event.target, entry.seq, event.at],
    )
    await this.#rows('DELETE FROM reactions WHERE room_pk = $1 AND target = $2', [room, event.target])
    await this.#mention(room, event.target)
    await this.#rows('DELETE FROM parked WHERE room = $1 AND seq = $2', [entry.room, event.target])
  }

  /** Notes a message, as it is now, for each member whom it mentions and who has not read so far. */
  async #mention(room: number, seq: number): Promise<void> {
    await this.#rows('DELETE FROM mentions WHERE room_pk = $1 AND seq = $2', [room, seq])
    await this.#rows(
      `INSERT INTO mentions (user_pk, room_pk, seq, n)
       SELECT m.user_pk, e.room_pk, e.seq, e.n
       FROM events e
       CROSS JOIN LATERAL json_array_elements_text(e.mentions::json) AS d (user_id)
       JOIN users u ON u.id = d.user_id
       JOIN members m ON m.room_pk = e.room_pk AND m.user_pk = u.pk
       WHERE e.room_pk = $1 AND e.seq = $2 AND m.user_pk <> e.actor_pk AND m.read_seq < e.seq
       ON CONFLICT (user_pk, room_pk, seq) DO NOTHING`,
      [room, seq],
    )
  }

  async #react(room: number, seq: number, actor: number, event: RoomEvent & { type: 'reaction' }): Promise<void> {
    const { target, emoji, on } = event
    const [message] = await this.#rows<{ reactions: string | null; deleted_at: number | null; later: boolean }>(
      `SELECT reactions, deleted_at, EXISTS (
         SELECT 1 FROM events x WHERE x.room_pk = $1 AND x.seq > $3 AND x.type = ${REACTION} AND x.target = $2
           AND x.actor_pk = $4 AND x.detail = $5) AS later
       FROM events WHERE room_pk = $1 AND seq = $2 AND type = ${MESSAGE}`,
      [room, target, seq, actor, emoji],
    )
    if (message === undefined) throw new Error(`there is no message ${target}`)
    if (message.deleted_at !== null || message.later) return
    const { rowCount } = await this.#client.query(
      on
        ? 'INSERT INTO reactions (room_pk, target, emoji, user_pk, seq) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING'
        : 'DELETE FROM reactions WHERE room_pk = $1 AND target = $2 AND emoji = $3 AND user_pk = $4 AND seq < $5',
      [room, target, emoji, actor, seq],
    )
    if (rowCount === 0) return
    const before: ReactionSummary = message.reactions === null ? [] : JSON.parse(message.reactions)
    const summary = react(before, emoji, actor, on)
    await this.#rows('UPDATE events SET reactions = $3, rev = greatest(rev, $4) WHERE room_pk = $1 AND seq = $2', [
      room,
      target,
      jsonList(summary),
      seq,
    ])
  }

  async #user(id: string): Promise<number> {
    const [user] = await this.#rows<{ pk: number }>('SELECT pk FROM users WHERE id = $1', [id])
    if (user === undefined) throw new Error(`there is no user ${id}`)
    return user.pk
  }

  async #rows<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    return (await this.#client.query<Row>(text, values)).rows
  }
}

function detailOf(event: RoomEvent): string | null {
  switch (event.type) {
    case 'reaction':
      return event.emoji
    case 'join':
    case 'member':
      return event.role
    case 'leave':
      return event.reason
    case 'room':
      return JSON.stringify(event.changes)
    default:
      return null
  }
}
