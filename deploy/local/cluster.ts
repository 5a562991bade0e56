/**
 * A whole cluster on one machine, without containers: PostgreSQL, Redis, nginx, and the nodes as processes of their own.
 * `npm run cluster` runs it for people; tests and benches use `startCluster`.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Role } from '../../src/config.ts'
import { freePort } from './free-port.ts'
import { type LocalNginx, startNginx } from './nginx.ts'
import { LocalNode } from './node.ts'
import { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'
import { type LocalRedis, type LocalRedisCluster, type RedisOptions, startRedis, startRedisCluster } from './redis.ts'

type Env = Record<string, string>

export interface ClusterOptions {
  /** How many nodes of each role: 3 gateways, 2 workers and 1 API node by default. */
  gateways?: number
  workers?: number
  apis?: number
  /** Where a message is made durable before it is acknowledged (`YEOUL_LOG`); `sql` by default. */
  log?: 'sql' | 'redis'
  /** Where the data is kept, also after `stop`, with the logs of the nodes; a temporary folder by default. */
  folder?: string
  /** The port of nginx; a free one by default. */
  port?: number
  /**
   * Options of the nodes by variable (`YEOUL_…`), the same for all or by node; they go before those made here. A node can
   * so be led to PostgreSQL or Redis through a proxy.
   */
  env?:
    | Env
    | ((node: { name: string; role: Role }, backends: { postgres: string; redis: string }) => Env | Promise<Env>)
  postgres?: PostgresOptions
  /** With `masters` it is a Redis Cluster of that many, whose data is not kept. */
  redis?: RedisOptions & { masters?: number }
  /** Changes yeoul.conf of nginx. */
  nginx?: (config: string) => string
  /** Told of each part when it is ready for the first time. */
  ready?: (part: Part) => void
  /** Told when a part has ended that nobody told to. */
  died?: (part: Part) => void
}

/** One process of the cluster, with its children. */
export interface Part {
  /** `gateway-1`, `api-1`, `worker-2`, `postgres`, `redis`, `nginx`; the masters of a Redis Cluster are `redis-1` and so on. */
  readonly name: string
  readonly kind: Role | 'postgres' | 'redis' | 'nginx'
  /** Where it answers, past whatever stands in front of it. */
  readonly url: string
  /** Of the process that runs now. */
  readonly pid: number
  /** The file that it writes what it has to say to. */
  readonly log: string
}

export interface Cluster {
  /** The address that clients use: nginx. */
  readonly url: string
  /** The one-time link that makes the admin, when there is none yet. */
  readonly setupUrl: string | null
  /** Of its data and logs. */
  readonly folder: string
  readonly parts: readonly Part[]
  readonly nodes: readonly LocalNode[]
  readonly postgres: Postgres
  readonly redis: LocalRedis | LocalRedisCluster
  readonly nginx: LocalNginx
  /** Throws when there is none of that name. */
  part(name: string): Part
  node(name: string): LocalNode
  /** SIGKILL to all processes of a part. Resolves when it is gone; its data stays. */
  kill(name: string): Promise<void>
  /** Ends a part in good order (a node drains) unless it is down already, and starts it again where it was. */
  restart(name: string): Promise<void>
  /** Ends everything and removes its data, unless it is kept. The nodes drain first when told so, else they are killed. */
  stop(options?: { drain?: boolean }): Promise<void>
}

const WATCH_MS = 500

