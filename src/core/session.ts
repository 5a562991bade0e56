import type { Bus } from '../ports/bus.ts'
import type { Memberships } from '../ports/memberships.ts'
import { checkCommand, decodeFrame, isId } from '../protocol/codec.ts'
import { closeCodeOf, ERRORS, type ErrorCode, YeoulError } from '../protocol/errors.ts'
import type { Command } from '../protocol/frames.ts'
import type { Limits } from '../protocol/limits.ts'
import type { Access } from './access.ts'
import type { Actor } from './actor.ts'
import type { Chat } from './chat.ts'
import { CommandTurns } from './command-turns.ts'
import { FloodGuard } from './flood-guard.ts'
import type { Flusher } from './flusher.ts'
import type { Heads } from './heads.ts'
import type { Subscription } from './hot-room.ts'
import type { Hub, LocalSession } from './hub.ts'
import { newId } from './ids.ts'
import type { Metrics } from './metrics.ts'
import type { PresenceTicker } from './presence.ts'
import type { SubscribingSession, Subscriptions } from './subscriptions.ts'
import { Vitals } from './vitals.ts'
import { Watch } from './watch.ts'
import { type Wire, WriteQueue } from './write-queue.ts'

/** What a verified access token says. */
export interface Claims extends Actor {
  /** ms since 1970 */
  expiresAt: number
}

/** What all sessions of a node share. What the configuration says is read anew each time: it changes while they live. */
export interface Gateway {
  /** Rejects `unauthenticated`, `token_expired`, `session_ended`. */
  authenticate(token: string): Promise<Claims>
  readonly limits: Limits
  readonly heartbeatMs: number
  readonly helloTimeoutMs: number
  readonly slowConsumerMs: number
  readonly writeQueueBytes: number
  /** Whether floods are held off; off for load tests. */
  readonly rateLimit: boolean
  hub: Hub
  flusher: Flusher
  chat: Chat
  access: Access
  subscriptions: Subscriptions
  presence: PresenceTicker
  heads: Heads
  memberships: Memberships
  bus: Bus
  metrics: Metrics
  failed(error: unknown): void
  /** Runs a command of a live session: see commands.ts. */
  run(session: Session, actor: Actor, command: Command): undefined | Promise<void>
}

/**
 * States: awaiting-hello -> live -> closed; each can end in closed at once.
 * - awaiting-hello: nothing but `hello` is heard; what came with it in the same breath waits for its outcome.
 * - live: commands run; those of one room one after the other, in the order in which they came. It keeps the heartbeat that
 *   its client was told.
 * - closed: nothing is heard or written any more.
 */
type State =
  | { name: 'awaiting-hello'; since: number; waiting: Record<string, unknown>[] | null }
  | { name: 'live'; actor: Actor; expiresAt: number; warned: boolean; heartbeatMs: number }
  | { name: 'closed' }

/** A connection that sends but does not read is let go when this many times its write queue's limit waits. */
const UNREAD_MAX = 4
/** Bytes that a UTF-16 unit takes at most. */
const UTF8_MAX = 3
/** How long before its end a token is said to expire. */
const WARN_MS = 60_000

/** Server-side state of one connection. Times are of the monotonic clock, so that no clock jump ends a session. */
export class Session implements LocalSession, SubscribingSession {
  readonly id = newId()
  readonly gateway: Gateway
  readonly queue: WriteQueue
  #state: State
  readonly #vitals: Vitals
  readonly #turns: CommandTurns
  #inFlight = 0
  /** Bytes that the largest answer so far may have: one may wait above the queue's limit. */
  #largest = 0
  #floods: FloodGuard | null = null
  #subscriptions = new Map<string, Subscription>()
  #watch: Watch | null = null

  constructor(gateway: Gateway, wire: Wire) {
    const now = performance.now()
    this.gateway = gateway
    this.queue = new WriteQueue(wire, gateway.writeQueueBytes, gateway.flusher.markQueue)
    this.#state = { name: 'awaiting-hello', since: now, waiting: null }
    this.#vitals = new Vitals(wire, now)
    this.#turns = new CommandTurns(this.queue)
    gateway.hub.open(this)
  }

  /** The user of a live session, '' of another. */
  get user(): string {
    return this.#state.name === 'live' ? this.#state.actor.user : ''
  }
  get ended(): boolean {
    return this.#state.name === 'closed'
  }

