import type { Account } from './accounts.ts'

/**
 * One-time links by which people set a new password. A user has at most one; a password that is set in any way ends it. Only
 * the SHA-256 hashes of their tokens are kept.
 */
export interface ResetLinks {
  /** Keeps a link in place of the user's earlier one. Rejects `user_not_found`. */
  offer(user: string, tokenHash: string, expiresAt: number): Promise<void>
  /** Whose link this is; null when there is none that is good at this time. */
  ownerOf(tokenHash: string, at: number): Promise<Account | null>
  /**
   * Spends a link for a new password, in one transaction: of two who come with it one succeeds. Rejects
   * `reset_token_invalid`; `account_disabled`, and then the link stays good.
   */
  spend(tokenHash: string, at: number, passwordHash: string): Promise<void>
}
