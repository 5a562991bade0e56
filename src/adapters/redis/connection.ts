import { setTimeout as sleep } from 'node:timers/promises'
import { nameOf, type RedisAddress, RedisServer, RedisUnavailable } from './server.ts'
import { slotOf } from './slots.ts'

const OPEN_MS = 5_000
const REDIRECTIONS_MAX = 5
/** How long a command that was sent on to another server waits for the connection to it. */
const MOVED_WAIT_MS = 1_000
/** How often the map of a Redis Cluster is read anew, while all is well and while a server is down. */
const MAP_MS = 5_000
const MAP_TROUBLE_MS = 500

export type RedisArgument = string | number | Buffer

export interface RedisLinkOptions {
  /** `redis://` or `rediss://`; several of a Redis Cluster are parted by commas. */
  urls: string
  /** Told in one line what an operator should know: Redis lost, and back. */
  log?: (message: string) => void
}

/**
 * The way to Redis: one server, or the masters of a Redis Cluster. Nothing is kept for later while a server cannot be
 * reached: a command is refused then, so that no queue grows.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions
  readonly #seeds: RedisAddress[]
  #servers = new Map<string, RedisServer>()
  /** By slot, when it is a Redis Cluster. */
  #slots: RedisServer[] | null = null
  #upHandlers: ((server: RedisServer) => void)[] = []
  #downHandlers: ((server: RedisServer) => void)[] = []
  #mapHandlers: (() => void)[] = []
  #lost = new Set<string>()
  #reading: Promise<void> | null = null
  #readAt = 0
  #timer: NodeJS.Timeout | null = null
  #closed = false

  private constructor(options: RedisLinkOptions) {
    this.#options = options
    this.#seeds = options.urls.split(',').map((url) => addressOf(url.trim()))
  }

  /** Resolves when every server is there. Rejects after about five seconds, in one line that says which is not, and why. */
  static async open(options: RedisLinkOptions): Promise<RedisLink> {
    const link = new RedisLink(options)
    try {
      await link.#open()
    } catch (error) {
      link.close()
      throw error
    }
    return link
  }

  /** The servers that hold the data: one, or the masters. */
  get servers(): RedisServer[] {
    return [...new Set(this.#slots ?? this.#servers.values())]
  }

  /** Whether it is a Redis Cluster: a command's keys must lie in one slot then. */
  get isCluster(): boolean {
    return this.#slots !== null
  }

  /** Whether all servers can be reached. */
  get up(): boolean {
    return this.servers.every((server) => server.up)
  }

  /** The server in charge of a key. */
  serverOf(key: string): RedisServer {
    const server = this.#slots === null ? this.#servers.values().next().value : this.#slots[slotOf(key)]
    if (server === undefined)
      throw new RedisUnavailable('no server of the Redis Cluster is in charge of this slot', false)
    return server
  }

  /**
   * Sends a command to the server in charge of `key`, and after it where a Redis Cluster says. `args` may be made anew for
   * each server that is tried. Rejects with `RedisUnavailable`, or with the `ReplyError` that Redis answered.
   */
  async call(
    key: string,
    command: string,
    args: RedisArgument[] | ((server: RedisServer) => RedisArgument[]),
  ): Promise<unknown> {
    let server = this.serverOf(key)
    let asking = false
    for (let tries = 0; ; tries++) {
      try {
        return await server.call(command, typeof args === 'function' ? args(server) : args, asking)
      } catch (error) {
        const redirection = /^(MOVED|ASK) (\d+) (\S+)$/.exec((error as Error).message)
        if (redirection === null || this.#slots === null || tries === REDIRECTIONS_MAX) throw error
        const [, kind, slot, to] = redirection as unknown as [string, string, string, string]
        const next = this.#serverAt(to, server.address)
        asking = kind === 'ASK'
        if (!asking && this.#slots[Number(slot)] !== next) {
          this.#slots[Number(slot)] = next
          void this.readMap()
        }
        await becomesUp(next, MOVED_WAIT_MS)
        server = next
      }
    }
  }

  /** Told when a server can be reached, again or for the first time; it may be another process, with other data. */
  onUp(handler: (server: RedisServer) => void): void {
    this.#upHandlers.push(handler)
  }

  onDown(handler: (server: RedisServer) => void): void {
    this.#downHandlers.push(handler)
  }

  /** Told when other servers than before may be in charge of keys. */
  onMap(handler: () => void): void {
    this.#mapHandlers.push(handler)
  }

  /** Reads from a Redis Cluster which server is in charge of what. */
  readMap(): Promise<void> {
    if (this.#slots === null || this.#closed) return Promise.resolve()
    this.#reading ??= this.#readMap().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  close(): void {
    this.#closed = true
    if (this.#timer !== null) clearInterval(this.#timer)
    for (const server of this.#servers.values()) server.close()
  }

  async #open(): Promise<void> {
    for (const seed of this.#seeds) this.#serverAt(nameOf(seed), seed)
    const seeds = [...this.#servers.values()]
    await Promise.all(seeds.map((seed) => becomesUp(seed, this.#seeds.length > 1 ? OPEN_MS / 2 : OPEN_MS)))
    const first = seeds.find((seed) => seed.up)
    if (first === undefined) throw new Error(unreachable(seeds))
    const cluster = String(await first.call('INFO', ['cluster'])).includes('cluster_enabled:1')
    if (!cluster) {
      if (this.#seeds.length > 1)
        throw new Error(`Redis at ${first.name} belongs to no Redis Cluster: give one address, or those of a cluster`)
      return
    }
    this.#slots = []
    await this.readMap()
    await Promise.all(this.servers.map((server) => becomesUp(server, OPEN_MS / 2)))
    if (this.servers.length === 0) throw new Error('the Redis Cluster has no slots: it is not set up')
    if (!this.up) throw new Error(unreachable(this.servers))
    this.#timer = setInterval(() => {
      if (!this.up || performance.now() - this.#readAt > MAP_MS) void this.readMap()
    }, MAP_TROUBLE_MS)
    this.#timer.unref()
  }

  async #readMap(): Promise<void> {
    const servers = [...this.#servers.values()].filter((server) => server.up)
    // All have moved: where we began may know.
    if (servers.length === 0) for (const seed of this.#seeds) this.#serverAt(nameOf(seed), seed)
    for (const server of servers) {
      let ranges: [number, number, [string | null, number, string]][]
      try {
        ranges = (await server.call('CLUSTER', ['SLOTS'])) as typeof ranges
      } catch {
        continue
      }
      if (this.#closed) return
      this.#readAt = performance.now()
      const before = this.#slots ?? []
      const slots: RedisServer[] = []
      for (const [from, to, [host, port]] of ranges) {
        const owner = this.#serverAt(`${host || server.address.host}:${port}`, server.address)
        for (let slot = from; slot <= to; slot++) slots[slot] = owner
      }
      if (slots.length === before.length && slots.every((owner, slot) => owner === before[slot])) return
      this.#slots = slots
      for (const [name, known] of this.#servers) {
        if (slots.includes(known)) continue
        this.#servers.delete(name)
        known.close()
      }
      for (const handler of this.#mapHandlers) handler()
      return
    }
  }

  /** The server at `host:port`, with the credentials of another one when it is not known yet. */
  #serverAt(name: string, like: RedisAddress): RedisServer {
    const known = this.#servers.get(name)
    if (known !== undefined) return known
    const colon = name.lastIndexOf(':')
    const host = name.slice(0, colon).replace(/^\[|\]$/g, '') || like.host
    const server = new RedisServer({ ...like, host, port: Number(name.slice(colon + 1)) }, (changed, up) => {
      if (this.#closed) return
      if (!up) this.#options.log?.(`Redis at ${name} is lost: ${changed.failure}`)
      else if (this.#lost.delete(name)) this.#options.log?.(`Redis at ${name} is back`)
      if (!up) this.#lost.add(name)
      for (const handler of up ? this.#upHandlers : this.#downHandlers) handler(changed)
    })
    this.#servers.set(name, server)
    return server
  }
}

function addressOf(url: string): RedisAddress {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null || !/^rediss?:$/.test(parsed.protocol) || parsed.hostname === '')
    throw new Error(
      `an address of Redis looks like redis://host:6379, not like ${parsed === null ? 'this' : parsed.protocol}`,
    )
  // What one node tells the others goes to all databases of a Redis.
  if (!['', '/', '/0'].includes(parsed.pathname))
    throw new Error('an address of Redis names no database: Yeoul needs a Redis of its own')
  const text = (part: string) => (part === '' ? undefined : decodeURIComponent(part))
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    username: text(parsed.username),
    password: text(parsed.password),
    tls: parsed.protocol === 'rediss:',
  }
}

async function becomesUp(server: RedisServer, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs
  while (!server.up && performance.now() < end) await sleep(10)
}

function unreachable(servers: RedisServer[]): string {
  const down = servers.filter((server) => !server.up)
  return `Redis cannot be used: ${down.map((server) => `${server.name}: ${server.failure}`).join('; ')}`
}
