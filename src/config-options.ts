/**
 * Every option of the server in one table: its default, its bounds, what it means, and whether an admin may change it while
 * the server runs. `docs/configuration.md` is kept equal to it by a test.
 */
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import {
  addressOrRange,
  list,
  type Option,
  oneOf,
  onOff,
  originOf,
  secret,
  secretAddresses,
  whole,
} from './config-forms.ts'
import { BODY_LENGTH_MAX, DEFAULT_LIMITS, type Limits } from './protocol/limits.ts'

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
    ...secretAddresses(['postgres:', 'postgresql:'], 'an address like postgres://user:password@host:5432/name'),
    description:
      'PostgreSQL database of a cluster (15 or newer). Without one the server keeps everything in SQLite, in the data folder.',
  },
  redisUrl: {
    ...secretAddresses(
      ['redis:', 'rediss:'],
      'an address like redis://host:6379, or several nodes of a Redis Cluster parted by commas',
    ),
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
    live: true,
    flag: true,
    description: 'The least important log line that is written.',
  },
  rateLimit: {
    ...onOff,
    default: true,
    live: true,
    flag: true,
    description: 'Rate limits of requests, logins and sends; `off` is for load tests.',
  },
  registration: {
    ...oneOf('open', 'closed'),
    default: 'open' as const,
    live: true,
    flag: true,
    description: 'Whether people can sign up by themselves. The set-up link works either way.',
  },
  allowedOrigins: {
    ...list(originOf, 'a list of origins like https://app.example.com, parted by commas'),
    default: [] as string[],
    live: true,
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
    description:
      'Key that signs access tokens. Made at first start and kept in `secrets.json` when not given; a cluster needs one, the same on every node.',
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

  accessTokenMs: {
    ...whole(1_000, DAY),
    default: 15 * MINUTE,
    description: 'Life of an access token. Fixed while the server runs: the ends of logins are kept that long.',
  },
  refreshTokenMs: {
    ...whole(1_000, 365 * DAY),
    default: 30 * DAY,
    live: true,
    description: 'Life of a login that is not used; each refresh begins it anew.',
  },
  heartbeatMs: {
    ...whole(200, 10 * MINUTE),
    default: 25_000,
    live: true,
    description:
      'Clients ping after that much silence; a connection silent for two of them is closed. A change is for new connections.',
  },
  helloTimeoutMs: {
    ...whole(100, MINUTE),
    default: 5_000,
    live: true,
    description: 'How long a new connection may take to send its `hello`.',
  },
  maxConnections: {
    ...whole(1, 10_000_000),
    default: 100_000,
    live: true,
    description: 'Connections that this node takes.',
  },
  maxConnectionsPerAddress: {
    ...whole(0, 10_000_000),
    // Off: behind a proxy that is not listed as trusted, or a big NAT, everybody shares one address.
    default: 0,
    live: true,
    description: 'Connections that one client address may hold; 0 is no limit.',
  },

  flushMs: {
    ...whole(0, 1_000),
    default: 50,
    live: true,
    description:
      'The longest time that pushes are gathered before they are written, under load; a lone push never waits.',
  },
  hotRooms: {
    ...whole(1, 10_000_000),
    default: 10_000,
    live: true,
    description: 'Rooms kept in memory; those without subscribers leave first.',
  },
  hotTail: {
    ...whole(0, 1_000_000),
    default: 512,
    live: true,
    description: 'Newest events kept in memory for each hot room, from which returning clients catch up.',
  },
  pendingAppends: {
    ...whole(1, 10_000_000),
    default: 20_000,
    live: true,
    description: 'Messages that may wait to be stored; more are refused with `overloaded`.',
  },
  appendBatch: {
    ...whole(1, 1_000),
    default: 1_000,
    live: true,
    description:
      'Messages that one commit takes at most. Fewer hold the database for a shorter time each, and cost more in all; with 1 each message has a commit of its own.',
  },
  writeQueueBytes: {
    ...whole(16_384, 1_073_741_824),
    default: 1_048_576,
    live: true,
    description:
      'Bytes that may wait for one connection; beyond it the connection is told `lagging` and must catch up. A change is for new connections.',
  },
  slowConsumerMs: {
    ...whole(100, 10 * MINUTE),
    default: 15_000,
    live: true,
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
    live: true,
    description: 'How long the Redis log recognises a message that is sent again without `retry`.',
  },
  persistBatch: {
    ...whole(1, 5_000),
    default: 500,
    live: true,
    description: 'Entries of the Redis log that a worker writes to the database at a time.',
  },
  persistIntervalMs: {
    ...whole(10, MINUTE),
    default: 1_000,
    live: true,
    description: 'The longest time that entries of the Redis log wait for a batch to fill.',
  },
  persistTries: {
    ...whole(1, 1_000),
    default: 5,
    live: true,
    description: 'How often a worker tries to write an entry that the database refuses, before it is parked.',
  },
  drainMs: {
    ...whole(0, 20_000),
    default: 10_000,
    live: true,
    description: 'How long a stopping server gives its clients to go elsewhere.',
  },
} satisfies Record<string, Option<unknown>>

const LIMIT_OPTIONS: Record<keyof Limits, Option<number>> = {
  bodyLength: limit(
    'bodyLength',
    1,
    BODY_LENGTH_MAX,
    'Longest message body, in UTF-16 units; a frame must hold it too.',
  ),
  frameBytes: limit(
    'frameBytes',
    1_024,
    16_777_216,
    'Largest frame that a client may send, in bytes. A lower one is for new connections.',
  ),
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
  return { ...whole(low, high), default: DEFAULT_LIMITS[key], live: true, description }
}

/** Widens what the table's literals made narrow. */
type ValueOf<O> = O extends { schema: z.ZodType<infer T> } ? T : never

export type Config = { -readonly [K in keyof typeof OPTIONS]: ValueOf<(typeof OPTIONS)[K]> } & { limits: Limits }

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
