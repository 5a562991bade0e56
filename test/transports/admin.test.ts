import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { openSqlStore } from '../../src/adapters/sql/index.ts'
import { databaseFile, OPTION_ROWS } from '../../src/config.ts'
import { newId } from '../../src/core/ids.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/protocol/limits.ts'
import { newAdmin, newPerson, type Person } from '../support/people.ts'
import { newRoom } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

interface InForce {
  version: number
  items: { key: string; value: unknown; source: string; changeable: boolean; min?: number; max?: number }[]
  code?: string
  detail?: string
}

const admins = new WeakMap<TestServer, Person>()

/** Changes the configuration as the admin of the server; answers what came back. */
async function change(server: TestServer, changes: Record<string, unknown>, version?: number): Promise<InForce> {
  const admin = admins.get(server) ?? (await newAdmin(server))
  admins.set(server, admin)
  return (await admin.call<InForce>('PATCH', '/admin/config', { changes, version })).body
}

async function inForce(server: TestServer): Promise<Map<string, InForce['items'][number]>> {
  const body = await change(server, {})
  return new Map(body.items.map((item) => [item.key, item]))
}

/** The limits that a new connection is told. */
async function told(server: TestServer, person: Person): Promise<{ limits: Limits; heartbeatMs: number }> {
  const socket = await TestSocket.open(server.url)
  const hello = await socket.ok<{ limits: Limits; heartbeatMs: number }>('hello', { token: person.accessToken })
  socket.close()
  return hello
}

function send(person: Person, room: string, body: string) {
  const clientMessageId = crypto.randomUUID()
  return person.call<{ code?: string }>('POST', `/rooms/${room}/messages`, { clientMessageId, body })
}

/** How many times messages were committed so far. */
async function commits(server: TestServer): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  return Number(/^yeoul_append_batch_size_count\S* (\d+)$/m.exec(metrics)?.[1])
}

