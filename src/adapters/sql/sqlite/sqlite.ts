import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Kysely, SqliteDialect, type SqliteStatement } from 'kysely'
import { type ErrorCode, YeoulError } from '../../../protocol/errors.ts'
import type { Tables } from '../tables.ts'

/** One connection, with kysely for everyday paths and prepared statements for hot ones. */
export interface Sqlite {
  raw: DatabaseSync
  db: Kysely<Tables>
  /** A prepared statement whose rows come as arrays. */
  prepare(sql: string): StatementSync
}

export interface SqliteOptions {
  path: string
  readOnly: boolean
  /** Pages kept in memory, in KiB. */
  cacheKiB: number
}

/** How long a connection waits for a lock that another holds. */
export const BUSY_MS = 5_000
const STATEMENTS_KEPT = 400

export function openSqlite({ path, readOnly, cacheKiB }: SqliteOptions): Sqlite {
  const raw = new DatabaseSync(path, { readOnly, timeout: BUSY_MS, enableForeignKeyConstraints: true })
  if (!readOnly) {
    raw.exec('PRAGMA journal_mode = WAL')
    // Each commit is synced: what was acknowledged survives the machine (P1).
    raw.exec('PRAGMA synchronous = FULL')
    // The keeper thread checkpoints, so that no commit has to.
    raw.exec('PRAGMA wal_autocheckpoint = 0')
    // Erased text is overwritten where that costs no extra write.
    raw.exec('PRAGMA secure_delete = FAST')
  }
  raw.exec(`PRAGMA cache_size = -${cacheKiB}`)
  raw.exec('PRAGMA temp_store = MEMORY')
  return {
    raw,
    db: new Kysely<Tables>({ dialect: new SqliteDialect({ database: new KyselyDatabase(raw) }) }),
    prepare(sql) {
      const statement = raw.prepare(sql)
      statement.setReturnArrays(true)
      return statement
    },
  }
}

/** node:sqlite in the shape that kysely's SQLite dialect asks for. Statements stay prepared: preparing costs more than running. */
class KyselyDatabase {
  readonly #raw: DatabaseSync
  readonly #statements = new Map<string, SqliteStatement>()

  constructor(raw: DatabaseSync) {
    this.#raw = raw
  }

  prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#raw.prepare(sql)
    const prepared: SqliteStatement = {
      reader: statement.columns().length > 0,
      all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
      run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
      iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
    }
    if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear()
    this.#statements.set(sql, prepared)
    return prepared
  }

  close(): void {
    this.#raw.close()
  }
}

const SQLITE_FULL = 13
const SQLITE_IOERR = 10
/** BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, CORRUPT, CANTOPEN, PROTOCOL, NOTADB: the database cannot serve now. */
const UNAVAILABLE = new Set([5, 6, 7, 8, 9, 11, 14, 15, 26])

/** What a caller is told of a failure of the database; null for one that is a fault of this program. */
export function failureOf(error: unknown, path: string): ErrorCode | null {
  if (error instanceof YeoulError) return error.code
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  const primary = error.errcode & 0xff
  if (primary === SQLITE_FULL) return 'storage_full'
  // A full disk can also show where SQLite maps or syncs a file.
  if (primary === SQLITE_IOERR) return diskIsFull(path) ? 'storage_full' : 'unavailable'
  return UNAVAILABLE.has(primary) ? 'unavailable' : null
}

function diskIsFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize < 1_048_576
  } catch {
    return false
  }
}
