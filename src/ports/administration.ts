import type { Page, UserRole } from '../protocol/model.ts'
import type { AdminUser, ParkedItem, Summary } from '../protocol/model-admin.ts'

/** What is left out stays as it is. */
export interface UserChanges {
  disabled?: boolean | undefined
  role?: UserRole | undefined
}

/** What the store knows beyond single people and rooms: for admins, and for what follows from what they change. */
export interface Administration {
  /**
   * All accounts by user name, disabled ones too; with `q` those whose user name or a word of whose display name begins with
   * it, as `Accounts.find` says.
   */
  users(q: string, cursor: string | null, limit: number): Promise<Page<AdminUser>>
  /**
   * Rejects `user_not_found`; `last_admin` when the user is the last admin who can sign in and would not be any more, also
   * when several are changed at once.
   */
  changeUser(id: string, changes: UserChanges, at: number): Promise<AdminUser>
  /** The users whose role changed at or after `since`, with the role that they have now. Every node asks every 2 s. */
  changedRoles(since: number): Promise<[user: string, role: UserRole][]>
  /** Numbers of what the database holds; what waits in a log before it is not counted yet. Reads no message. */
  counts(): Promise<Pick<Summary, 'users' | 'disabledUsers' | 'rooms' | 'messages' | 'parked'>>
  /** Entries of a log that the database refused, the oldest first, without what they hold. */
  parked(cursor: string | null, limit: number): Promise<Page<ParkedItem>>
  /**
   * Writes a parked entry in its place. Rejects `parked_not_found`; `parked_refused` with the reason, and keeps it;
   * `unavailable` when nobody knows whether it is written.
   */
  retryParked(id: number): Promise<void>
}
