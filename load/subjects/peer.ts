import { join } from 'node:path'
import pg from 'pg'
import { freePort } from '../../deploy/local/free-port.ts'
import { startPostgres } from '../../deploy/local/postgres.ts'
import { startRedis } from '../../deploy/local/redis.ts'
import { sleep } from '../generator/clock.ts'
import type { Membership } from '../generator/crowd.ts'
import type { Target } from '../generator/fleet.ts'
import type { DialectName } from '../generator/generator.ts'
import { residentBytes, treeCpuSeconds } from '../measure/processes.ts'
import { Server } from '../servers/server.ts'
import type { Subject, SubjectShape } from './subject.ts'

/** A program beside `load/peers/`, and what stands around it. */
export interface PeerPlan {
  dialect: DialectName
  /** Of `load/peers/`. */
  program: string
  /** Its options besides `--port`, `--node`, `--redis` and `--postgres`. */
  options?: string[]
  redis?: boolean
  /** It stores messages there, in a table `messages`. */
  postgres?: boolean
}

interface Backend {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/**
 * A peer: its nodes as processes of their own, with a Redis and a PostgreSQL where it has them. Several nodes number
 * messages each by itself, from 1 (`streamOf`): the rooms are to be subscribed to before anything is sent to them.
 */
export class Peer implements Subject {
  readonly memberships: Membership[]
  readonly #plan: PeerPlan
  readonly #nodes: Server[] = []
  readonly #redis: Backend | null
  readonly #postgres: Backend | null
  /** CPU of nodes that have ended. */
  #spent = 0
  #started = 0

  private constructor(plan: PeerPlan, memberships: Membership[], redis: Backend | null, postgres: Backend | null) {
    this.#plan = plan
    this.memberships = memberships
    this.#redis = redis
    this.#postgres = postgres
  }

  static async start(plan: PeerPlan, shape: SubjectShape): Promise<Peer> {
    const redis = plan.redis === true ? await startRedis() : null
    const postgres = plan.postgres === true ? await startPostgres().catch(afterStopping(redis)) : null
    const peer = new Peer(plan, nobodys(shape), redis, postgres)
    try {
      for (let i = 0; i < shape.nodes; i++) peer.#nodes.push(await peer.#startNode(await freePort(), shape.nodes > 1))
      return peer
    } catch (error) {
      await peer.stop()
      throw error
    }
  }

  get targets(): Target[] {
    return this.#nodes.map(({ target }) => target)
  }

  get cpuByPart(): Record<string, number> {
    return {
      ...Object.fromEntries(this.#nodes.map(({ cpuSeconds }, i) => [`node-${i + 1}`, cpuSeconds])),
      ...(this.#spent > 0 && { 'ended nodes': this.#spent }),
      ...(this.#redis !== null && { redis: treeCpuSeconds(this.#redis.pid) }),
      ...(this.#postgres !== null && { postgres: treeCpuSeconds(this.#postgres.pid) }),
    }
  }

  get cpuSeconds(): number {
    return Object.values(this.cpuByPart).reduce((sum, used) => sum + used, 0)
  }

  /** Of the nodes and Redis. */
  get residentBytes(): number {
    const own = this.#nodes.reduce((sum, node) => sum + node.residentBytes, 0)
    return own + (this.#redis === null ? 0 : residentBytes(this.#redis.pid))
  }

  get writeCalls(): number | undefined {
    return this.#nodes.length === 1 ? this.#nodes[0]!.writeCalls : undefined
  }

  /** Ends a node and starts it anew on its port: what it held in memory is gone, and it begins a new stream in each room. */
  async restartNode(index: number): Promise<void> {
    const old = this.#nodes[index]!
    this.#spent += old.cpuSeconds
    await old.stop()
    this.#nodes[index] = await this.#startNode(old.target.port, true)
  }

  async storedMessages(wanted: number, patienceMs: number): Promise<number | null> {
    if (this.#postgres === null) return null
    const client = new pg.Client({ connectionString: this.#postgres.url })
    await client.connect()
    try {
      const end = performance.now() + patienceMs
      for (;;) {
        const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM messages')
        const stored = Number(rows[0]?.count)
        if (stored >= wanted || performance.now() > end) return stored
        await sleep(100)
      }
    } finally {
      await client.end()
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()))
    await Promise.all([this.#redis?.stop(), this.#postgres?.stop()])
  }

  #startNode(port: number, numbered: boolean): Promise<Server> {
    const { dialect, program, options = [] } = this.#plan
    const args = [
      join(import.meta.dirname, '../peers', program),
      ...options,
      '--port',
      String(port),
      ...(numbered ? ['--node', String(++this.#started)] : []),
      ...(this.#redis === null ? [] : ['--redis', this.#redis.url]),
      ...(this.#postgres === null ? [] : ['--postgres', this.#postgres.url]),
    ]
    return Server.start(dialect, args, {}, true)
  }
}

/** Peers know no people: anybody may enter any room. */
function nobodys({ rooms, members }: SubjectShape): Membership[] {
  return Array.from({ length: rooms }, (_, i) => ({
    // As long as Yeoul's ids, so that both move the same bytes.
    room: `room-${i}`.padEnd(36, '-'),
    people: Array.from({ length: members }, () => ({ id: '', token: '' })),
  }))
}

function afterStopping(backend: Backend | null): (error: Error) => Promise<never> {
  return async (error) => {
    await backend?.stop()
    throw error
  }
}
