import type { User, WaysIn } from '../../src/protocol/model.ts'
import type { Auth, AuthOptions, AuthState } from './api-http.ts'
import { asYeoulError, clientClosed, endsLogin, signedOut, type YeoulError } from './errors.ts'
import type { Call, Http } from './http.ts'
import { LiveValue } from './live.ts'
import type { Surroundings } from './platform.ts'
import { type LoginNews, SharedLogin } from './shared-login.ts'

/** A token that lives no longer than this, or than the rest of its life after the time to renew it, is not handed out. */
const MARGIN_MS = 10_000
/** The share of its life after which a token is renewed. */
const RENEW_AT = 0.8
/** The name of the lock that keeps two tabs from spending one refresh cookie at the same time. */
const LOCK = 'yeoul.refresh'

interface Answer {
  user: User
  accessToken: string
  refreshToken?: string
}

/**
 * The login and its tokens. The access token stays in memory; whoever needs one asks `token()`, which renews it when it
 * is about to expire, once at a time, in one tab at a time.
 */
export class Login implements Auth {
  readonly #around: Surroundings
  readonly #http: Http
  readonly #options: AuthOptions
  readonly #live: LiveValue<AuthState>
  /** Of cookie sessions. */
  readonly #shared: SharedLogin | null
  #state: AuthState = { state: 'unknown' }
  #access: { token: string; renewAt: number; goodUntil: number } | null = null
  #refreshToken: string | null
  #renewing: Promise<string> | null = null
  /** Goes up with each sign-in and sign-out, so that an answer to an earlier question changes nothing. */
  #turn = 0
  /** Set by the client. */
  onToken: (token: string) => void = () => {}
  onSignedIn: () => void = () => {}
  onUser: (user: User) => void = () => {}
  onSignedOut: (by: 'logout' | 'server') => void = () => {}

  constructor(around: Surroundings, http: Http, options: AuthOptions) {
    this.#around = around
    this.#http = http
    this.#options = options
    this.#refreshToken = 'session' in options && options.session === 'token' ? (options.refreshToken ?? null) : null
    this.#live = new LiveValue(() => this.#state, around.clock, around.onError)
    const cookie = 'session' in options && options.session === 'cookie'
    this.#shared = cookie ? new SharedLogin(around.url, (news) => this.#heard(news)) : null
  }

  readonly getSnapshot = (): AuthState => this.#live.getSnapshot()
  readonly subscribe = (listener: () => void): (() => void) => this.#live.subscribe(listener)

  get state(): AuthState {
    return this.#state
  }
  /** When the token at hand should be renewed; null when there is none, or nothing is known of its life. */
  get renewAt(): number | null {
    return this.#access === null || this.#access.renewAt === Number.POSITIVE_INFINITY ? null : this.#access.renewAt
  }

  register(account: { username: string; password: string; displayName?: string; setupToken?: string }): Promise<User> {
    return this.#signIn('/auth/register', account)
  }

  login(credentials: { username: string; password: string }): Promise<User> {
    return this.#signIn('/auth/login', credentials)
  }

  reset(given: { token: string; password: string }): Promise<User> {
    return this.#signIn('/auth/reset', given)
  }

  waysIn(): Promise<WaysIn> {
    return this.#http.call({ method: 'GET', path: '/auth/options' })
  }

