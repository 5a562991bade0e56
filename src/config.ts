/**
 * Every option of the server in one table: its default, its bounds and what it means. A value comes from its default, is
 * overridden by the environment (`YEOUL_…`; secrets also by `YEOUL_…_FILE`, the path of a file that holds it), and that by
 * a flag. `docs/configuration.md` is kept equal to this table by a test.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { addressOrRange, list, type Option, oneOf, onOff, originOf, secret, whole } from './config-forms.ts'
import { DEFAULT_LIMITS, type Limits } from './protocol/limits.ts'

/** The parts that one process may run. */
export const ROLES = ['gateway', 'api', 'worker'] as const
export type Role = (typeof ROLES)[number]
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export const OPTIONS = {
  host: {
    schema: z.string().regex(/^[^\s/]+$/),
    form: 'an address or a host name',
    // Passwords travel in plain HTTP here: nothing beyond this machine is reached by accident.
    default: '127.0.0.1',
    flag: true,
    description:
      'Address to listen on. The default takes connections from this machine only; `0.0.0.0` takes them from everywhere, which needs TLS in front.',
  },
  port: { ...whole(0, 65_535), default: 8_080, flag: true, description: 'Port to listen on; 0 takes a free one.' },
  publicUrl: {
    schema: z.string().transform((v, check): string | null => {
      const origin = originOf(v)
      if (origin !== undefined) return origin
      check.addIssue('not an origin')
      return z.NEVER
    }),
    form: 'an http or https address without a path, like https://chat.example.com',
    default: null,
    flag: true,
    description: 'The address that people use, when a proxy stands in front; otherwise made from host and port.',
  },
  dataDir: {
    schema: z
      .string()
      .min(1)
      .transform((v) => resolve(v)),
    form: 'a folder',
    default: resolve('data'),
    flag: true,
    description: 'Folder of the database and of the secrets that the server makes itself.',
  },
  databaseUrl: {
    ...secret(12),
    form: 'an address like postgres://user:password@host:5432/name',
    description:
      'PostgreSQL database of a cluster (15 or newer). Without one the server keeps everything in SQLite, in the data folder.',
  },
  redisUrl: {
    ...secret(8),
    form: 'an address like redis://host:6379, or several nodes of a Redis Cluster parted by commas',
    description:
      'Redis (7.0 or newer) or Valkey through which the nodes of a cluster hear each other. Without one the server is alone.',
  },
  log: {
    ...oneOf('sql', 'redis'),
    default: 'sql' as const,
    flag: true,
    description:
      'Where a message is made durable before it is acknowledged: in the database (`sql`), or in Redis (`redis`), from where workers write it to the database.',
  },
  partitions: {
    ...whole(1, 1_024),
    default: 64,
    description:
      'Parts that the rooms of a cluster are divided into. Fixed when the cluster is made; all nodes have the same.',
  },
  nodeName: {
    schema: z.string().regex(/^[\w.:-]{1,64}$/),
    form: '1 to 64 letters, digits, dots, colons, dashes or underscores',
    default: hostname(),
    flag: true,
    description: 'How this node is called in lists of nodes.',
  },
  roles: {
    ...list<Role>((text) => ROLES.find((role) => role === text), `some of ${ROLES.join(', ')}`),
    default: [...ROLES],
    flag: true,
    description: 'The parts that this process runs.',
  },
  logLevel: {
    ...oneOf(...LOG_LEVELS),
    default: 'info' as const,
    flag: true,
    description: 'The least important log line that is written.',
  },
  rateLimit: {
    ...onOff,
    default: true,
    flag: true,
    description: 'Rate limits of requests, logins and sends; `off` is for load tests.',
  },
  registration: {
    ...oneOf('open', 'closed'),
    default: 'open' as const,
    flag: true,
    description: 'Whether people can sign up by themselves. The set-up link works either way.',
  },
  allowedOrigins: {
    ...list(originOf, 'a list of origins like https://app.example.com, parted by commas'),
    default: [] as string[],
    flag: true,
    description: 'Browser origins besides our own that may use the API and the WebSocket.',
  },
  trustedProxies: {
    ...list(addressOrRange, 'a list of addresses or ranges like 10.0.0.0/8, parted by commas'),
    default: [] as string[],
    flag: true,
    description: 'Proxies whose `X-Forwarded-For` is believed when a client address is needed.',
  },

  jwtSecret: {
    ...secret(32),
    description: 'Key that signs access tokens. Made at first start and kept in `secrets.json` when not given.',
  },
  jwtPreviousSecret: {
    ...secret(32),
    description: 'The key before the present one: tokens that it signed stay good until they expire.',
  },
  apiKey: {
    ...secret(16),
    description: 'Key with which a service signs in its own users (`POST /api/v1/auth/tokens`); off when not given.',
  },
  metricsToken: {
    ...secret(16),
    description: 'Bearer token that `/metrics` asks for; without one `/metrics` answers this machine only.',
  },

  accessTokenMs: { ...whole(1_000, DAY), default: 15 * MINUTE, description: 'Life of an access token.' },
  refreshTokenMs: {
    ...whole(1_000, 365 * DAY),
    default: 30 * DAY,
    description: 'Life of a login that is not used; each refresh begins it anew.',
  },
  heartbeatMs: {
    ...whole(200, 10 * MINUTE),
    default: 25_000,
    description: 'Clients ping after that much silence; a connection silent for two of them is closed.',
  },
  helloTimeoutMs: {
    ...whole(100, MINUTE),
    default: 5_000,
    description: 'How long a new connection may take to send its `hello`.',
  },
  maxConnections: { ...whole(1, 10_000_000), default: 100_000, description: 'Connections that this node takes.' },
  maxConnectionsPerAddress: {
    ...whole(0, 10_000_000),
    // Off: behind a proxy that is not listed as trusted, or a big NAT, everybody shares one address.
    default: 0,
    description: 'Connections that one client address may hold; 0 is no limit.',
  },

  flushMs: {
    ...whole(0, 1_000),
    default: 50,
    description:
      'The longest time that pushes are gathered before they are written, under load; a lone push never waits.',
  },
  hotRooms: {
    ...whole(1, 10_000_000),
    default: 10_000,
    description: 'Rooms kept in memory; those without subscribers leave first.',
  },
  hotTail: {
    ...whole(0, 1_000_000),
    default: 512,
    description: 'Newest events kept in memory for each hot room, from which returning clients catch up.',
  },
  pendingAppends: {
    ...whole(1, 10_000_000),
    default: 20_000,
    description: 'Messages that may wait to be stored; more are refused with `overloaded`.',
  },
  writeQueueBytes: {
    ...whole(16_384, 1_073_741_824),
    default: 1_048_576,
    description:
      'Bytes that may wait for one connection; beyond it the connection is told `lagging` and must catch up.',
  },
  slowConsumerMs: {
    ...whole(100, 10 * MINUTE),
    default: 15_000,
    description: 'A connection that takes no byte for that long, while some wait for it, is closed with 4508.',
  },
  presenceTickMs: {
    ...whole(10, MINUTE),
    default: 1_000,
    description: 'Comings and goings in a room are gathered for that long.',
  },
  watchTickMs: {
    ...whole(10, MINUTE),
    default: 1_000,
    description: 'Changes of watched rooms are gathered for that long.',
  },
  repeatWindowMs: {
    ...whole(60_000, DAY),
    default: 10 * MINUTE,
    description: 'How long the Redis log recognises a message that is sent again without `retry`.',
  },
  persistBatch: {
    ...whole(1, 5_000),
    default: 500,
    description: 'Entries of the Redis log that a worker writes to the database at a time.',
  },
  persistIntervalMs: {
    ...whole(10, MINUTE),
    default: 1_000,
    description: 'The longest time that entries of the Redis log wait for a batch to fill.',
  },
  persistTries: {
    ...whole(1, 1_000),
    default: 5,
    description: 'How often a worker tries to write an entry that the database refuses, before it is parked.',
  },
  drainMs: {
    ...whole(0, 20_000),
    default: 10_000,
    description: 'How long a stopping server gives its clients to go elsewhere.',
  },
} satisfies Record<string, Option<unknown>>

