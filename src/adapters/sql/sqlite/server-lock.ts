import { DatabaseSync } from 'node:sqlite'

/** Another server holds the database. */
export class DatabaseInUse extends Error {
  constructor(path: string) {
    super(`another Yeoul server is using ${path}; stop it, or give this one a data folder of its own`)
    this.name = 'DatabaseInUse'
  }
}

/**
 * Makes this process the only server on the database, until the answer is called. The lock is one of the operating system's
 * on a file beside the database (taken through SQLite, which knows how on each system): it goes with the process, however
 * that ends, and leaves nothing to clean up. Commands that write for a moment beside the server do not take it.
 */
export function lockForServer(path: string): () => void {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) throw new DatabaseInUse(path)
    throw error
  }
  return () => {
    if (lock.isOpen) lock.close()
  }
}

const SQLITE_BUSY = 5
