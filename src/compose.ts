import type { Logger } from 'pino'
import { MemoryBus } from './adapters/memory/bus.ts'
import { MemoryNodes } from './adapters/memory/nodes.ts'
import { MemoryPresence } from './adapters/memory/presence.ts'
import { RedisBus } from './adapters/redis/bus.ts'
import { claimRedis } from './adapters/redis/claim.ts'
import { RedisLink } from './adapters/redis/connection.ts'
import { openRedisLog } from './adapters/redis/log.ts'
import { RedisNodes } from './adapters/redis/nodes.ts'
import { RedisPresence } from './adapters/redis/presence.ts'
import { RedisPresenceRemains } from './adapters/redis/presence-remains.ts'
import { RedisLogSide } from './adapters/redis/write-back.ts'
import { openPostgresStore, openSqlStore, openWriteBack, Signals, type SqlStore } from './adapters/sql/index.ts'
import { composeAccounts, composeTokens } from './compose-accounts.ts'
import { type Config, databaseFile, ensureSecrets } from './config.ts'
import { putOption, settingOptions } from './config-live.ts'
import { Access } from './core/access.ts'
import { AdminService } from './core/admin.ts'
import { AppendQueue } from './core/append-queue.ts'
import { countAppended, publishAppended } from './core/appended.ts'
import type { Audit } from './core/audit.ts'
import { Chat } from './core/chat.ts'
import { runCommand } from './core/commands.ts'
import { FanOut } from './core/fanout.ts'
import { FiguresKeeper } from './core/figures.ts'
import { Flusher } from './core/flusher.ts'
import { Heads } from './core/heads.ts'
import { HotRooms } from './core/hot-rooms.ts'
import { Hub } from './core/hub.ts'
import { newId } from './core/ids.ts'
import { MentionNotices } from './core/mention-notices.ts'
import { Mentions } from './core/mentions.ts'
import { MissedRooms } from './core/missed-rooms.ts'
import { PresenceTicker } from './core/presence.ts'
import { Progress } from './core/progress.ts'
import { RoomService } from './core/rooms.ts'
import type { Gateway } from './core/session.ts'
import { Settings } from './core/settings.ts'
import { Subscriptions } from './core/subscriptions.ts'
import { Sweep } from './core/sweep.ts'
import { type BusStats, createMetrics } from './metrics.ts'
import type { Bus } from './ports/bus.ts'
import type { NodeRegistry } from './ports/nodes.ts'
import type { Presence, PresenceRemains } from './ports/presence.ts'
import type { LogSide, WriteBackDatabase } from './ports/write-back.ts'
import type { Limits } from './protocol/limits.ts'
import type { NodeIdentity } from './protocol/model-admin.ts'
import { VERSION } from './version.ts'

/** A batch costs several processes a few round trips each: the nodes of a cluster gather for longer under load. */
const CLUSTER_REST_MS = 20
/** Tail events that all hot rooms together may hold. */
const TAIL_EVENTS = 400_000

export type Parts = Awaited<ReturnType<typeof compose>>

/**
 * Puts the program together. The only place that chooses adapters. The configuration that the parts get is one that changes
 * while the server runs: who wants to follow it reads it anew each time. `origins`: where its values came from.
 */
