import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, type LocalRedisCluster, startRedisCluster } from '../../deploy/local/redis.ts'
import { partitionOf } from '../../src/core/partition.ts'
import { openLogNode, PARTITIONS } from '../contract/redis-log-store.ts'
import { newRoom, newUsers } from '../contract/store.ts'
import { Backlog } from '../support/backlog.ts'
import { LogLoad } from '../support/log-load.ts'
import { WorkerProcess } from '../support/worker-process.ts'

let postgres: Postgres
let redis: LocalRedisCluster
before(async () => {
  ;[postgres, redis] = await Promise.all([
    startPostgres({ fsync: false }),
    startRedisCluster(3, { replicas: 3, appendonly: true, appendfsync: 'no' }),
  ])
})
after(() => Promise.all([postgres.stop(), redis.stop()]))

test('[P2] [P4] a master of a Redis Cluster hangs, its replica takes over, the old one wakes up: its rooms alone are in a new epoch', {
  timeout: 180_000,
}, async (t) => {
  const node = await openLogNode(redis.url, postgres.url)
  const worker = new WorkerProcess({ name: 'w', redis: redis.url, database: postgres.url, partitions: PARTITIONS })
  t.after(async () => {
    await worker.kill()
    await node.close()
  })
  const backlog = new Backlog(postgres.url, node.redisLog.functions)
  await backlog.adopted(PARTITIONS)
  const users = await newUsers(node.store, 4)
  const portOf = (room: string) => node.link.serverOf(`yeoul:{${partitionOf(room, PARTITIONS)}}:log`).address.port
  const master = redis.nodes[0] as LocalRedis
  const [hit, spared]: [string[], string[]] = [[], []]
  while (hit.length < 5 || spared.length < 10) {
    const room = await newRoom(node.store, users)
    const which = portOf(room) === master.port ? hit : spared
    which.push(room)
  }
  const epoch = (await node.store.log.head(hit[0] as string))?.epoch as number

  const running = new LogLoad(node.store, hit, users).start()
  const beside = new LogLoad(node.store, spared, users).start()
  await sleep(1_000)
  master.pause()
  await sleep(1_000)
  const { acknowledged } = beside
  await running.until(() => running.epochs.size > 1, 30_000)
  assert.ok(beside.acknowledged > acknowledged, 'the rooms of the other masters go on')
  master.resume()
  await sleep(2_000)
  await Promise.all([running.stop(), beside.stop()])

  await backlog.empty()
  await running.assertStored(node.database, (appended) => appended.epoch > epoch)
  await beside.assertStored(node.database)
  assert.equal(beside.epochs.size, 1)
  assert.deepEqual((await node.database.verify()).problems, [])
})