describe('the configuration at run time', () => {
  let server: TestServer
  let mina: Person
  before(async () => {
    server = await startTestServer()
    mina = await newPerson(server)
  })
  after(() => server[Symbol.asyncDispose]())

  test('a changed limit is told to whoever is connected and holds at once; others learn it with hello', async () => {
    const room = await newRoom(mina, { title: 'r' })
    const live = await TestSocket.hello(server.url, mina.accessToken)
    const silent = await TestSocket.open(server.url)
    const { items } = await change(server, { 'limits.bodyLength': 10 })
    assert.equal(items.find((item) => item.key === 'limits.bodyLength')?.source, 'run time')
    const push = await live.until(() => live.pushes<{ limits: Limits }>('limits')[0], 'the push of the limits')
    const limits = { ...DEFAULT_LIMITS, sendsPerSecond: 0, bodyLength: 10 }
    assert.deepEqual(push.limits, limits)
    assert.deepEqual(silent.items, [])
    assert.deepEqual((await told(server, mina)).limits, limits)

    const clientMessageId = crypto.randomUUID()
    assert.equal(await live.refused('send', { room, clientMessageId, body: 'x'.repeat(11) }), 'body_too_long')
    assert.equal((await send(mina, room, 'x'.repeat(11))).body.code, 'body_too_long')
    await change(server, { 'limits.bodyLength': null })
    assert.equal((await send(mina, room, 'x'.repeat(11))).status, 201)
    await live.until(() => live.pushes('limits').length === 2, 'the push that takes it back')
    live.close()
    silent.close()
  })

  test('what changes no limit pushes none; the same again makes no version', async () => {
    const live = await TestSocket.hello(server.url, mina.accessToken)
    const { version } = await change(server, { flushMs: 20 })
    assert.equal((await change(server, { flushMs: 20 })).version, version)
    assert.equal((await change(server, { presenceTickMs: null })).code, 'bad_request')
    await live.ok('ping')
    assert.deepEqual(live.pushes('limits'), [])
    live.close()
  })

  test('how many messages share a commit is as it is set now: with 1, each has its own', async () => {
    const room = await newRoom(mina, { title: 'r' })
    const live = await TestSocket.hello(server.url, mina.accessToken)
    const sendTwenty = async (): Promise<number> => {
      const before = await commits(server)
      const sent = Array.from({ length: 20 }, () => live.ok('send', { room, clientMessageId: newId(), body: 'x' }))
      await Promise.all(sent)
      return (await commits(server)) - before
    }
    await change(server, { appendBatch: 1 })
    assert.equal(await sendTwenty(), 20)
    await change(server, { appendBatch: null })
    assert.ok((await sendTwenty()) < 20)
    live.close()
  })

  test('a larger frame is taken on connections that live already; a smaller one cuts none of them off', async () => {
    const live = await TestSocket.hello(server.url, mina.accessToken)
    const large = { filler: 'x'.repeat(DEFAULT_LIMITS.frameBytes) }
    await change(server, { 'limits.frameBytes': 200_000 })
    await live.ok('ping', large)
    await change(server, { 'limits.frameBytes': 2_000 })
    await live.ok('ping', large)
    const fresh = await TestSocket.hello(server.url, mina.accessToken)
    fresh.ws.send(JSON.stringify({ id: 9, op: 'ping', filler: 'x'.repeat(2_000) }))
    assert.equal(await fresh.closeCode(), 4413)
    await change(server, { 'limits.frameBytes': null })
    live.close()
  })

  test('a new heartbeat is for new connections: who was told the old one is not cut off for keeping it', async () => {
    await change(server, { heartbeatMs: 3_000 })
    const old = await TestSocket.hello(server.url, mina.accessToken)
    await change(server, { heartbeatMs: 200 })
    assert.equal((await told(server, mina)).heartbeatMs, 200)
    await sleep(1_500)
    await old.ok('ping')
    await change(server, { heartbeatMs: null })
    old.close()
  })

  test('sends, registrations, connections and origins are held to what is in force', async () => {
    const room = await newRoom(mina, { title: 'r' })
    const socket = await TestSocket.hello(server.url, mina.accessToken)
    const sends = async () => {
      const all = Array.from({ length: 12 }, () =>
        socket.ask('send', { room, clientMessageId: crypto.randomUUID(), body: 'x' }),
      )
      return (await Promise.all(all)).filter((reply) => reply.err !== undefined).length
    }
    assert.equal(await sends(), 0)
    await change(server, { rateLimit: true, 'limits.sendsPerSecond': 100 })
    assert.equal(await sends(), 0)
    await change(server, { 'limits.sendsPerSecond': 2 })
    assert.equal(await sends(), 2, 'a burst of five seconds')
    await change(server, { rateLimit: null, 'limits.sendsPerSecond': null })
    assert.equal(await sends(), 0)

    const register = async (username: string) => {
      const answer = await fetch(`${server.url}/api/v1/auth/register`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ username, password: 'long enough' }),
      })
      return answer.status
    }
    await change(server, { registration: 'closed' })
    const ways = await fetch(`${server.url}/api/v1/auth/options`)
    assert.deepEqual(await ways.json(), { registration: 'closed' })
    assert.equal(await register('early'), 403)
    await change(server, { registration: null })
    assert.equal(await register('late'), 201)

    const origin = 'https://elsewhere.example'
    await assert.rejects(TestSocket.open(server.url, { origin }))
    const { body } = await (admins.get(server) as Person).call<{ items: { connections: number }[] }>(
      'GET',
      '/admin/nodes',
    )
    await change(server, { allowedOrigins: [origin], maxConnections: (body.items[0]?.connections as number) + 1 })
    const allowed = await fetch(`${server.url}/api/v1/me`, { headers: { Origin: origin } })
    assert.equal(allowed.headers.get('access-control-allow-origin'), origin)
    const second = await TestSocket.open(server.url, { origin })
    await assert.rejects(TestSocket.open(server.url, { origin }), /503/)
    await change(server, { allowedOrigins: null, maxConnections: null })
    await assert.rejects(TestSocket.open(server.url, { origin }), /403/)
    socket.close()
    second.close()
  })

  test('of two admins who saw the same version, the second is told', async () => {
    const { version } = await change(server, {})
    assert.equal((await change(server, { flushMs: 31 }, version)).version, version + 1)
    const late = await change(server, { flushMs: 32 }, version)
    assert.equal(late.code, 'config_changed')
    const both = await Promise.all([change(server, { flushMs: 33 }), change(server, { hotTail: 99 })])
    assert.deepEqual(both.map((one) => one.version).toSorted(), [version + 2, version + 3], 'without a version both do')
  })

  test('a change that is wrong in one place changes nothing', async () => {
    const { version } = await change(server, {})
    const wrong: [changes: Record<string, unknown>, detail: RegExp][] = [
      [
        { flushMs: 11, 'limits.bodyLength': 0 },
        /^changes\.limits\.bodyLength: must be a whole number from 1 to 60000$/,
      ],
      [{ flushMs: 11, nonsense: 1 }, /^changes\.nonsense: there is no such option$/],
      [{ flushMs: 11, port: 1 }, /^changes\.port: cannot change while the server runs$/],
      [{ flushMs: 11, apiKey: 'x'.repeat(20) }, /^changes\.apiKey: cannot change/],
      [{ flushMs: 11, allowedOrigins: ['https://a.example,https://b.example'] }, /^changes\.allowedOrigins: must be/],
      [{ flushMs: 11, registration: ['open'] }, /^changes\.registration: must be one of open, closed$/],
    ]
    for (const [changes, detail] of wrong) {
      const answer = await change(server, changes)
      assert.equal(answer.code, 'bad_request', JSON.stringify(changes))
      assert.match(answer.detail ?? '', detail)
    }
    assert.equal((await change(server, {})).version, version)
  })

  test('the history says who changed what, when, and what it was before', async () => {
    await change(server, { hotRooms: 500 })
    await change(server, { hotRooms: null, flushMs: 12 })
    const admin = admins.get(server) as Person
    const { body } = await admin.call<{ items: Record<string, unknown>[] }>('GET', '/admin/config/history?limit=2')
    const [second, first] = body.items
    assert.deepEqual(first?.changes, { hotRooms: { from: 10_000, to: 500 } })
    const changes = second?.changes as Record<string, unknown>
    assert.deepEqual(changes.hotRooms, { from: 500, to: null })
    for (const item of [first, second]) {
      assert.equal(item?.actor, admin.id)
      assert.ok(Math.abs(Date.now() - (item?.at as number)) < 10_000)
    }
  })

  test('what the bus does not tell is seen in the database within a second or so', async () => {
    const other = await openSqlStore({ path: databaseFile(server.config) })
    const actor = (admins.get(server) as Person).id
    const changes = { 'limits.watched': { from: 1_000, to: 77 }, 'limits.catchUp': { from: 1_000, to: 1 } }
    await other.settings.append(await other.settings.version(), { at: Date.now(), actor, changes })
    await other.close()
    for (let tries = 0; tries < 300 && (await told(server, mina)).limits.watched !== 77; tries++) await sleep(50)
    const { limits } = await told(server, mina)
    assert.equal(limits.watched, 77)
    assert.equal(limits.catchUp, DEFAULT_LIMITS.catchUp, 'a value that this version does not take is passed over')
  })
})

