import type { Account, Accounts, NewAccount } from '../ports/accounts.ts'
import type { Administration, UserChanges } from '../ports/administration.ts'
import type { Bus } from '../ports/bus.ts'
import type { Login, Logins } from '../ports/logins.ts'
import { YeoulError } from '../protocol/errors.ts'
import { EXTERNAL_USERNAME, USERNAME } from '../protocol/limits.ts'
import type { User, UserRole, WaysIn } from '../protocol/model.ts'
import type { AdminUser } from '../protocol/model-admin.ts'
import { checkPassword, cleanDisplayName, externalUsername } from './account-names.ts'
import type { Actor } from './actor.ts'
import { cleanDevice, Devices, tellEnded } from './devices.ts'
import { newId } from './ids.ts'
import type { LoginLimits } from './login-limits.ts'
import { NO_PASSWORD, type Passwords } from './passwords.ts'
import { deriveKey, hashToken, newOpaqueToken, sameSecret, seal, unseal } from './secrets.ts'
import { checkText } from './text.ts'
import type { Tokens } from './tokens.ts'

const SECOND = 1_000
const DAY = 86_400 * SECOND
const REFRESH_GRACE_MS = 20 * SECOND
const SETUP_LIFE_MS = DAY
const FOUND_USERS = 20

export interface AccountOptions {
  /** The server's secret: the key that seals successors of cookie tokens is derived from it. */
  secret: string
  registration?: () => 'open' | 'closed'
  /** With it a service signs in its own users; null: nobody can. */
  apiKey?: string | null
  /** How long a login lives that is not used, in ms. */
  refreshLifeMs?: () => number
  /** How long a login lives at most, however much it is used, in ms. */
  loginLifeMs?: number
  now?: () => number
}

export interface AccountDeps {
  accounts: Accounts
  logins: Logins
  administration: Pick<Administration, 'changeUser'>
  tokens: Tokens
  passwords: Passwords
  bus: Bus
  /** null: logins and registrations are not limited at the moment. */
  limits: () => LoginLimits | null
}

/** Where a request for a login came from, and how its refresh token will travel. */
export interface Asker {
  /** What the login limits count by. */
  address: string
  origin: Origin
  cookie: boolean
}
/** What is kept of where a login was made, for its owner to see. */
export interface Origin {
  /** As the client names itself. */
  device: string | undefined
  address: string
}

/** A login that was made or renewed. */
export interface SignedIn {
  user: User
  accessToken: string
  refreshToken: string
  /** Life of the access token, in ms from now. */
  accessLifeMs: number
  /** When the refresh token ends if it is not used, in ms since 1970. */
  refreshExpiresAt: number
  /** Whether the refresh token travels as a cookie. */
  cookie: boolean
}

/**
 * Accounts and their logins. A login is a family of refresh tokens, each spent for the next; access tokens name it by
 * `sid`. Whenever logins end, every node is told, so that their connections close and their access tokens are refused.
 */
export class AccountService {
  /** Where people are signed in. */
  readonly devices: Devices
  readonly #accounts: Accounts
  readonly #logins: Logins
  readonly #administration: Pick<Administration, 'changeUser'>
  readonly #tokens: Tokens
  readonly #passwords: Passwords
  readonly #bus: Bus
  readonly #limits: () => LoginLimits | null
  readonly #options: Required<Omit<AccountOptions, 'secret' | 'now'>>
  readonly #sealKey: Buffer
  readonly #setupKey: (purpose: string) => Buffer
  readonly #now: () => number

  constructor(deps: AccountDeps, options: AccountOptions) {
    this.#accounts = deps.accounts
    this.#logins = deps.logins
    this.#administration = deps.administration
    this.#tokens = deps.tokens
    this.#passwords = deps.passwords
    this.#bus = deps.bus
    this.#limits = deps.limits
    this.#options = {
      registration: options.registration ?? (() => 'open'),
      apiKey: options.apiKey ?? null,
      refreshLifeMs: options.refreshLifeMs ?? (() => 30 * DAY),
      loginLifeMs: options.loginLifeMs ?? 90 * DAY,
    }
    this.#sealKey = deriveKey(options.secret, 'refresh successors')
    this.#setupKey = (purpose) => deriveKey(options.secret, purpose)
    this.#now = options.now ?? Date.now
    this.devices = new Devices(deps, this.#options.loginLifeMs, this.#now)
  }

