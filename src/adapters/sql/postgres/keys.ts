import type { Connection, PoolOptions, Statement } from './pool.ts'

const KEPT = 200_000
const ROOMS: Statement = { name: 'keys_of_rooms', text: 'SELECT id, pk FROM rooms WHERE id = ANY($1::text[])' }
const USERS: Statement = { name: 'keys_of_users', text: 'SELECT id, pk FROM users WHERE id = ANY($1::text[])' }
const IDS: Statement = { name: 'ids_of_users', text: 'SELECT pk, id FROM users WHERE pk = ANY($1::bigint[])' }

/**
 * The keys of rooms and users, which never change: those that were asked for lately need no question to the database. But
 * behind the connection that comes after a lost one may be a standby that was behind, and gives the keys of what was lost to
 * others.
 */
export class Keys {
  readonly #rooms = new Known<string, number>(ROOMS)
  readonly #users = new Known<string, number>(USERS)
  readonly #ids = new Known<number, string>(IDS)

  /** For the options of the pools through which keys are asked for: with a connection that is lost they go. */
  forgottenWith<Told extends Pick<PoolOptions, 'lost'>>(told: Told): Told {
    const lost = (error: Error) => {
      for (const known of [this.#rooms, this.#users, this.#ids]) known.forget()
      told.lost(error)
    }
    return { ...told, lost }
  }

  /** The keys of those of the rooms that exist, deleted ones too. */
  ofRooms(connection: Connection, ids: Iterable<string>): Promise<Map<string, number>> {
    return this.#rooms.find(connection, ids)
  }

  /** The keys of those of the users that exist. */
  ofUsers(connection: Connection, ids: Iterable<string>): Promise<Map<string, number>> {
    return this.#users.find(connection, ids)
  }

  /** Answers how to find the id of each of the users. */
  async idsOf(connection: Connection, pks: Iterable<number>): Promise<(pk: number) => string> {
    const found = await this.#ids.find(connection, pks)
    return (pk) => {
      const id = found.get(pk)
      if (id === undefined) throw new Error(`there is no user with key ${pk}`)
      return id
    }
  }
}

/** What a statement that takes a list answers for each of it, kept. */
class Known<Key, Value> {
  readonly #statement: Statement
  #kept = new Map<Key, Value>()

  constructor(statement: Statement) {
    this.#statement = statement
  }

  forget(): void {
    this.#kept = new Map()
  }

  async find(connection: Connection, keys: Iterable<Key>): Promise<Map<Key, Value>> {
    const found = new Map<Key, Value>()
    const unknown = new Set<Key>()
    for (const key of keys) {
      const value = this.#kept.get(key)
      if (value === undefined) unknown.add(key)
      else found.set(key, value)
    }
    if (unknown.size === 0) return found
    const kept = this.#kept
    const rows = await connection.rows<[Key, Value]>(this.#statement, [[...unknown]])
    if (kept.size + rows.length > KEPT) kept.clear()
    for (const [key, value] of rows) {
      found.set(key, value)
      // Into the map of before when all was forgotten meanwhile.
      kept.set(key, value)
    }
    return found
  }
}
