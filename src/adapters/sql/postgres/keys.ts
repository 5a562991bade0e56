import type { Connection, Statement } from './pool.ts'

const KEPT = 200_000
const ROOMS: Statement = { name: 'keys_of_rooms', text: 'SELECT pk, id FROM rooms WHERE id = ANY($1::text[])' }
const USERS: Statement = { name: 'keys_of_users', text: 'SELECT pk, id FROM users WHERE id = ANY($1::text[])' }
const IDS: Statement = { name: 'ids_of_users', text: 'SELECT pk, id FROM users WHERE pk = ANY($1::bigint[])' }

/** The keys of rooms and users, which never change: those that were asked for lately need no question to the database. */
export class Keys {
  readonly rooms = new KeysOf(ROOMS)
  readonly users = new KeysOf(USERS)
  readonly #ids = new Map<number, string>()

  /** Answers how to find the id of each of the users. */
  async idsOf(connection: Connection, pks: Set<number>): Promise<(pk: number) => string> {
    if (this.#ids.size > KEPT) this.#ids.clear()
    const unknown = [...pks].filter((pk) => !this.#ids.has(pk))
    if (unknown.length > 0) {
      for (const [pk, id] of await connection.rows<[number, string]>(IDS, [unknown])) this.#ids.set(pk, id)
    }
    const found = new Map<number, string>()
    for (const pk of pks) {
      const id = this.#ids.get(pk)
      if (id === undefined) throw new Error(`there is no user with key ${pk}`)
      found.set(pk, id)
    }
    return (pk) => found.get(pk) as string
  }
}

class KeysOf {
  readonly #statement: Statement
  readonly #pks = new Map<string, number>()

  constructor(statement: Statement) {
    this.#statement = statement
  }

  /** Undefined for what does not exist, or was not loaded. */
  get(id: string): number | undefined {
    return this.#pks.get(id)
  }

  /** The ids that are to be loaded before `get` answers for them. */
  missing(ids: Iterable<string>): string[] {
    if (this.#pks.size > KEPT) this.#pks.clear()
    const missing = new Set<string>()
    for (const id of ids) if (!this.#pks.has(id)) missing.add(id)
    return [...missing]
  }

  async load(connection: Connection, missing: string[]): Promise<void> {
    if (missing.length === 0) return
    for (const [pk, id] of await connection.rows<[number, string]>(this.#statement, [missing])) this.#pks.set(id, pk)
  }
}
