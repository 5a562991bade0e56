import type { ClientOptions, Platform, SocketLike, Tuning } from './api.ts'

/** What every part of one client shares. */
export interface Surroundings extends Platform {
  /** The server's address without a slash at its end. */
  readonly url: string
  readonly tuning: Tuning
  onError(error: unknown): void
}

const DEFAULTS: Tuning = {
  backoffMs: 500,
  backoffCapMs: 5_000,
  timeoutMs: 10_000,
  outboxMessages: 1_000,
  sendWindow: 1,
  heldEvents: 1_000,
  timelineMessages: 5_000,
  pageSize: 50,
  keptTimelines: 8,
}

export function surroundingsOf(options: ClientOptions): Surroundings {
  const url = options.url ?? (globalThis as { location?: { origin: string } }).location?.origin
  if (url === undefined) throw new TypeError('createClient needs the url of the server')
  return {
    connect: (address, protocols) => new WebSocket(address, protocols) as SocketLike,
    fetch: (input, init) => globalThis.fetch(input, init),
    clock: {
      now: () => Date.now(),
      setTimeout: (run, ms) => setTimeout(run, ms),
      clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    },
    random: () => Math.random(),
    ...options.platform,
    url: url.replace(/\/+$/, ''),
    tuning: { ...DEFAULTS, ...options.tuning },
    onError: options.onError ?? ((error) => console.error(error)),
  }
}

/** Full jitter: anywhere between 0 and a bound that doubles with each attempt up to the cap. */
export function backoff(around: Surroundings, attempt: number): number {
  const { backoffMs, backoffCapMs } = around.tuning
  return around.random() * Math.min(backoffCapMs, backoffMs * 2 ** Math.min(attempt, 30))
}

/** Tells of the host's signs that the network may have changed; answers how to stop listening. Nothing where there are none. */
export function onNetworkSign(handler: (sign: 'online' | 'offline' | 'visible') => void): () => void {
  const host = globalThis as unknown as Partial<EventTarget> & { document?: EventTarget & { visibilityState: string } }
  // Node has no such signs: its global object is no event target.
  if (typeof host.addEventListener !== 'function' || typeof host.removeEventListener !== 'function') return () => {}
  const online = () => handler('online')
  const offline = () => handler('offline')
  const visible = () => {
    if (host.document?.visibilityState === 'visible') handler('visible')
  }
  host.addEventListener('online', online)
  host.addEventListener('offline', offline)
  host.document?.addEventListener('visibilitychange', visible)
  return () => {
    host.removeEventListener?.('online', online)
    host.removeEventListener?.('offline', offline)
    host.document?.removeEventListener('visibilitychange', visible)
  }
}
