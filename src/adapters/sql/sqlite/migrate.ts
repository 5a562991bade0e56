import type { DatabaseSync } from 'node:sqlite'
import { MIGRATIONS, type Migration } from '../migrations.ts'

/**
 * Brings a database up to this program's schema. Throws when the database is newer than the program.
 */
export function migrate(db: DatabaseSync): void {
  if (versionOf(db) === MIGRATIONS.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(
      'CREATE TABLE IF NOT EXISTS schema_steps (version INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL) STRICT',
    )
    const version = versionOf(db)
    if (version > MIGRATIONS.length) {
      throw new Error(
        `the database has schema version ${version}, this Yeoul knows ${MIGRATIONS.length}: use a newer Yeoul`,
      )
    }
    const record = db.prepare('INSERT INTO schema_steps (version, name, at) VALUES (?, ?, ?)')
    for (let i = version; i < MIGRATIONS.length; i++) {
      const step = MIGRATIONS[i] as Migration
      db.exec(step.sql)
      record.run(i + 1, step.name, Date.now())
    }
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function versionOf(db: DatabaseSync): number {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_steps'").get()
  if (known === undefined) return 0
  return (db.prepare('SELECT coalesce(max(version), 0) AS version FROM schema_steps').get() as { version: number })
    .version
}
