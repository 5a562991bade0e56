import { isIP } from 'node:net'
import { Redis, type RedisOptions, ReplyError } from 'ioredis'

/** Where a Redis is, and who we are there. */
export interface RedisAddress {
  host: string
  port: number
  username: string | undefined
  password: string | undefined
  tls: boolean
}

/** Redis could not be asked, or did not answer. */
export class RedisUnavailable extends Error {
  /** Whether the command may have been carried out: it was sent, and its answer was lost. */
  readonly sent: boolean

  constructor(message: string, sent: boolean) {
    super(message)
    this.name = 'RedisUnavailable'
    this.sent = sent
  }
}

/** Bytes of commands that wait for an answer; beyond, a new command is refused. */
const PENDING_MAX = 33_554_432
/** A connection with unanswered commands on which nothing arrives for so long is given up. */
const SILENCE_MS = 3_000
const CONNECT_MS = 2_000
const LOADING_MS = 100
const OLDEST = 7

/** Answers of a server that cannot do what was asked just now; nothing was carried out. */
const NOT_NOW = /^(LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|READONLY|NOREPLICAS|BUSY) /

/** One Redis process, with one connection for commands that comes back by itself. */
export class RedisServer {
  readonly address: RedisAddress
  readonly #commands: Redis
  readonly #changed: (server: RedisServer, up: boolean) => void
  #runId: string | null = null
  #failure = 'it does not answer'
  #pendingBytes = 0

  constructor(address: RedisAddress, changed: (server: RedisServer, up: boolean) => void) {
    this.address = address
    this.#changed = changed
    this.#commands = this.connect('commands')
    this.#commands.on('ready', () => void this.#greet())
    this.#commands.on('close', () => this.#gone())
    this.#commands.on('error', (error: Error) => {
      this.#failure = error.message || String((error as NodeJS.ErrnoException).code)
    })
  }

  /** `host:port` */
  get name(): string {
    return nameOf(this.address)
  }

  /** Whether commands can be sent. */
  get up(): boolean {
    return this.#runId !== null
  }

  /**
   * What names the life of the process behind the connection: it is another one after a restart. Null while there is no
   * connection. A command that is sent now goes to that process or to none.
   */
  get runId(): string | null {
    return this.#runId
  }

  /** Why it is down, in a few words. */
  get failure(): string {
    return this.#failure
  }

  /** Bytes of commands whose answers have not come. */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /**
   * Sends a command; strings come back as strings. Rejects with `RedisUnavailable`, at the latest about three seconds after
   * Redis fell silent, or with the `ReplyError` that Redis answered.
   */
  async call(command: string, args: (string | number | Buffer)[], asking = false): Promise<unknown> {
    if (!this.up) throw new RedisUnavailable(`Redis at ${this.name}: ${this.#failure}`, false)
    if (this.#pendingBytes > PENDING_MAX) throw new RedisUnavailable(`Redis at ${this.name} is too slow`, false)
    let bytes = 64
    for (const arg of args) bytes += typeof arg === 'number' ? 8 : arg.length
    this.#pendingBytes += bytes
    try {
      this.#writeTogether()
      if (asking) this.#commands.call('ASKING').catch(() => {})
      return await this.#commands.call(command, ...args)
    } catch (error) {
      if (!(error instanceof ReplyError)) throw new RedisUnavailable((error as Error).message, true)
      const { message } = error as Error
      if (!NOT_NOW.test(message)) throw error
      // It was made a replica: what its name leads to now may be another.
      if (message.startsWith('READONLY')) this.#commands.disconnect(true)
      throw new RedisUnavailable(message, false)
    } finally {
      this.#pendingBytes -= bytes
    }
  }

  /** What one turn sends, a command for each of many partitions, leaves in one write: the writes cost more than the rest. */
  #writeTogether(): void {
    const { stream } = this.#commands
    if (stream.writableCorked > 0) return
    stream.cork()
    process.nextTick(() => stream.uncork())
  }

  /** Another connection to the same place: nothing waits for it while it is down, and it subscribes to nothing by itself. */
  connect(purpose: string): Redis {
    const { host, port, username, password, tls } = this.address
    const options: RedisOptions = {
      host,
      port,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
      connectionName: `yeoul-${purpose}`,
      protocol: 3,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      disableClientInfo: true,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      // Whatever was not answered when a connection ends is rejected then.
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      keepAlive: 10_000,
      retryStrategy: (times) => Math.min(25 * 2 ** Math.min(times, 6), 1_000) * (0.75 + Math.random() / 2),
    }
    return new Redis(options)
  }

  close(): void {
    this.#commands.disconnect()
    this.#runId = null
  }

  /** Learns who answers; it is up when it has its data and may be written to. */
  async #greet(): Promise<void> {
    try {
      for (;;) {
        const info = infoOf(
          String(await this.#commands.call('INFO', 'server', 'replication', 'persistence', 'cluster')),
        )
        const version = info.redis_version ?? '?'
        if (Number.parseInt(version, 10) < OLDEST)
          throw new Error(`version ${version} is too old: Redis ${OLDEST}.0 or newer is needed`)
        if (info.loading === '0') {
          if (info.role !== 'master' && info.cluster_enabled !== '1')
            throw new Error('it is a replica, which cannot be written to')
          this.#runId = info.run_id as string
          this.#changed(this, true)
          return
        }
        this.#failure = 'it is loading its data'
        await new Promise((resolve) => setTimeout(resolve, LOADING_MS))
      }
    } catch (error) {
      this.#failure = (error as Error).message
      if (this.#commands.status === 'ready') this.#commands.disconnect(true)
    }
  }

  #gone(): void {
    if (this.#runId === null) return
    this.#runId = null
    this.#failure = 'the connection was lost'
    this.#changed(this, false)
  }
}

export function nameOf({ host, port }: { host: string; port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function infoOf(text: string): Record<string, string> {
  const info: Record<string, string> = {}
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) info[line.slice(0, colon)] = line.slice(colon + 1)
  }
  return info
}
