import type { Page } from '../protocol/model.ts'
import type { ConfigChange } from '../protocol/model-admin.ts'

/** Changes of the configuration at run time: append-only, so that they are their own audit trail. */
export interface SettingsLog {
  /** The newest version; 0 when nothing was ever changed. Every node asks once a second. */
  version(): Promise<number>
  /**
   * Keeps a change as the version after `expected`. Of several callers with one `expected` exactly one succeeds; rejects
   * `config_changed` when there is a newer version.
   */
  append(expected: number, change: Omit<ConfigChange, 'version'>): Promise<void>
  /** The changes after a version, rising, at most `limit`. */
  after(version: number, limit: number): Promise<ConfigChange[]>
  /** All changes, the newest first. */
  history(cursor: string | null, limit: number): Promise<Page<ConfigChange>>
}
