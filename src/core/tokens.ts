import { createHash, webcrypto } from 'node:crypto'
import { errors, type JWTHeaderParameters, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { YeoulError } from '../protocol/errors.ts'
import type { UserRole } from '../protocol/model.ts'
import type { Actor } from './actor.ts'
import { deriveKey } from './secrets.ts'

const ALGORITHM = 'HS256'
const TYPE = 'at+jwt'
const AUDIENCE = 'yeoul'
const LEEWAY_SECONDS = 5

/** Knows the logins that ended while access tokens of theirs may still be alive. */
export interface EndedSids {
  has(sid: string): boolean
}

/** Knows the roles that became others than access tokens that may still be alive name. */
export interface RolesNow {
  of(user: string): UserRole | undefined
}

export interface TokenOptions {
  /** The server's secret; keys are derived from it. */
  secret: string
  /** The secret before it was changed: tokens made under it are taken until they expire. */
  previousSecret?: string | undefined
  /** `iss`: the address of this server as its users know it. */
  issuer: string
  /** How long an access token lives, in ms. */
  lifeMs?: number
  /** Verified tokens kept so that a reconnect does not verify again. */
  cached?: number
  now?: () => number
}

/** What a verified access token says. `expiresAt` in ms since 1970. */
export interface Verified extends Actor {
  expiresAt: number
}

interface Key {
  kid: string
  key: webcrypto.CryptoKey
}

/**
 * Access tokens: JWTs (RFC 9068) signed with HS256, and only that. The key is looked up by `kid` among the server's own.
 *
 * Verifying costs 40 to 80 µs of a core (WebCrypto is asynchronous even for a MAC), so tokens that were verified are
 * remembered, a bounded number of them: 5,000 clients that come back at once cost a map lookup each.
 */
export class Tokens {
  readonly lifeMs: number
  readonly #keys: Key[]
  readonly #issuer: string
  readonly #ended: EndedSids
  readonly #roles: RolesNow | undefined
  readonly #cached: number
  readonly #now: () => number
  readonly #verified = new Map<string, Verified>()

  private constructor(keys: Key[], options: TokenOptions, ended: EndedSids, roles?: RolesNow) {
    this.lifeMs = options.lifeMs ?? 15 * 60_000
    this.#keys = keys
    this.#issuer = options.issuer
    this.#ended = ended
    this.#roles = roles
    this.#cached = options.cached ?? 16_384
    this.#now = options.now ?? Date.now
  }

  static async create(options: TokenOptions, ended: EndedSids, roles?: RolesNow): Promise<Tokens> {
    const secrets = options.previousSecret === undefined ? [options.secret] : [options.secret, options.previousSecret]
    return new Tokens(await Promise.all(secrets.map(importKey)), options, ended, roles)
  }

  /** The ids of the keys whose tokens it takes; it signs with the first. */
  get keyIds(): string[] {
    return this.#keys.map((key) => key.kid)
  }

  async sign(actor: Actor): Promise<{ token: string; expiresAt: number }> {
    const { kid, key } = this.#keys[0] as Key
    const issuedAt = Math.floor(this.#now() / 1_000)
    const expiresAt = issuedAt + Math.round(this.lifeMs / 1_000)
    const token = await new SignJWT({ sid: actor.sid, role: actor.role })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
      .setIssuer(this.#issuer)
      .setAudience(AUDIENCE)
      .setSubject(actor.user)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(key)
    return { token, expiresAt: expiresAt * 1_000 }
  }

  /** Rejects `unauthenticated`; `token_expired`, also when the role is another one by now; `session_ended` when the login behind the token has ended. */
  async verify(token: string): Promise<Verified> {
    const known = this.#verified.get(token)
    const verified = known ?? (await this.#check(token))
    if (verified.expiresAt + LEEWAY_SECONDS * 1_000 <= this.#now()) {
      this.#verified.delete(token)
      throw new YeoulError('token_expired')
    }
    if (this.#ended.has(verified.sid)) {
      this.#verified.delete(token)
      throw new YeoulError('session_ended')
    }
    if ((this.#roles?.of(verified.user) ?? verified.role) !== verified.role) {
      this.#verified.delete(token)
      throw new YeoulError('token_expired', 'The role of this user was changed; get a new token.')
    }
    if (known === undefined) this.#remember(token, verified)
    return verified
  }

  async #check(token: string): Promise<Verified> {
    try {
      const { payload } = await jwtVerify(token, (header) => this.#keyFor(header), {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer: this.#issuer,
        audience: AUDIENCE,
        clockTolerance: LEEWAY_SECONDS,
        requiredClaims: ['sub', 'sid', 'role', 'iat', 'exp'],
        currentDate: new Date(this.#now()),
      })
      return readClaims(payload)
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new YeoulError('token_expired')
      throw new YeoulError('unauthenticated')
    }
  }

  #keyFor(header: JWTHeaderParameters): webcrypto.CryptoKey {
    const found = this.#keys.find((key) => key.kid === header.kid)
    if (!found) throw new YeoulError('unauthenticated')
    return found.key
  }

  #remember(token: string, verified: Verified): void {
    if (this.#verified.size >= this.#cached) this.#verified.delete(this.#verified.keys().next().value as string)
    this.#verified.set(token, verified)
  }
}

async function importKey(secret: string): Promise<Key> {
  const bytes = deriveKey(secret, 'access tokens')
  return {
    kid: createHash('sha256').update(bytes).digest('base64url').slice(0, 12),
    key: await webcrypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']),
  }
}

function readClaims(payload: JWTPayload): Verified {
  const { sub, sid, role, exp } = payload
  if (typeof sub !== 'string' || typeof sid !== 'string' || typeof exp !== 'number' || !isRole(role)) {
    throw new YeoulError('unauthenticated')
  }
  return { user: sub, sid, role, expiresAt: exp * 1_000 }
}

function isRole(role: unknown): role is UserRole {
  return role === 'user' || role === 'admin'
}
