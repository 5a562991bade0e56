/** What admins ask and do: one method per endpoint under /admin. Everybody else is answered `forbidden`. */
import type { Page, UserRole } from '../../src/protocol/model.ts'
import type {
  AdminNode,
  AdminRoom,
  AdminUser,
  ConfigChange,
  ConfigInForce,
  ConfigValue,
  Figures,
  ParkedItem,
  ResetLink,
  Summary,
} from '../../src/protocol/model-admin.ts'

interface Query {
  limit?: number
  cursor?: string
}

export interface AdminApi {
  /** All accounts by user name, disabled ones too. `q`: the beginning of a user name or of a word of the display name. */
  users(query?: Query & { q?: string }): Promise<Page<AdminUser>>
  /**
   * Disabling ends all logins of the user at once; a changed role holds at once. Rejects `last_admin` where no admin would
   * be left who can sign in.
   */
  updateUser(user: string, changes: { disabled?: boolean; role?: UserRole }): Promise<AdminUser>
  /** A link, good once and for 24 hours, by which the user sets a new password; a new one replaces the one before. */
  resetUser(user: string): Promise<ResetLink>
  /** Open rooms and groups, the liveliest first; direct rooms are private and never listed. `q`: part of the title. */
  rooms(query?: Query & { q?: string }): Promise<Page<AdminRoom>>
  /** Ends a room for everybody in it, as its owner could. */
  deleteRoom(room: string): Promise<void>
  /** The last ten minutes, a point every two seconds; with `since` the points after that time alone. */
  figures(since?: number): Promise<Figures>
  summary(): Promise<Summary>
  /** Entries that wait for an operator, the oldest first. */
  parked(query?: Query): Promise<Page<ParkedItem>>
  /** Writes the entry in its place. Rejects `parked_refused` when the database refuses it once more, `parked_not_found`. */
  retryParked(id: number): Promise<void>
  /** The nodes that are alive, by name. */
  nodes(): Promise<AdminNode[]>
  /** Every option, as the node that answers has it. */
  config(): Promise<ConfigInForce>
  /**
   * Changes options on all nodes, all of these or none; null takes one back to what each node started with. Rejects
   * `config_changed` when `version` is given and there is a newer one.
   */
  changeConfig(change: { changes: Record<string, ConfigValue>; version?: number }): Promise<ConfigInForce>
  /** Who changed what, the newest change first. */
  configHistory(query?: Query): Promise<Page<ConfigChange>>
}
