import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import { type Cluster, startCluster } from '../../deploy/local/cluster.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { sleep } from '../generator/clock.ts'
import type { ConnectionSpec } from '../generator/connection.ts'
import type { Membership } from '../generator/crowd.ts'
import type { Target } from '../generator/fleet.ts'
import { exited, residentBytes, startChild, treeCpuSeconds } from '../measure/processes.ts'
import { createRoom, newPeople, type Person } from './people.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

/** Rooms that are made at the same time. */
const PARALLEL = 8

export type LogName = 'sql' | 'redis'

export interface ClusterShape {
  log: LogName
  gateways: number
  workers: number
  apis: number
  /** YEOUL_FLUSH_MS; the server's own when not given. */
  flushMs?: number
  /** Each gateway has a Redis of its own, so that none hears of the others: only with the `sql` log. */
  withoutBus?: boolean
  /** Other options of the nodes. */
  environment?: Record<string, string>
}

/**
 * A cluster of real processes on this machine: nodes, PostgreSQL, Redis and nginx, and people in rooms. PostgreSQL syncs each
 * commit to a real disk; with the Redis log, Redis keeps an append-only file.
 */
export class YeoulCluster {
  readonly memberships: Membership[]
  readonly #cluster: Cluster
  readonly #environment: NodeJS.ProcessEnv
  readonly #buses: LocalRedis[]

  private constructor(
    cluster: Cluster,
    memberships: Membership[],
    environment: NodeJS.ProcessEnv,
    buses: LocalRedis[],
  ) {
    this.#buses = buses
    this.#cluster = cluster
    this.memberships = memberships
    this.#environment = environment
  }

  static async start(shape: ClusterShape, rooms: number, members: number): Promise<YeoulCluster> {
    const secret = randomBytes(32).toString('base64url')
    const { NODE_OPTIONS } = process.env
    const { log, gateways, workers, apis, flushMs, withoutBus = false } = shape
    const buses: LocalRedis[] = []
    const afterBuses = async (error: Error) => {
      await Promise.all(buses.map((bus) => bus.stop()))
      throw error
    }
    const options = {
      YEOUL_JWT_SECRET: secret,
      ...(flushMs !== undefined && { YEOUL_FLUSH_MS: String(flushMs) }),
      YEOUL_RATE_LIMIT: 'off',
      YEOUL_LOG_LEVEL: 'warn',
      ...(NODE_OPTIONS !== undefined && { NODE_OPTIONS }),
      ...shape.environment,
    }
    const cluster = await startCluster({
      log,
      gateways,
      workers,
      apis,
      env: async ({ role }) => {
        if (!withoutBus || role !== 'gateway') return options
        const bus = await startRedis()
        buses.push(bus)
        return { ...options, YEOUL_REDIS_URL: bus.url }
      },
      postgres: {
        settings: { shared_preload_libraries: 'pg_stat_statements' },
      },
    }).catch(afterBuses)
    try {
      const people = await newPeople(rooms * members, { secret, issuer: cluster.url })
      await writeUsers(cluster.postgres.url, people)
      const memberships = await makeRooms(cluster.url, people, members)
      return new YeoulCluster(
        cluster,
        memberships,
        {
          YEOUL_DATABASE_URL: cluster.postgres.url,
          YEOUL_REDIS_URL: cluster.redis.url,
          YEOUL_JWT_SECRET: secret,
          YEOUL_LOG: log,
        },
        buses,
      )
    } catch (error) {
      await cluster.stop()
      return afterBuses(error as Error)
    }
  }

