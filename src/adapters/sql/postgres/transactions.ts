import { setTimeout as sleep } from 'node:timers/promises'
import { partitionOf } from '../../../core/partition.ts'
import { YeoulError } from '../../../protocol/errors.ts'
import type { Transaction } from '../transaction.ts'
import { ConnectionLost, metOthers, told } from './failure.ts'
import type { Connection, Pool } from './pool.ts'
import { Turns } from './turns.ts'

/** Calls that may wait for their answers; more are refused with `overloaded`. */
const PENDING_MAX = 20_000
/** A transaction that meets others (a deadlock, one name taken twice at once) is tried so many times. */
const TRIES = 5

/**
 * Each statement sees what was committed before it began: what follows the one that waited for a room is up to date. Said
 * each time, since a database may be set to another default.
 */
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED'

/** What a transaction has to say when it is done but for its last writes, which travel together with the commit. */
export interface Outcome<T> {
  value: T
  lastWrites: Promise<unknown>[]
}

/**
 * The writes of this node. Those that concern one room take effect in the order in which they were asked for, as on a
 * database with a single writer; it also keeps a crowd in one room from taking all connections to wait for one row.
 */
export class Transactions {
  readonly #partitions: number
  readonly #outbox: boolean
  readonly #turns = new Turns()
  #closed = false
  /** Of the connection that was lost last: performance.now(). */
  #lostAt = 0
  readonly #idle: (() => void)[] = []
  calls = 0
  pending = 0
  /** How many transactions may have been committed without our having heard of it. */
  lostAnswers = 0

  constructor(partitions: number, outbox: boolean) {
    this.#partitions = partitions
    this.#outbox = outbox
  }

  /** One everyday write, of one room or of none. */
  write<T>(pool: Pool, room: string | null, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.run(pool, room === null ? [] : [room], async ({ db }) => {
      const value = await work({
        db,
        holding: (query) => query.forNoKeyUpdate() as typeof query,
        outbox: this.#outbox,
        partitionOf: (id) => partitionOf(id, this.#partitions),
        // Nothing is kept between transactions.
        roomChanged() {},
      })
      return { value, lastWrites: [] }
    })
  }

  /** Rejects with what `work` rejects, or `unavailable`, `storage_full`, `overloaded`; then nothing was written, or nobody knows. */
  async run<T>(pool: Pool, rooms: string[], work: (connection: Connection) => Promise<Outcome<T>>): Promise<T> {
    if (this.#closed) throw new YeoulError('unavailable', 'The database is closed.')
    if (this.pending >= PENDING_MAX) throw new YeoulError('overloaded')
    this.calls++
    this.pending++
    const askedAt = performance.now()
    try {
      return await this.#turns.take(rooms, () => {
        // Who waited behind one that the database left without an answer does not wait as long once more.
        if (this.#lostAt > askedAt) throw new ConnectionLost('another call was not answered')
        return this.#try(pool, work)
      })
    } catch (error) {
      throw told(error)
    } finally {
      this.pending--
      if (this.pending === 0) for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** Takes no more; resolves when what was asked before is done. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  async #try<T>(pool: Pool, work: (connection: Connection) => Promise<Outcome<T>>): Promise<T> {
    for (let tried = 1; ; tried++) {
      try {
        return await pool.use((connection) => this.#once(connection, work))
      } catch (error) {
        if (error instanceof ConnectionLost) this.#lostAt = performance.now()
        if (tried === TRIES || !metOthers(error)) throw error
        await sleep(Math.random() * 5 * 2 ** tried)
      }
    }
  }

  async #once<T>(connection: Connection, work: (connection: Connection) => Promise<Outcome<T>>): Promise<T> {
    const begun = connection.command(BEGIN)
    const working = work(connection)
    // When the commit is not reached, nobody else waits for its last writes.
    working.then(({ lastWrites }) => Promise.allSettled(lastWrites)).catch(() => {})
    let outcome: Outcome<T>
    try {
      ;[outcome] = await settled([working, begun])
    } catch (error) {
      if (!(error instanceof ConnectionLost)) await connection.command('ROLLBACK')
      throw error
    }
    const committed = connection.command('COMMIT')
    try {
      await settled([...outcome.lastWrites, committed])
    } catch (error) {
      if (error instanceof ConnectionLost) this.lostAnswers++
      throw error
    }
    if ((await committed) !== 'COMMIT') throw new Error('the transaction had failed before its commit')
    return outcome.value
  }
}

/** Waits for all of them, so that nothing is left under way; then throws the first failure, if there is one. */
export async function settled<const T extends readonly unknown[]>(
  promises: T,
): Promise<{ -readonly [I in keyof T]: Awaited<T[I]> }> {
  const outcomes = await Promise.allSettled(promises)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as never
}
