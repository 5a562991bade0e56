import type { Clock, Platform, SocketLike } from '../../client/src/api.ts'
import type { Command, Push } from '../../src/protocol/frames.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { Message, MessageEvent, Position, RoomEvent, User } from '../../src/protocol/model.ts'

/** Time that moves when told to. */
export class SimClock implements Clock {
  #now = 1_700_000_000_000
  #next = 1
  #timers = new Map<number, { at: number; run: () => void }>()

  now(): number {
    return this.#now
  }
  setTimeout(run: () => void, ms: number): unknown {
    const id = this.#next++
    this.#timers.set(id, { at: this.#now + Math.max(0, ms), run })
    return id
  }
  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number)
  }
  get timers(): number {
    return this.#timers.size
  }
  /** Runs what falls due, in order, with everything settled in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await settled()
      const due = [...this.#timers].filter(([, t]) => t.at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0]
      if (due === undefined) break
      this.#timers.delete(due[0])
      this.#now = Math.max(this.#now, due[1].at)
      due[1].run()
    }
    this.#now = end
    await settled()
  }
}

/** All microtasks, and the promises of a simulated fetch. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 12; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Any command, with whatever fields its kind has. */
export interface AnyCommand {
  id: number
  op: Command['op']
  room?: string
  position?: Position
  rooms?: string[] | 'all'
  token?: string
  after?: number
  epoch?: number
  limit?: number
  seq?: number
  n?: number
  body?: string
  clientMessageId?: string
  retry?: boolean
  emoji?: string
  on?: boolean
}

class PeerSocket implements SocketLike {
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  readonly link: PeerLink
  constructor(link: PeerLink) {
    this.link = link
  }
  send(text: string): void {
    this.link.receive(text)
  }
  close(): void {
    this.link.closedByClient = true
  }
}

/** One connection as the server sees it. */
export class PeerLink {
  readonly commands: AnyCommand[] = []
  readonly frames: string[] = []
  readonly socket: PeerSocket
  readonly #peer: Peer
  closedByClient = false
  /** A half-open link takes what is sent and says nothing. */
  silent = false

  constructor(peer: Peer) {
    this.#peer = peer
    this.socket = new PeerSocket(this)
  }

  receive(text: string): void {
    if (this.silent) return
    this.frames.push(text)
    const frame = JSON.parse(text) as AnyCommand | AnyCommand[]
    for (const command of Array.isArray(frame) ? frame : [frame]) {
      this.commands.push(command)
      const answer = this.#peer.answerTo(command, this)
      if (answer !== undefined) setImmediate(() => this.send({ re: command.id, ...answer }))
    }
  }
  /** Sends items in one frame. */
  send(...items: object[]): void {
    if (this.silent || this.closedByClient) return
    const data = JSON.stringify(items.length === 1 ? items[0] : items)
    this.socket.onmessage?.({ data } as never)
  }
  push(...pushes: Push[]): void {
    this.send(...pushes)
  }
  events(room: string, ...events: RoomEvent[]): void {
    this.send(...events.map((event) => ({ push: 'event', room, event })))
  }
  ok(command: AnyCommand, ok: object): void {
    this.send({ re: command.id, ok })
  }
  err(command: AnyCommand, code: string, retryable: boolean, retryAfterMs?: number): void {
    this.send({ re: command.id, err: { code, message: code, retryable, retryAfterMs } })
  }
  /** Ends it, as the client sees it. */
  cut(code = 1006, reason = ''): void {
    if (this.closedByClient) return
    this.closedByClient = true
    this.socket.onclose?.({ code, reason } as never)
  }
  asked(op: Command['op']): AnyCommand[] {
    return this.commands.filter((command) => command.op === op)
  }
  last(op: Command['op']): AnyCommand {
    const command = this.asked(op).at(-1)
    if (command === undefined) throw new Error(`No ${op} was asked`)
    return command
  }
}

export type Answer = { ok: object } | { err: object } | undefined
type Handler = (command: AnyCommand, link: PeerLink) => Answer

export const ME = 'user-me'

/**
 * The other end of the wire, in memory, as the protocol describes it: answers `hello`, `ping` and the like by itself, and
 * what a test says by its handlers. No answer: the test replies by hand.
 */
export class Peer {
  readonly clock = new SimClock()
  readonly links: PeerLink[] = []
  readonly requests: { method: string; path: string; body: Record<string, unknown>; headers: Headers }[] = []
  readonly routes = new Map<string, (body: Record<string, unknown>, url: URL) => [number, unknown] | 'unreachable'>()
  /** Whether new connections open; a refused one closes with this code. */
  refuse: number | null = null
  heartbeatMs = 30_000
  random = 0.5
  logins = 0
  readonly #handlers = new Map<string, Handler>()

