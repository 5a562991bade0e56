import type { Message, Room } from '../../../protocol/model.ts'
import { MESSAGE_COLUMNS, type MessageColumns, messageOf } from '../event-rows.ts'
import { membershipOf } from '../memberships.ts'
import { mentionsIn } from '../mentions.ts'
import type { ReactionSummary } from '../reactions.ts'
import { peerOf, roomOf, selectRooms } from '../rooms.ts'
import { MESSAGE } from '../tables.ts'
import { ConnectionLost, told } from './failure.ts'
import { Keys } from './keys.ts'
import { outagesTo } from './outages.ts'
import { type Connection, Pool, type Statement } from './pool.ts'

/** A room as a log beside the database starts from it. */
export interface LoadedRoom {
  epoch: number
  seq: number
  n: number
  memberCount: number
  /** Seq and time of the last message; 0 when there was none. */
  lastSeq: number
  lastAt: number
  deleted: boolean
  /** Whether changes of it wait in the outbox: what is said here runs ahead of its sequence. */
  waiting: boolean
}

export interface LoadedMember {
  member: boolean
  /** As of a room. */
  waiting: boolean
}

/** A message with the head of its room at that moment, and whether a user has this reaction on it. */
export interface LoadedMessage {
  head: number
  message: Message | null
  reacted: boolean
}

export interface Questions {
  partition: number
  rooms?: string[]
  members?: { room: string; user: string }[]
  messages?: { room: string; seq: number; user: string; emoji: string }[]
  repeats?: { room: string; user: string; clientMessageId: string }[]
}

/** In the order of the questions; what was not found is null, a member of a room that is not there is none. */
export interface Answers {
  /** Of the partition, no later than all the rest. */
  epoch: number
  rooms: (LoadedRoom | null)[]
  members: LoadedMember[]
  messages: (LoadedMessage | null)[]
  repeats: ({ epoch: number; seq: number; n: number; at: number } | null)[]
}

/** A membership as its user's list of rooms begins with it. */
export interface RoomOfUser {
  room: Room
  pk: number
  n: number
  lastAt: number
  lastSeq: number | null
  membership: ReturnType<typeof membershipOf>
  /** The `n`s of messages that mention the user, rising, also of some that were read. */
  mentions: number[]
  peer: ReturnType<typeof peerOf>
}

const CONNECTIONS = 4
/** How long a question may take; the log's callers wait for the answer. */
const ANSWER_MS = 2_000
const PING_MS = 500

/** What a log beside PostgreSQL asks of it, over connections of its own. */
export class LogLoads {
  readonly #pool: Pool
  readonly #keys = new Keys()
  /** Runs while the database does not answer: nobody else waits for it then. */
  #pinging: NodeJS.Timeout | null = null
  #down: Error | null = null
  #closed = false

  constructor(url: string, log: (message: string) => void) {
    this.#pool = new Pool(url, { size: CONNECTIONS, plannedOnce: true, ...this.#keys.forgottenWith(outagesTo(log)) })
  }

  /** Rejects `unavailable` at once while the database is known not to answer. */
  ask(questions: Questions): Promise<Answers> {
    return this.use((connection) => this.askOn(connection, questions))
  }

  /** As `ask`, also while the database is thought not to answer: for whom it has just answered. */
  askAllTheSame(questions: Questions): Promise<Answers> {
    return this.#lend((connection) => this.askOn(connection, questions), ANSWER_MS)
  }

  async askOn(connection: Connection, questions: Questions): Promise<Answers> {
    const { partition, rooms = [], members = [], messages = [], repeats = [] } = questions
    const [epoch, ...rest] = await Promise.all([
      connection.rows<[number]>(EPOCH, [partition]),
      rooms.length === 0 ? [] : this.#rooms(connection, rooms),
      members.length === 0 ? [] : this.#members(connection, members),
      messages.length === 0 ? [] : this.#messages(connection, messages),
      repeats.length === 0 ? [] : this.#repeats(connection, repeats),
    ])
    return { epoch: epoch[0]?.[0] ?? 1, rooms: rest[0], members: rest[1], messages: rest[2], repeats: rest[3] }
  }

