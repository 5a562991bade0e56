import type { Parts } from '../compose.ts'
import { ClientAddresses } from '../transports/http/client-address.ts'
import { WebSocketTransport } from '../transports/websocket/server.ts'

const TYPING_MS = 1_000

/** The role that holds connections. */
export function startGateway(parts: Parts, publicUrl: () => string) {
  const { config, gateway, fanOut, sweep } = parts
  const addresses = new ClientAddresses(config.trustedProxies)
  const transport = new WebSocketTransport({
    gateway,
    isAllowedOrigin: (origin, host) =>
      origin === publicUrl() || config.allowedOrigins.includes(origin) || isOrigin(origin, host),
    addressOf: (request) => addresses.of(request),
    get maxConnections() {
      return config.maxConnections
    },
    get maxConnectionsPerAddress() {
      return config.maxConnectionsPerAddress
    },
  })
  gateway.presence.start(config.presenceTickMs)
  sweep.start(config.watchTickMs)
  const typing = setInterval(() => fanOut.tick(), TYPING_MS)
  return {
    transport,
    stop() {
      for (const session of [...parts.hub.sessions]) session.close('draining')
      clearInterval(typing)
      sweep.stop()
      gateway.presence.stop()
    },
  }
}

/** Whether a page of this origin was served by the host that it connects to. */
function isOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
}
