/**
 * A real Redis without a container, alone, as a replica or as a Redis Cluster: in a temporary folder, on free ports of this
 * machine, for tests, benches and a local cluster. It goes, with its folder, when it is stopped or when the process that
 * started it ends, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { PROGRAMS, programPath } from './program.ts'

export interface RedisOptions {
  /** Where its data is kept, also after `stop`; a temporary folder by default. */
  folder?: string
  /** Whether it keeps its data on the disk (the append-only file). */
  appendonly?: boolean
  /** When the append-only file is synced: `everysec` by default. */
  appendfsync?: 'always' | 'everysec' | 'no'
  /** Like `64mb`; without it as much as the machine has. */
  maxmemory?: string
  /** What happens when that is full: `noeviction` by default. */
  maxmemoryPolicy?: string
  /** Other settings by name. */
  settings?: Record<string, string | number>
}

export interface LocalRedis {
  readonly url: string
  readonly port: number
  /** Of the process that runs now. */
  readonly pid: number
  /** The file that it logs to. */
  readonly log: string
  /** SIGKILL: what was not on the disk is lost. The folder stays for `restart`. */
  kill(): Promise<void>
  /** Starts it again on the same folder and port; stops it first when it runs (SIGTERM: an orderly end). */
  restart(): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void
  /** Goes on after `pause`. */
  resume(): void
  /** Ends it and removes its folder, unless that is one to keep. */
  stop(): Promise<void>
}

export interface LocalRedisCluster {
  /** Addresses of all masters, parted by commas. */
  readonly url: string
  /** The masters first, then the replicas: replica i follows master i modulo the number of masters. */
  readonly nodes: LocalRedis[]
  stop(): Promise<void>
}

const START_MS = 60_000
const SLOTS = 16_384
const PORT_TRIES = 5
/** How long a node of a cluster may say nothing until the others count it as failed. */
const NODE_TIMEOUT_MS = 1_500

/** Reads only until its parent is gone; then ends the server whatever state it is in, and removes a temporary folder. */
const WATCHER = `
  trap '' INT TERM HUP
  cat > /dev/null
  kill -KILL $(cat "$1/pid" 2> /dev/null) 2> /dev/null
  sleep 0.02
  [ "$2" = keep ] || rm -rf "$1"`

