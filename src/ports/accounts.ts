import type { User, UserRole } from '../protocol/model.ts'

export interface Account extends User {
  role: UserRole
  passwordHash: string
  disabled: boolean
}

export interface NewAccount {
  id: string
  username: string
  displayName: string
  passwordHash: string
  role: UserRole
  createdAt: number
  /** SHA-256 of a set-up token: the account becomes admin and the token is spent in the same transaction. */
  setupTokenHash?: string
}

/** People. User names are unique without regard to case; callers pass them in lower case. */
export interface Accounts {
  /** Rejects `username_taken`; `setup_token_invalid` when the set-up token is unknown, spent or expired at `createdAt`. */
  create(account: NewAccount): Promise<User>
  byId(id: string): Promise<Account | null>
  byUsername(username: string): Promise<Account | null>
  /** The users that exist among `ids`, in no order; without role. */
  byIds(ids: string[]): Promise<User[]>
  /**
   * At most `limit` users, without role, whose user name or any word of whose display name begins with `q` (1 to 64
   * characters, taken literally): the exact user name first, then by user name. Case is not told apart, at least in A–Z.
   * Disabled accounts are left out.
   */
  find(q: string, limit: number): Promise<User[]>
  /** The ids of the user names that exist. */
  idsOf(usernames: string[]): Promise<Map<string, string>>
  /** A new password ends the user's reset link. Rejects `user_not_found`. */
  update(id: string, changes: { displayName?: string; passwordHash?: string }): Promise<User>
  /** Keeps the hash of a one-time set-up token until `expiresAt`, in place of any earlier one; false when an admin exists already. */
  offerSetup(tokenHash: string, expiresAt: number): Promise<boolean>
  /**
   * The account of a person whom another service knows by `externalId`: made from `account` at first, later the same one
   * again (its display name brought up to date). Rejects `username_taken` when the first would take an existing name.
   */
  ensureExternal(externalId: string, account: NewAccount): Promise<User>
}
