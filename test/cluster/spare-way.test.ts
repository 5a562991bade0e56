import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { startPostgres } from '../../deploy/local/postgres.ts'
import { startRedis } from '../../deploy/local/redis.ts'
import { RedisBus, type SpareWay } from '../../src/adapters/redis/bus.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { Signals } from '../../src/adapters/sql/index.ts'
import { newId } from '../../src/core/ids.ts'
import { partitionOf } from '../../src/core/partition.ts'
import { TcpProxy } from '../support/proxy.ts'
import { eventually } from '../support/witnesses.ts'

const PARTITIONS = 64
const [redis, postgres] = await Promise.all([startRedis(), startPostgres({ fsync: false })])
after(() => Promise.all([redis.stop(), postgres.stop()]))

/** A node's bus with its second way through the database; `losses` are the rooms of which it was told to look. */
async function node(t: TestContext, rooms: string[], urls = redis.url, database = postgres.url) {
  const id = newId()
  const link = await RedisLink.open({ urls })
  const spare = new Signals(database, id)
  let heard = false
  const listen: SpareWay['listen'] = (handler) =>
    spare.listen((tags) => {
      heard = true
      handler(tags)
    })
  const bus = new RedisBus({
    link,
    partitions: PARTITIONS,
    node: id,
    spare: { tell: (tag) => spare.tell(tag), listen },
  })
  let losses: string[] = []
  bus.listen({
    room: () => {},
    user: () => {},
    usersMissed: () => {},
    missed: (concerns) => losses.push(...rooms.filter(concerns)),
  })
  // Once it listens to the database, too, it is told that it may have missed something: here of no room yet.
  await eventually(
    () => heard,
    () => 'the database is not listened to',
  )
  for (const room of rooms) bus.addInterest(room)
  // The first subscription of a channel tells of a loss, too.
  await eventually(
    () => rooms.every((room) => losses.includes(room)),
    () => 'not subscribed',
  )
  losses = []
  t.after(async () => {
    bus.close()
    link.close()
    await spare.close()
  })
  return { bus, losses: () => losses }
}

/** A new room that is not in the partition of another one. */
function elsewhere(than: string): string {
  for (;;) {
    const id = newId()
    if (partitionOf(id, PARTITIONS) !== partitionOf(than, PARTITIONS)) return id
  }
}

test('[P4] what a node publishes that alone is cut off from Redis, the others learn of within a second', async (t) => {
  const proxy = await TcpProxy.to(redis.port)
  t.after(() => proxy.close())
  const room = newId()
  const quiet = elsewhere(room)
  const cut = await node(t, [room], `redis://127.0.0.1:${proxy.port}`)
  const other = await node(t, [room, quiet])
  proxy.refuse()
  await eventually(
    () => {
      cut.bus.publish(room, { kind: 'typing', user: 'somebody' })
      return other.losses().includes(room)
    },
    () => 'nobody was told',
  )
  const since = performance.now()
  other.losses().length = 0
  cut.bus.publish(room, { kind: 'typing', user: 'somebody' })
  await eventually(
    () => other.losses().includes(room),
    () => 'nobody was told again',
  )
  // A second, and what a busy machine adds to that.
  assert.ok(performance.now() - since < 5_000)
  assert.ok(!other.losses().includes(quiet), 'only of the partition concerned')
})

test('[P4] a node whose way to the database broke is told that it may have missed something', async (t) => {
  const proxy = await TcpProxy.to(postgres.port)
  t.after(() => proxy.close())
  const room = newId()
  const url = new URL(postgres.url)
  url.port = String(proxy.port)
  const one = await node(t, [room], redis.url, url.href)
  proxy.refuse()
  proxy.accept()
  await eventually(
    () => one.losses().includes(room),
    () => 'not told',
  )
})
