import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { LogFunctions } from '../../src/adapters/redis/log-functions.ts'
import { RedisLogSide } from '../../src/adapters/redis/write-back.ts'
import { FIRST } from '../../src/ports/write-back.ts'

const LIMIT_MS = 30_000

/** How far the Redis log and the database are apart, seen from outside. */
export class Backlog {
  readonly #url: string
  readonly #side: RedisLogSide

  /** `url` is the database's. */
  constructor(url: string, functions: LogFunctions) {
    this.#url = url
    this.#side = new RedisLogSide({ functions, windowMs: () => 60_000 })
  }

  /** Resolves when a worker has adopted so many partitions. */
  async adopted(partitions: number): Promise<void> {
    await this.#until('no worker adopts the log', async () => {
      const states = await this.#states(partitions, FIRST)
      return states.every(({ owner, instance }) => owner === instance)
    })
  }

  /** Resolves when all that is in the log is in the database too. */
  async empty(): Promise<void> {
    await this.#until('the log is not written to the database', async () => {
      const client = new pg.Client(this.#url)
      client.on('error', () => {})
      try {
        await client.connect()
        const { rows } = await client.query('SELECT pk::int AS pk, position FROM partitions')
        const left = await Promise.all(rows.map(({ pk, position }) => this.#side.fetch(pk, position, 1)))
        return left.every(({ waiting, owner, instance }) => waiting === 0 && owner === instance)
      } finally {
        await client.end().catch(() => {})
      }
    })
  }

  /** Resolves when nothing that was written is in the log any more. */
  async trimmed(partitions: number): Promise<void> {
    await this.#until('the log is not trimmed', async () => {
      const states = await this.#states(partitions, FIRST)
      return states.every(({ entries }) => entries.length === 0)
    })
  }

  #states(partitions: number, after: string) {
    return Promise.all(Array.from({ length: partitions }, (_, p) => this.#side.fetch(p, after, 1)))
  }

  async #until(failure: string, met: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + LIMIT_MS; !(await met().catch(() => false)); await sleep(50))
      assert.ok(Date.now() < end, `${failure} within ${LIMIT_MS / 1_000} s`)
  }
}
