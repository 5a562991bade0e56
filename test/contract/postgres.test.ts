import { after, before, describe } from 'node:test'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { openPostgresStore } from '../../src/adapters/sql/index.ts'
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

describe('the sql adapter on PostgreSQL', () => {
  let postgres: Postgres
  before(async () => {
    // Only behaviour counts here.
    postgres = await startPostgres({ fsync: false })
  })
  after(() => postgres.stop())

  const open = () => openEmpty(postgres)
  logContract(open)
  logModelContract(open)
  roomsContract(open)
  membershipsContract(open)
  mentionsContract(open)
  historyContract(open)
  accountsContract(open)
  loginsContract(open)
  settingsContract(open)
  resetLinksContract(open)
  administrationContract(open)
})

async function openEmpty(postgres: Postgres): Promise<OpenStore> {
  const url = await postgres.createDatabase()
  const options = { url, partitions: 16 }
  let store = await openPostgresStore(options)
  return {
    store,
    async reopen() {
      await store.close()
      store = await openPostgresStore(options)
      return store
    },
    dump: () => dumpOf(url),
    problems: async () => (await store.verify()).problems,
    close: () => store.close(),
  }
}

/** Every row of every table, as text. */
async function dumpOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows: tables } = await client.query("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    const texts: string[] = []
    for (const { name } of tables) texts.push(JSON.stringify((await client.query(`SELECT * FROM "${name}"`)).rows))
    return texts.join('\n')
  } finally {
    await client.end()
  }
}
