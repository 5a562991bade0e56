import { YeoulError } from '../../../protocol/errors.ts'
import type { Snapshot } from '../transaction.ts'
import type { EventReader } from './event-reader.ts'
import { told } from './failure.ts'
import type { Connection, Pool } from './pool.ts'
import { settled } from './transactions.ts'

/** Calls that may wait for their answers; more are refused with `overloaded`. */
const PENDING_MAX = 20_000

/** The reads of this node. One statement sees one snapshot; where there are several, they can share one. */
export class Reads {
  readonly #pool: Pool
  readonly #events: EventReader
  #closed = false
  readonly #idle: (() => void)[] = []
  calls = 0
  pending = 0

  constructor(pool: Pool, events: EventReader) {
    this.#pool = pool
    this.#events = events
  }

  /** Rejects with what `work` rejects, or `unavailable`, `overloaded`. */
  async ask<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#closed) throw new YeoulError('unavailable', 'The database is closed.')
    if (this.pending >= PENDING_MAX) throw new YeoulError('overloaded')
    this.calls++
    this.pending++
    try {
      return await this.#pool.use(work)
    } catch (error) {
      throw told(error)
    } finally {
      this.pending--
      if (this.pending === 0) for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** A read whose statements need not agree with each other, or that has only one. */
  look<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return this.ask((connection) => work(this.#snapshot(connection)))
  }

  /** A read whose statements all see the same. */
  together<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return this.ask(async (connection) => {
      const begun = connection.command('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      try {
        return (await settled([work(this.#snapshot(connection)), begun]))[0]
      } finally {
        await connection.command('COMMIT')
      }
    })
  }

  /** Takes no more; resolves when what was asked before is done. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #snapshot(connection: Connection): Snapshot {
    return { db: connection.db, messagesAt: (places) => this.#events.messagesAt(connection, places) }
  }
}
