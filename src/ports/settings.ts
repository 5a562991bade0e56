import type { Page } from '../protocol/model.ts'

/** What an option can be; null: nothing. */
export type SettingValue = string | number | boolean | string[] | null

/** One change of the configuration at run time: the version that it made, who made it, when, and what it was before. */
export interface SettingsChange {
  /** 1, 2, 3 … */
  version: number
  /** ms since 1970 */
  at: number
  /** The admin's user id; null when nobody is known. */
  actor: string | null
  /** By option. `to` null: back to the value that each node started with. */
  changes: Record<string, { from: SettingValue; to: SettingValue }>
}

/** Changes of the configuration at run time: append-only, so that they are their own audit trail. */
export interface SettingsLog {
  /** The newest version; 0 when nothing was ever changed. Every node asks once a second. */
  version(): Promise<number>
  /**
   * Keeps a change as the version after `expected`. Of several callers with one `expected` exactly one succeeds; rejects
   * `config_changed` when there is a newer version.
   */
  append(expected: number, change: Omit<SettingsChange, 'version'>): Promise<void>
  /** The changes after a version, rising, at most `limit`. */
  after(version: number, limit: number): Promise<SettingsChange[]>
  /** All changes, the newest first. */
  history(cursor: string | null, limit: number): Promise<Page<SettingsChange>>
}
