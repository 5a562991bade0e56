import type { Lease, LogEntry, Persisted, Piece, WriteBackDatabase } from '../../../ports/write-back.ts'
import { YeoulError } from '../../../protocol/errors.ts'
import { jsonList } from '../event-rows.ts'
import { numbers, texts } from './arrays.ts'
import { leasePartitions, makePartitions, releasePartitions, settlePartition } from './leases.ts'
import { ValuesRefused, WriteBackConnection } from './write-back-connection.ts'
import { BadEntry, type ParsedEntry, parsePieces } from './write-back-entries.ts'
import { fold, messageKey, reactedBefore, renamed } from './write-back-fold.ts'
import { parkEntry } from './write-back-park.ts'
import type { EventRow, Folded, WrittenMessage, WrittenRoom } from './write-back-rows.ts'
import { COUNT_PARKED, LOOK_UP, type LookedUp, PERSIST, PERSIST_CHANGES, TAKEN } from './write-back-sql.ts'

/** More than these are not remembered; they are looked up again. */
const USERS_KEPT = 200_000
const ROOMS_KEPT = 50_000
const ONCE = 'events_once'

/** The database of a worker: PostgreSQL, over connections of its own. */
export function openWriteBack(url: string): WriteBackDatabase {
  return new PostgresWriteBack(new WriteBackConnection(url))
}

/**
 * A batch costs one statement, and one more when it names rooms or users for the first time or has reactions to older
 * messages. Where rooms end is remembered between batches: only the holder of the lease moves them, and the statement
 * writes nothing when they are elsewhere.
 */
class PostgresWriteBack implements WriteBackDatabase {
  readonly #connection: WriteBackConnection
  readonly #users = new Map<string, number>()
  /** By room id; what is in doubt is taken out. */
  readonly #rooms = new Map<string, WrittenRoom>()
  #made = false

  constructor(connection: WriteBackConnection) {
    this.#connection = connection
  }

