import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type RawData, type Server, type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { type Gateway, Session } from '../../core/session.ts'
import { SUBPROTOCOL } from '../../protocol/frames.ts'
import { refuse } from '../http/refuse.ts'
import { SocketWire, YeoulSocket } from './socket.ts'

/** How long a closing connection may take to say goodbye, in ms. */
const CLOSE_MS = 3_000
/** A message in more pieces than this is an attack on memory, not a message. */
const FRAGMENTS_MAX = 256
const CHUNKS_MAX = 4_096
/** A drain closes connections in this many portions. */
const DRAIN_STEPS = 20

export interface WebSocketOptions {
  gateway: Gateway
  /** Browser origins that may connect; native clients send none. */
  isAllowedOrigin(origin: string, host: string | undefined): boolean
  /** The client's address, seen through trusted proxies. */
  addressOf(request: IncomingMessage): string
  /** Read anew for each connection, as the next one. */
  readonly maxConnections: number
  /** 0: no limit. */
  readonly maxConnectionsPerAddress: number
}

/** The WebSocket transport at /ws: upgrades, and turns frames into calls of a session. */
export class WebSocketTransport {
  readonly #options: WebSocketOptions
  readonly #server: Server<typeof YeoulSocket>
  readonly #perAddress = new Map<string, number>()
  #connections = 0
  #draining = false

  constructor(options: WebSocketOptions) {
    this.#options = options
    const settings = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxFragments: FRAGMENTS_MAX,
      maxBufferedChunks: CHUNKS_MAX,
      closeTimeout: CLOSE_MS,
      WebSocket: YeoulSocket,
      handleProtocols: () => SUBPROTOCOL,
    } satisfies ServerOptions<typeof YeoulSocket> & Record<string, unknown>
    this.#server = new WebSocketServer(settings)
  }

  get connections(): number {
    return this.#connections
  }

  /** Takes the `upgrade` event of the HTTP server. */
  upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const options = this.#options
    const { headers, url = '/' } = request
    // Some request targets are no address at all, `//` for one.
    if (URL.parse(url, 'http://localhost')?.pathname !== '/ws') return refuse(socket, 'not_found')
    const offered = headers['sec-websocket-protocol']?.split(',').map((one) => one.trim())
    if (offered !== undefined && !offered.includes(SUBPROTOCOL))
      return refuse(socket, 'bad_request', `The subprotocol is ${SUBPROTOCOL}.`)
    if (headers.origin !== undefined && !options.isAllowedOrigin(headers.origin, headers.host))
      return refuse(socket, 'origin_not_allowed')
    if (this.#draining) return refuse(socket, 'draining')
    const address = options.addressOf(request)
    const ofAddress = this.#perAddress.get(address) ?? 0
    if (
      this.#connections >= options.maxConnections ||
      (options.maxConnectionsPerAddress > 0 && ofAddress >= options.maxConnectionsPerAddress)
    ) {
      options.gateway.metrics.rejected('too_many_connections')
      return refuse(socket, 'too_many_connections')
    }
    this.#server.options.maxPayload = options.gateway.limits.frameBytes
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#open(ws, socket as Socket, address))
  }

  /**
   * Tells every client to come back elsewhere, each at another moment within `spreadMs`, and closes its connection a little
   * after that moment: nobody is cut off and then has to wait. Resolves when none is left, or after `spreadMs`.
   */
  async drain(spreadMs: number): Promise<void> {
    this.#draining = true
    const { hub, flusher } = this.#options.gateway
    const stepMs = spreadMs / DRAIN_STEPS
    const afterMs = () => Math.floor(Math.random() * (spreadMs - stepMs))
    const leaving = [...hub.sessions].map((session) => ({ session, afterMs: afterMs() }))
    for (const { session, afterMs } of leaving) session.queue.push(JSON.stringify({ push: 'reconnect', afterMs }))
    flusher.flush()
    // The last one first: the next is taken from the end.
    leaving.sort((a, b) => b.afterMs - a.afterMs)
    for (let step = 0; step < DRAIN_STEPS && hub.sessions.size > 0; step++) {
      await new Promise((resolve) => setTimeout(resolve, stepMs))
      while ((leaving.at(-1)?.afterMs ?? Infinity) <= step * stepMs) leaving.pop()?.session.close('draining')
    }
  }

  #open(ws: YeoulSocket, socket: Socket, address: string): void {
    this.#connections++
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1)
    ws.session = new Session(this.#options.gateway, new SocketWire(ws, socket))
    ws.on('message', onMessage)
    ws.on('ping', onHeard)
    ws.on('pong', onHeard)
    ws.on('error', onError)
    ws.once('close', () => {
      this.#connections--
      const left = (this.#perAddress.get(address) ?? 1) - 1
      if (left > 0) this.#perAddress.set(address, left)
      else this.#perAddress.delete(address)
      ws.session?.closed()
    })
  }
}

// One function for all connections each, rather than closures: 10,000 idle connections pay for every byte.

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const { session } = this as YeoulSocket
  if (isBinary) session?.close('bad_frame')
  else session?.receive((data as Buffer).toString())
}

function onHeard(this: WebSocket): void {
  ;(this as YeoulSocket).session?.heard()
}

/** `ws` closes the connection by itself after an error (too large, bad framing, bad UTF-8); `close` follows. */
function onError(): void {}
