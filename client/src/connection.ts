import type { Answers, Op, Push } from '../../src/protocol/frames.ts'
import type { Limits } from '../../src/protocol/limits.ts'
import type { Connection, ConnectionState } from './api.ts'
import type { Login } from './auth.ts'
import { asYeoulError, clientClosed, endsLogin, signedOut, YeoulError } from './errors.ts'
import { type Answered, type Asked, Link } from './link.ts'
import { LiveValue } from './live.ts'
import { backoff, onNetworkSign, type Surroundings } from './platform.ts'

/** A connection that held this long was a good one: the next back-off begins anew. */
const STABLE_MS = 5_000
/** How long an answer may take when the network may have changed. */
const PROBE_MS = 5_000
/** The shortest wait after `too many commands`, and between attempts to renew a token. */
const PAUSE_MS = 1_000

export interface ConnectionHandlers {
  online(hello: Answers['hello']): void
  offline(): void
  push(push: Push): void
}

/**
 * Keeps one link to the server. States: idle -> connecting -> online -> waiting -> connecting …; closed after `stop`, a
 * sign-out, or a refusal that no retry helps. What ends a link decides what follows: see `#closed`.
 */
export class KeptConnection implements Connection {
  readonly #around: Surroundings
  readonly #login: Login
  readonly #handlers: ConnectionHandlers
  readonly #live: LiveValue<ConnectionState>
  readonly #unsign: () => void
  readonly #awaiting = new Set<{ resolve(): void; reject(error: YeoulError): void }>()
  #state: ConnectionState = { state: 'idle' }
  #link: Link | null = null
  #attempt = 0
  #onlineAt = 0
  /** Whether a new token was got because the server refused the last; a second refusal is final. */
  #renewed = false
  /** When the draining node wants us back. */
  #comeBackAt: number | null = null
  #timer: unknown = null
  #renewTimer: unknown = null
  #turn = 0

  constructor(around: Surroundings, login: Login, handlers: ConnectionHandlers) {
    this.#around = around
    this.#login = login
    this.#handlers = handlers
    this.#live = new LiveValue(() => this.#state, around.clock, around.onError)
    this.#unsign = onNetworkSign((sign) => this.#sign(sign))
  }

  readonly getSnapshot = (): ConnectionState => this.#live.getSnapshot()
  readonly subscribe = (listener: () => void): (() => void) => this.#live.subscribe(listener)

  get state(): ConnectionState {
    return this.#state
  }
  get user(): string | null {
    return this.#state.state === 'online' ? this.#state.user : null
  }

  connect(): void {
    if (this.#state.state === 'idle' || this.#state.state === 'closed') {
      this.#attempt = 0
      this.#renewed = false
      this.#open()
    }
  }