export async function compose(start: Config, log: Logger, origins: Record<string, string> = {}) {
  const config: Config = { ...start, limits: { ...start.limits } }
  const secrets = ensureSecrets(config)
  const failed = (error: unknown) => log.error({ err: error }, 'a part of the server failed')
  const metrics = createMetrics()
  let limitsNow = limitsOf(config)
  const limits = () => limitsNow
  const note = (line: string) => log.warn(line)
  const { store, cluster } = await openStore(config, note)
  const hub = new Hub()

  const { endedLogins, changedRoles, tokens } = await composeTokens(config, secrets, store, {
    onEnd: (sid) => {
      for (const session of [...hub.ofLogin(sid)]) session.close('session_ended')
    },
    failed,
  })
  const mesh = await openMesh(config, cluster, note, failed, {
    id: newId(),
    name: config.nodeName,
    roles: config.roles,
    version: VERSION,
    startedAt: Date.now(),
    keys: tokens.keyIds,
  }).catch(async (error: unknown) => {
    await store.close()
    throw error
  })
  const { bus, presence, nodes } = mesh
  const sequences = await openSequences(config, store, mesh, note, failed).catch(async (error: unknown) => {
    await mesh.close()
    await store.close()
    throw error
  })

  const startLevel = log.level
  const settings = new Settings({
    log: store.settings,
    bus,
    options: settingOptions(start, origins),
    changed: (values, version) => {
      log.info({ version, options: Object.fromEntries(values) }, 'the configuration changed')
      for (const [key, value] of values) putOption(config, key, value)
      log.level = config.logLevel === start.logLevel ? startLevel : config.logLevel
      const before = limitsNow
      limitsNow = limitsOf(config)
      if (JSON.stringify(limitsNow) !== JSON.stringify(before)) hub.limitsChanged(limitsNow)
    },
    failed,
  })

  const audit: Audit = (action) => log.info(action, 'an admin changed something')
  const { passwords, accounts, resets } = composeAccounts(config, secrets, { store, tokens, bus, audit })

  const hotRooms: HotRooms = new HotRooms({
    ports: { log: sequences.log, history: sequences.history, rooms: sequences.rooms, bus },
    limits: {
      get rooms() {
        return config.hotRooms
      },
      get tail() {
        return config.hotTail
      },
      tailEvents: TAIL_EVENTS,
    },
    catchUp: (room, epoch, events) => fanOut.take(room, epoch, events),
  })
  const flusher: Flusher = new Flusher({
    maxIntervalMs: () => config.flushMs,
    metrics,
    deliver: (room, fragment, from) => fanOut.deliver(room, fragment, from),
  })
  const heads = new Heads(sequences.log, bus)
  const fanOut = new FanOut({
    log: sequences.log,
    bus,
    hub,
    hotRooms,
    heads,
    flusher,
    metrics,
    limits,
    endedLogins,
    changedRoles,
    settingsChanged: () => settings.refresh(),
    missedRooms: new MissedRooms(hub, failed),
    lostAnswers: () => store.stats().lostAnswers,
    failed,
  })

  const progress = new Progress({ memberships: sequences.memberships, bus, failed })
  const access = new Access(sequences.rooms, hotRooms)
  const mentionNotices = new MentionNotices({ memberships: sequences.memberships, bus, failed })
  const appends = new AppendQueue({
    log: sequences.log,
    limit: () => config.pendingAppends,
    batchMax: () => config.appendBatch,
    ...(cluster !== null && { restMaxMs: CLUSTER_REST_MS }),
    metrics,
    failed,
    appended: (drafts, results) => {
      countAppended(drafts, results, progress, metrics)
      mentionNotices.take(drafts, results)
      // A log that publishes has told all nodes already, this one too.
      if (!sequences.log.publishes) publishAppended(drafts, results, bus)
    },
  })
  const chat = new Chat({
    log: sequences.log,
    history: sequences.history,
    bus,
    appends,
    hotRooms,
    access,
    mentions: new Mentions(store.accounts),
    progress,
    limits,
    metrics,
  })
  const rooms = new RoomService({
    rooms: sequences.rooms,
    memberships: sequences.memberships,
    accounts: store.accounts,
    presence,
    bus,
    logPublishes: sequences.log.publishes,
    access,
    progress,
    audit,
  })
  const admin = new AdminService({
    administration: store.administration,
    accounts,
    rooms: sequences.rooms,
    roomService: rooms,
    server: { storageLevel: sequences.log.level, version: VERSION, startedAt: nodes.self.startedAt },
    audit,
  })
  const gateway: Gateway = {
    authenticate: (token) => tokens.verify(token),
    get limits() {
      return limitsNow
    },
    get heartbeatMs() {
      return config.heartbeatMs
    },
    get helloTimeoutMs() {
      return config.helloTimeoutMs
    },
    get slowConsumerMs() {
      return config.slowConsumerMs
    },
    get writeQueueBytes() {
      return config.writeQueueBytes
    },
    get rateLimit() {
      return config.rateLimit
    },
    hub,
    flusher,
    chat,
    access,
    subscriptions: new Subscriptions({
      log: sequences.log,
      hotRooms,
      access,
      flusher,
      presence,
      progress,
      metrics,
      limits,
    }),
    presence: new PresenceTicker({ presence, hotRooms, flusher, names: () => limits().presenceNames }),
    heads,
    memberships: sequences.memberships,
    bus,
    metrics,
    failed,
    run: runCommand,
  }
  return {
    config,
    log,
    metrics,
    settings,
    nodes,
    store,
    mesh,
    sequences,
    hub,
    endedLogins,
    changedRoles,
    tokens,
    passwords,
    accounts,
    resets,
    admin,
    figures: new FiguresKeeper(nodes),
    hotRooms,
    fanOut,
    progress,
    appends,
    chat,
    rooms,
    gateway,
    sweep: new Sweep(hub),
  }
}