  get waysIn(): WaysIn {
    return { registration: this.#options.registration() }
  }

  /**
   * Makes an account and logs it in. With a set-up token it becomes the admin's, even where registration is closed.
   * Rejects `registration_closed`, `setup_token_invalid`, `username_taken`, `rate_limited`, `overloaded`.
   */
  async register(
    wanted: { username: string; password: string; displayName?: string | undefined; setupToken?: string | undefined },
    asker: Asker,
  ): Promise<SignedIn> {
    if (wanted.setupToken === undefined && this.#options.registration() === 'closed') {
      throw new YeoulError('registration_closed')
    }
    this.#limits()?.registration(asker.address)
    const user = await this.#createAccount(wanted, 'user', wanted.setupToken)
    return this.#startLogin(user, asker)
  }

  /** Rejects `bad_credentials`, `account_disabled`, `rate_limited`, `overloaded`. */
  async login(given: { username: string; password: string }, asker: Asker): Promise<SignedIn> {
    const username = given.username.toLowerCase()
    this.#limits()?.attempt(username, asker.address)
    const account = USERNAME.test(username) ? await this.#accounts.byUsername(username) : null
    if (!(await this.#passwords.matches(given.password, account?.passwordHash ?? null)) || !account) {
      throw new YeoulError('bad_credentials')
    }
    if (account.disabled) throw new YeoulError('account_disabled')
    this.#limits()?.succeeded(username, asker.address)
    return this.#startLogin(userOf(account), asker)
  }

  /**
   * Spends a refresh token for a new pair. Spending one twice ends the whole login: either the owner or a thief holds a
   * copy. Tabs of one browser may race, though, so a cookie token spent a moment ago gets the same successor again.
   * Rejects `refresh_invalid`, `refresh_reused`, `account_disabled`.
   */
  async refresh(refreshToken: string): Promise<SignedIn> {
    const at = this.#now()
    const tokenHash = hashToken(refreshToken)
    const next = newRefreshToken(ownerOf(refreshToken))
    const spent = await this.#logins.rotate({
      tokenHash,
      nextHash: hashToken(next),
      sealed: seal(this.#sealKey, next, tokenHash),
      at,
      expiresAt: at + this.#options.refreshLifeMs(),
      graceMs: REFRESH_GRACE_MS,
    })
    if (!spent.ok) {
      const owner = ownerOf(refreshToken)
      if (spent.sid !== undefined) tellEnded(this.#bus, owner, [spent.sid])
      // Known by its hash, so it was theirs: they may learn why it ended.
      const ended = spent.sid !== undefined && spent.code === 'refresh_invalid'
      if (ended && (await this.#accounts.byId(owner))?.disabled) throw new YeoulError('account_disabled')
      throw new YeoulError(spent.code)
    }
    const { login } = spent
    const account = await this.#accounts.byId(login.user)
    if (!account || account.disabled || at >= login.createdAt + this.#options.loginLifeMs) {
      await this.#end(login, at)
      throw new YeoulError(account?.disabled ? 'account_disabled' : 'refresh_invalid')
    }
    const successor = unseal(this.#sealKey, spent.sealed, tokenHash)
    if (successor === null) throw new YeoulError('refresh_invalid')
    return this.#signIn(userOf(account), login, successor)
  }

  /** Ends the login that a refresh token, spent or not, belongs to. An unknown token ends nothing. */
  async logout(refreshToken: string): Promise<void> {
    const sid = await this.#logins.end({ tokenHash: hashToken(refreshToken) }, this.#now())
    if (sid !== null) tellEnded(this.#bus, ownerOf(refreshToken), [sid])
  }

  /**
   * Changes the caller's own password and ends their other logins. Rejects `bad_credentials` when the present password is
   * wrong; wrong ones are limited like logins.
   */
  async changePassword(actor: Actor, change: { current: string; next: string }, address: string): Promise<void> {
    const account = await this.#own(actor)
    this.#limits()?.attempt(account.username, address)
    if (!(await this.#passwords.matches(change.current, account.passwordHash))) throw new YeoulError('bad_credentials')
    this.#limits()?.succeeded(account.username, address)
    await this.#setPassword(account.id, change.next, actor.sid)
  }

  async me(actor: Actor): Promise<User> {
    return userOf(await this.#own(actor))
  }

  async updateMe(actor: Actor, changes: { displayName: string }): Promise<User> {
    const account = await this.#own(actor)
    const user = await this.#accounts.update(account.id, { displayName: cleanDisplayName(changes.displayName) })
    return { ...user, role: account.role }
  }

  /** The users that exist among `ids`, in their order, without role. */
  async usersByIds(ids: string[]): Promise<User[]> {
    const wanted = [...new Set(ids)]
    const found = new Map((await this.#accounts.byIds(wanted)).map((user) => [user.id, user]))
    return wanted.flatMap((id) => found.get(id) ?? [])
  }

  /** At most 20 users who are found by the beginning of a name, as `Accounts.find` says. */
  findUsers(q: string): Promise<User[]> {
    return this.#accounts.find(q, FOUND_USERS)
  }

  /**
   * Logs in a person whom the service that holds the API key knows by `externalId`; the account is made at first. Rejects
   * `unauthenticated` for a wrong key, `forbidden` where the server has none, `account_disabled`.
   */
  async exchange(
    apiKey: string,
    person: { externalId: string; displayName?: string | undefined },
    origin: Origin,
  ): Promise<SignedIn> {
    if (this.#options.apiKey === null) throw new YeoulError('forbidden', 'This server has no API key.')
    if (!sameSecret(apiKey, this.#options.apiKey)) throw new YeoulError('unauthenticated', 'The API key is wrong.')
    checkText(person.externalId)
    const username = externalUsername(person.externalId)
    const known = await this.#accounts.byUsername(username)
    const user = await this.#accounts.ensureExternal(person.externalId, {
      id: newId(this.#now()),
      username,
      displayName: cleanDisplayName(person.displayName ?? known?.displayName ?? username),
      passwordHash: NO_PASSWORD,
      role: 'user',
      createdAt: this.#now(),
    })
    const account = await this.#accounts.byId(user.id)
    if (!account || account.disabled) throw new YeoulError('account_disabled')
    return this.#startLogin(userOf(account), { origin, cookie: false })
  }

  /**
   * A one-time token that makes whoever registers with it the admin, good for 24 hours and in place of any earlier one; null
   * when there is an admin. It belongs into a URL's fragment, `PUBLIC_URL/#setup=TOKEN`, which no proxy logs. All nodes of a
   * cluster that offer it on one day offer the same: no node's start makes another one's link useless.
   */
  async offerSetup(cluster = false): Promise<string | null> {
    const today = Math.floor(this.#now() / DAY)
    const token = cluster ? this.#setupKey(`set-up link of day ${today}`).toString('base64url') : newOpaqueToken()
    return (await this.#accounts.offerSetup(hashToken(token), this.#now() + SETUP_LIFE_MS)) ? token : null
  }

  /** Makes an account on the operator's word. Rejects `username_taken`, `bad_request`. */
  createUser(wanted: { username: string; password: string; displayName?: string; admin?: boolean }): Promise<User> {
    return this.#createAccount(wanted, wanted.admin ? 'admin' : 'user')
  }

  /** Sets a password on the operator's word and ends all logins of the user. Rejects `user_not_found`. */
  async setPassword(username: string, password: string): Promise<void> {
    await this.#setPassword((await this.#named(username)).id, password)
  }

  /** As `changeUser`, on the operator's word. */
  async disable(username: string, disabled = true): Promise<void> {
    await this.changeUser((await this.#named(username)).id, { disabled })
  }

  /**
   * Shuts an account out or lets it in again, and changes its role. Shutting it out ends all its logins; a new role holds on
   * every node at once. Who asks was authorised before. Rejects `user_not_found`, `last_admin`.
   */
  async changeUser(id: string, changes: UserChanges): Promise<AdminUser> {
    const user = await this.#administration.changeUser(id, changes, this.#now())
    if (changes.disabled) await this.#endAll(id)
    if (changes.role !== undefined) this.#bus.publishToUser(id, { kind: 'role_changed', role: user.role })
    return user
  }

  /** Ends all logins of a user, who proved in another way than by a password who they are, and begins a new one. */
  async loginAfresh(account: Account, asker: Asker): Promise<SignedIn> {
    await this.#endAll(account.id)
    return this.#startLogin(userOf(account), asker)
  }

  async #createAccount(
    wanted: { username: string; password: string; displayName?: string | undefined },
    role: UserRole,
    setupToken?: string,
  ): Promise<User> {
    const username = wanted.username.toLowerCase()
    if (!USERNAME.test(username)) {
      throw new YeoulError('bad_request', 'A user name has letters a–z, digits, and . _ - between them, at most 32.')
    }
    const displayName = cleanDisplayName(wanted.displayName ?? username)
    // Who registered it would shut out the person whom it is made for.
    if (EXTERNAL_USERNAME.test(username)) throw new YeoulError('username_taken')
    // Asked first so that a taken name costs no hash; `create` decides.
    if (await this.#accounts.byUsername(username)) throw new YeoulError('username_taken')
    const account: NewAccount = {
      id: newId(this.#now()),
      username,
      displayName,
      passwordHash: await this.#passwords.hash(checkPassword(wanted.password)),
      role,
      createdAt: this.#now(),
    }
    if (setupToken !== undefined) account.setupTokenHash = hashToken(setupToken)
    const user = await this.#accounts.create(account)
    return { ...user, role: setupToken === undefined ? role : 'admin' }
  }

  async #startLogin(user: User, { origin, cookie }: Pick<Asker, 'origin' | 'cookie'>): Promise<SignedIn> {
    const at = this.#now()
    const refreshToken = newRefreshToken(user.id)
    const login: Login = {
      sid: newId(at),
      user: user.id,
      createdAt: at,
      expiresAt: at + Math.min(this.#options.refreshLifeMs(), this.#options.loginLifeMs),
      lastUsedAt: at,
      cookie,
      device: cleanDevice(origin.device),
      address: origin.address === '' ? null : origin.address,
    }
    await this.#logins.start(login, hashToken(refreshToken))
    return this.#signIn(user, login, refreshToken)
  }

  async #signIn(user: User, login: Login, refreshToken: string): Promise<SignedIn> {
    const { token } = await this.#tokens.sign({ user: user.id, sid: login.sid, role: user.role ?? 'user' })
    return {
      user,
      accessToken: token,
      refreshToken,
      accessLifeMs: this.#tokens.lifeMs,
      refreshExpiresAt: Math.min(login.expiresAt, login.createdAt + this.#options.loginLifeMs),
      cookie: login.cookie,
    }
  }

  async #setPassword(id: string, password: string, except?: string): Promise<void> {
    await this.#accounts.update(id, { passwordHash: await this.#passwords.hash(checkPassword(password)) })
    await this.#endAll(id, except)
  }

  async #endAll(user: string, except?: string): Promise<void> {
    tellEnded(this.#bus, user, await this.#logins.endAll(user, this.#now(), except))
  }

  async #end(login: Login, at: number): Promise<void> {
    await this.#logins.end({ sid: login.sid }, at)
    tellEnded(this.#bus, login.user, [login.sid])
  }

  async #own(actor: Actor): Promise<Account> {
    const account = await this.#accounts.byId(actor.user)
    if (!account) throw new YeoulError('unauthenticated')
    return account
  }

  async #named(username: string): Promise<Account> {
    const account = await this.#accounts.byUsername(username.toLowerCase())
    if (!account) throw new YeoulError('user_not_found')
    return account
  }
}

/**
 * A refresh token begins with its owner's id, so that the end of a login can be told to its owner's nodes without another
 * read. A token that is known by its hash has a true beginning: the hash is over all of it.
 */
function newRefreshToken(user: string): string {
  return `${user}.${newOpaqueToken()}`
}
function ownerOf(refreshToken: string): string {
  return refreshToken.slice(0, refreshToken.indexOf('.'))
}

/** What the account's owner may see of it. */
function userOf(account: Account): User {
  const { id, username, displayName, role, createdAt } = account
  return { id, username, displayName, role, createdAt }
}