const LIMIT_OPTIONS: Record<keyof Limits, Option<number>> = {
  bodyLength: limit('bodyLength', 1, 60_000, 'Longest message body, in UTF-16 units; a frame must hold it too.'),
  frameBytes: limit('frameBytes', 1_024, 16_777_216, 'Largest frame that a client may send, in bytes.'),
  subscriptions: limit('subscriptions', 1, 100_000, 'Rooms that one session may be subscribed to.'),
  watched: limit('watched', 1, 100_000, 'Rooms that one session may watch.'),
  sendsPerSecond: limit('sendsPerSecond', 0, 100_000, 'Messages a second that one session may send; 0 is no limit.'),
  inFlight: limit('inFlight', 512, 1_000_000, 'Unanswered commands of one connection.'),
  catchUp: limit('catchUp', 1_000, 100_000, 'Events that one subscription catches up in one go.'),
  readReceiptMembers: limit('readReceiptMembers', 0, 100_000, 'Members up to which a room gets `read` pushes.'),
  presenceNames: limit('presenceNames', 0, 100_000, 'Online users up to which presence names them; above, it counts.'),
  reactionsPerMessage: limit('reactionsPerMessage', 1, 10_000, 'Different emoji on one message.'),
}

function limit(key: keyof Limits, low: number, high: number, description: string): Option<number> {
  return { ...whole(low, high), default: DEFAULT_LIMITS[key], description }
}