  /** Lends a connection for at most so many ms; see `ask`. */
  async use<T>(work: (connection: Connection) => Promise<T>, ms: number = ANSWER_MS): Promise<T> {
    if (this.#down !== null) throw told(this.#down)
    return this.#lend(work, ms)
  }

  async #lend<T>(work: (connection: Connection) => Promise<T>, ms: number): Promise<T> {
    try {
      const answer = await within(ms, this.#pool.use(work))
      if (this.#down !== null) this.#answers()
      return answer
    } catch (error) {
      const known = told(error)
      if (known !== error) this.#fails(error as Error)
      throw known
    }
  }

  /** The epoch of each partition that ever had a log. */
  epochs(): Promise<[partition: number, epoch: number][]> {
    return this.use((connection) => connection.rows(EPOCHS, []))
  }

  /** All rooms of a user, at most `limit`, without the log's part. */
  roomsOf(user: string, limit: number): Promise<{ id: string; pk: number; lastAt: number }[]> {
    return this.use(async (connection) => {
      const rows = await connection.rows<[string, number, number]>(ROOMS_OF, [user, limit])
      return rows.map(([id, pk, lastAt]) => ({ id, pk, lastAt }))
    })
  }

  /** Some rooms of a user, without the log's part, in no order. */
  summaries(user: string, pks: number[]): Promise<RoomOfUser[]> {
    return this.use(async ({ db }) => {
      const rows = await selectRooms(db)
        .innerJoin('members as m', 'm.room_pk', 'r.pk')
        .innerJoin('users as u', 'u.pk', 'm.user_pk')
        .select(['m.user_pk', 'm.role', 'm.joined_at', 'm.read_seq', 'm.read_n', 'm.notify', 'm.last_exit_at'])
        .where('u.id', '=', user)
        .where('r.pk', 'in', pks)
        .execute()
      const mentions = await mentionsIn(db, rows)
      return rows.map((row) => ({
        room: roomOf(row),
        pk: row.pk,
        n: row.n,
        lastAt: row.last_at,
        lastSeq: row.last_message_seq,
        membership: membershipOf(row),
        // What was written since the room was read is found in the log.
        mentions: (mentions.get(row.pk) ?? []).filter((n) => n <= row.n),
        peer: peerOf(row, user),
      }))
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#pinging !== null) clearTimeout(this.#pinging)
    await this.#pool.end()
  }

  async #rooms(connection: Connection, ids: string[]): Promise<(LoadedRoom | null)[]> {
    type Row = [string, number, number, number, number, number, number, boolean, boolean]
    const found = new Map<string, LoadedRoom>()
    for (const row of await connection.rows<Row>(ROOMS, [ids])) {
      const [id, epoch, seq, n, memberCount, lastSeq, lastAt, deleted, waiting] = row
      found.set(id, { epoch, seq, n, memberCount, lastSeq, lastAt, deleted, waiting })
    }
    return ids.map((id) => found.get(id) ?? null)
  }

  async #members(connection: Connection, pairs: Required<Questions>['members']): Promise<LoadedMember[]> {
    const answers: LoadedMember[] = pairs.map(() => ({ member: false, waiting: false }))
    const values = [pairs.map(({ room }) => room), pairs.map(({ user }) => user)]
    for (const [i, member, waiting] of await connection.rows<[number, boolean, boolean]>(MEMBERS, values))
      answers[i - 1] = { member, waiting }
    return answers
  }

  async #messages(connection: Connection, places: Required<Questions>['messages']): Promise<(LoadedMessage | null)[]> {
    const values = [
      places.map(({ room }) => room),
      places.map(({ seq }) => seq),
      places.map(({ user }) => user),
      places.map(({ emoji }) => emoji),
    ]
    type Row = [i: number, head: number, reacted: boolean, ...MessageColumns]
    const rows = await connection.rows<Row>(MESSAGES, values)
    const users = new Set<number>()
    for (const [, , , ...row] of rows) {
      if (row[0] === null) continue
      users.add(row[3])
      if (row[9] !== null)
        for (const [, , pks] of JSON.parse(row[9]) as ReactionSummary) for (const pk of pks) users.add(pk)
    }
    const userId = await this.#keys.idsOf(connection, users)
    const answers: (LoadedMessage | null)[] = places.map(() => null)
    for (const [i, head, reacted, ...row] of rows)
      answers[i - 1] = { head, reacted, message: row[0] === null ? null : messageOf(row, userId) }
    return answers
  }

  async #repeats(connection: Connection, asked: Required<Questions>['repeats']): Promise<Answers['repeats']> {
    const values = [
      asked.map(({ room }) => room),
      asked.map(({ user }) => user),
      asked.map(({ clientMessageId }) => clientMessageId),
    ]
    const answers: Answers['repeats'] = asked.map(() => null)
    type Row = [i: number, epoch: number, seq: number, n: number, at: number]
    for (const [i, epoch, seq, n, at] of await connection.rows<Row>(REPEATS, values))
      answers[i - 1] = { epoch, seq, n, at }
    return answers
  }