/** What lasts: SQLite in the data folder, or the PostgreSQL of a cluster, whose id comes with it. */
async function openStore(
  config: Config,
  note: (line: string) => void,
): Promise<{ store: SqlStore; cluster: string | null }> {
  const accessTokenLifeMs = config.accessTokenMs
  if (config.databaseUrl === null) {
    const path = databaseFile(config)
    return { store: await openSqlStore({ path, server: true, log: note, accessTokenLifeMs }), cluster: null }
  }
  const { databaseUrl: url, partitions } = config
  const store = await openPostgresStore({
    url,
    partitions,
    keepsLogIn: config.log,
    outbox: config.log === 'redis',
    log: note,
    accessTokenLifeMs,
  })
  return { store, cluster: store.cluster.id }
}

/** The sequences of rooms: in the store itself, or in a log before it that workers write to the store. */
interface Sequences extends Pick<SqlStore, 'log' | 'history' | 'rooms' | 'memberships'> {
  /** The two sides that a worker stands between; null when there is nothing to write back. */
  writeBack: { logSide: LogSide; database: WriteBackDatabase } | null
  /** Rejects `unavailable` when nothing can be appended now. All else a node can do without for a while. */
  ping(): Promise<void>
  close(): Promise<void> | void
}

async function openSequences(
  config: Config,
  store: SqlStore,
  mesh: Mesh,
  note: (line: string) => void,
  failed: (error: unknown) => void,
): Promise<Sequences> {
  const { databaseUrl: url, partitions } = config
  if (config.log === 'sql' || mesh.link === null || url === null) return { ...store, writeBack: null, close() {} }
  const { link } = mesh
  const repeatWindowMs = () => config.repeatWindowMs
  const database = { ...store, url }
  const redisLog = await openRedisLog({ link, partitions, database, repeatWindowMs, log: note, failed })
  const logSide = new RedisLogSide({ functions: redisLog.functions, windowMs: repeatWindowMs })
  const writes = config.roles.includes('worker')
  return {
    ...redisLog,
    writeBack: writes ? { logSide, database: openWriteBack(url) } : null,
  }
}

/** What joins the nodes: how they hear each other, who is online, which of them are alive. */
interface Mesh {
  bus: Bus
  presence: Presence
  nodes: NodeRegistry
  link: RedisLink | null
  /** What dead nodes left behind; null where there are no others. */
  remains: PresenceRemains | null
  /** null where there is no network between nodes. */
  stats: (() => BusStats) | null
  /** Resolves when this node hears the others, or soon all the same. */
  ready(): Promise<void> | void
  close(): Promise<void> | void
}

async function openMesh(
  config: Config,
  cluster: string | null,
  note: (line: string) => void,
  failed: (error: unknown) => void,
  self: NodeIdentity,
): Promise<Mesh> {
  if (config.redisUrl === null || config.databaseUrl === null || cluster === null)
    return {
      bus: new MemoryBus(),
      presence: new MemoryPresence(),
      nodes: new MemoryNodes(self),
      link: null,
      remains: null,
      stats: null,
      ready() {},
      close() {},
    }
  const { redisUrl: urls, partitions } = config
  const link = await RedisLink.open({ urls, log: note })
  try {
    await claimRedis(link, cluster)
  } catch (error) {
    link.close()
    throw error
  }
  const nodes = new RedisNodes(link, self)
  const spare = new Signals(config.databaseUrl, self.id)
  const bus = new RedisBus({ link, partitions, node: self.id, nodes, spare, failed })
  const presence = new RedisPresence({ link, feed: bus.feed, nodes, partitions })
  return {
    bus,
    presence,
    nodes,
    link,
    remains: new RedisPresenceRemains({ link, nodes, partitions }),
    stats: () => bus.stats(),
    ready: () => bus.ready(),
    async close() {
      await presence.close()
      await bus.close()
      link.close()
      await spare.close()
    },
  }
}

/** The limits that clients are told and held to. */
function limitsOf(config: Config): Limits {
  return config.rateLimit ? { ...config.limits } : { ...config.limits, sendsPerSecond: 0 }
}
