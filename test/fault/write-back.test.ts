import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { partitionOf } from '../../src/core/partition.ts'
import { type LogNode, openLogNode, PARTITIONS } from '../contract/redis-log-store.ts'
import { message, newRoom, newUsers } from '../contract/store.ts'
import { Backlog } from '../support/backlog.ts'
import { LogLoad } from '../support/log-load.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { WorkerProcess } from '../support/worker-process.ts'

const ROOMS = 12

describe('the write-back worker under faults', () => {
  let folder: string
  let postgres: Postgres
  let redis: LocalRedis
  let url: string
  let node: LogNode
  let users: string[]
  let rooms: string[]
  let workers: WorkerProcess[]
  let backlog: Backlog

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'yeoul-write-back-'))
    ;[postgres, redis] = await Promise.all([startPostgres(), startRedis({ appendonly: true, folder })])
  })
  after(async () => {
    await Promise.all([postgres.stop(), redis.stop()])
    rmSync(folder, { recursive: true, force: true })
  })

  beforeEach(async () => {
    await ask((client) => client.flushall())
    url = await postgres.createDatabase()
    node = await openLogNode(redis.url, url)
    backlog = new Backlog(url, node.redisLog.functions)
    workers = []
    start('w1')
    await backlog.adopted(PARTITIONS)
    users = await newUsers(node.store, 6)
    rooms = await Promise.all(Array.from({ length: ROOMS }, () => newRoom(node.store, users)))
  })
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.kill()))
    await node.close()
  })

  function start(name: string): WorkerProcess {
    const worker = new WorkerProcess({ name, redis: redis.url, database: url, partitions: PARTITIONS })
    workers.push(worker)
    return worker
  }

  async function ask<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(redis.url)
    try {
      return await work(client)
    } finally {
      client.disconnect()
    }
  }

  const load = () => new LogLoad(node.store, rooms, users)
  const clean = async () => assert.deepEqual((await node.database.verify()).problems, [])

  test('[P1] [P2] [P3] workers are killed, robbed and stopped until their leases lapse: what was acknowledged is stored once', async () => {
    const running = load().start()
    const second = start('w2')
    await second.told(({ partitions }) => partitions === PARTITIONS / 2)
    await (workers[0] as WorkerProcess).kill()
    start('w3')
    await sleep(500)
    second.pause()
    await sleep(6_000)
    second.resume()
    start('w4')
    await sleep(800)
    await running.stop()
    await backlog.empty()
    await running.assertStored(node.database)
    await clean()
    await backlog.trimmed(PARTITIONS)
    assert.ok(workers.some((worker) => worker !== second && worker.stats.written > 0))
  })

  test('[P1] the database is stopped, and killed: sends go on, and all is stored in order afterwards', async () => {
    const running = load().start()
    await sleep(500)
    postgres.pause()
    await sleep(1_500)
    const before = running.acknowledged
    // Sends go on.
    await running.until(() => running.acknowledged > before + 10, PATIENCE_MS)
    await (workers[0] as WorkerProcess).told(({ backlog }) => backlog > 0)
    postgres.resume()
    await sleep(500)
    await postgres.kill()
    await sleep(500)
    await postgres.restart()
    await sleep(500)
    await running.stop()
    await backlog.empty()
    await running.assertStored(node.database)
    await clean()
  })

  test('a backlog costs fewer than five statements for a thousand messages', async () => {
    await (workers[0] as WorkerProcess).stop()
    const [actor] = users as [string]
    for (let i = 0; i < 10; i++) {
      const drafts = rooms.flatMap((room) => Array.from({ length: 80 }, (_, j) => message(room, actor, `${i} ${j}`)))
      for (const appended of await node.store.log.append(drafts)) assert.ok(appended.ok)
    }
    const worker = start('w2')
    await backlog.empty()
    await worker.stop()
    const { written, statements } = worker.stats
    assert.ok(written >= 9_600, `${written} written`)
    assert.ok(statements < (written / 1_000) * 5, `${statements} statements for ${written} messages`)
    await clean()
  })

  test('an entry that the database refuses is parked, and the rest goes on', async () => {
    const running = load().start()
    await sleep(300)
    const [room, actor] = [rooms[0] as string, users[0] as string]
    const [bad] = await node.store.log.append([message(room, actor, 'no database holds this: \0')])
    assert.ok(bad?.ok)
    await sleep(300)
    await running.stop()
    await backlog.empty()
    await running.assertStored(node.database)
    assert.equal((await node.database.history.message(room, bad.seq))?.body, '')
    const { parked } = (await workers[0]?.told(({ parked }) => parked > 0)) ?? {}
    assert.equal(parked, 1)
    await clean()
  })

  test('[P2] [P4] a hole in the log is never written: the rooms of the partition go on in a new epoch before it', async () => {
    await (workers[0] as WorkerProcess).stop()
    const [room, actor] = [rooms[0] as string, users[0] as string]
    const { epoch, seq } = (await node.store.log.head(room)) ?? { epoch: 0, seq: 0 }
    await node.store.log.append(Array.from({ length: 5 }, (_, i) => message(room, actor, `message ${i}`)))
    await ask(async (client) => {
      const key = `yeoul:{${partitionOf(room, PARTITIONS)}}:entries`
      const third = (await client.xrange(key, '-', '+')).find(([, [, text]]) => text?.startsWith(`${room} ${seq + 3} `))
      assert.equal(await client.xdel(key, third?.[0] as string), 1)
    })
    start('w2')
    await backlog.empty()
    const head = await node.store.log.head(room)
    assert.deepEqual([head?.epoch, head?.seq], [epoch + 1, seq + 2])
    const [sent] = await node.store.log.append([message(room, actor, 'goes on')])
    assert.ok(sent?.ok && sent.seq === seq + 3)
    await backlog.empty()
    await clean()
  })

  for (const [fault, cause] of [
    ['everything is flushed', () => ask((client) => client.flushall())],
    [
      'Redis is killed and comes back',
      async () => {
        await redis.kill()
        await redis.restart()
      },
    ],
    [
      'Redis comes back with older data, as a replica that lagged does',
      async () => {
        const older = mkdtempSync(join(tmpdir(), 'yeoul-older-'))
        cpSync(folder, older, { recursive: true })
        await sleep(1_000)
        await redis.kill()
        rmSync(folder, { recursive: true })
        cpSync(older, folder, { recursive: true })
        rmSync(older, { recursive: true })
        await redis.restart()
      },
    ],
  ] as const) {
    test(`[P2] [P4] ${fault}: the rooms go on in a new epoch, and no event of an old one is told in another way`, async () => {
      const running = load().start()
      await sleep(1_000)
      const epoch = (await node.store.log.head(rooms[0] as string))?.epoch as number
      await cause()
      await running.until(() => running.epochs.size > 1, PATIENCE_MS)
      await sleep(500)
      await running.stop()
      await backlog.empty()
      // Of the epoch that ended all may be lost but what was written; the new one is whole.
      await running.assertStored(node.database, (appended) => appended.epoch > epoch)
      for (const room of rooms) assert.ok(((await node.store.log.head(room))?.epoch ?? 0) > epoch)
      await clean()
    })
  }
})