/** Widens what the table's literals made narrow. */
type ValueOf<O> = O extends { schema: z.ZodType<infer T> } ? T : never

export type Config = { -readonly [K in keyof typeof OPTIONS]: ValueOf<(typeof OPTIONS)[K]> } & { limits: Limits }

/** Where a value came from. */
export type Origin = 'default' | `env ${string}` | `file ${string}` | `flag ${string}`

/** A value that stops the start: `message` is one line for the person who set it. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

export interface OptionRow {
  /** The key in `Config`; of a limit `limits.<name>`. */
  key: string
  /** The environment variable. */
  env: string
  /** The flag, `--port`, when there is one. */
  flag: string | null
  option: Option<unknown>
}

const words = (key: string): string => key.replace(/[A-Z]/g, (c) => `_${c}`)

/** Every option with its names, in the order of the documentation. */
export const OPTION_ROWS: readonly OptionRow[] = [
  ...Object.entries<Option<unknown>>(OPTIONS).map(([key, option]) => ({
    key,
    env: `YEOUL_${words(key).toUpperCase()}`,
    flag: option.flag ? `--${words(key).replaceAll('_', '-').toLowerCase()}` : null,
    option,
  })),
  ...Object.entries<Option<unknown>>(LIMIT_OPTIONS).map(([key, option]) => ({
    key: `limits.${key}`,
    env: `YEOUL_LIMIT_${words(key).toUpperCase()}`,
    flag: null,
    option,
  })),
]

/**
 * Puts the configuration together. `flags` holds the text of the flags that were given, by option key. Throws `ConfigError`
 * for an unknown `YEOUL_…` variable, a value out of its bounds, and a secret given twice or in a file that cannot be read.
 */
export function loadConfig(sources: {
  env: Record<string, string | undefined>
  flags?: Record<string, string | undefined>
}): { config: Config; origins: Record<string, Origin> } {
  refuseUnknown(sources.env)
  const values: Record<string, unknown> = {}
  const limits: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const row of OPTION_ROWS) {
    const given = sourceOf(row, sources.env, sources.flags ?? {})
    const value = given === null ? row.option.default : parse(row, given.text, given.name)
    origins[row.key] = given === null ? 'default' : given.origin
    if (row.key.startsWith('limits.')) limits[row.key.slice('limits.'.length)] = value
    else values[row.key] = value
  }
  return { config: { ...values, limits } as unknown as Config, origins }
}

/** The defaults, with changes: for tests and for callers that embed the server. */
export function configWith(changes: Partial<Config> = {}): Config {
  return { ...loadConfig({ env: {} }).config, ...changes }
}