/** Starts all parts; resolves when every node is ready. Rejects, in one line, when one does not start; then none is left. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = new LocalCluster(options)
  try {
    await cluster.start()
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

interface OwnPart extends Part {
  kill(): Promise<void>
  restart(): Promise<void>
}

class LocalCluster implements Cluster {
  readonly #options: ClusterOptions
  readonly folder: string
  readonly parts: OwnPart[] = []
  readonly nodes: LocalNode[] = []
  postgres!: Postgres
  redis!: LocalRedis | LocalRedisCluster
  nginx!: LocalNginx
  /** Names of parts that are down, and told of if nobody wanted it. */
  readonly #down = new Set<string>()
  #watching: NodeJS.Timeout | undefined

  constructor(options: ClusterOptions) {
    this.#options = options
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'yeoul-cluster-'))
  }

  get url(): string {
    return this.nginx.url
  }

  get setupUrl(): string | null {
    // Each API node that starts makes a new link in place of the one before.
    return this.nodes.findLast(({ role }) => role === 'api')?.setupUrl ?? null
  }

  async start(): Promise<void> {
    const { gateways = 3, workers = 2, apis = 1, port = await freePort() } = this.#options
    mkdirSync(this.folder, { recursive: true })
    await this.#startBackends()
    const shared = this.#sharedEnv(`http://localhost:${port}`)
    for (const [role, count] of Object.entries({ worker: workers, gateway: gateways, api: apis })) {
      for (let i = 1; i <= count; i++) await this.#addNode(`${role}-${i}`, role as Role, shared)
    }
    const apiNodes = this.nodes.filter(({ role }) => role === 'api')
    const [first, ...others] = this.nodes.filter(({ role }) => role !== 'api')
    // One brings the database up to date; the others would only wait for it.
    if (first !== undefined) await this.#startNode(first)
    await Promise.all(others.map((node) => this.#startNode(node)))
    for (const node of apiNodes) await this.#startNode(node)
    this.nginx = await startNginx({
      port,
      gateways: this.#addresses('gateway'),
      api: this.#addresses('api'),
      ...(this.#options.nginx && { edit: this.#options.nginx }),
    })
    this.#add('nginx', 'nginx', this.nginx)
    this.#watching = setInterval(() => this.#watch(), WATCH_MS).unref()
  }

  part(name: string): OwnPart {
    const part = this.parts.find((one) => one.name === name)
    if (part === undefined)
      throw new Error(`no part ${name}; there are ${this.parts.map((one) => one.name).join(', ')}`)
    return part
  }

  node(name: string): LocalNode {
    const node = this.nodes.find((one) => one.name === name)
    if (node === undefined)
      throw new Error(`no node ${name}; there are ${this.nodes.map((one) => one.name).join(', ')}`)
    return node
  }

  async kill(name: string): Promise<void> {
    const part = this.part(name)
    this.#down.add(name)
    await part.kill()
  }

  async restart(name: string): Promise<void> {
    const part = this.part(name)
    this.#down.add(name)
    await part.restart()
    this.#down.delete(name)
  }

  async stop({ drain = false } = {}): Promise<void> {
    clearInterval(this.#watching)
    await Promise.all(this.nodes.map((node) => (drain ? node.drain() : node.kill())))
    await Promise.all([this.nginx?.stop(), this.postgres?.stop(), this.redis?.stop()])
    if (this.#options.folder === undefined) rmSync(this.folder, { recursive: true, force: true })
  }

  async #startBackends(): Promise<void> {
    const { log, postgres, redis: { masters, ...others } = {} } = this.#options
    // What is acknowledged out of Redis must be on its disk.
    const settings = { appendonly: log === 'redis', ...others }
    const keptIn = (name: string) => this.#options.folder && { folder: join(this.folder, name) }
    const outcomes = await Promise.allSettled([
      startPostgres({ ...postgres, ...keptIn('postgres') }).then((started) => {
        this.postgres = started
        this.#add('postgres', 'postgres', started)
      }),
      (masters === undefined
        ? startRedis({ ...settings, ...keptIn('redis') })
        : startRedisCluster(masters, settings)
      ).then((started) => {
        this.redis = started
        if (!('nodes' in started)) this.#add('redis', 'redis', started)
        else for (const [i, node] of started.nodes.entries()) this.#add(`redis-${i + 1}`, 'redis', node)
      }),
    ])
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  #sharedEnv(publicUrl: string): Env {
    return {
      YEOUL_DATABASE_URL: this.postgres.url,
      YEOUL_REDIS_URL: this.redis.url,
      YEOUL_LOG: this.#options.log ?? 'sql',
      YEOUL_JWT_SECRET: jwtSecretIn(this.folder),
      YEOUL_PUBLIC_URL: publicUrl,
      YEOUL_TRUSTED_PROXIES: '127.0.0.1',
    }
  }

  async #addNode(name: string, role: Role, shared: Env): Promise<void> {
    const { env = {} } = this.#options
    const backends = { postgres: this.postgres.url, redis: this.redis.url }
    const own = typeof env === 'function' ? await env({ name, role }, backends) : env
    const folder = join(this.folder, 'nodes')
    const node = new LocalNode({
      name,
      role,
      port: await freePort(),
      env: { ...shared, ...own },
      folder,
      ...(this.#options.folder === undefined && { temporary: this.folder }),
    })
    this.nodes.push(node)
  }

  async #startNode(node: LocalNode): Promise<void> {
    await node.start()
    this.#add(node.name, node.role, node)
  }

  #add(name: string, kind: Part['kind'], running: Omit<OwnPart, 'name' | 'kind'>): void {
    const part: OwnPart = {
      name,
      kind,
      url: running.url,
      log: running.log,
      get pid() {
        return running.pid
      },
      kill: () => running.kill(),
      restart: () => running.restart(),
    }
    this.parts.push(part)
    this.#options.ready?.(part)
  }

  #addresses(role: Role): string[] {
    return this.nodes.filter((node) => node.role === role).map((node) => new URL(node.url).host)
  }

  #watch(): void {
    for (const part of this.parts) {
      if (this.#down.has(part.name) || isAlive(part.pid)) continue
      this.#down.add(part.name)
      this.#options.died?.(part)
    }
  }
}

/** The key that signs tokens: people stay signed in when a cluster is started again on its data. */
function jwtSecretIn(folder: string): string {
  const path = join(folder, 'jwt-secret')
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString('base64url'), { mode: 0o600 })
  return readFileSync(path, 'utf8')
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
