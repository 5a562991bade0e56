import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedisCluster, startRedisCluster } from '../../deploy/local/redis.ts'
import { logContract } from './log.contract.ts'
import { openWithoutWorker, openWithWorker } from './redis-log-store.ts'
import { roomsContract } from './rooms.contract.ts'
import { message, newRoom, newUser } from './store.ts'

describe('the Redis log on a Redis Cluster of three masters', () => {
  let postgres: Postgres
  let redis: LocalRedisCluster
  before(async () => {
    ;[postgres, redis] = await Promise.all([
      startPostgres({ fsync: false }),
      startRedisCluster(3, { appendonly: true, appendfsync: 'no' }),
    ])
  })
  after(() => Promise.all([postgres.stop(), redis.stop()]))

  logContract(() => openWithWorker(redis.url, postgres))
  roomsContract(() => openWithoutWorker(redis.url, postgres))

  test('one call appends to rooms on all masters', async () => {
    const opened = await openWithoutWorker(redis.url, postgres)
    const { store } = opened
    const ann = await newUser(store)
    const rooms = await Promise.all(Array.from({ length: 20 }, () => newRoom(store, [ann])))
    const results = await store.log.append(rooms.flatMap((room) => [message(room, ann, 'a'), message(room, ann, 'b')]))
    assert.deepEqual(
      results.map((result) => result.ok && result.seq),
      rooms.flatMap(() => [2, 3]),
    )
    assert.deepEqual(
      new Set([...(await store.log.heads(rooms)).values()].map(({ seq, n }) => `${seq} ${n}`)),
      new Set(['3 2']),
    )
    assert.equal((await store.memberships.ofUser(ann, null, 50)).items.length, 20)
    await opened.close()
  })
})
