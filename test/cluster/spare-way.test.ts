import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startPostgres } from '../../deploy/local/postgres.ts'
import { startRedis } from '../../deploy/local/redis.ts'
import { RedisBus } from '../../src/adapters/redis/bus.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { Signals } from '../../src/adapters/sql/index.ts'
import { newId } from '../../src/core/ids.ts'
import { TcpProxy } from '../support/proxy.ts'
import { eventually } from '../support/witnesses.ts'

const [redis, postgres] = await Promise.all([startRedis(), startPostgres({ fsync: false })])
after(() => Promise.all([redis.stop(), postgres.stop()]))

/** A node's bus with its second way through the database; `losses` are the rooms of which it was told to look. */
async function node(rooms: string[], urls = redis.url, database = postgres.url) {
  const id = newId()
  const link = await RedisLink.open({ urls })
  const spare = new Signals(database, id)
  const bus = new RedisBus({ link, partitions: 64, node: id, spare })
  let losses: string[] = []
  bus.listen({
    room: () => {},
    user: () => {},
    usersMissed: () => {},
    missed: (concerns) => losses.push(...rooms.filter(concerns)),
  })
  for (const room of rooms) bus.addInterest(room)
  // The first subscription of a channel tells of a loss, too.
  await eventually(
    () => rooms.every((room) => losses.includes(room)),
    () => 'not subscribed',
  )
  losses = []
  return {
    bus,
    losses: () => losses,
    async close() {
      bus.close()
      link.close()
      await spare.close()
    },
  }
}

test('[P4] what a node publishes that alone is cut off from Redis, the others learn of within a second', async () => {
  const proxy = await TcpProxy.to(redis.port)
  const [room, quiet] = [newId(), newId()]
  const cut = await node([room], `redis://127.0.0.1:${proxy.port}`)
  const other = await node([room, quiet])
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
  await Promise.all([cut.close(), other.close()])
  proxy.close()
})

test('[P4] a node whose way to the database broke is told that it may have missed something', async () => {
  const proxy = await TcpProxy.to(postgres.port)
  const room = newId()
  const url = new URL(postgres.url)
  url.port = String(proxy.port)
  const one = await node([room], redis.url, url.href)
  proxy.refuse()
  proxy.accept()
  await eventually(
    () => one.losses().includes(room),
    () => 'not told',
  )
  await one.close()
  proxy.close()
})
