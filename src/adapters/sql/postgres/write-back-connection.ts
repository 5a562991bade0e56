import pg from 'pg'
import { YeoulError } from '../../../protocol/errors.ts'
import { told } from './failure.ts'
import { Pool, type Statement } from './pool.ts'

/** One for batches, one for leases, one to spare: a batch that hangs must not cost the leases. */
const CONNECTIONS = 3
/** Deadlocks and lost races end by themselves. */
const TRIES = 4

const DEADLOCK = '40P01'
const SERIALIZATION = '40001'
const UNIQUE = '23505'
/** What is no value of its type, what breaks a rule of a table, what is longer than an index can hold. */
const VALUES = /^(22|23|54)/

/** The database will not take these values, however often it is asked. */
export class ValuesRefused extends Error {
  /** The unique index that has the values already, if it was that. */
  readonly taken: string | null

  constructor(error: pg.DatabaseError) {
    super(error.message)
    this.taken = error.code === UNIQUE ? (error.constraint ?? null) : null
  }
}

/** The worker's own connections. They come back by themselves. */
export class WriteBackConnection {
  readonly #pool: Pool

  constructor(url: string) {
    // A connection that was lost while nobody used it is replaced when one is needed.
    this.#pool = new Pool(url, { size: CONNECTIONS, plannedOnce: true, lost() {} })
  }

  /** How many statements were sent. */
  get statements(): number {
    return this.#pool.counts.statements
  }

  /** Rejects `unavailable`, `storage_full`, or `ValuesRefused`. */
  async rows<Row extends unknown[]>(statement: Statement, values: unknown[]): Promise<Row[]> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.#pool.use((connection) => connection.rows<Row>(statement, values))
      } catch (error) {
        const code = error instanceof pg.DatabaseError ? (error.code ?? '') : ''
        if ((code === DEADLOCK || code === SERIALIZATION) && tried < TRIES) continue
        if (VALUES.test(code)) throw new ValuesRefused(error as pg.DatabaseError)
        const failure = told(error)
        // A fault of ours must not be taken for one of the data: it is told, and the entries wait.
        const known = failure instanceof YeoulError ? failure.code : 'unavailable'
        throw new YeoulError(known, (error as Error).message)
      }
    }
  }

  close(): Promise<void> {
    return this.#pool.end()
  }
}