  #answers(): void {
    this.#down = null
    if (this.#pinging !== null) clearTimeout(this.#pinging)
    this.#pinging = null
  }

  #fails(error: Error): void {
    if (this.#down !== null || this.#closed) return
    this.#down = error
    const ping = async () => {
      try {
        await within(
          ANSWER_MS,
          this.#pool.use((connection) => connection.rows(PING, [])),
        )
        this.#answers()
      } catch {
        if (!this.#closed) this.#pinging = setTimeout(ping, PING_MS)
      }
    }
    this.#pinging = setTimeout(ping, PING_MS)
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ConnectionLost(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const WAITING = 'EXISTS (SELECT 1 FROM outbox o WHERE o.room_pk = r.pk)'

/** Of all tables that are asked: one that is locked is one that does not answer. */
const PING: Statement = {
  name: 'log_ping',
  text: `
    SELECT (SELECT max(1) FROM (SELECT 1 FROM rooms LIMIT 1) AS r), (SELECT max(1) FROM (SELECT 1 FROM members LIMIT 1) AS m),
           (SELECT max(1) FROM (SELECT 1 FROM users LIMIT 1) AS u), (SELECT max(1) FROM (SELECT 1 FROM events LIMIT 1) AS e),
           (SELECT max(1) FROM (SELECT 1 FROM outbox LIMIT 1) AS o)`,
}

const EPOCHS: Statement = { name: 'load_epochs', text: 'SELECT pk, epoch FROM partitions' }

const EPOCH: Statement = { name: 'log_epoch', text: 'SELECT epoch FROM partitions WHERE pk = $1' }

const ROOMS: Statement = {
  name: 'log_rooms',
  text: `
    SELECT r.id, r.epoch, r.seq, r.n, r.member_count, coalesce(r.last_message_seq, 0), r.last_at, r.deleted_at IS NOT NULL,
           ${WAITING}
    FROM rooms r WHERE r.id = ANY($1::text[])`,
}

const MEMBERS: Statement = {
  name: 'log_members',
  text: `
    SELECT asked.i, m.user_pk IS NOT NULL, ${WAITING}
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (room, member, i)
    JOIN rooms r ON r.id = asked.room
    LEFT JOIN users u ON u.id = asked.member
    LEFT JOIN members m ON m.room_pk = r.pk AND m.user_pk = u.pk`,
}

const MESSAGES: Statement = {
  name: 'log_messages',
  text: `
    SELECT asked.i, r.seq,
           EXISTS (
             SELECT 1 FROM reactions x JOIN users u ON u.pk = x.user_pk
             WHERE x.room_pk = r.pk AND x.target = asked.seq AND x.emoji = asked.emoji AND u.id = asked.member
           ),
           ${MESSAGE_COLUMNS.split(', ')
             .map((column) => `e.${column}`)
             .join(', ')}
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) WITH ORDINALITY AS asked (room, seq, member, emoji, i)
    JOIN rooms r ON r.id = asked.room
    LEFT JOIN events e ON e.room_pk = r.pk AND e.seq = asked.seq AND e.type = ${MESSAGE}`,
}

const REPEATS: Statement = {
  name: 'log_repeats',
  text: `
    SELECT asked.i, r.epoch, e.seq, e.n, e.at
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS asked (room, member, id, i)
    JOIN rooms r ON r.id = asked.room
    JOIN users u ON u.id = asked.member
    JOIN events e ON e.room_pk = r.pk AND e.actor_pk = u.pk AND e.client_message_id = asked.id`,
}

const ROOMS_OF: Statement = {
  name: 'log_rooms_of',
  text: `
    SELECT r.id, r.pk, r.last_at FROM users u
    JOIN members m ON m.user_pk = u.pk
    JOIN rooms r ON r.pk = m.room_pk
    WHERE u.id = $1
    ORDER BY r.last_at DESC, r.pk DESC LIMIT $2`,
}
