import { createServer, type Server } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { compose, type Parts } from './compose.ts'
import type { Config } from './config.ts'
import { Peers } from './core/peers.ts'
import { createApi } from './roles/api.ts'
import { startGateway } from './roles/gateway.ts'
import { startWorker } from './roles/worker.ts'

/** How long `/readyz` says 503 before anything else happens, so that load balancers see it. */
const UNREADY_MS = 1_000
/** How often the database is asked for logins that ended and roles that changed, of which the bus did not tell. */
const ENDED_LOGINS_MS = 2_000
/** How often read cursors and times of last exit are written. */
const PROGRESS_MS = 500
/** How often the database is asked for changes of the configuration that the bus did not tell of. */
const SETTINGS_MS = 1_000

/** How long a drain waits for requests that have no answer yet: longer than any of them may wait for a database. */
const ANSWER_MS = 12_000

export interface RunningServer {
  /** As it is in force: admins change it while the server runs. */
  readonly config: Config
  /** The address that people use. */
  url: string
  port: number
  /** The one-time link that makes the admin, when there is none yet. */
  setupUrl: string | null
  /** Sends clients elsewhere, over `drainMs`, and finishes what was begun. */
  drain(): Promise<void>
  /** Ends everything; what was acknowledged is durable with or without it. */
  close(): Promise<void>
}

type Phase = 'starting' | 'serving' | 'draining'

/**
 * Starts the roles of this process. `origins`: where the values came from, for admins to see. Rejects when the port is taken
 * or the database is in use.
 */
export async function startServer(
  start: Config,
  log: Logger,
  origins?: Record<string, string>,
): Promise<RunningServer> {
  const parts = await compose(start, log, origins)
  const { config } = parts
  let phase: Phase = 'starting'
  // Other upgrades are only offered (`h2c`, by Java's client with every request): those are answered as if they were not.
  const http = createServer({ shouldUpgradeCallback: ({ headers }) => /^websocket$/i.test(headers.upgrade ?? '') })
  let url = ''
  let gateway: ReturnType<typeof startGateway> | null = null
  const peers = new Peers(
    parts.nodes,
    {
      state: () => (phase === 'serving' ? 'ready' : phase),
      connections: () => gateway?.transport.connections ?? 0,
      sessions: () => parts.hub.live,
      hotRooms: () => parts.hotRooms.size,
      ...parts.metrics.work,
    },
    { warn: (line) => log.warn(line), needed: config.log === 'redis' ? ['worker'] : [] },
  )
  try {
    await parts.settings.start(SETTINGS_MS)
    await parts.endedLogins.start(ENDED_LOGINS_MS)
    await parts.changedRoles.start(ENDED_LOGINS_MS)
    parts.progress.start(PROGRESS_MS)
    if (config.roles.includes('gateway')) gateway = startGateway(parts, () => url)
    await peers.start()
    if (config.roles.includes('api')) parts.figures.start()
    const setupToken = config.roles.includes('api')
      ? await parts.accounts.offerSetup(config.databaseUrl !== null)
      : null
    await parts.mesh.ready()
    // Last, and in one breath with what answers: who comes earlier is refused, nobody is left without an answer.
    const port = await listen(http, config)
    url = config.publicUrl ?? `http://${hostOf(config.host)}:${port}`
    const worker = config.roles.includes('worker') ? startWorker(parts) : null
    const api = createApi(
      parts,
      peers,
      () => url,
      () => readiness(phase, parts),
    )
    http.on('request', api.request)
    http.on('upgrade', gateway?.transport.upgrade ?? api.upgrade)
    http.on('clientError', api.clientError)
    parts.metrics.read({
      connections: () => gateway?.transport.connections ?? 0,
      sessions: () => parts.hub.sessions.size,
      hotRooms: () => parts.hotRooms.size,
      pendingAppends: () => parts.appends.pending,
      passwordHashes: () => parts.passwords.computed,
      store: () => parts.store.stats(),
      bus: parts.mesh.stats,
    })
    phase = 'serving'
    log.debug({ url, roles: config.roles }, 'serving')

    return {
      config,
      url,
      port,
      setupUrl: setupToken === null ? null : `${url}/#setup=${setupToken}`,
      async drain() {
        phase = 'draining'
        api.open.keepNone()
        await sleep(Math.min(UNREADY_MS, config.drainMs / 10))
        const unused = await stopListening(http, config.drainMs)
        await Promise.all([gateway?.transport.drain(config.drainMs), unused.done])
        http.close()
        await api.open.answered(ANSWER_MS)
        await parts.appends.drained()
        await parts.progress.flush()
      },
      async close() {
        phase = 'draining'
        gateway?.stop()
        await worker?.stop()
        http.close()
        await parts.appends.drained()
        http.closeAllConnections()
        await parts.progress.stop()
        parts.endedLogins.stop()
        parts.changedRoles.stop()
        parts.settings.stop()
        await parts.figures.stop()
        await peers.stop()
        await parts.sequences.close()
        await parts.mesh.close()
        await parts.store.close()
        parts.metrics.stop()
      },
    }
  } catch (error) {
    gateway?.stop()
    parts.endedLogins.stop()
    parts.changedRoles.stop()
    parts.settings.stop()
    http.close()
    await parts.figures.stop()
    await peers.stop()
    await parts.progress.stop()
    await parts.sequences.close()
    await parts.mesh.close()
    await parts.store.close()
    throw error
  }
}

/**
 * Takes no new connection, and leaves the idle ones open: a proxy may be sending a request on one of them just now, and
 * could not send it again elsewhere. What it answers is done when all have ended, or after the time for which proxies
 * keep them.
 */
async function stopListening(http: Server, drainMs: number): Promise<{ done: Promise<unknown> }> {
  // Right after the phase of the event loop in which waiting connections are accepted: those that still wait when the
  // listener closes are reset, with the requests that were already sent on them.
  for (let turn = 0; turn < 2; turn++) await setImmediate()
  // That of HTTP would close idle connections at once.
  const ended = new Promise((resolve) => NetServer.prototype.close.call(http, resolve))
  return { done: Promise.race([ended, sleep(Math.min(http.keepAliveTimeout, drainMs))]) }
}

async function readiness(phase: Phase, parts: Parts): Promise<{ ready: boolean; reason?: string }> {
  if (phase !== 'serving') return { ready: false, reason: phase }
  try {
    await parts.sequences.ping()
    return { ready: true }
  } catch {
    return { ready: false, reason: 'the log of messages cannot be written to' }
  }
}

async function listen(http: Server, config: Config): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen({ port: config.port, host: config.host, backlog: 4_096 }, () => {
      http.off('error', reject)
      resolve()
    })
  })
  return (http.address() as AddressInfo).port
}

/** How people write the address that a server listens on. */
function hostOf(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '127.0.0.1' || host === '::1') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