function sourceOf(
  row: OptionRow,
  env: Record<string, string | undefined>,
  flags: Record<string, string | undefined>,
): { text: string; name: string; origin: Origin } | null {
  const flag = flags[row.key]
  if (flag !== undefined && row.flag !== null) return { text: flag, name: row.flag, origin: `flag ${row.flag}` }
  // An empty variable counts as none: compose files pass them on like that.
  const text = env[row.env] || undefined
  const fileName = `${row.env}_FILE`
  const file = row.option.secret ? env[fileName] || undefined : undefined
  if (text !== undefined && file !== undefined)
    throw new ConfigError(`${row.env} and ${fileName} are both set; keep one`)
  if (text !== undefined) return { text, name: row.env, origin: `env ${row.env}` }
  if (file !== undefined) return { text: readSecretFile(fileName, file), name: fileName, origin: `file ${fileName}` }
  return null
}

function readSecretFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new ConfigError(`${name}: cannot read ${path} (${(error as NodeJS.ErrnoException).code})`)
  }
}

function parse(row: OptionRow, text: string, name: string): unknown {
  const parsed = row.option.schema.safeParse(text)
  if (parsed.success) return parsed.data
  const shown = row.option.secret ? '' : `, not ${JSON.stringify(text)}`
  throw new ConfigError(`${name} must be ${row.option.form}${shown}`)
}

function refuseUnknown(env: Record<string, string | undefined>): void {
  const known = OPTION_ROWS.flatMap((row) => (row.option.secret ? [row.env, `${row.env}_FILE`] : [row.env]))
  for (const name of Object.keys(env)) {
    if (!name.startsWith('YEOUL_') || known.includes(name)) continue
    const nearest = known.toSorted((a, b) => distance(name, a) - distance(name, b))[0] ?? ''
    const hint = distance(name, nearest) <= 3 ? `; did you mean ${nearest}?` : '; `yeoul config` lists all'
    throw new ConfigError(`${name} is no option of Yeoul${hint}`)
  }
}

/** Levenshtein distance: single-letter changes from one name to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, swap))
    }
    row = next
  }
  return row[b.length]!
}

/** The file of the embedded database. */
export function databaseFile(config: Pick<Config, 'dataDir'>): string {
  return join(config.dataDir, 'yeoul.db')
}

export interface Secrets {
  jwtSecret: string
  jwtPreviousSecret: string | null
}

const SecretsFile = z.object({ jwtSecret: z.string().min(32) })

/**
 * The keys that sign tokens: those of the configuration, or one that is made once and kept in `secrets.json` of the data
 * folder with mode 0600. Makes the folder (mode 0700) when it is missing. Throws `ConfigError` when the file is damaged.
 */
export function ensureSecrets(config: Pick<Config, 'dataDir' | 'jwtSecret' | 'jwtPreviousSecret'>): Secrets {
  try {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new ConfigError(`YEOUL_DATA_DIR: cannot make ${config.dataDir} (${(error as NodeJS.ErrnoException).code})`)
  }
  const jwtPreviousSecret = config.jwtPreviousSecret
  if (config.jwtSecret !== null) return { jwtSecret: config.jwtSecret, jwtPreviousSecret }
  const path = join(config.dataDir, 'secrets.json')
  return { jwtSecret: readSecrets(path) ?? makeSecrets(path), jwtPreviousSecret }
}

function readSecrets(path: string): string | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new ConfigError(`cannot read ${path} (${(error as NodeJS.ErrnoException).code})`)
  }
  // A copy or a restore may have opened it to others.
  chmodSync(path, 0o600)
  try {
    return SecretsFile.parse(JSON.parse(text)).jwtSecret
  } catch {
    throw new ConfigError(`${path} is damaged; bring it back from a backup, or remove it (everybody signs in anew)`)
  }
}

/** Written beside and renamed: a crash leaves no half file, and a file that is there was never open to others. */
function makeSecrets(path: string): string {
  const jwtSecret = randomBytes(32).toString('base64url')
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  const file = openSync(draft, 'wx', 0o600)
  try {
    writeSync(file, `${JSON.stringify({ jwtSecret }, null, 2)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
  return jwtSecret
}