  /** Where clients connect: nginx. */
  get target(): Target {
    return { dialect: 'yeoul', host: '127.0.0.1', port: Number(new URL(this.#cluster.url).port) }
  }

  /** The gateways themselves, past nginx. */
  get gateways(): Target[] {
    const parts = this.#cluster.parts.filter(({ kind }) => kind === 'gateway')
    return parts.map(({ url }) => ({ dialect: 'yeoul', host: '127.0.0.1', port: Number(new URL(url).port) }))
  }

  /** Its parts, to be killed or started again by name. */
  get cluster(): Cluster {
    return this.#cluster
  }

  get postgresUrl(): string {
    return this.#cluster.postgres.url
  }

  get redisUrl(): string {
    return this.#cluster.redis.url
  }

  /** Seconds so far of each process with what it started: PostgreSQL with all its backends, nginx with its workers. */
  get cpuByPart(): Record<string, number> {
    const processes = [
      ...this.#cluster.parts,
      ...this.#buses.map(({ pid }, i) => ({ name: `redis of gateway-${i + 1}`, pid })),
    ]
    return Object.fromEntries(processes.map(({ name, pid }) => [name, treeCpuSeconds(pid)]))
  }

  get cpuSeconds(): number {
    return Object.values(this.cpuByPart).reduce((sum, used) => sum + used, 0)
  }

  /** Of the nodes, Redis and nginx's master; PostgreSQL's processes share most of theirs. */
  get residentBytes(): number {
    const counted = this.#cluster.parts.filter(({ kind }) => kind !== 'postgres')
    return counted.reduce((sum, { pid }) => sum + residentBytes(pid), 0)
  }

  /**
   * Everybody's one connection, subscribed to their room and talking there, whole rooms shared out among generator
   * processes. `direct`: to the gateways in turn, past nginx.
   */
  everyone(generators: number, direct = false): ConnectionSpec[][] {
    const ports = this.gateways.map(({ port }) => port)
    const groups: ConnectionSpec[][] = Array.from({ length: generators }, () => [])
    const members = this.memberships[0]?.people.length ?? 0
    // One member of each room after the other: what is sent one after the other goes to different rooms.
    for (let i = 0; i < members; i++) {
      for (const [r, { room, people }] of this.memberships.entries()) {
        groups[r % generators]!.push({
          token: people[i]!.token,
          from: `127.0.0.${2 + (r % 4)}`,
          ...(direct && { port: ports[(r + i) % ports.length]! }),
          subscribe: [room],
          sendTo: [room],
          sampled: true,
        })
      }
    }
    return groups
  }

  /** Messages that PostgreSQL holds. */
  async storedMessages(): Promise<number> {
    const [row] = await ask<{ count: string }>(this.postgresUrl, 'SELECT count(*) FROM events WHERE type = 0')
    return Number(row?.count)
  }

  /** Waits until PostgreSQL holds that many messages, or patience ends; answers how many it holds and after how many seconds. */
  async settledMessages(wanted: number, patienceMs: number): Promise<{ stored: number; seconds: number }> {
    const began = performance.now()
    for (;;) {
      const stored = await this.storedMessages()
      const waited = performance.now() - began
      if (stored >= wanted || waited > patienceMs) return { stored, seconds: waited / 1000 }
      await sleep(200)
    }
  }

  /** What `yeoul verify` says of the data. */
  async verify(): Promise<{ sound: boolean; output: string }> {
    const child = startChild([MAIN, 'verify'], { env: this.#environment })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        output += text
      })
    }
    await exited(child, 120_000)
    return { sound: child.exitCode === 0, output: output.trim() }
  }

  async stop(): Promise<void> {
    await this.#cluster.stop({ drain: true })
    await Promise.all(this.#buses.map((bus) => bus.stop()))
  }
}

/** Group rooms of so many of these people each. `url`: of a server or what stands before it. */
export async function makeRooms(url: string, people: Person[], members: number): Promise<Membership[]> {
  const memberships: Membership[] = []
  for (let at = 0; at < people.length; at += members) {
    memberships.push({ room: '', people: people.slice(at, at + members) })
  }
  const waiting = memberships.entries()
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const [i, membership] of waiting) membership.room = await createRoom(url, `room ${i}`, membership.people)
    }),
  )
  return memberships
}

/** Users as rows of PostgreSQL, in one statement. `url`: of the database. */
export async function writeUsers(url: string, people: Person[]): Promise<void> {
  await ask(
    url,
    `INSERT INTO users (id, username, display_name, password_hash, role, created_at)
     SELECT id, 'load-' || i, 'Load ' || i, '', 'user', $2
     FROM unnest($1::text[]) WITH ORDINALITY AS person (id, i)`,
    [people.map(({ id }) => id), Date.now()],
  )
}

async function ask<Row extends object>(url: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(sql, values)).rows
  } finally {
    await client.end()
  }
}
