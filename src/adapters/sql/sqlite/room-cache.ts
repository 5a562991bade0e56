import type { StatementSync } from 'node:sqlite'
import type { Sqlite } from './sqlite.ts'

/** A room as the writer last left it: its counters and those of its members that sent something. */
export interface CachedRoom {
  readonly pk: number
  readonly id: string
  readonly epoch: number
  /** As stored; the batch under way compares with it. */
  storedSeq: number
  seq: number
  n: number
  lastMessageSeq: number | null
  livelyAt: number
  readonly members: Map<string, CachedMember>
  touched: boolean
}

export interface CachedMember {
  readonly userPk: number
  /** The newest message of this member in the batch under way: seq 0 when there is none. */
  sentSeq: number
  sentN: number
}

type RoomColumns = [pk: number, epoch: number, seq: number, n: number, lastMessageSeq: number | null, livelyAt: number]

const ROOMS_MAX = 50_000
const MEMBERS_MAX = 200_000

/**
 * What appending needs of rooms and members, kept between batches. Exact, because every write of this process goes through
 * the writer thread, which forgets a room when it changes otherwise, and everything when another process wrote.
 */
export class RoomCache {
  readonly #rooms = new Map<string, CachedRoom>()
  #members = 0
  #dataVersion = -1
  readonly #version: StatementSync
  readonly #findRoom: StatementSync
  readonly #findMember: StatementSync

  constructor(sqlite: Sqlite) {
    this.#version = sqlite.prepare('PRAGMA data_version')
    this.#findRoom = sqlite.prepare(
      'SELECT pk, epoch, seq, n, last_message_seq, lively_at FROM rooms WHERE id = ? AND deleted_at IS NULL',
    )
    this.#findMember = sqlite.prepare(
      'SELECT m.user_pk FROM users u JOIN members m ON m.user_pk = u.pk WHERE u.id = ? AND m.room_pk = ?',
    )
  }

  /** To be called inside each transaction before anything is looked up. */
  begin(): void {
    const [version] = this.#version.get() as unknown as [number]
    if (version !== this.#dataVersion || this.#rooms.size > ROOMS_MAX || this.#members > MEMBERS_MAX) this.clear()
    this.#dataVersion = version
  }

  clear(): void {
    this.#rooms.clear()
    this.#members = 0
  }

  forget(id: string): void {
    const room = this.#rooms.get(id)
    if (room === undefined) return
    this.#members -= room.members.size
    this.#rooms.delete(id)
  }

  room(id: string): CachedRoom | null {
    const known = this.#rooms.get(id)
    if (known !== undefined) return known
    const row = this.#findRoom.get(id) as unknown as RoomColumns | undefined
    if (row === undefined) return null
    const [pk, epoch, seq, n, lastMessageSeq, livelyAt] = row
    const room = { pk, id, epoch, storedSeq: seq, seq, n, lastMessageSeq, livelyAt, members: new Map(), touched: false }
    this.#rooms.set(id, room)
    return room
  }

  member(room: CachedRoom, user: string): CachedMember | null {
    const known = room.members.get(user)
    if (known !== undefined) return known
    const row = this.#findMember.get(user, room.pk) as unknown as [number] | undefined
    if (row === undefined) return null
    const member = { userPk: row[0], sentSeq: 0, sentN: 0 }
    room.members.set(user, member)
    this.#members++
    return member
  }
}
