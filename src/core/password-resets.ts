import type { Accounts } from '../ports/accounts.ts'
import type { ResetLinks } from '../ports/reset-links.ts'
import { YeoulError } from '../protocol/errors.ts'
import { checkPassword } from './account-names.ts'
import type { AccountService, Asker, SignedIn } from './accounts.ts'
import { type Actor, authoriseAdmin } from './actor.ts'
import type { Audit } from './audit.ts'
import type { LoginLimits } from './login-limits.ts'
import type { Passwords } from './passwords.ts'
import { hashToken, newOpaqueToken } from './secrets.ts'

const LIFE_MS = 86_400_000

/**
 * New passwords for people who forgot theirs: an admin hands them a link that works once, for 24 hours. Its token belongs into
 * a URL's fragment, `PUBLIC_URL/#reset=TOKEN`, which no proxy logs.
 */
export class PasswordResets {
  readonly #links: ResetLinks
  readonly #accounts: Pick<Accounts, 'byUsername'>
  readonly #logins: Pick<AccountService, 'loginAfresh'>
  readonly #passwords: Passwords
  readonly #limits: () => LoginLimits | null
  readonly #audit: Audit
  readonly #now: () => number

  constructor(parts: {
    links: ResetLinks
    accounts: Pick<Accounts, 'byUsername'>
    logins: Pick<AccountService, 'loginAfresh'>
    passwords: Passwords
    /** null: attempts are not limited at the moment. */
    limits: () => LoginLimits | null
    audit: Audit
    now?: () => number
  }) {
    this.#links = parts.links
    this.#accounts = parts.accounts
    this.#logins = parts.logins
    this.#passwords = parts.passwords
    this.#limits = parts.limits
    this.#audit = parts.audit
    this.#now = parts.now ?? Date.now
  }

  /** A link for a user, in place of any earlier one. Rejects `forbidden` for all but admins, `user_not_found`. */
  async offer(actor: Actor, user: string): Promise<{ token: string; expiresAt: number }> {
    authoriseAdmin(actor)
    const link = await this.#offer(user)
    this.#audit({ admin: actor.user, did: 'offer_reset', user })
    return link
  }

  /** A link on the operator's word. Rejects `user_not_found`. */
  async offerTo(username: string): Promise<{ token: string; expiresAt: number }> {
    const account = await this.#accounts.byUsername(username.toLowerCase())
    if (account === null) throw new YeoulError('user_not_found')
    return this.#offer(account.id)
  }

  /**
   * Sets a new password by a link, ends the user's other logins and begins a new one. Rejects `reset_token_invalid`,
   * `account_disabled`, `rate_limited`, `overloaded`.
   */
  async redeem(given: { token: string; password: string }, asker: Asker): Promise<SignedIn> {
    const password = checkPassword(given.password)
    const hash = hashToken(given.token)
    // Nobody guesses 256 bits; what is limited is the work that an address can cause. No user name has a space.
    const guess = `reset ${hash}`
    this.#limits()?.attempt(guess, asker.address)
    const account = await this.#links.ownerOf(hash, this.#now())
    if (account === null) throw new YeoulError('reset_token_invalid')
    if (account.disabled) throw new YeoulError('account_disabled')
    await this.#links.spend(hash, this.#now(), await this.#passwords.hash(password))
    this.#limits()?.succeeded(guess, asker.address)
    return this.#logins.loginAfresh(account, asker)
  }

  async #offer(user: string): Promise<{ token: string; expiresAt: number }> {
    const token = newOpaqueToken()
    const expiresAt = this.#now() + LIFE_MS
    await this.#links.offer(user, hashToken(token), expiresAt)
    return { token, expiresAt }
  }
}
