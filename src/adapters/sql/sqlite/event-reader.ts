import type { StatementSync } from 'node:sqlite'
import type { Head } from '../../../ports/log.ts'
import { YeoulError } from '../../../protocol/errors.ts'
import type { Message, RoomEvent } from '../../../protocol/model.ts'
import { type EventColumns, eventOf, MESSAGE_COLUMNS, type MessageColumns, messageOf } from '../event-rows.ts'
import { EDIT, FIRST_TOLD, MESSAGE } from '../tables.ts'
import type { Place } from '../transaction.ts'
import type { Sqlite } from './sqlite.ts'

/** A room as reads find it: its key and its head, of one snapshot. */
export interface RoomHead extends Head {
  pk: number
}

const USERS_KEPT = 200_000
/** A run of events with more rows than this between the messages of a page is jumped over rather than scanned. */
const SCAN_MAX = 2_000

/** Reads events and messages in prepared SQL. Each method is to be called inside one transaction: its answer is one snapshot. */
export class EventReader {
  readonly #users = new Map<number, string>()
  readonly #statements: ReturnType<typeof prepareAll>

  readonly #userId = (pk: number): string => {
    const known = this.#users.get(pk)
    if (known !== undefined) return known
    const row = this.#statements.user.get(pk) as unknown as [string] | undefined
    if (row === undefined) throw new Error(`there is no user with key ${pk}`)
    if (this.#users.size >= USERS_KEPT) this.#users.clear()
    this.#users.set(pk, row[0])
    return row[0]
  }

  constructor(sqlite: Sqlite) {
    this.#statements = prepareAll(sqlite)
  }

  findRoom(id: string): RoomHead | null {
    const row = this.#statements.findRoom.get(id) as unknown as [number, number, number, number] | undefined
    return row === undefined ? null : { pk: row[0], epoch: row[1], seq: row[2], n: row[3] }
  }

  /** Rejects `room_not_found`. */
  room(id: string): RoomHead {
    const room = this.findRoom(id)
    if (room === null) throw new YeoulError('room_not_found')
    return room
  }

  events(room: RoomHead, after: number, limit: number): RoomEvent[] {
    const rows = this.#statements.events.all(room.pk, after, limit) as unknown as EventColumns[]
    return rows.map((row) => eventOf(row, this.#userId))
  }

  message(room: RoomHead, seq: number): Message | null {
    const row = this.#statements.message.get(room.pk, seq) as unknown as MessageColumns | undefined
    return row === undefined ? null : messageOf(row, this.#userId)
  }

  /** The messages at these places, in their order; null where there is none. */
  messagesAt(places: Place[]): (Message | null)[] {
    return places.map(({ pk, seq }) => {
      const row = this.#statements.message.get(pk, seq) as unknown as MessageColumns | undefined
      return row === undefined ? null : messageOf(row, this.#userId)
    })
  }

  /** How many messages the room has up to and including `seq`. */
  countUpTo(room: RoomHead, seq: number): number {
    if (seq >= room.seq) return room.n
    if (seq <= 0) return 0
    const row = this.#statements.count.get(room.pk, seq) as unknown as [number] | undefined
    return row?.[0] ?? 0
  }

  /** What happened to the room and its members, with the count of messages before each. */
  notices(
    room: RoomHead,
    { after, before, limit }: { after: number; before: number; limit: number },
  ): { event: RoomEvent; n: number }[] {
    const rows = this.#statements.notices.all(room.pk, after, before, limit) as unknown as EventColumns[]
    return rows.map((row) => ({ event: eventOf(row, this.#userId), n: row[4] }))
  }

  /** The messages number `first` to `last`, counted as `n` counts. */
  messages(room: RoomHead, first: number, last: number): Message[] {
    if (first > last) return []
    const from = this.seqOf(room, first)
    const to = last === room.n ? room.seq : this.seqOf(room, last)
    if (to - from <= SCAN_MAX) {
      const rows = this.#statements.messages.all(room.pk, from, to) as unknown as MessageColumns[]
      return rows.map((row) => messageOf(row, this.#userId))
    }
    const messages: Message[] = []
    for (let n = first; n <= last; n++) {
      const message = this.message(room, this.seqOf(room, n))
      if (message !== null) messages.push(message)
    }
    return messages
  }

  /**
   * The seq of the message number `n`. Every event holds the count so far, which never falls: so a message is found by
   * halving, however many other events lie between, and no index has to be kept for it.
   */
  seqOf(room: RoomHead, n: number): number {
    let low = n
    let high = room.seq
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.countUpTo(room, middle) >= n) high = middle
      else low = middle + 1
    }
    return low
  }
}

function prepareAll({ prepare }: Sqlite) {
  return {
    findRoom: prepare('SELECT pk, epoch, seq, n FROM rooms WHERE id = ? AND deleted_at IS NULL'),
    // An edit has no text of its own: it shows its message's as it is now, or none once that was deleted.
    events: prepare(`
      SELECT e.seq, e.type, e.at, e.actor_pk, e.n, e.client_message_id, coalesce(e.body, t.body), e.reply_to,
             coalesce(e.mentions, t.mentions), e.files, e.target, e.subject_pk, e.detail, e.is_on
      FROM events e
      LEFT JOIN events t ON e.type = ${EDIT} AND t.room_pk = e.room_pk AND t.seq = e.target
      WHERE e.room_pk = ? AND e.seq > ?
      ORDER BY e.seq
      LIMIT ?`),
    notices: prepare(`
      SELECT seq, type, at, actor_pk, n, client_message_id, body, reply_to, mentions, files, target, subject_pk, detail,
             is_on
      FROM events INDEXED BY events_told
      WHERE room_pk = ? AND seq > ? AND seq < ? AND type >= ${FIRST_TOLD}
      ORDER BY seq
      LIMIT ?`),
    message: prepare(`SELECT ${MESSAGE_COLUMNS} FROM events WHERE room_pk = ? AND seq = ? AND type = ${MESSAGE}`),
    messages: prepare(`
      SELECT ${MESSAGE_COLUMNS} FROM events
      WHERE room_pk = ? AND seq BETWEEN ? AND ? AND type = ${MESSAGE}
      ORDER BY seq`),
    count: prepare('SELECT n FROM events WHERE room_pk = ? AND seq = ?'),
    user: prepare('SELECT id FROM users WHERE pk = ?'),
  } satisfies Record<string, StatementSync>
}
