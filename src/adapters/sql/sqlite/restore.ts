import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { DatabaseInUse, lockForServer } from './server-lock.ts'

/**
 * Puts the copy `from` in place of the database at `path` and raises the epoch of every room: what was stored after the
 * copy was made is lost, so no client may go on from where it was (decision on epochs in ARCHITECTURE.md). The database
 * that was there is set aside, and its new name answered. Throws `DatabaseInUse` while a server has it open, and when
 * `from` is not a database of Yeoul; then nothing has changed.
 */
export function restoreStore(from: string, path: string, now: number = Date.now()): { setAside: string | null } {
  const unlock = lockForServer(path)
  const draft = `${path}.restoring`
  try {
    rmSync(draft, { force: true })
    copyFileSync(from, draft)
    raiseEpochs(draft, now)
    const setAside = existsSync(path) ? `${path}.before-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}` : null
    if (setAside !== null) putAside(path, setAside)
    renameSync(draft, path)
    return { setAside }
  } finally {
    rmSync(draft, { force: true })
    unlock()
  }
}

/** To the time, in seconds: above any epoch that an earlier restore of the same copy gave out. */
function raiseEpochs(path: string, now: number): void {
  const db = new DatabaseSync(path)
  try {
    // Not WAL while it is moved: one file holds everything.
    db.exec('PRAGMA journal_mode = DELETE')
    db.prepare('UPDATE rooms SET epoch = max(epoch + 1, ?)').run(Math.floor(now / 1_000))
  } finally {
    db.close()
  }
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}

/** Leaving WAL mode folds the log into the file, and needs the database for oneself: a command may have it open. */
function putAside(path: string, aside: string): void {
  const db = new DatabaseSync(path)
  try {
    db.exec('PRAGMA journal_mode = DELETE')
  } catch (error) {
    if (isBusy(error)) throw new DatabaseInUse(path)
    // Damaged: it is set aside as it is, with its log.
  } finally {
    db.close()
  }
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
  }
}

const SQLITE_BUSY = 5
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY
}