  retryNow(): void {
    if (this.#state.state === 'waiting') this.#open()
  }

  online(): Promise<void> {
    const { state } = this.#state
    if (state === 'online') return Promise.resolve()
    if (state === 'closed') return Promise.reject(this.#whyClosed())
    return new Promise((resolve, reject) => this.#awaiting.add({ resolve, reject }))
  }

  /** Asks on the live connection; `done` hears `network` when there is none or it breaks. */
  ask<O extends Op>(command: Asked & { op: O }, done: Answered<O>): void {
    const offline = () => done(null, new YeoulError('offline', 'There is no connection.', true))
    if (this.#link === null || this.#state.state !== 'online') queueMicrotask(offline)
    else this.#link.ask(command, done)
  }

  request<O extends Op>(command: Asked & { op: O }): Promise<Answers[O]> {
    return new Promise((resolve, reject) => {
      this.ask<O>(command, (answer, error) => (error === null ? resolve(answer as Answers[O]) : reject(error)))
    })
  }

  /** A new access token: the live connection goes on under it. */
  renewedToken(token: string): void {
    if (this.#state.state !== 'online') return
    this.#planRenewal()
    if (this.#link?.token === token) return
    this.ask({ op: 'refresh', token }, (_, error) => {
      if (error !== null && error.code !== 'network') this.#login.spoil(token)
    })
  }

  /** Ends it, for good or until `connect`. */
  stop(error?: YeoulError): void {
    const wasOnline = this.#state.state === 'online'
    this.#turn++
    this.#clearTimers()
    this.#link?.close()
    this.#link = null
    this.#comeBackAt = null
    this.#set(error === undefined ? { state: 'closed' } : { state: 'closed', error })
    if (wasOnline) this.#handlers.offline()
    for (const { reject } of this.#awaiting) reject(this.#whyClosed())
    this.#awaiting.clear()
  }

  dispose(): void {
    this.stop(clientClosed())
    this.#unsign()
    this.#live.stop()
  }

  #whyClosed(): YeoulError {
    return (this.#state.state === 'closed' && this.#state.error) || signedOut()
  }

  async #open(): Promise<void> {
    const turn = ++this.#turn
    this.#clearTimers()
    this.#comeBackAt = null
    this.#set({ state: 'connecting', attempt: this.#attempt })
    let token: string
    try {
      token = await this.#login.token()
    } catch (thrown) {
      if (turn !== this.#turn) return
      const error = asYeoulError(thrown)
      if (endsLogin(error) || this.#login.state.state === 'signedOut') this.stop(this.#lossOf())
      else if (error.retryable) this.#wait(error, error.retryAfterMs ?? backoff(this.#around, this.#attempt++))
      else this.stop(error)
      return
    }
    if (turn !== this.#turn) return
    try {
      this.#link = new Link(this.#around, token, {
        online: (hello) => this.#greeted(hello),
        push: (push) => this.#push(push),
        closed: (code, error) => this.#closed(code, error),
      })
    } catch (error) {
      // An address that no socket takes.
      this.stop(asYeoulError(error))
    }
  }

  #lossOf(): YeoulError | undefined {
    const { state } = this.#login
    return state.state === 'signedOut' ? state.error : undefined
  }

  #greeted(hello: Answers['hello']): void {
    this.#onlineAt = this.#around.clock.now()
    this.#renewed = false
    this.#set({ state: 'online', user: hello.user, sessionId: hello.sessionId, limits: hello.limits })
    this.#planRenewal()
    this.#handlers.online(hello)
    for (const { resolve } of this.#awaiting) resolve()
    this.#awaiting.clear()
  }

  #push(push: Push): void {
    switch (push.push) {
      case 'token_expiring':
        if (!this.#renewsWithin(push.inMs)) this.#renew()
        return
      case 'reconnect':
        this.#comeBack(push.afterMs)
        return
      case 'limits':
        this.#limit(push.limits)
        return
      default:
        this.#handlers.push(push)
    }
  }

  #limit(limits: Limits): void {
    if (this.#state.state !== 'online') return
    this.#link?.limit(limits)
    this.#set({ ...this.#state, limits })
  }

  /** The node drains: the link is used as long as it lasts, and the next one begins when the server wants it to. */
  #comeBack(afterMs: number): void {
    const { clock } = this.#around
    this.#comeBackAt = clock.now() + afterMs
    clock.clearTimeout(this.#timer)
    this.#timer = clock.setTimeout(() => {
      this.#link?.close()
      this.#link = null
      this.#open()
      this.#handlers.offline()
    }, afterMs)
  }

  #closed(code: number, error: YeoulError): void {
    const { clock } = this.#around
    const wasOnline = this.#state.state === 'online'
    const comeBackAt = this.#comeBackAt
    const token = this.#link?.token
    this.#link = null
    this.#turn++
    this.#clearTimers()
    if (wasOnline && clock.now() - this.#onlineAt >= STABLE_MS) this.#attempt = 0
    const attempt = this.#attempt++
    const wait = backoff(this.#around, attempt)

    switch (true) {
      case code === 4401:
        if (token !== undefined) this.#login.spoil(token)
        if (this.#renewed) this.stop(error)
        else this.#wait(error, attempt === 0 ? 0 : wait)
        this.#renewed = true
        break
      case code === 4408:
        this.#wait(error, wait)
        break
      case code === 4429:
        this.#wait(error, PAUSE_MS + wait)
        break
      case code >= 4400 && code < 4500:
        this.stop(error)
        break
      default:
        this.#wait(error, comeBackAt === null ? Math.max(error.retryAfterMs ?? 0, wait) : comeBackAt - clock.now())
    }
    if (wasOnline) this.#handlers.offline()
  }

  #wait(error: YeoulError, ms: number): void {
    const { clock } = this.#around
    const wait = Math.max(0, ms)
    this.#set({ state: 'waiting', retryAt: clock.now() + wait, attempt: this.#attempt, error })
    this.#timer = clock.setTimeout(() => this.#open(), wait)
  }

  /** Whether a renewal is planned in good time before that; so a token that lives shortly is not renewed at every warning. */
  #renewsWithin(ms: number): boolean {
    const now = this.#around.clock.now()
    const at = this.#login.renewAt
    return at !== null && at > now && at < now + ms - PAUSE_MS
  }

  #planRenewal(): void {
    const { clock } = this.#around
    clock.clearTimeout(this.#renewTimer)
    const at = this.#login.renewAt
    // Timers hold 31 bits of ms; a token that lives longer is renewed early, which does no harm.
    if (at !== null) {
      this.#renewTimer = clock.setTimeout(
        () => this.#renew(),
        Math.min(2 ** 31 - 1, Math.max(PAUSE_MS, at - clock.now())),
      )
    }
  }

  #renew(): void {
    this.#login.renew().catch((thrown) => {
      if (this.#state.state !== 'online' || this.#login.state.state === 'signedOut') return
      const { clock } = this.#around
      clock.clearTimeout(this.#renewTimer)
      const wait = asYeoulError(thrown).retryAfterMs ?? PAUSE_MS * 2 + backoff(this.#around, 2)
      this.#renewTimer = clock.setTimeout(() => this.#renew(), wait)
    })
  }

  #sign(sign: 'online' | 'offline' | 'visible'): void {
    if (this.#state.state === 'online') this.#link?.probe(PROBE_MS)
    else if (sign !== 'offline') this.retryNow()
  }

  #clearTimers(): void {
    this.#around.clock.clearTimeout(this.#timer)
    this.#around.clock.clearTimeout(this.#renewTimer)
  }

  #set(state: ConnectionState): void {
    this.#state = state
    this.#live.changed()
  }
}
