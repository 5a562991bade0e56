import type { Accounts } from '../../ports/accounts.ts'
import type { Administration } from '../../ports/administration.ts'
import type { History } from '../../ports/history.ts'
import type { Log } from '../../ports/log.ts'
import type { Logins } from '../../ports/logins.ts'
import type { Memberships } from '../../ports/memberships.ts'
import type { ResetLinks } from '../../ports/reset-links.ts'
import type { Rooms } from '../../ports/rooms.ts'
import type { SettingsLog } from '../../ports/settings.ts'
import type { VerifyReport } from './audit.ts'

/** The ports that one SQL database keeps, and how its server looks after it. */
export interface SqlStore {
  log: Log
  accounts: Accounts
  logins: Logins
  rooms: Rooms
  memberships: Memberships
  history: History
  settings: SettingsLog
  resetLinks: ResetLinks
  administration: Administration
  /** Audits the whole database in one snapshot; the server goes on meanwhile. */
  verify(): Promise<VerifyReport>
  /** Rejects `unavailable` when the database cannot be read or written now. */
  ping(): Promise<void>
  /** Finishes what was asked before, and closes the database. */
  close(): Promise<void>
  stats(): SqlStats
}

export interface SqlStats {
  /** Calls since the start, and those of them that are not answered yet. */
  reads: number
  writes: number
  pendingReads: number
  pendingWrites: number
  /** How many times calls failed of which some may have been committed: what they appended was told to nobody. */
  lostAnswers: number
}
