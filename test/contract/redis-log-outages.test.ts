import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '../../deploy/local/redis.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { openRedisLog } from '../../src/adapters/redis/log.ts'
import { raiseEpochs } from '../../src/adapters/sql/index.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import {
  client,
  closeNodes,
  node,
  openFirst,
  openSecond,
  other,
  postgres,
  redis,
  roomOf,
  url,
  withTwoNodes,
} from './redis-log-pair.ts'
import { adoptAll, adopted, drain, openLogNode, PARTITIONS, startWorker } from './redis-log-store.ts'
import { allEvents, append, code, message, newRoom, newUser, newUsers, say } from './store.ts'

describe('the Redis log when something is lost, full or away', () => {
  withTwoNodes()

  test('[P1] after an older copy of the database was put back nothing is acknowledged into the log of before', async () => {
    const users = await newUsers(node.store, 2)
    const room = await newRoom(node.store, users)
    await say(node.store, room, users[0] as string, 'of before')
    await closeNodes()
    await raiseEpochs(url)
    await openFirst()
    const refused = await append(node.store, message(room, users[0] as string, 'too early'))
    assert.deepEqual(refused, { ok: false, code: 'log_fenced' })
    await adoptAll(node, url)
    await openSecond()
    await node.redisLog.ping()
  })

  test('after Redis was wiped nothing is appended until the log has a new epoch', async () => {
    const ann = await newUser(node.store)
    const room = await roomOf([ann])
    await say(node.store, room, ann, 'x')
    await client.flushall()
    assert.deepEqual(await append(node.store, message(room, ann, 'y')), { ok: false, code: 'log_fenced' })
    await assert.rejects(node.store.memberships.join(room, await newUser(node.store), ann, 1), code('log_fenced'))
    assert.deepEqual(await client.keys('*:events:*'), [])
  })

  test('after Redis was restarted nothing is appended until the log has a new epoch, though the data is there', async () => {
    const ann = await newUser(node.store)
    const room = await roomOf([ann])
    await say(node.store, room, ann, 'x')
    await redis.restart()
    const answers = new Set<string>()
    for (const end = Date.now() + PATIENCE_MS; !answers.has('log_fenced'); ) {
      assert.ok(Date.now() < end)
      const answer = await append(node.store, message(room, ann, 'y'))
      answers.add(answer.ok ? 'appended' : answer.code)
      await sleep(20)
    }
    assert.deepEqual(
      [...answers].filter((answer) => answer !== 'unavailable'),
      ['log_fenced'],
    )
    assert.deepEqual(await node.store.log.head(room), { epoch: 1, seq: 2, n: 1 })
  })

  test('[P3] within the window a repeat gets the first seq back also when Redis was restarted in between', async () => {
    const long = await openLogNode(redis.url, url)
    const ann = await newUser(long.store)
    const room = await newRoom(long.store, [ann])
    const draft = message(room, ann, 'once')
    const first = await append(long.store, draft)
    await redis.restart()
    for (const end = Date.now() + PATIENCE_MS; !long.link.up; await sleep(20)) assert.ok(Date.now() < end)
    const worker = startWorker(long, url)
    try {
      await adopted(long, 2)
      assert.deepEqual(await append(long.store, draft), { ...first, epoch: 2, duplicate: true })
      assert.equal((await allEvents(long.store, room)).length, 2)
    } finally {
      await worker.stop()
      await long.close()
    }
  })

  test('a log that is full says so, keeps what it has, and takes more when there is room', async () => {
    const ann = await newUser(node.store)
    const room = await roomOf([ann])
    const draft = message(room, ann, 'x'.repeat(1_000))
    assert.ok((await append(node.store, draft)).ok)
    await client.config('SET', 'maxmemory', '1')
    try {
      assert.deepEqual(await append(node.store, message(room, ann, 'y')), { ok: false, code: 'log_full' })
      assert.equal((await node.store.log.head(room))?.seq, 2)
      assert.equal((await node.store.history.messages(room, { limit: 5 })).messages.length, 1)
      // The worker makes room.
      await drain(node, url)
      assert.equal((await client.keys('*:events:*')).length, 0)
    } finally {
      await client.config('SET', 'maxmemory', '0')
    }
    assert.equal(await say(node.store, room, ann, 'z'), 3)
  })

  test('while the database is down members of warm rooms send on; who needs it is refused at once', async () => {
    const [ann, bob, cho] = (await newUsers(node.store, 3)) as [string, string, string]
    const room = await roomOf([ann, bob])
    const cold = await roomOf([ann])
    await say(node.store, room, ann, 'x')
    await drain(node, url)
    await client.del(...(await client.keys(`*:room:${cold}`)))
    postgres.pause()
    try {
      const startedAt = performance.now()
      const results = await node.store.log.append([
        message(cold, ann, 'a'),
        message(room, cho, 'b'),
        message(room, ann, 'c'),
      ])
      assert.deepEqual(
        results.map((result) => (result.ok ? result.seq : result.code)),
        ['unavailable', 'unavailable', 4],
      )
      assert.ok(performance.now() - startedAt < 15_000)
      const again = performance.now()
      for (let i = 0; i < 20; i++) {
        const [first, second] = await node.store.log.append([message(cold, ann, 'a'), message(room, bob, 'd')])
        assert.ok(first?.ok === false && first.code === 'unavailable')
        assert.ok(second?.ok)
      }
      assert.ok(performance.now() - again < 8_000, 'nobody waits for it again and again')
      assert.equal((await node.store.log.read(room, 3, 50)).events.length, 21)
    } finally {
      postgres.resume()
    }
    for (const end = Date.now() + PATIENCE_MS; ; await sleep(50)) {
      if ((await append(node.store, message(cold, ann, 'e'))).ok) break
      assert.ok(Date.now() < end, 'it is asked again when it is back')
    }
  })

  test('a change whose node died before it came to the log is brought by another one', async () => {
    const [ann, bob] = (await newUsers(node.store, 2)) as [string, string]
    const room = await roomOf([ann])
    // Committed in the database, and nothing more: what is left when a node dies then.
    await node.database.memberships.join(room, bob, bob, 7)
    for (const end = Date.now() + PATIENCE_MS; (await node.store.log.head(room))?.seq !== 2; await sleep(50))
      assert.ok(Date.now() < end)
    assert.deepEqual((await node.store.log.read(room, 1, 5)).events, [
      { type: 'join', seq: 2, at: 7, actor: bob, user: bob, role: 'member' },
    ])
    // And who sends before that brings it, so that nobody speaks before coming in.
    const cho = await newUser(node.store)
    await node.database.memberships.join(room, cho, cho, 8)
    assert.equal(await say(other.store, room, cho, 'hello'), 4)
    assert.deepEqual(
      (await allEvents(node.store, room)).map((event) => event.type),
      ['join', 'join', 'join', 'message'],
    )
  })

  test('Redis that would forget is refused in one line', async () => {
    const refused = async (options: Parameters<typeof startRedis>[0], message: RegExp) => {
      const unsafe = await startRedis(options)
      const link = await RedisLink.open({ urls: unsafe.url })
      const options_ = { link, partitions: PARTITIONS, database: { ...node.database, url } }
      await assert.rejects(openRedisLog({ ...options_, repeatWindowMs: () => 1 }), { message })
      link.close()
      await unsafe.stop()
    }
    await refused({ appendonly: false }, /^Redis at [^\n]* needs appendonly yes$/)
    await refused(
      { appendonly: true, maxmemoryPolicy: 'allkeys-lru' },
      /^Redis at [^\n]* needs maxmemory-policy noeviction$/,
    )
  })
})
