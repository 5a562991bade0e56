import { after, before, test } from 'node:test'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { startTestServer } from '../support/server.ts'
import { enter, type House, makeRoom, openHouse, say, type Visit, visitAdmin } from './visit.ts'

const SHARED = {
  jwtSecret: 'a secret that is long enough for a test',
  log: 'redis',
  persistTries: 1,
  persistIntervalMs: 50,
} as const

let postgres: Postgres
let redis: LocalRedis
let house: House
let root: Visit
before(async () => {
  ;[postgres, redis] = await Promise.all([startPostgres({ fsync: false }), startRedis({ appendonly: true })])
  house = await openHouse({ ...SHARED, ...backends(), nodeName: 'first' })
  root = await visitAdmin(house)
})
after(async () => {
  await house?.close()
  await redis?.stop()
  await postgres?.stop()
})

const backends = () => ({ databaseUrl: postgres.url, redisUrl: redis.url })

/** Lets the database refuse every message of that body, or takes it again. */
async function refuse(body: string, on: boolean): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query(
    on
      ? `ALTER TABLE events ADD CONSTRAINT "refused ${body}" CHECK (body <> '${body}') NOT VALID`
      : `ALTER TABLE events DROP CONSTRAINT "refused ${body}"`,
  )
  await client.end()
}

test('an entry that the database refused is shown with its cause, tried again, and found in its room', async () => {
  const room = await makeRoom('Quarry', root)
  await say(root, room, 'before')
  await refuse('stones', true)
  await refuse('sticks', true)
  await say(root, room, 'stones')
  await say(root, room, 'sticks')
  await say(root, room, 'after')
  await root.page.goto('/#/admin/overview')
  await root.page.getByText('2 entries of the log could not be written').waitFor()
  await root.page.getByRole('link', { name: 'Look at them' }).click()
  const stones = root.page.getByRole('listitem').filter({ hasText: 'refused stones' })
  await stones.getByRole('button', { name: 'Try again' }).click()
  await stones.getByText('The database refused the entry again').waitFor()

  await refuse('stones', false)
  await root.page.getByRole('button', { name: 'Try all again' }).click()
  await root.page.getByText('1 written, 1 refused').waitFor()
  await stones.waitFor({ state: 'detached' })
  const sticks = root.page.getByRole('listitem').filter({ hasText: 'refused sticks' })
  await refuse('sticks', false)
  await sticks.getByRole('button', { name: 'Try again' }).click()
  await root.page.getByText('Nothing is parked').waitFor()

  await enter(root.page, 'Quarry')
  for (const body of ['before', 'stones', 'sticks', 'after'])
    await root.page.getByRole('log').getByText(body, { exact: true }).waitFor()
})

test('each node of a cluster is shown with how it is, and one that stops leaves the list', async () => {
  await root.page.goto('/#/admin/nodes')
  const node = (name: string) =>
    root.page.getByRole('listitem').filter({ has: root.page.getByRole('heading', { name, exact: true }) })
  await node('first').getByText('Ready', { exact: true }).waitFor()
  {
    await using _second = await startTestServer({ ...SHARED, ...backends(), nodeName: 'second' })
    await node('second').getByText('Ready', { exact: true }).waitFor()
    await root.page.getByText('the others take over').waitFor()
  }
  await node('second').waitFor({ state: 'detached' })
  await root.page.getByText('That is the normal case for a small server').waitFor()
})
