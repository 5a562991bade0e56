import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Writes a consistent copy of the database at `path` to `file`, while a server may be running on it. Rejects when `file`
 * exists: a backup never overwrites.
 */
export async function backupStore(path: string, file: string): Promise<void> {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  try {
    backupTo(db, file)
  } finally {
    db.close()
  }
}

/** The copy appears under its name only when it is whole and synced. */
export function backupTo(db: DatabaseSync, file: string): void {
  if (existsSync(file)) throw new Error(`${file} is there already; a backup never overwrites`)
  const partial = `${file}.partial`
  rmSync(partial, { force: true })
  try {
    // One snapshot, compact. The copying of node:sqlite's backup() starts over whenever the server commits.
    db.prepare('VACUUM INTO ?').run(partial)
    sync(partial)
    renameSync(partial, file)
    sync(dirname(file))
  } finally {
    rmSync(partial, { force: true })
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
