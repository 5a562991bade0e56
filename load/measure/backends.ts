import { Redis } from 'ioredis'
import pg from 'pg'

/** What Redis and PostgreSQL have counted so far. */
export interface BackendCounts {
  redis: {
    /** By command, those that functions run included. */
    commands: Record<string, { calls: number; micros: number }>
    bytesIn: number
    bytesOut: number
    memory: number
  }
  postgres: {
    /** By text; empty when pg_stat_statements is not there. */
    statements: Record<string, { calls: number; millis: number; rows: number }>
    transactions: number
    walBytes: number
    syncs: number
  }
}

/** PostgreSQL's processes hand in what they counted once a second. */
export const COUNTED_MS = 1_200

/** Looks into the Redis and the PostgreSQL of a cluster while it works. Costs a few statements a reading. */
export class Backends {
  readonly #redis: Redis[]
  readonly #postgres: pg.Client
  readonly #statements: boolean

  private constructor(redis: Redis[], postgres: pg.Client, statements: boolean) {
    this.#redis = redis
    this.#postgres = postgres
    this.#statements = statements
  }

  /** `redisUrl`: of one Redis, or of the masters of a Redis Cluster parted by commas. */
  static async open(redisUrl: string, postgresUrl: string): Promise<Backends> {
    const postgres = new pg.Client({ connectionString: postgresUrl })
    await postgres.connect()
    const statements = await postgres.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements').then(
      () => true,
      () => false,
    )
    return new Backends(
      redisUrl.split(',').map((url) => new Redis(url)),
      postgres,
      statements,
    )
  }

  async read(): Promise<BackendCounts> {
    const redis: BackendCounts['redis'] = { commands: {}, bytesIn: 0, bytesOut: 0, memory: 0 }
    for (const one of this.#redis) addInfo(redis, await one.info('everything'))
    return { redis, postgres: await this.#readPostgres() }
  }

  async #readPostgres(): Promise<BackendCounts['postgres']> {
    const { rows } = await this.#postgres.query<{ transactions: string; wal: string; syncs: string }>(`
      SELECT (SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database) AS transactions,
             pg_current_wal_insert_lsn() - '0/0' AS wal,
             (SELECT wal_sync FROM pg_stat_wal) AS syncs
    `)
    const [counts] = rows
    return {
      statements: this.#statements ? await this.#readStatements() : {},
      transactions: Number(counts?.transactions),
      walBytes: Number(counts?.wal),
      syncs: Number(counts?.syncs),
    }
  }

  async #readStatements(): Promise<BackendCounts['postgres']['statements']> {
    const { rows } = await this.#postgres.query<{ query: string; calls: string; millis: number; rows: string }>(`
      SELECT query, sum(calls) AS calls, sum(total_exec_time) AS millis, sum(rows) AS rows
      FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_%' GROUP BY query
    `)
    return Object.fromEntries(
      rows.map(({ query, calls, millis, rows: affected }) => [
        query.replaceAll(/\s+/g, ' ').trim(),
        { calls: Number(calls), millis, rows: Number(affected) },
      ]),
    )
  }

  async close(): Promise<void> {
    for (const one of this.#redis) one.disconnect()
    await this.#postgres.end()
  }
}

function addInfo(redis: BackendCounts['redis'], info: string): void {
  for (const line of info.split('\r\n')) {
    const [key = '', value = ''] = line.split(':')
    if (key === 'total_net_input_bytes') redis.bytesIn += Number(value)
    else if (key === 'total_net_output_bytes') redis.bytesOut += Number(value)
    else if (key === 'used_memory') redis.memory += Number(value)
    else if (key.startsWith('cmdstat_')) {
      const name = key.slice('cmdstat_'.length)
      const command = redis.commands[name] ?? { calls: 0, micros: 0 }
      command.calls += Number(/calls=(\d+)/.exec(value)?.[1])
      command.micros += Number(/usec=(\d+)/.exec(value)?.[1])
      redis.commands[name] = command
    }
  }
}

/** What was counted between two readings. Memory is as it is at the second one. */
export function growth(from: BackendCounts, to: BackendCounts): BackendCounts {
  return {
    redis: {
      commands: grown(from.redis.commands, to.redis.commands),
      bytesIn: to.redis.bytesIn - from.redis.bytesIn,
      bytesOut: to.redis.bytesOut - from.redis.bytesOut,
      memory: to.redis.memory,
    },
    postgres: {
      statements: grown(from.postgres.statements, to.postgres.statements),
      transactions: to.postgres.transactions - from.postgres.transactions,
      walBytes: to.postgres.walBytes - from.postgres.walBytes,
      syncs: to.postgres.syncs - from.postgres.syncs,
    },
  }
}

function grown<Counts extends Record<string, number>>(
  from: Record<string, Counts>,
  to: Record<string, Counts>,
): Record<string, Counts> {
  return Object.fromEntries(
    Object.entries(to).map(([name, counts]) => [
      name,
      Object.fromEntries(
        Object.entries(counts).map(([what, value]) => [what, value - (from[name]?.[what] ?? 0)]),
      ) as Counts,
    ]),
  )
}
