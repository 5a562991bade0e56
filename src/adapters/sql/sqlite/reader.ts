import { parentPort, workerData } from 'node:worker_threads'
import { accountReads } from '../accounts.ts'
import { administrationReads } from '../administration.ts'
import { loginReads } from '../logins.ts'
import { membershipReads } from '../memberships.ts'
import { resetLinkReads } from '../reset-links.ts'
import { roomReads } from '../rooms.ts'
import { settingsReads } from '../settings.ts'
import type { Snapshot } from '../transaction.ts'
import { EventReader } from './event-reader.ts'
import { messageReads } from './messages.ts'
import { failureOf, openSqlite } from './sqlite.ts'
import type { Answer, Call, ThreadData } from './thread-protocol.ts'

/** The thread that reads, on a connection of its own, so that no page delays a commit. Each call sees one snapshot. */

const { path, cacheKiB } = workerData as ThreadData
const port = parentPort!
const sqlite = openSqlite({ path, readOnly: true, cacheKiB })
const events = new EventReader(sqlite)
const snapshot = { db: sqlite.db, events, messagesAt: (places) => events.messagesAt(places) } satisfies Snapshot & {
  events: EventReader
}

const operations = {
  ...accountReads,
  ...loginReads,
  ...roomReads,
  ...membershipReads,
  ...settingsReads,
  ...resetLinkReads,
  ...administrationReads,
  ...messageReads,

  ping(): void {},
}
export type ReadOperations = typeof operations

const waiting: Call[] = []
let working = false

port.on('message', (call: Call) => {
  waiting.push(call)
  if (!working) void work()
})
port.postMessage(['ready'] satisfies Answer)

async function work(): Promise<void> {
  working = true
  for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
    port.postMessage(await perform(call))
    if (call[1] === 'close') port.close()
  }
  working = false
}

async function perform([id, name, ...args]: Call): Promise<Answer> {
  try {
    if (name === 'close') return ['ok', id, sqlite.raw.close()]
    const operation = operations[name as keyof ReadOperations] as (on: typeof snapshot, ...args: unknown[]) => unknown
    sqlite.raw.exec('BEGIN')
    return ['ok', id, await operation(snapshot, ...args)]
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error))
    const code = failureOf(error, path)
    return ['failed', id, code, code === null ? (cause.stack ?? cause.message) : cause.message]
  } finally {
    if (sqlite.raw.isOpen && sqlite.raw.isTransaction) sqlite.raw.exec('COMMIT')
  }
}