  async restore(): Promise<boolean> {
    try {
      // A page cannot see its cookie: the server is asked in a way that finding none is no failure.
      if (this.#shared !== null && this.#access === null) await this.#renewOnce('/auth/session')
      else await this.token()
      return true
    } catch (error) {
      if (this.#state.state === 'signedOut') return false
      throw error
    }
  }

  async logout(): Promise<boolean> {
    const refreshToken = this.#refreshToken
    const mode = this.#options
    this.#end(undefined, 'logout')
    this.#shared?.tell('signedOut')
    if (!('session' in mode)) return true
    if (mode.session === 'token' && refreshToken === null) return true
    try {
      await this.#withLock(() => this.#http.call(this.#spending('/auth/logout', refreshToken)))
      return true
    } catch (error) {
      return !asYeoulError(error).retryable
    }
  }

  async token(): Promise<string> {
    if (this.#access !== null && this.#access.goodUntil > this.#around.clock.now()) return this.#access.token
    return this.renew()
  }

  /** A new access token, whatever is left of the old one. Rejects; with an error that ends the login it ended. */
  renew(): Promise<string> {
    return this.#renewOnce('/auth/refresh')
  }

  #renewOnce(path: string): Promise<string> {
    if (this.#renewing !== null) return this.#renewing
    const renewing = this.#renew(this.#turn, path).finally(() => {
      if (this.#renewing === renewing) this.#renewing = null
    })
    this.#renewing = renewing
    return renewing
  }

  /** The server refused this token: it is not handed out again. */
  spoil(token: string): void {
    if (this.#access?.token === token) this.#access = null
  }

  /** The server says that the login is over. */
  lost(error: YeoulError): void {
    if (this.#state.state !== 'signedOut') this.#end(error, 'server')
  }

  /** The user changed their account. */
  updated(user: User): void {
    if (this.#state.state !== 'signedIn') return
    this.#state = { state: 'signedIn', user }
    this.#live.changed()
    this.onUser(user)
  }

  /** The server names the user anew; it does not say of others' accounts, and so not here, what they may. */
  renamed({ id, username, displayName }: User): void {
    if (this.#state.state !== 'signedIn' || this.#state.user === null) return
    const { user } = this.#state
    if (id !== user.id || (user.displayName === displayName && user.username === username)) return
    this.#state = { state: 'signedIn', user: { ...user, username, displayName } }
    this.#live.changed()
  }

  close(): void {
    this.#shared?.close()
    this.#turn++
    this.#live.stop()
  }

  async #signIn(path: string, body: object): Promise<User> {
    const mode = this.#options
    if (!('session' in mode)) throw new TypeError('With getToken the service signs its users in')
    const cookie = mode.session === 'cookie'
    const turn = ++this.#turn
    const call: Call = { method: 'POST', path, body: cookie ? { ...body, session: 'cookie' } : body }
    if (cookie) Object.assign(call, { credentials: 'include', headers: { 'X-Yeoul': '1' } })
    const answer = await this.#withLock(() => this.#http.call<Answer>(call))
    if (turn !== this.#turn) throw clientClosed()
    const { state } = this.#state
    if (state === 'signedIn') this.#end(undefined, 'logout')
    this.#accept(answer.accessToken, answer.user, answer.refreshToken)
    this.#shared?.tell('signedIn')
    return answer.user
  }

  async #renew(turn: number, path: string): Promise<string> {
    const mode = this.#options
    if (!('session' in mode)) {
      const token = await mode.getToken()
      if (turn !== this.#turn) throw signedOut()
      this.#accept(token, this.#state.state === 'signedIn' ? this.#state.user : null)
      return token
    }
    try {
      const answer = await this.#withLock(() => {
        if (mode.session === 'token' && this.#refreshToken === null) throw signedOut()
        return this.#http.call<Answer | undefined>(this.#spending(path, this.#refreshToken))
      })
      if (turn !== this.#turn || answer === undefined) throw signedOut()
      // Another tab signed in as somebody else: what this one shows belongs to the user before.
      if (this.#state.state === 'signedIn' && this.#state.user?.id !== answer.user.id) throw signedOut()
      this.#accept(answer.accessToken, answer.user, answer.refreshToken)
      return answer.accessToken
    } catch (error) {
      const failed = asYeoulError(error)
      if (turn === this.#turn && (endsLogin(failed) || failed.code === 'unauthenticated')) this.lost(failed)
      throw failed
    }
  }

  /** A call that spends the refresh token, in the body or as the cookie. */
  #spending(path: string, refreshToken: string | null): Call {
    return refreshToken === null
      ? { method: 'POST', path, body: {}, credentials: 'include', headers: { 'X-Yeoul': '1' } }
      : { method: 'POST', path, body: { refreshToken } }
  }

  #accept(token: string, user: User | null, refreshToken?: string): void {
    const now = this.#around.clock.now()
    const life = lifeOf(token)
    const renewAt = now + life * RENEW_AT
    this.#access = { token, renewAt, goodUntil: Math.max(renewAt, now + life - MARGIN_MS) }
    if (refreshToken !== undefined) this.#keep(refreshToken)
    const was = this.#state
    this.#state = { state: 'signedIn', user }
    this.#live.changed()
    if (user !== null) this.onUser(user)
    if (was.state !== 'signedIn') this.onSignedIn()
    this.onToken(token)
  }

  #keep(refreshToken: string | null): void {
    if (this.#refreshToken === refreshToken) return
    this.#refreshToken = refreshToken
    const mode = this.#options
    if (!('session' in mode) || mode.session !== 'token') return
    try {
      mode.onRefreshToken?.(refreshToken)
    } catch (error) {
      this.#around.onError(error)
    }
  }

  #end(error: YeoulError | undefined, by: 'logout' | 'server'): void {
    const wasSignedIn = this.#state.state === 'signedIn'
    this.#turn++
    this.#access = null
    // What is under way belongs to the login that ended.
    this.#renewing = null
    this.#keep(null)
    // Coming without a login is no news; losing one is.
    this.#state = wasSignedIn && error !== undefined ? { state: 'signedOut', error } : { state: 'signedOut' }
    this.#live.changed()
    this.onSignedOut(by)
  }

  /** Another tab signed in or out. */
  #heard(news: LoginNews): void {
    const { state } = this.#state
    if (news === 'signedOut' && state === 'signedIn') this.#end(undefined, 'logout')
    // When it fails, the page is as it was: at the door.
    if (news === 'signedIn' && state === 'signedOut') this.restore().catch(this.#around.onError)
  }

  #withLock<T>(work: () => Promise<T>): Promise<T> {
    const mode = this.#options
    const locks = (globalThis as { navigator?: { locks?: LockManagerLike } }).navigator?.locks
    if (!('session' in mode) || mode.session !== 'cookie' || locks === undefined) return Promise.resolve().then(work)
    return locks.request(LOCK, work) as Promise<T>
  }
}

interface LockManagerLike {
  request(name: string, work: () => Promise<unknown>): Promise<unknown>
}

/**
 * How long a JWT lives, in ms: `exp - iat` (RFC 7519), counted from when it came, so that a wrong clock here does no harm.
 * Infinity when it does not tell; then the server's `token_expiring` does.
 */
function lifeOf(token: string): number {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const { iat, exp } = JSON.parse(atob(payload))
    return exp > iat ? (exp - iat) * 1_000 : Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
