import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { databaseFile } from '../../src/config.ts'
import { HttpClient, type HttpRequest } from '../generator/http-client.ts'
import { treeCpuSeconds } from '../measure/processes.ts'
import type { Person } from './people.ts'
import { Server } from './server.ts'
import { YeoulCluster } from './yeoul-cluster.ts'
import { Yeoul } from './yeoul-server.ts'

/** A system with rooms of a limited size that people join over HTTP: Yeoul, or one as people write it. */
export interface Door {
  /** Of all its processes. */
  readonly cpuSeconds: number
  /** Makes a room with so many free places. */
  room(places: number): Promise<GuardedRoom>
  stop(): Promise<void>
}

export interface GuardedRoom {
  /** What each of the crowd has to ask to enter, to the nodes in turn. */
  requests: HttpRequest[]
  /** How many entered, as its database says. */
  entered(): Promise<number>
}

/** What keeps two who join from taking the same place, in the peer. */
export type Guard = 'none' | 'row' | 'lock'

const PEER = join(import.meta.dirname, '../peers/capacity.ts')

/** PostgreSQL and Redis for peers that are started one after the other. */
export class PeerBackends {
  readonly #postgres: Postgres
  readonly #redis: LocalRedis

  private constructor(postgres: Postgres, redis: LocalRedis) {
    this.#postgres = postgres
    this.#redis = redis
  }

  static async start(): Promise<PeerBackends> {
    const postgres = await startPostgres()
    try {
      return new PeerBackends(postgres, await startRedis())
    } catch (error) {
      await postgres.stop()
      throw error
    }
  }

  /** So many nodes of the peer over a database of their own. Redis counts where the guard is a lock. */
  async peer(guard: Guard, nodes: number, joiners: number): Promise<Door> {
    const database = await this.#postgres.createDatabase()
    const args = [PEER, '--guard', guard, '--postgres', database, '--redis', this.#redis.url]
    const servers: Server[] = []
    const stop = async () => {
      await Promise.all(servers.map((server) => server.stop()))
    }
    try {
      // The first makes the tables.
      servers.push(await Server.start('yeoul', args, {}, true))
      const others = Array.from({ length: nodes - 1 }, () => Server.start('yeoul', args, {}, true))
      servers.push(...(await Promise.all(others)))
    } catch (error) {
      await stop()
      throw error
    }
    const pids = [this.#postgres.pid, ...(guard === 'lock' ? [this.#redis.pid] : [])]
    const ports = servers.map(({ target }) => target.port)
    let made = 0
    return {
      get cpuSeconds() {
        return sum(servers.map((server) => server.cpuSeconds)) + sum(pids.map(treeCpuSeconds))
      },
      async room(places) {
        const id = `room-${++made}`
        await post({ port: ports[0]!, path: '/rooms', body: { id, capacity: places } })
        const requests = Array.from({ length: joiners }, (_, i) => ({
          port: ports[i % ports.length]!,
          method: 'POST' as const,
          path: `/rooms/${id}/join`,
          body: { user: `user-${i}` },
        }))
        const entered = () => countIn(database, 'SELECT count(*) FROM members WHERE room = $1', id)
        return { requests, entered }
      },
      stop,
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#postgres.stop(), this.#redis.stop()])
  }
}

/** Without the owner, who made the room. */
const ENTERED = `
  SELECT count(*) - 1 AS count FROM members JOIN rooms ON rooms.pk = room_pk
  WHERE rooms.id = $1 AND rooms.member_count = (SELECT count(*) FROM members WHERE room_pk = rooms.pk)`

/** One Yeoul on SQLite. */
export async function embeddedDoor(joiners: number): Promise<Door> {
  const yeoul = await Yeoul.start(1 + joiners)
  const entered = async (room: string) => {
    const db = new DatabaseSync(databaseFile({ dataDir: yeoul.folder }), { readOnly: true })
    try {
      return Number(db.prepare(ENTERED.replace('$1', '?')).get(room)?.count)
    } finally {
      db.close()
    }
  }
  return {
    get cpuSeconds() {
      return yeoul.server.cpuSeconds
    },
    room: (places) => openRoom([yeoul.server.target.port], yeoul.people, places, entered),
    stop: () => yeoul.stop(),
  }
}

/** A cluster of Yeoul over PostgreSQL with so many API nodes; nobody asks through nginx. */
export async function clusterDoor(nodes: number, joiners: number): Promise<Door> {
  const yeoul = await YeoulCluster.start({ log: 'sql', gateways: 1, workers: 1, apis: nodes }, 1, 1 + joiners)
  const ports = yeoul.cluster.parts.filter(({ kind }) => kind === 'api').map(({ url }) => Number(new URL(url).port))
  return {
    get cpuSeconds() {
      return yeoul.cpuSeconds
    },
    room: (places) =>
      openRoom(ports, yeoul.memberships[0]!.people, places, (room) => countIn(yeoul.postgresUrl, ENTERED, room)),
    stop: () => yeoul.stop(),
  }
}

/** An open room of the first of the people; all the others want to enter it. */
async function openRoom(
  ports: number[],
  [owner, ...joiners]: Person[],
  places: number,
  entered: (room: string) => Promise<number>,
): Promise<GuardedRoom> {
  const body = { title: 'a small room', kind: 'open', capacity: 1 + places }
  const { id } = await post({ port: ports[0]!, path: '/api/v1/rooms', token: owner!.token, body })
  const requests = joiners.map(({ token }, i) => ({
    port: ports[i % ports.length]!,
    method: 'POST' as const,
    path: `/api/v1/rooms/${id}/join`,
    token,
  }))
  return { requests, entered: () => entered(id) }
}

async function post(request: Omit<HttpRequest, 'method'>): Promise<{ id: string }> {
  const client = new HttpClient('127.0.0.1', 1)
  try {
    const { status, body } = await client.ask({ ...request, method: 'POST' })
    if (status !== 201) throw new Error(`${request.path}: ${status} ${body}`)
    return JSON.parse(body.toString()) as { id: string }
  } finally {
    client.close()
  }
}

async function countIn(database: string, sql: string, room: string): Promise<number> {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  try {
    const { rows } = await client.query<{ count: string }>(sql, [room])
    return Number(rows[0]?.count)
  } finally {
    await client.end()
  }
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
