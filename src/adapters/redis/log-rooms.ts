import type { Memberships } from '../../ports/memberships.ts'
import type { Change, RoomRecord, Rooms } from '../../ports/rooms.ts'
import type { Membership } from '../../protocol/model.ts'
import type { Changes } from './log-changes.ts'
import type { LogFunctions } from './log-functions.ts'
import { type Cursor, furthest, roomNow } from './log-now.ts'
import type { Relay } from './log-relay.ts'
import type { UserRooms } from './user-rooms.ts'

interface Parts {
  functions: LogFunctions
  changes: Changes
  relay: Relay
}

/**
 * Rooms whose sequence is in the log. A change commits in the database together with what is to be appended, and is done when
 * the log has it; when that fails, the change is made all the same and its event comes later.
 */
export class LogRooms implements Rooms {
  readonly #parts: Parts
  readonly #database: Rooms

  constructor(parts: Parts, database: Rooms) {
    this.#parts = parts
    this.#database = database
  }

  async create(wanted: Parameters<Rooms['create']>[0]): ReturnType<Rooms['create']> {
    const create = () => this.#database.create(wanted)
    const { made, change } = await this.#parts.changes.make(wanted.id, create, ({ room, change }) => ({
      room: room.id,
      change,
    }))
    return { ...made, change, room: await this.#now(made.room) }
  }

  async get(id: string): Promise<RoomRecord | null> {
    const room = await this.#database.get(id)
    return room === null ? null : this.#now(room)
  }

  async listOpen(...range: Parameters<Rooms['listOpen']>): ReturnType<Rooms['listOpen']> {
    const page = await this.#database.listOpen(...range)
    const warm = await this.#parts.functions.warm(page.items.map(({ id }) => id))
    return { ...page, items: page.items.map((room) => roomNow(room, warm.get(room.id))) }
  }

  async list(...range: Parameters<Rooms['list']>): ReturnType<Rooms['list']> {
    const page = await this.#database.list(...range)
    const warm = await this.#parts.functions.warm(page.items.map(({ id }) => id))
    const items = page.items.map((room) => {
      const now = warm.get(room.id)
      if (now === undefined) return room
      return { ...roomNow(room, now), n: now.n, lastMessageAt: now.lastSeq === 0 ? null : now.lastAt }
    })
    return { ...page, items }
  }

  async update(...wanted: Parameters<Rooms['update']>): ReturnType<Rooms['update']> {
    const update = () => this.#database.update(...wanted)
    const { made, change } = await this.#parts.changes.make(wanted[0], update, ({ change }) => ({
      room: wanted[0],
      change,
    }))
    return { room: await this.#now(made.room), change }
  }

  async remove(...wanted: Parameters<Rooms['remove']>): ReturnType<Rooms['remove']> {
    const remove = () => this.#database.remove(...wanted)
    const { made, change } = await this.#parts.changes.make(
      wanted[0],
      remove,
      ({ change }) => ({ room: wanted[0], change }),
      true,
    )
    return { ...made, change }
  }

  async access(id: string, user: string): ReturnType<Rooms['access']> {
    const found = await this.#database.access(id, user)
    // Who came back, and whose join has no place in the sequence yet, must not be shown what lies before it (P5).
    if (found !== null && found.role !== null) await this.#parts.relay.bringFor(id, user)
    return found
  }

  async #now(room: RoomRecord): Promise<RoomRecord> {
    const warm = (await this.#parts.functions.warm([room.id])).get(room.id)
    return { ...roomNow(room, warm), n: warm?.n ?? room.n }
  }
}

/** Members of such rooms. What they have read is at least what the log saw them send. */
export class LogMemberships implements Memberships {
  readonly #parts: Parts
  readonly #database: Memberships
  readonly #userRooms: UserRooms

  constructor(parts: Parts, database: Memberships, userRooms: UserRooms) {
    this.#parts = parts
    this.#database = database
    this.#userRooms = userRooms
  }

  async join(...wanted: Parameters<Memberships['join']>): ReturnType<Memberships['join']> {
    const [room, user] = wanted
    const join = () => this.#database.join(...wanted)
    const { made, change } = await this.#parts.changes.make(room, join, ({ change }) => ({ room, change }))
    const [membership] = await this.#read(room, [{ ...made.membership, user }])
    const { user: _, ...now } = membership as Membership & { user: string }
    return { membership: now, change }
  }

  async end(...wanted: Parameters<Memberships['end']>): Promise<Change> {
    const [room] = wanted
    const end = () => this.#database.end(...wanted)
    return (await this.#parts.changes.make(room, end, (change) => ({ room, change }))).change
  }

  async setRole(...wanted: Parameters<Memberships['setRole']>): Promise<Change> {
    const [room] = wanted
    const setRole = () => this.#database.setRole(...wanted)
    return (await this.#parts.changes.make(room, setRole, (change) => ({ room, change }))).change
  }

  unban: Memberships['unban'] = (room, user) => this.#database.unban(room, user)
  setNotify: Memberships['setNotify'] = (room, user, notify) => this.#database.setNotify(room, user, notify)

  async get(room: string, user: string): Promise<Membership | null> {
    const membership = await this.#database.get(room, user)
    if (membership === null) return null
    const [read] = await this.#read(room, [{ ...membership, user }])
    const { user: _, ...now } = read as Membership & { user: string }
    return now
  }

  async list(...range: Parameters<Memberships['list']>): ReturnType<Memberships['list']> {
    const page = await this.#database.list(...range)
    return { ...page, items: await this.#read(range[0], page.items) }
  }

  bans: Memberships['bans'] = (room, cursor, limit) => this.#database.bans(room, cursor, limit)
  ofUser: Memberships['ofUser'] = (user, cursor, limit) => this.#userRooms.page(user, cursor, limit)
  roomIdsOf: Memberships['roomIdsOf'] = (user, limit) => this.#userRooms.ids(user, limit)
  saveProgress: Memberships['saveProgress'] = (cursors, exits) => this.#database.saveProgress(cursors, exits)

  async #read<T extends Cursor & { user: string }>(room: string, members: T[]): Promise<T[]> {
    if (members.length === 0) return members
    const { functions } = this.#parts
    const questions = members.flatMap(({ user }) => [room, user])
    const cursors = (await functions.call(functions.partitionOf(room), 'cursors', questions)) as string[]
    return members.map((member, i) => furthest(member, cursors[i] as string))
  }
}
