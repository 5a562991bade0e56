import { parentPort, workerData } from 'node:worker_threads'
import { accountWrites } from '../accounts.ts'
import { administrationWrites } from '../administration.ts'
import { loginWrites } from '../logins.ts'
import { membershipWrites } from '../memberships.ts'
import { resetLinkWrites } from '../reset-links.ts'
import { roomWrites } from '../rooms.ts'
import { settingsWrites } from '../settings.ts'
import type { Transaction } from '../transaction.ts'
import { Appender } from './append.ts'
import type { FlatDrafts } from './drafts.ts'
import { migrate } from './migrate.ts'
import { ProgressSaver } from './progress.ts'
import { RoomCache } from './room-cache.ts'
import { BUSY_MS, failureOf, openSqlite } from './sqlite.ts'
import type { Answer, Call, ThreadData } from './thread-protocol.ts'

/**
 * The thread through which every write goes, one after the other. What waits together commits together: each call is
 * atomic by a savepoint of its own, one commit (and one sync of the disk) makes all of them durable, then all are answered.
 * A call that is alone, as a batch of messages mostly is, needs no savepoint, for which SQLite would copy every page that
 * it changes.
 */

const { path, cacheKiB } = workerData as ThreadData
const port = parentPort!
const sqlite = openSqlite({ path, readOnly: false, cacheKiB })
migrate(sqlite.raw)

const cache = new RoomCache(sqlite)
const appender = new Appender(sqlite, cache)
const progress = new ProgressSaver(sqlite)

const operations = {
  ...accountWrites,
  ...loginWrites,
  ...roomWrites,
  ...membershipWrites,
  ...settingsWrites,
  ...resetLinkWrites,
  ...administrationWrites,

  append(_: Transaction, at: number, drafts: FlatDrafts): Float64Array {
    try {
      return appender.append(at, drafts)
    } catch (error) {
      cache.clear()
      throw error
    }
  },

  saveProgress(_: Transaction, ...gathered: Parameters<ProgressSaver['save']>): void {
    progress.save(...gathered)
  },
}

/** What cannot run inside a transaction. */
const maintenance = {
  ping(_: null): void {
    sqlite.raw.exec('SELECT 1')
  },
  /** Begins the write-ahead log anew. The keeper has copied nearly all of it; readers are not waited for. */
  restartWal(_: null): void {
    sqlite.raw.exec(`PRAGMA busy_timeout = ${RESTART_BUSY_MS}`)
    try {
      sqlite.raw.exec('PRAGMA wal_checkpoint(RESTART)')
    } finally {
      sqlite.raw.exec(`PRAGMA busy_timeout = ${BUSY_MS}`)
    }
  },
  limitBytes(_: null, bytes: number | null): void {
    const pages = bytes === null ? PAGES_MAX : Math.ceil(bytes / pageBytes())
    sqlite.raw.exec(`PRAGMA max_page_count = ${pages}`)
  },
  close(_: null): void {
    sqlite.raw.close()
  },
}
export type WriteOperations = typeof operations & Pick<typeof maintenance, 'restartWal' | 'limitBytes'>

const transaction: Transaction = {
  db: sqlite.db,
  // Nobody else writes.
  holding: (query) => query,
  outbox: false,
  partitionOf: () => 0,
  roomChanged: (id) => cache.forget(id),
}
const GROUP_MAX = 256
const RESTART_BUSY_MS = 20
/** SQLite's own limit. */
const PAGES_MAX = 4_294_967_294
const waiting: Call[] = []
let scheduled = false

port.on('message', (call: Call) => {
  waiting.push(call)
  if (scheduled) return
  scheduled = true
  // After all messages that have come already were taken in: they share the commit.
  setImmediate(work)
})
port.postMessage(['ready'] satisfies Answer)

async function work(): Promise<void> {
  const group = waiting.splice(0, GROUP_MAX)
  if (isMaintenance(group[0])) {
    maintain(group[0] as Call)
    waiting.unshift(...group.slice(1))
  } else {
    const end = group.findIndex(isMaintenance)
    if (end !== -1) waiting.unshift(...group.splice(end))
    await commit(group)
  }
  if (waiting.length > 0) setImmediate(work)
  else scheduled = false
}

async function commit(group: Call[]): Promise<void> {
  const answers: Answer[] = []
  try {
    sqlite.raw.exec('BEGIN IMMEDIATE')
    cache.begin()
    if (group.length === 1) answers.push(await performAlone(group[0] as Call))
    else for (const call of group) answers.push(await performAmongOthers(call))
    // One that was alone and failed has ended the transaction.
    if (sqlite.raw.isTransaction) sqlite.raw.exec('COMMIT')
  } catch (error) {
    cache.clear()
    if (sqlite.raw.isTransaction) sqlite.raw.exec('ROLLBACK')
    for (const [id] of group) port.postMessage(failed(id, error))
    return
  }
  for (const answer of answers) port.postMessage(answer)
}

/** Performs the only call of a transaction. When it fails the transaction is over. */
async function performAlone(call: Call): Promise<Answer> {
  try {
    return await perform(call)
  } catch (error) {
    if (sqlite.raw.isTransaction) sqlite.raw.exec('ROLLBACK')
    return failed(call[0], error)
  }
}

/** Performs one call inside the group's transaction. Throws only when the whole transaction is lost. */
async function performAmongOthers(call: Call): Promise<Answer> {
  sqlite.raw.exec('SAVEPOINT call')
  try {
    const answer = await perform(call)
    sqlite.raw.exec('RELEASE call')
    return answer
  } catch (error) {
    // A full disk, for one, can end the transaction itself.
    if (!sqlite.raw.isTransaction) throw error
    sqlite.raw.exec('ROLLBACK TO call')
    sqlite.raw.exec('RELEASE call')
    return failed(call[0], error)
  }
}

async function perform([id, name, ...args]: Call): Promise<Answer> {
  const operation = operations[name as keyof typeof operations] as (tx: Transaction, ...args: unknown[]) => unknown
  return ['ok', id, await operation(transaction, ...args)]
}

function failed(id: number, error: unknown): Answer {
  const cause = error instanceof Error ? error : new Error(String(error))
  const code = failureOf(error, path)
  return ['failed', id, code, code === null ? (cause.stack ?? cause.message) : cause.message]
}

function isMaintenance(call: Call | undefined): boolean {
  return call !== undefined && Object.hasOwn(maintenance, call[1])
}

function maintain([id, name, ...args]: Call): void {
  try {
    const operation = maintenance[name as keyof typeof maintenance] as (_: null, ...args: unknown[]) => void
    operation(null, ...args)
    port.postMessage(['ok', id, undefined] satisfies Answer)
  } catch (error) {
    port.postMessage(failed(id, error))
  }
  if (name === 'close') port.close()
}

function pageBytes(): number {
  return (sqlite.raw.prepare('PRAGMA page_size').get() as { page_size: number }).page_size
}