  /** Takes one text frame. */
  receive(text: string): void {
    const now = performance.now()
    this.#vitals.heard(now)
    if (this.queue.waiting > this.queue.limit * UNREAD_MAX + this.#largest) return this.close('slow_consumer')
    let items: Record<string, unknown>[]
    try {
      items = decodeFrame(text)
    } catch {
      return this.close('bad_frame')
    }
    for (const item of items) {
      if (this.#state.name === 'closed') return
      this.#take(item, now)
    }
  }

  /** Anything heard keeps a connection alive; pongs are told here. */
  heard(): void {
    this.#vitals.heard(performance.now())
  }

  /** Bytes of a frame that is not complete yet. */
  get unfinished(): number {
    return this.#vitals.unfinished
  }

  reply(id: number, ok: string): void {
    this.#inFlight--
    this.#largest = Math.max(this.#largest, ok.length * UTF8_MAX)
    this.queue.push(`{"re":${id},"ok":${ok}}`)
  }

  refuse(id: number | null, error: unknown): void {
    this.#inFlight--
    this.#refused(id, error)
  }

  /** Sends what is queued and closes with the code of an error that ends connections. */
  close(code: ErrorCode, message: string = code): void {
    if (this.#state.name === 'closed') return
    this.gateway.metrics.rejected(code)
    this.queue.flush()
    this.closed()
    this.queue.wire.close(closeCodeOf(code) ?? 4500, message)
  }

  /** The connection is gone: everything that the session held is given back. */
  closed(): void {
    const state = this.#state
    if (state.name === 'closed') return
    this.#state = { name: 'closed' }
    const live = state.name === 'live' ? state.actor : null
    if (live !== null) {
      const user = live.user
      for (const subscription of this.#subscriptions.values())
        this.gateway.subscriptions.unsubscribe(user, subscription)
    }
    this.#subscriptions.clear()
    this.#watch?.end()
    this.queue.end()
    this.gateway.hub.closed(this, live?.user ?? null, live?.sid ?? null)
  }

  // Subscriptions

  get subscriptionCount(): number {
    return this.#subscriptions.size
  }
  subscription(room: string): Subscription | undefined {
    return this.#subscriptions.get(room)
  }
  subscribes(room: string): boolean {
    return this.#subscriptions.has(room)
  }
  subscribed(subscription: Subscription): void {
    this.#subscriptions.set(subscription.room.id, subscription)
  }
  unsubscribed(room: string): void {
    const subscription = this.#subscriptions.get(room)
    if (subscription === undefined) return
    this.#subscriptions.delete(room)
    this.gateway.subscriptions.unsubscribe(this.user, subscription)
  }

  // What concerns the user's rooms as a whole

  async watch(rooms: string[] | 'all'): Promise<string> {
    const { heads, limits } = this.gateway
    if (rooms !== 'all' && rooms.length > limits.watched) throw new YeoulError('too_many_watched')
    this.#watch?.end()
    // Made before the rooms are read: it notes those that are taken away meanwhile.
    const watch = new Watch(this.user, rooms === 'all', heads, limits.watched)
    this.#watch = watch
    const mine = () => this.#roomIds(watch)
    if (rooms === 'all') return JSON.stringify({ heads: await watch.add(mine) })
    const asked = new Set(rooms)
    let members = new Set<string>()
    const find = async () => {
      members = asked.intersection(new Set(await mine()))
      return [...members]
    }
    const answer = { heads: await watch.add(find) }
    const refused = [...asked.difference(members)]
    return JSON.stringify(refused.length > 0 ? { ...answer, refused } : answer)
  }
  unwatch(room: string): void {
    this.#watch?.left(room)
  }
  roomAdded(room: string): void {
    this.queue.push(JSON.stringify({ push: 'room_added', room }))
    if (!this.#watch?.all) return
    const find = async () => ((await this.gateway.memberships.get(room, this.user)) === null ? [] : [room])
    this.#watch.addLater(room, find).catch(this.gateway.failed)
  }
  roomRemoved(room: string): void {
    this.queue.push(JSON.stringify({ push: 'room_removed', room }))
    this.#watch?.remove(room)
    // The subscription ends at the `leave` event, wherever that stands (P5); a suspended one may miss it.
    if (this.#subscriptions.get(room)?.suspended) this.unsubscribed(room)
  }
  async compareRooms(): Promise<void> {
    const watch = this.#watch
    if (watch === null) return
    const { came, gone } = await watch.compare(() => this.#roomIds(watch))
    if (this.#watch !== watch) return
    for (const room of came) this.roomAdded(room)
    for (const room of gone) this.roomRemoved(room)
  }
  #roomIds({ all }: Watch): Promise<string[]> {
    const { memberships, limits } = this.gateway
    return memberships.roomIdsOf(this.user, all ? limits.watched : ROOMS_MAX)
  }
  readElsewhere(room: string, n: number): void {
    this.#watch?.read(room, n)
  }

  /** Larger frames are taken at once. Smaller ones are for new connections: a larger one may be on its way here. */
  limitsChanged({ frameBytes }: Limits, push: string): void {
    this.queue.wire.takeFrames(frameBytes)
    if (this.#state.name === 'live') this.queue.push(push)
  }

  /** Renews the token on the live connection. Rejects `forbidden` for a token of somebody else. */
  async renew(token: string): Promise<number> {
    const claims = await this.gateway.authenticate(token)
    if (this.#state.name !== 'live') return claims.expiresAt
    const { actor, heartbeatMs } = this.#state
    if (claims.user !== actor.user) throw new YeoulError('forbidden', 'The token is of another user.')
    const { hub } = this.gateway
    if (claims.sid !== actor.sid) hub.movedLogin(this, actor.sid, claims.sid)
    this.#state = { name: 'live', actor: claims, expiresAt: deadline(claims.expiresAt), warned: false, heartbeatMs }
    return claims.expiresAt
  }

  /**
   * Looked at about once a second; never a timer per connection. `now`: monotonic ms; `short`: memory for unfinished
   * frames is short.
   */
  sweep(now: number, short: boolean): void {
    const state = this.#state
    const { gateway } = this
    if (state.name === 'closed') return
    if (this.#vitals.isTrickling(now, short)) return this.close('frame_timeout')
    if (state.name === 'awaiting-hello') {
      if (now - state.since > gateway.helloTimeoutMs) this.close('hello_timeout')
      return
    }
    if (this.#vitals.silentMs(now) > state.heartbeatMs * 2) return this.close('heartbeat_timeout')
    if (now >= state.expiresAt) return this.close('token_expired')
    if (!state.warned && now >= state.expiresAt - WARN_MS) {
      state.warned = true
      this.queue.push(JSON.stringify({ push: 'token_expiring', inMs: Math.round(state.expiresAt - now) }))
    }
    if (this.#vitals.isStuck(now, gateway.slowConsumerMs)) {
      gateway.metrics.slowReader('closed')
      return this.close('slow_consumer')
    }
    // Heads are gathered: a connection that is behind gets them when it has caught up.
    if (this.queue.waiting > this.queue.limit) return
    const heads = this.#watch?.changes()
    if (heads != null) this.queue.push(heads)
  }

  #take(item: Record<string, unknown>, now: number): void {
    const state = this.#state
    if (state.name === 'awaiting-hello' && state.waiting !== null) {
      if (state.waiting.length >= this.gateway.limits.inFlight) return this.close('too_many_commands')
      state.waiting.push(item)
      return
    }
    let command: Command
    try {
      command = checkCommand(item)
    } catch (error) {
      if (state.name !== 'live') return this.close('hello_required')
      return this.#refused(isId(item.id) ? item.id : null, error)
    }
    if (state.name === 'live') return this.#run(state.actor, command, now)
    if (state.name === 'closed') return
    if (command.op !== 'hello') return this.close('hello_required')
    state.waiting = []
    void this.#hello(command.id, command.token, state.waiting)
  }

  async #hello(id: number, token: string, waiting: Record<string, unknown>[]): Promise<void> {
    const { gateway } = this
    let claims: Claims
    try {
      claims = await gateway.authenticate(token)
    } catch (error) {
      const code = error instanceof YeoulError ? error.code : 'internal'
      if (!(error instanceof YeoulError)) gateway.failed(error)
      if (this.#state.name === 'closed') return
      this.#refused(id, error)
      return this.close(closeCodeOf(code) === undefined ? 'unauthenticated' : code)
    }
    if (this.#state.name !== 'awaiting-hello') return
    const { heartbeatMs, limits } = gateway
    this.#state = { name: 'live', actor: claims, expiresAt: deadline(claims.expiresAt), warned: false, heartbeatMs }
    gateway.hub.authenticated(this, claims.user, claims.sid)
    this.queue.push(
      `{"re":${id},"ok":${JSON.stringify({ user: claims.user, sessionId: this.id, heartbeatMs, limits })}}`,
    )
    const now = performance.now()
    for (const item of waiting) {
      if (this.ended) return
      this.#take(item, now)
    }
  }

  #run(actor: Actor, command: Command, now: number): void {
    const { id } = command
    const wait = this.gateway.rateLimit ? this.#limit(command, now) : 0
    if (wait > 0) return this.#refused(id, new YeoulError('rate_limited', undefined, wait))
    if (this.#inFlight >= this.gateway.limits.inFlight) return this.#refused(id, new YeoulError('too_many_in_flight'))
    this.#inFlight++
    this.#turns.take(command, () => (this.ended ? undefined : this.#attempt(actor, command)))
  }

  #attempt(actor: Actor, command: Command): undefined | Promise<void> {
    try {
      return this.gateway.run(this, actor, command)?.catch((error) => this.refuse(command.id, error))
    } catch (error) {
      this.refuse(command.id, error)
      return
    }
  }

  #limit(command: Command, now: number): number {
    this.#floods ??= new FloodGuard()
    return this.#floods.command(now, command.op === 'send' ? this.gateway.limits.sendsPerSecond : 0)
  }

  /** Answers a command with an error without having counted it as under way. */
  #refused(id: number | null, error: unknown): void {
    if (!(error instanceof YeoulError)) this.gateway.failed(error)
    const known = error instanceof YeoulError ? error : new YeoulError('internal')
    this.gateway.metrics.rejected(known.code)
    const { code, message, retryAfterMs } = known
    this.queue.push(JSON.stringify({ re: id, err: { code, message, retryable: ERRORS[code].retryable, retryAfterMs } }))
    // What the server cannot do at the moment is not the client's fault.
    if (ERRORS[code].status >= 500) return
    this.#floods ??= new FloodGuard()
    if (this.#floods.refused(performance.now())) this.close('too_many_commands')
  }
}

/** More rooms than anybody has. */
const ROOMS_MAX = 100_000

/** The moment, on the monotonic clock, at which a token of this wall-clock expiry ends. */
function deadline(expiresAt: number): number {
  return performance.now() + (expiresAt - Date.now())
}
