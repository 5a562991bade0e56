import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe } from 'node:test'
import { openSqlStore } from '../../src/adapters/sql/index.ts'
import { accountsContract } from './accounts.contract.ts'
import { administrationContract } from './administration.contract.ts'
import { historyContract } from './history.contract.ts'
import { logContract } from './log.contract.ts'
import { logModelContract } from './log-model.contract.ts'
import { loginsContract } from './logins.contract.ts'
import { membershipsContract } from './memberships.contract.ts'
import { mentionsContract } from './mentions.contract.ts'
import { resetLinksContract } from './reset-links.contract.ts'
import { roomsContract } from './rooms.contract.ts'
import { settingsContract } from './settings.contract.ts'
import type { OpenStore } from './store.ts'

describe('the sql adapter on a file', () => {
  logContract(openSqlite)
  logModelContract(openSqlite)
  roomsContract(openSqlite)
  membershipsContract(openSqlite)
  mentionsContract(openSqlite)
  historyContract(openSqlite)
  accountsContract(openSqlite)
  loginsContract(openSqlite)
  settingsContract(openSqlite)
  resetLinksContract(openSqlite)
  administrationContract(openSqlite)
})

async function openSqlite(): Promise<OpenStore> {
  const folder = mkdtempSync(join(tmpdir(), 'yeoul-sql-'))
  const path = join(folder, 'yeoul.db')
  let store = await openSqlStore({ path, server: true })
  return {
    store,
    async reopen() {
      await store.close()
      store = await openSqlStore({ path, server: true })
      return store
    },
    dump: async () => dumpOf(path),
    problems: async () => (await store.verify()).problems,
    async close() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Every row of every table, as text. */
function dumpOf(path: string): string {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[]
    return tables.map(({ name }) => JSON.stringify(db.prepare(`SELECT * FROM "${name}"`).all())).join('\n')
  } finally {
    db.close()
  }
}
