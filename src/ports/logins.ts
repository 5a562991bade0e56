import type { Page } from '../protocol/model.ts'

/** One login of a user: the family of refresh tokens that descend from it. Its id is the `sid` of its access tokens. */
export interface Login {
  sid: string
  user: string
  createdAt: number
  expiresAt: number
  /** When a token of it was last spent, or when it was made. */
  lastUsedAt: number
  /** Whether the refresh token travels as a cookie. */
  cookie: boolean
  /** What the client said it is, at most 256 characters; null: it did not say, or the login is older than this field. */
  device: string | null
  /** Where the login was made from; null: nobody knows. */
  address: string | null
}

/**
 * Logins and their refresh tokens. Only SHA-256 hashes of tokens are kept, but for the successor of a cookie token, which
 * is kept sealed by the caller so that a race between tabs can be answered with it.
 */
export interface Logins {
  /**
   * Rejects `user_not_found`, `account_disabled`: what was asked before an account was disabled is either refused or among
   * the logins that `endAll` then ends.
   */
  start(login: Login, tokenHash: string): Promise<void>
  /**
   * Spends a token for its successor, in one transaction. A token spent before ends the whole family and answers
   * `refresh_reused`; except for cookie logins within `graceMs` of its spending while the successor is unused: then the
   * successor comes back (as `sealed` was given for it).
   */
  rotate(spend: {
    tokenHash: string
    nextHash: string
    sealed: string
    at: number
    expiresAt: number
    graceMs: number
  }): Promise<
    { ok: true; login: Login; sealed: string } | { ok: false; code: 'refresh_invalid' | 'refresh_reused'; sid?: string }
  >
  /** Ends one login, by sid or by the hash of any token of it; answers its sid, or null when there is none. */
  end(which: { sid: string } | { tokenHash: string }, at: number): Promise<string | null>
  /** Ends one living login of this user; false when they have no such one. */
  endOwn(user: string, sid: string, at: number): Promise<boolean>
  /** Ends all logins of a user, but for `except`; answers their sids. */
  endAll(user: string, at: number, except?: string): Promise<string[]>
  /** The sids that ended at or after `since` and whose access tokens may still be alive. */
  endedSince(since: number): Promise<string[]>
  /** The logins of a user that were not ended, the newest first. */
  list(user: string, cursor: string | null, limit: number): Promise<Page<Login>>
  /** Forgets logins that expired, and ends older than the life of an access token; answers how many. */
  sweep(at: number): Promise<number>
}