test('a change survives a restart, goes before the environment, and is taken back to it', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'yeoul-admin-'))
  const limits = { ...DEFAULT_LIMITS, bodyLength: 500 }
  try {
    const first = await startTestServer({ dataDir, limits })
    const admin = await newAdmin(first)
    admins.set(first, admin)
    await change(first, { 'limits.bodyLength': 50 })
    await first.close()

    await using second = await startTestServer({ dataDir, limits })
    const again = await fetch(`${second.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: 'a password of the admin' }),
    })
    const { accessToken } = (await again.json()) as { accessToken: string }
    assert.equal((await told(second, { ...admin, accessToken })).limits.bodyLength, 50)
    const taken = await fetch(`${second.url}/api/v1/admin/config`, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${accessToken}` },
      body: JSON.stringify({ changes: { 'limits.bodyLength': null } }),
    })
    assert.equal(taken.status, 200)
    assert.equal((await told(second, { ...admin, accessToken })).limits.bodyLength, 500)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})

test('whatever is asked for, what is in force keeps to its bounds, and no secret is shown', async () => {
  const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  console.log(`SEED=${SEED}`)
  const apiKey = 'a key that nobody may see'
  await using server = await startTestServer({ apiKey })
  const keys = OPTION_ROWS.map((row) => row.key)
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.integer(),
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom<unknown>(
      null,
      '',
      '0',
      '1e3',
      '+5',
      '007',
      'on',
      ['a', 'b'],
      [],
      'open',
      'https://a.example',
      2 ** 53,
    ),
  )
  const key = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...keys) },
    fc.constantFrom('__proto__', 'limits', '', 'x'),
  )
  await fc.assert(
    fc.asyncProperty(fc.dictionary(key, value, { minKeys: 1, maxKeys: 2 }), async (changes) => {
      const before = (await change(server, {})).version
      const answer = await change(server, changes)
      if (answer.code !== undefined) {
        assert.ok(['bad_request', 'bad_text'].includes(answer.code), `${JSON.stringify(changes)}: ${answer.code}`)
        assert.equal((await change(server, {})).version, before, JSON.stringify(changes))
      }
      for (const item of (await inForce(server)).values()) {
        if (item.min !== undefined) {
          assert.ok(
            typeof item.value === 'number' && item.value >= item.min && item.value <= (item.max as number),
            item.key,
          )
        }
        if (!item.changeable) assert.notEqual(item.source, 'run time')
        assert.notEqual(item.value, apiKey)
      }
    }),
    { seed: SEED, numRuns: 40, interruptAfterTimeLimit: 4_000 },
  )
})