  constructor() {
    const signedIn = () => {
      this.logins++
      return {
        user: userOf(ME),
        accessToken: tokenOf(this.logins, 900),
        refreshToken: `refresh-${this.logins}`,
        expiresIn: 900,
      }
    }
    this.routes.set('POST /auth/login', () => [200, signedIn()])
    this.routes.set('POST /auth/refresh', () => [200, signedIn()])
    this.routes.set('POST /auth/session', () => [200, signedIn()])
    this.routes.set('POST /auth/logout', () => [204, undefined])
    this.on('hello', () => ({
      ok: { user: ME, sessionId: `s${this.links.length}`, heartbeatMs: this.heartbeatMs, limits: DEFAULT_LIMITS },
    }))
    this.on('refresh', () => ({ ok: { expiresAt: 0 } }))
    this.on('ping', () => ({ ok: { at: this.clock.now() } }))
    this.on('presence', () => ({ ok: { online: [ME], count: 1 } }))
    for (const op of ['unsubscribe', 'read', 'typing']) this.on(op, () => ({ ok: {} }))
    this.on('watch', () => ({ ok: { heads: [] } }))
    this.on('edit', () => ({ ok: { seq: 0, at: 0 } }))
  }

  on(op: string, handler: Handler): void {
    this.#handlers.set(op, handler)
  }
  answerTo(command: AnyCommand, link: PeerLink): Answer {
    return this.#handlers.get(command.op)?.(command, link)
  }
  get link(): PeerLink {
    const link = this.links.at(-1)
    if (link === undefined) throw new Error('Nobody connected')
    return link
  }

  platform(): Platform {
    return {
      clock: this.clock,
      random: () => this.random,
      connect: () => {
        const link = new PeerLink(this)
        this.links.push(link)
        const { refuse } = this
        setImmediate(() => {
          if (refuse !== null) link.cut(refuse)
          else link.socket.onopen?.({} as never)
        })
        return link.socket
      },
      fetch: async (input, init) => {
        const url = new URL(String(input))
        const path = url.pathname.replace('/api/v1', '')
        const method = init?.method ?? 'GET'
        const body = JSON.parse((init?.body as string | undefined) ?? '{}')
        this.requests.push({ method, path, body, headers: new Headers(init?.headers) })
        const answer = this.routes.get(`${method} ${path}`)?.(body, url) ?? [404, problem('not_found', 404)]
        if (answer === 'unreachable') throw new TypeError('fetch failed')
        const [status, value] = answer
        return new Response(value === undefined ? null : JSON.stringify(value), { status })
      },
    }
  }
}

export function problem(code: string, status: number, retryable = false): object {
  return { type: 'about:blank', title: code, status, code, detail: code, retryable }
}

/** Looks like a JWT of this life; nobody checks its signature here. */
export function tokenOf(n: number, seconds: number): string {
  return `h.${Buffer.from(JSON.stringify({ n, iat: 1_000, exp: 1_000 + seconds })).toString('base64url')}.s`
}

export function userOf(id: string): User {
  return { id, username: id, displayName: id, createdAt: 0 }
}

/** A message event; in these rooms every event is a message unless a test says otherwise, so n is seq. */
export function said(seq: number, actor = 'user-you', clientMessageId = `m${seq}`): MessageEvent {
  return { seq, type: 'message', at: seq, actor, n: seq, clientMessageId, body: `body ${seq}` }
}

export function run(from: number, to: number): RoomEvent[] {
  return Array.from({ length: to - from + 1 }, (_, i) => said(from + i))
}

export function messageAt(seq: number, sender = 'user-you', clientMessageId = `m${seq}`): Message {
  return {
    seq,
    n: seq,
    sender,
    clientMessageId,
    body: `body ${seq}`,
    at: seq,
    mentions: [],
    reactions: [],
    files: [],
    rev: seq,
  }
}

export function page(head: number, size = 50): { ok: object } {
  const from = Math.max(1, head - size + 1)
  const messages = Array.from({ length: head - from + 1 }, (_, i) => messageAt(from + i))
  return { ok: { position: { epoch: 1, seq: head }, recovered: false, messages, notices: [], head } }
}

export function caughtUp(events: RoomEvent[], seq: number, head = seq, epoch = 1): { ok: object } {
  return { ok: { position: { epoch, seq }, recovered: true, events, more: seq < head, head } }
}
