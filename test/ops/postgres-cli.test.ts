import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { openPostgresStore } from '../../src/adapters/sql/index.ts'
import { newRoom, newUser } from '../contract/store.ts'
import { type Outcome, temporaryFolder, yeoul } from './yeoul-process.ts'

let postgres: Postgres
before(async () => {
  postgres = await startPostgres({ fsync: false })
})
after(() => postgres.stop())

const dataDir = `${temporaryFolder()}/none`

function command(url: string, ...args: string[]): Promise<Outcome> {
  const env = { YEOUL_DATABASE_URL: url, YEOUL_JWT_SECRET: 'the same secret on all of the nodes' }
  return yeoul(args, { dataDir, env, input: 'long enough' })
}

test('commands work on the database of a cluster: people, a set-up link, the demo, an audit', async () => {
  const url = await postgres.createDatabase()
  assert.match((await command(url, 'setup-link')).stdout, /#setup=/)
  const made = await command(url, 'user', 'create', 'root', '--admin', '--password-stdin')
  assert.deepEqual([made.code, made.stdout], [0, 'The admin root is made.\n'])
  assert.match((await command(url, 'user', 'list')).stdout, /^root\t.*admin$/m)
  assert.equal((await command(url, 'seed', '--demo')).code, 0)
  const audited = await command(url, 'verify')
  assert.deepEqual([audited.code, audited.stderr], [0, ''])
  assert.match(audited.stdout, /^\d+ rooms, \d+ events, \d+ messages: all is well\.$/m)
  const { rows } = await ask(url, 'UPDATE rooms SET seq = seq + 1 RETURNING 1')
  assert.ok(rows.length > 1)
  const damaged = await command(url, 'verify')
  assert.equal(damaged.code, 1)
  assert.match(damaged.stdout, /its head is \d+, its last event is \d+/)
})

test('after an older copy was put in place every room begins a new epoch, once no node runs', async () => {
  const url = await postgres.createDatabase()
  const node = await openPostgresStore({ url, partitions: 64 })
  await newRoom(node, [await newUser(node)])
  const early = await command(url, 'raise-epochs')
  assert.deepEqual([early.code, early.stdout], [1, ''])
  assert.match(early.stderr, /^yeoul: \d connections of nodes are open; stop all nodes first\.\n$/)
  await node.close()
  for (let i = 0; i < 2; i++) {
    const before = await epochs(url)
    assert.equal((await command(url, 'raise-epochs')).code, 0)
    for (const [room, epoch] of await epochs(url)) assert.ok(epoch > (before.get(room) ?? 0) && epoch > 1_700_000_000)
  }
})

test('what PostgreSQL has its own tools for says so; what cannot be done says why, in one line', async () => {
  const url = await postgres.createDatabase()
  const nowhere = 'postgres://me:hidden@127.0.0.1:1/none'
  const outcomes = await Promise.all([
    command(url, 'backup', 'x'),
    command(url, 'restore', 'x'),
    command(url, 'verify'),
    command(nowhere, 'verify'),
    command(nowhere, 'user', 'list'),
  ])
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    [1, 1, 1, 1, 1],
  )
  const [backup, restore, empty, ...unreached] = outcomes.map(({ stderr }) => stderr)
  assert.match(backup as string, /^yeoul: .*pg_dump\.\n$/)
  assert.match(restore as string, /^yeoul: .*pg_restore.*raise-epochs`\.\n$/)
  assert.match(empty as string, /^yeoul: The database cannot be audited: [^\n]+\n$/)
  for (const line of unreached) {
    assert.match(line, /^yeoul: [^\n]+\n$/)
    assert.doesNotMatch(line, /hidden/)
  }
})

async function epochs(url: string): Promise<Map<string, number>> {
  const { rows } = await ask(url, 'SELECT id, epoch::int FROM rooms')
  return new Map(rows.map(({ id, epoch }) => [id, epoch]))
}

async function ask(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}
