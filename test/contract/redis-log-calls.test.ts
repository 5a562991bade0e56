import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { AppendCall, CALL_DRAFTS } from '../../src/adapters/redis/log-call.ts'
import { RedisLogSide } from '../../src/adapters/redis/write-back.ts'
import type { Draft } from '../../src/ports/log.ts'
import { adoptAll, drain, flush, type LogNode, openLogNode, PARTITIONS } from './redis-log-store.ts'
import { allEvents, message, newRoom, newUser, say } from './store.ts'

describe('calls of the Redis log', () => {
  let postgres: Postgres
  let redis: LocalRedis
  let client: Redis
  let url: string
  let node: LogNode
  let ann: string
  /** A room of each partition. */
  let rooms: string[]
  before(async () => {
    ;[postgres, redis] = await Promise.all([
      startPostgres({ fsync: false }),
      startRedis({ appendonly: true, appendfsync: 'no' }),
    ])
    client = new Redis(redis.url)
  })
  after(async () => {
    client.disconnect()
    await node?.close()
    await Promise.all([postgres.stop(), redis.stop()])
  })
  beforeEach(async () => {
    await node?.close()
    await flush(redis.url)
    url = await postgres.createDatabase()
    node = await openLogNode(redis.url, url)
    await adoptAll(node, url)
    ann = await newUser(node.store)
    const byPartition = new Map<number, string>()
    while (byPartition.size < PARTITIONS) {
      const room = await newRoom(node.store, [ann])
      byPartition.set(node.redisLog.functions.partitionOf(room), room)
    }
    rooms = Array.from({ length: PARTITIONS }, (_, partition) => byPartition.get(partition) as string)
    for (const room of rooms) await say(node.store, room, ann, 'warm')
  })

  const partitionOf = (room: string) => node.redisLog.functions.partitionOf(room)
  const append = (drafts: Draft[]) => node.store.log.append(drafts)
  const bodies = async (room: string) =>
    (await allEvents(node.store, room)).map((event) => (event.type === 'message' ? event.body : event.type))

  /** The worker's, for which rooms are idle at once. */
  const side = () => new RedisLogSide({ functions: node.redisLog.functions, windowMs: () => 600_000, idleMs: 0 })
  const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)

  /** How many functions `work` called. */
  async function calls(work: () => Promise<unknown>): Promise<number> {
    await client.config('RESETSTAT')
    await work()
    return Number(/cmdstat_fcall:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0)
  }

  test('what is appended to all partitions at once is one call', async () => {
    const appendAll = () => append(rooms.flatMap((room) => [message(room, ann, 'a'), message(room, ann, 'b')]))
    assert.equal(await calls(appendAll), 1)
    for (const room of rooms) assert.deepEqual((await bodies(room)).slice(-2), ['a', 'b'])
    // Two who append at the same time share it too.
    assert.equal(await calls(() => Promise.all(rooms.map((room) => append([message(room, ann, 'c')])))), 1)
  })

  test('[P6] a call takes no more drafts than leave Redis time for others', async () => {
    const each = Math.ceil((2.5 * CALL_DRAFTS) / PARTITIONS)
    const drafts = rooms.flatMap((room) => Array.from({ length: each }, (_, i) => message(room, ann, `${i}`)))
    assert.ok((await calls(() => append(drafts))) >= 3)
    for (const room of rooms)
      assert.deepEqual((await bodies(room)).slice(-each), Array.from(Array(each).keys(), String))
    const large = rooms.map((room) => message(room, ann, 'x'.repeat(60_000)))
    assert.ok((await calls(() => append(large))) >= PARTITIONS / 2)
  })

  test('[P1] a partition that is fenced off keeps nothing from the others of its call', async () => {
    const [fenced, ...others] = rooms as [string, ...string[]]
    await node.redisLog.functions.call(partitionOf(fenced), 'fence', [77])
    const results = await append(rooms.map((room) => message(room, ann, 'x')))
    assert.deepEqual(results[0], { ok: false, code: 'log_fenced' })
    assert.ok(results.slice(1).every((result) => result.ok && result.seq === 3))
    for (const room of others) assert.equal((await bodies(room)).at(-1), 'x')
  })

  test('one room that the log must hear of first does not hold up the rooms of other partitions', async () => {
    await drain(node, url)
    await side().tidy(partitionOf(rooms[0] as string))
    const appendAll = async () => {
      const results = await append(rooms.map((room) => message(room, ann, 'x')))
      assert.ok(results.every((result) => result.ok && result.seq === 3))
    }
    // All of them, and once more the one whose room was brought from the database.
    assert.equal(await calls(appendAll), 2)
  })

  test('a fault in one partition is told to who appends there, and no other partition meets it', async () => {
    const [broken, ...others] = rooms as [string, ...string[]]
    const entries = `yeoul:{${partitionOf(broken)}}:entries`
    await client.set(entries, 'no stream')
    const call = new AppendCall(node.redisLog.functions, () => 600_000)
    const draft = ['m', ann, '', 'k'.repeat(22), '0', '', '', '"type":"message","actor":"x"']
    const send = (room: string) => call.call(partitionOf(room), 0, '', [{ room, load: '', drafts: [draft] }])
    const outcomes = await Promise.allSettled(rooms.map(send))
    const [first, ...rest] = outcomes
    assert.equal(first?.status, 'rejected')
    assert.match(String(first?.status === 'rejected' && first.reason), /WRONGTYPE/)
    for (const outcome of rest) assert.equal(outcome.status === 'fulfilled' && outcome.value.state, 'ok')
    for (const room of others) assert.equal((await node.store.log.head(room))?.seq, 3)
    await client.del(entries)
  })

  test('[P6] a worker reads and trims all partitions in one call, and in several when there is much', async () => {
    const worker = side()
    const fetchAll = () => Promise.all(all.map((partition) => worker.fetch(partition, '0-0', 300)))
    const trimAll = async () => {
      const fetched = await fetchAll()
      await Promise.all(
        fetched.map(({ epoch, entries }, partition) => worker.trim(partition, epoch, entries.at(-1)?.id as string)),
      )
    }
    assert.equal(await calls(fetchAll), 1)
    assert.equal(await calls(trimAll), 2)
    for (const room of rooms) await append(Array.from({ length: 150 }, () => message(room, ann, 'x')))
    assert.equal(await calls(fetchAll), 2)
    const fetched = await fetchAll()
    for (const [partition, { entries, waiting }] of fetched.entries()) {
      assert.deepEqual([entries.length, waiting], [150, 150])
      assert.ok(entries.every((entry) => entry.room === rooms[partition]))
    }
    assert.ok((await calls(trimAll)) > 3)
    for (const { entries } of await fetchAll()) assert.equal(entries.length, 0)
    // What is large counts by its bytes.
    await append(rooms.map((room) => message(room, ann, 'x'.repeat(60_000))))
    assert.ok((await calls(fetchAll)) > 1)
  })

  test('a fault in one partition is told to who reads or trims it, and no other partition meets it', async () => {
    const worker = side()
    await client.set(`yeoul:{0}:entries`, 'no stream')
    const works: ((partition: number) => Promise<unknown>)[] = [
      (partition) => worker.fetch(partition, '0-0', 300),
      (partition) => worker.trim(partition, 1, '1-1'),
    ]
    for (const work of works) {
      const [first, ...rest] = await Promise.allSettled(all.map(work))
      assert.match(String(first?.status === 'rejected' && first.reason), /WRONGTYPE/)
      assert.ok(rest.every((outcome) => outcome.status === 'fulfilled'))
    }
    await client.del(`yeoul:{0}:entries`)
  })
})
