import { existsSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Parts } from '../compose.ts'
import type { Peers } from '../core/peers.ts'
import { createHttpApp } from '../transports/http/app.ts'
import type { HttpDeps } from '../transports/http/deps.ts'
import { httpListener } from '../transports/http/listener.ts'
import { OpenRequests } from '../transports/http/open-requests.ts'
import { refuse, refuseUnreadable } from '../transports/http/refuse.ts'
import { VERSION } from '../version.ts'

/** The role that answers HTTP: the API, its documents, the page. What operators ask is answered by every role. */
export function createApi(parts: Parts, peers: Peers, publicUrl: () => string, ready: HttpDeps['ready']) {
  const { config, log, metrics, accounts, resets, admin, figures, tokens, chat, rooms, settings } = parts
  const api = config.roles.includes('api')
  const deps: HttpDeps = {
    api,
    accounts,
    resets,
    admin,
    figures,
    tokens,
    chat,
    rooms,
    settings,
    peers,
    options: {
      publicUrl: publicUrl(),
      get allowedOrigins() {
        return config.allowedOrigins
      },
      trustedProxies: config.trustedProxies,
      get rateLimit() {
        return config.rateLimit
      },
      metricsToken: config.metricsToken,
    },
    ready,
    metrics: () => metrics.text(),
    version: VERSION,
    webDir: api ? webDir() : null,
    log,
    rejected: (code) => metrics.rejected(code),
  }
  const open = new OpenRequests()
  return {
    request: open.counted(httpListener(createHttpApp(deps), deps)),
    open,
    /** For a node without the gateway role. */
    upgrade: (_request: IncomingMessage, socket: Duplex) => refuse(socket, 'not_found'),
    clientError: refuseUnreadable,
  }
}

/** The built page: beside the sources in the repository, beside `dist` in the package. */
function webDir(): string | null {
  const places = ['../../web/dist', '../../../web/dist'].map((path) => join(import.meta.dirname, path))
  return places.find((place) => existsSync(join(place, 'index.html'))) ?? null
}
