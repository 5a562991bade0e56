import pg from 'pg'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { sleep } from '../generator/clock.ts'
import type { Membership } from '../generator/crowd.ts'
import type { Target } from '../generator/fleet.ts'
import { residentBytes, treeCpuSeconds } from '../measure/processes.ts'
import { type LogName, makeRooms, writeUsers } from '../servers/yeoul-cluster.ts'
import { Yeoul } from '../servers/yeoul-server.ts'
import type { Subject, SubjectShape } from './subject.ts'

/**
 * One Yeoul process that does everything, over PostgreSQL, which syncs each commit to a real disk; with the Redis log also over
 * a Redis with an append-only file, from which the same process writes back.
 */
export class YeoulOnPostgres implements Subject {
  readonly memberships: Membership[]
  readonly #yeoul: Yeoul
  readonly #postgres: Postgres
  readonly #redis: LocalRedis | null

  private constructor(yeoul: Yeoul, memberships: Membership[], postgres: Postgres, redis: LocalRedis | null) {
    this.#yeoul = yeoul
    this.memberships = memberships
    this.#postgres = postgres
    this.#redis = redis
  }

  /** `environment`: options of the server besides those that a load test needs. */
  static async start(
    { rooms, members }: Omit<SubjectShape, 'nodes'>,
    log: LogName,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<YeoulOnPostgres> {
    const running: { stop(): Promise<void> }[] = []
    try {
      const postgres = await startPostgres()
      running.push(postgres)
      const redis = log === 'redis' ? await startRedis({ appendonly: true }) : null
      if (redis !== null) running.push(redis)
      const yeoul = await Yeoul.start(rooms * members, {
        YEOUL_DATABASE_URL: postgres.url,
        ...(redis !== null && { YEOUL_LOG: 'redis', YEOUL_REDIS_URL: redis.url }),
        ...environment,
      })
      running.push(yeoul)
      await writeUsers(postgres.url, yeoul.people)
      return new YeoulOnPostgres(yeoul, await makeRooms(yeoul.server.url, yeoul.people, members), postgres, redis)
    } catch (error) {
      for (const one of running.reverse()) await one.stop()
      throw error
    }
  }

  get targets(): Target[] {
    return [this.#yeoul.server.target]
  }

  get cpuByPart(): Record<string, number> {
    return {
      yeoul: this.#yeoul.server.cpuSeconds,
      postgres: treeCpuSeconds(this.#postgres.pid),
      ...(this.#redis !== null && { redis: treeCpuSeconds(this.#redis.pid) }),
    }
  }

  get cpuSeconds(): number {
    return Object.values(this.cpuByPart).reduce((sum, used) => sum + used, 0)
  }

  /** Of the process and Redis; PostgreSQL's share most of theirs. */
  get residentBytes(): number {
    return this.#yeoul.server.residentBytes + (this.#redis === null ? 0 : residentBytes(this.#redis.pid))
  }

  async storedMessages(wanted: number, patienceMs: number): Promise<number> {
    const client = new pg.Client({ connectionString: this.#postgres.url })
    await client.connect()
    try {
      const end = performance.now() + patienceMs
      for (;;) {
        const { rows } = await client.query<{ stored: string }>('SELECT count(*) AS stored FROM events WHERE type = 0')
        const stored = Number(rows[0]?.stored)
        if (stored >= wanted || performance.now() > end) return stored
        await sleep(100)
      }
    } finally {
      await client.end()
    }
  }

  async stop(): Promise<void> {
    await this.#yeoul.stop()
    await Promise.all([this.#postgres.stop(), this.#redis?.stop()])
  }
}
