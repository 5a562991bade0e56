import { parentPort, workerData } from 'node:worker_threads'
import type { VerifyReport } from '../audit.ts'
import { backupTo } from './backup.ts'
import { failureOf, openSqlite } from './sqlite.ts'
import type { Answer, Call, ThreadData } from './thread-protocol.ts'
import { verifyDatabase } from './verify.ts'

/** The thread for what takes long: checkpoints, audits, backups. It stands in nobody's way. */

const { path, cacheKiB } = workerData as ThreadData
const port = parentPort!
const sqlite = openSqlite({ path, readOnly: false, cacheKiB })

const operations = {
  /** Copies what is committed from the write-ahead log into the database; answers how many pages the log holds. */
  checkpoint(_: unknown): { pages: number; copied: number } {
    const { log, checkpointed } = sqlite.raw.prepare('PRAGMA wal_checkpoint(PASSIVE)').get() as Record<string, number>
    return { pages: log ?? 0, copied: checkpointed ?? 0 }
  },
  verify(_: unknown): VerifyReport {
    return verifyDatabase(sqlite.raw)
  },
  backup(_: unknown, file: string): void {
    backupTo(sqlite.raw, file)
  },
  ping(_: unknown): void {},
  close(_: unknown): void {
    sqlite.raw.close()
  },
}
export type KeeperOperations = Omit<typeof operations, 'ping' | 'close'>

port.on('message', ([id, name, ...args]: Call) => {
  port.postMessage(perform(id, name, args))
  if (name === 'close') port.close()
})
port.postMessage(['ready'] satisfies Answer)

function perform(id: number, name: string, args: unknown[]): Answer {
  try {
    const operation = operations[name as keyof typeof operations] as (_: null, ...args: unknown[]) => unknown
    return ['ok', id, operation(null, ...args)]
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error))
    return ['failed', id, failureOf(error, path), cause.message]
  }
}