  async lease(worker: string, lifeMs: number): Promise<Lease[]> {
    if (!this.#made) await makePartitions(this.#connection)
    this.#made = true
    return leasePartitions(this.#connection, worker, lifeMs)
  }

  release(worker: string): Promise<void> {
    return releasePartitions(this.#connection, worker)
  }

  async persist(worker: string, pieces: Piece[]): Promise<Persisted> {
    try {
      const batch = parsePieces(pieces)
      const folded = await this.#foldFresh(batch)
      const held = await this.#write(worker, pieces, folded)
      if (!held) {
        this.#forget(batch)
        return { state: 'lost' }
      }
      this.#remember(folded)
      return { state: 'written', entries: batch.length }
    } catch (error) {
      // Perhaps it was written, and the answer was lost.
      this.#forget(pieces.flatMap(({ entries }) => entries))
      // Perhaps a standby that was behind answers the next time: it gives the keys of what was lost to others.
      if (error instanceof YeoulError) {
        this.#users.clear()
        this.#rooms.clear()
      }
      return refusalOf(error, pieces)
    }
  }

  async park(worker: string, lease: Lease, entry: LogEntry, why: string, tries: number): Promise<Persisted> {
    this.#rooms.delete(entry.room)
    const held = await parkEntry(this.#connection, worker, lease, entry, why, tries)
    return held ? { state: 'written', entries: 1 } : { state: 'lost' }
  }

  settle(worker: string, lease: Lease, instance: string, atLeast: number): Promise<Lease | null> {
    return settlePartition(this.#connection, worker, lease, instance, atLeast)
  }

  statements(): number {
    return this.#connection.statements
  }

  async parkedCount(): Promise<number> {
    const [row] = await this.#connection.rows<[count: number]>(COUNT_PARKED, [])
    return row?.[0] ?? 0
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** Where a room ends may be remembered from before another worker had its partition: then the database is asked. */
  async #foldFresh(batch: ParsedEntry[]): Promise<Folded> {
    try {
      return await this.#foldKnown(batch)
    } catch (error) {
      if (!(error instanceof BadEntry) || !error.broken) throw error
      this.#forget(batch)
      return this.#foldKnown(batch)
    }
  }

  async #foldKnown(batch: ParsedEntry[]): Promise<Folded> {
    if (this.#users.size > USERS_KEPT) this.#users.clear()
    if (this.#rooms.size > ROOMS_KEPT) this.#rooms.clear()
    const rooms = new Set<string>()
    const users = new Set<string>()
    for (const { room, event } of batch) {
      if (!this.#rooms.has(room)) rooms.add(room)
      if (!this.#users.has(event.actor)) users.add(event.actor)
      if ('user' in event && !this.#users.has(event.user)) users.add(event.user)
    }
    const messages = new Map<string, WrittenMessage | null>()
    const targets = reactedBefore(batch)
    if (rooms.size + users.size + targets.length > 0) await this.#lookUp([...rooms], [...users], targets, messages)
    return fold(batch, { rooms: this.#rooms, users: this.#users, messages })
  }

  async #lookUp(
    rooms: string[],
    users: string[],
    targets: { room: string; seq: number }[],
    messages: Map<string, WrittenMessage | null>,
  ): Promise<void> {
    const values = [rooms, users, targets.map(({ room }) => room), targets.map(({ seq }) => seq)]
    for (const row of await this.#connection.rows<LookedUp>(LOOK_UP, values)) {
      const [what, id, pk, seq, n, last, reactions] = row
      if (what === 0) this.#rooms.set(id, { pk, seq, n, lastMessageSeq: last })
      else if (what === 1) this.#users.set(id, pk)
      else messages.set(messageKey(id, seq), { deleted: last !== null, reactions })
    }
  }

  async #write(worker: string, pieces: Piece[], folded: Folded): Promise<boolean> {
    try {
      return await this.#send(worker, pieces, folded)
    } catch (error) {
      if (!(error instanceof ValuesRefused) || error.taken !== ONCE) throw error
      await this.#rename(folded.events)
      return this.#send(worker, pieces, folded)
    }
  }

  async #send(worker: string, pieces: Piece[], folded: Folded): Promise<boolean> {
    const changes = folded.messages.length > 0 || folded.reactions.length > 0 || folded.mentions.length > 0
    const values = batchValues(worker, pieces, folded)
    const [row] = changes
      ? await this.#connection.rows<[boolean]>(PERSIST_CHANGES, [...values, ...changeValues(folded)])
      : await this.#connection.rows<[boolean]>(PERSIST, values)
    return row?.[0] === true
  }

  /** Messages whose client ids their rooms had before the log forgot them. */
  async #rename(events: EventRow[]): Promise<void> {
    const messages = events.filter((row) => row.clientMessageId !== null)
    const taken = await this.#connection.rows<[room: number, actor: number, id: string]>(TAKEN, [
      messages.map((row) => row.roomPk),
      messages.map((row) => row.actorPk),
      messages.map((row) => row.clientMessageId),
    ])
    const keys = new Set(taken.map(([room, actor, id]) => `${room} ${actor} ${id}`))
    for (const row of messages) {
      const id = row.clientMessageId as string
      if (keys.has(`${row.roomPk} ${row.actorPk} ${id}`)) row.clientMessageId = renamed(id, row.seq)
    }
  }

  #remember(folded: Folded): void {
    for (const { room, seq, n, lastMessageSeq } of folded.rooms) Object.assign(room, { seq, n, lastMessageSeq })
  }

  #forget(entries: { room: string }[]): void {
    for (const { room } of entries) this.#rooms.delete(room)
  }
}

function refusalOf(error: unknown, pieces: Piece[]): Persisted {
  const only = pieces.length === 1 ? (pieces[0] as Piece).lease.partition : null
  if (error instanceof BadEntry)
    return { state: 'refused', partition: error.partition, why: error.message, broken: error.broken }
  if (error instanceof ValuesRefused) return { state: 'refused', partition: only, why: error.message, broken: false }
  throw error
}

/** The parameters of the statement that every batch has. */
function batchValues(worker: string, pieces: Piece[], { rooms, events, cursors }: Folded): unknown[] {
  cursors.sort((a, b) => a.roomPk - b.roomPk || a.userPk - b.userPk)
  return [
    worker,
    numbers(pieces.map(({ lease }) => lease.partition)),
    numbers(pieces.map(({ lease }) => lease.epoch)),
    texts(pieces.map(({ lease }) => lease.position)),
    texts(pieces.map(({ entries }) => (entries.at(-1) as LogEntry).id)),
    numbers(rooms.map(({ room }) => room.pk)),
    numbers(rooms.map(({ room }) => room.seq)),
    numbers(rooms.map(({ seq }) => seq)),
    numbers(rooms.map(({ n }) => n)),
    numbers(rooms.map(({ lastMessageSeq }) => lastMessageSeq)),
    numbers(rooms.map(({ lastAt }) => lastAt)),
    numbers(events.map((row) => row.roomPk)),
    numbers(events.map((row) => row.seq)),
    numbers(events.map((row) => row.type)),
    numbers(events.map((row) => row.at)),
    numbers(events.map((row) => row.actorPk)),
    numbers(events.map((row) => row.n)),
    texts(events.map((row) => row.clientMessageId)),
    texts(events.map((row) => row.body)),
    numbers(events.map((row) => row.replyTo)),
    texts(events.map((row) => row.mentions)),
    texts(events.map((row) => row.files)),
    texts(events.map((row) => jsonList(row.reactions))),
    numbers(events.map((row) => row.editedAt)),
    numbers(events.map((row) => row.deletedAt)),
    numbers(events.map((row) => row.rev)),
    numbers(events.map((row) => row.target)),
    numbers(events.map((row) => row.subjectPk)),
    texts(events.map((row) => row.detail)),
    numbers(events.map((row) => row.on)),
    numbers(cursors.map((cursor) => cursor.roomPk)),
    numbers(cursors.map((cursor) => cursor.userPk)),
    numbers(cursors.map((cursor) => cursor.seq)),
    numbers(cursors.map((cursor) => cursor.n)),
  ]
}

function changeValues({ messages, reactions, mentions }: Folded): unknown[] {
  return [
    numbers(messages.map((change) => change.roomPk)),
    numbers(messages.map((change) => change.seq)),
    numbers(messages.map((change) => change.rev)),
    texts(messages.map((change) => change.edit?.body ?? null)),
    texts(messages.map((change) => change.edit?.mentions ?? null)),
    numbers(messages.map((change) => change.edit?.at ?? null)),
    numbers(messages.map((change) => change.deletedAt)),
    texts(messages.map((change) => (change.reactions === null ? 'f' : 't'))),
    texts(messages.map(({ reactions }) => (reactions === null ? null : jsonList(reactions)))),
    texts(messages.map((change) => change.room)),
    numbers(reactions.map((change) => change.roomPk)),
    numbers(reactions.map((change) => change.target)),
    texts(reactions.map((change) => change.emoji)),
    numbers(reactions.map((change) => change.userPk)),
    numbers(reactions.map((change) => change.seq)),
    numbers(mentions.map((change) => change.roomPk)),
    numbers(mentions.map((change) => change.seq)),
    numbers(mentions.map((change) => change.n)),
    numbers(mentions.map((change) => change.actorPk)),
    texts(mentions.map((change) => change.user)),
  ]
}