/** Starts a Redis. Rejects, in one line, when the program is not there or does not start. */
export async function startRedis(options: RedisOptions = {}): Promise<LocalRedis> {
  const server = new RedisProcess(options)
  try {
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

/** Starts a replica of a Redis that stands alone; resolves when it has the master's data. */
export async function startReplica(of: LocalRedis, options: RedisOptions = {}): Promise<LocalRedis> {
  const replica = await startRedis({ ...options, settings: { ...options.settings, replicaof: `127.0.0.1 ${of.port}` } })
  try {
    await until('the replica follows', async () =>
      (await ask(replica, 'INFO', 'replication')).includes('master_link_status:up'),
    )
  } catch (error) {
    await replica.stop()
    throw error
  }
  return replica
}

/** Starts a Redis Cluster; resolves when every node says that it works. */
export async function startRedisCluster(
  masters = 3,
  options: Omit<RedisOptions, 'folder'> & { replicas?: number } = {},
): Promise<LocalRedisCluster> {
  const { replicas = 0, ...each } = options
  const nodes: LocalRedis[] = []
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  try {
    for (let i = 0; i < masters + replicas; i++) {
      const settings = { ...each.settings, 'cluster-enabled': 'yes', 'cluster-node-timeout': NODE_TIMEOUT_MS }
      nodes.push(await startRedis({ ...each, settings }))
    }
    await meet(nodes, masters)
  } catch (error) {
    await stop()
    throw error
  }
  const url = nodes
    .slice(0, masters)
    .map((node) => node.url)
    .join(',')
  return { url, nodes, stop }
}

async function meet(nodes: LocalRedis[], masters: number): Promise<void> {
  const first = nodes[0] as LocalRedis
  for (const [i, node] of nodes.entries()) {
    await ask(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
    if (i < masters) {
      const from = Math.floor((i * SLOTS) / masters)
      const to = Math.floor(((i + 1) * SLOTS) / masters) - 1
      await ask(node, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    }
    if (i > 0) await ask(node, 'CLUSTER', 'MEET', '127.0.0.1', String(first.port), String(busPort(first.port)))
  }
  const info = (node: LocalRedis) => ask(node, 'CLUSTER', 'INFO')
  for (const node of nodes) {
    await until('the nodes know each other', async () =>
      (await info(node)).includes(`cluster_known_nodes:${nodes.length}\r`),
    )
  }
  for (const [i, replica] of nodes.entries()) {
    if (i < masters) continue
    const master = nodes[i % masters] as LocalRedis
    const id = await ask(master, 'CLUSTER', 'MYID')
    await until('a replica knows its master', () => ask(replica, 'CLUSTER', 'REPLICATE', id).then(() => true))
    await until('a replica follows', async () =>
      (await ask(replica, 'INFO', 'replication')).includes('master_link_status:up'),
    )
  }
  for (const node of nodes)
    await until('the cluster works', async () => {
      const slots = (await ask(node, 'CLUSTER', 'NODES')).match(/ connected \d+-\d+/g)
      return (await info(node)).includes('cluster_state:ok') && slots?.length === masters
    })
}

class RedisProcess implements LocalRedis {
  readonly #program = programPath(PROGRAMS.redis)
  readonly #options: RedisOptions
  readonly #folder: string
  readonly #watcher: ChildProcess
  #child: ChildProcess | null = null
  port = 0

  constructor(options: RedisOptions) {
    this.#options = options
    if (options.folder !== undefined) mkdirSync(options.folder, { recursive: true })
    this.#folder = options.folder ?? mkdtempSync(join(tmpdir(), 'yeoul-redis-'))
    const keep = options.folder === undefined ? '' : 'keep'
    this.#watcher = spawn('sh', ['-c', WATCHER, 'watcher', this.#folder, keep], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    this.#watcher.unref()
    ;(this.#watcher.stdin as unknown as { unref(): void }).unref()
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error('Redis does not run')
    return pid
  }

  get log(): string {
    return join(this.#folder, 'log')
  }

  async start(): Promise<void> {
    const chosen = this.port !== 0
    for (let tries = 1; ; tries++) {
      if (!chosen) this.port = await freePort()
      try {
        return await this.#startOn(this.port)
      } catch (error) {
        // Somebody was quicker to take the port.
        if (chosen || tries === PORT_TRIES || !/in use/.test((error as Error).message)) throw error
      }
    }
  }

  async #startOn(port: number): Promise<void> {
    const { appendonly = false, appendfsync = 'everysec', maxmemory, maxmemoryPolicy = 'noeviction' } = this.#options
    const settings: Record<string, string | number> = {
      port,
      bind: '127.0.0.1',
      'cluster-port': busPort(port),
      dir: this.#folder,
      save: '',
      appendonly: appendonly ? 'yes' : 'no',
      appendfsync,
      'repl-diskless-sync-delay': 0,
      'maxmemory-policy': maxmemoryPolicy,
      ...(maxmemory === undefined ? {} : { maxmemory }),
      ...this.#options.settings,
    }
    const config = Object.entries(settings).map(([name, value]) => `${name} ${value === '' ? '""' : value}\n`)
    writeFileSync(join(this.#folder, 'redis.conf'), config.join(''))
    const log = openSync(this.log, 'w')
    const child = spawn(this.#program, [join(this.#folder, 'redis.conf')], {
      cwd: this.#folder,
      stdio: ['ignore', log, log],
      // Ctrl-C is for whoever started it.
      detached: true,
    })
    this.#child = child
    child.unref()
    closeSync(log)
    writeFileSync(join(this.#folder, 'pid'), String(child.pid))
    await until(`Redis starts (${this.#program})`, async () => {
      if (child.exitCode !== null) throw new Error(`Redis does not start: ${reasonIn(readFileSync(this.log, 'utf8'))}`)
      return readFileSync(this.log, 'utf8').includes('Ready to accept connections')
    })
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async restart(): Promise<void> {
    await this.#end('SIGTERM')
    await this.start()
  }

  pause(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  async stop(): Promise<void> {
    await this.#end(this.#options.folder === undefined ? 'SIGKILL' : 'SIGTERM')
    if (this.#watcher.exitCode !== null) return
    const gone = once(this.#watcher, 'exit')
    this.#watcher.ref()
    this.#watcher.stdin?.end()
    await gone
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#child = null
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.ref()
      child.kill(signal)
      await gone
    }
    rmSync(join(this.#folder, 'pid'), { force: true })
  }
}

function reasonIn(log: string): string | undefined {
  const lines = log.trim().split('\n')
  return lines.find((line) => /in use|FATAL|rror/.test(line)) ?? lines.at(-1)
}

/** The port on which the nodes of a cluster talk to each other. */
function busPort(port: number): number {
  return port + 10_000
}

async function ask(server: LocalRedis, command: string, ...args: string[]): Promise<string> {
  const client = new Redis(server.port, '127.0.0.1', { retryStrategy: null, lazyConnect: true })
  client.on('error', () => {})
  try {
    await client.connect()
    return String(await client.call(command, ...args))
  } finally {
    client.disconnect()
  }
}

/** Asks until it is so; an error of `isSo` counts only when the time is over, or when the server has ended. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + START_MS
  for (;;) {
    const failure = await isSo().then(
      (so) => (so ? null : new Error('not yet')),
      (error: Error) => error,
    )
    if (failure === null) return
    if (performance.now() > end || failure.message.startsWith('Redis does not start'))
      throw failure.message === 'not yet' ? new Error(`gave up waiting until ${what}`) : failure
    await sleep(20)
  }
}
