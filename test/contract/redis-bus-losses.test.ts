import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type LocalRedis, startRedis, startRedisCluster } from '../../deploy/local/redis.ts'
import { RedisBus } from '../../src/adapters/redis/bus.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import type { RedisServer } from '../../src/adapters/redis/server.ts'
import { slotOf } from '../../src/adapters/redis/slots.ts'
import { newId } from '../../src/core/ids.ts'
import { partitionOf } from '../../src/core/partition.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { TcpProxy } from '../support/proxy.ts'

/**
 * What the bus loses it tells: every notice that was published is heard by every other node, or `missed` concerns its room
 * soon after it could be known. And it heals by itself.
 */

const PARTITIONS = 4
/** Two seconds after it could be known, which may itself take three, on a machine that is busy. */
const TOLD_MS = 10_000

/** Rooms of different partitions. */
const rooms = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (;;) {
    const room = newId()
    if (partitionOf(room, PARTITIONS) === partition) return room
  }
})

interface Listener {
  bus: RedisBus
  link: RedisLink
  heard: Map<string, number>
  /** When it was told that a room may miss something. */
  missed: Map<string, number[]>
  missedSince(at: number): string[]
}

async function listenAt(t: TestContext, urls: string): Promise<Listener> {
  const link = await RedisLink.open({ urls })
  const bus = new RedisBus({ link, partitions: PARTITIONS, node: newId() })
  t.after(() => {
    bus.close()
    link.close()
  })
  const heard = new Map<string, number>()
  const missed = new Map<string, number[]>(rooms.map((room) => [room, []]))
  bus.listen({
    room: (_, notice) => notice.kind === 'typing' && heard.set(notice.user, performance.now()),
    user: (user) => heard.set(user, performance.now()),
    usersMissed: () => {},
    missed: (concerns) => {
      for (const room of rooms) if (concerns(room)) missed.get(room)?.push(performance.now())
    },
  })
  for (const room of rooms) bus.addInterest(room)
  const missedSince = (at: number) => rooms.filter((room) => missed.get(room)?.some((time) => time > at))
  return { bus, link, heard, missed, missedSince }
}

interface Published {
  id: string
  room: string
  at: number
}

/** Publishes a notice to one of the rooms every few ms until it is stopped. */
function talk({ bus }: Listener, padding = ''): { published: Published[]; stop(): void } {
  const published: Published[] = []
  const timer = setInterval(() => {
    const room = rooms[published.length % rooms.length] as string
    const id = `${newId()}${padding}`
    published.push({ id, room, at: performance.now() })
    bus.publish(room, { kind: 'typing', user: id })
  }, 5)
  return { published, stop: () => clearInterval(timer) }
}

/** Waits until all that was published was heard or told as missed since; answers how much was lost. */
async function settled(listener: Listener, published: Published[]): Promise<number> {
  const lost = () => published.filter(({ id }) => !listener.heard.has(id))
  const untold = () => lost().filter(({ room, at }) => !listener.missed.get(room)?.some((time) => time > at))
  await until('every notice is heard, or told as lost', () => untold().length === 0, TOLD_MS)
  return lost().length
}

async function until(what: string, so: () => boolean | Promise<boolean>, withinMs = PATIENCE_MS): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await so())) {
    assert.ok(performance.now() < end, `not within ${withinMs} ms: ${what}`)
    await sleep(10)
  }
}

/** Resolves when notices flow from one to the other. */
async function flows(from: Listener, to: Listener): Promise<void> {
  const ids = rooms.map(() => newId())
  const flow = () => {
    for (const [i, room] of rooms.entries()) from.bus.publish(room, { kind: 'typing', user: ids[i] as string })
    return ids.every((id) => to.heard.has(id))
  }
  await until('notices flow', flow)
}

test('what users are told is heard by a node from the moment that it is ready', async (t) => {
  const redis = await startRedis()
  t.after(() => redis.stop())
  const proxy = await TcpProxy.to(redis.port)
  t.after(() => proxy.close())
  const speaker = await listenAt(t, redis.url)
  proxy.down.delayMs = 100
  const listener = await listenAt(t, `redis://127.0.0.1:${proxy.port}`)
  await listener.bus.ready()
  const user = newId()
  speaker.bus.publishToUser(user, { kind: 'logins_ended', sids: [] })
  await until('it is heard', () => listener.heard.has(user))
})

async function scene(t: TestContext, settings: Record<string, string> = {}) {
  const redis = await startRedis({ settings })
  t.after(() => redis.stop())
  const [speaker, listener] = [await listenAt(t, redis.url), await listenAt(t, redis.url)]
  await flows(speaker, listener)
  await sleep(50)
  const ask = async (...command: [string, ...string[]]) => {
    const client = new Redis(redis.url)
    try {
      return await client.call(...command)
    } finally {
      client.disconnect()
    }
  }
  return { redis, speaker, listener, ask }
}

describe('losses of the Redis bus', { concurrency: true }, () => {
  test('while nothing is lost nothing is told', async (t) => {
    const { speaker, listener } = await scene(t)
    const since = performance.now()
    const { published, stop } = talk(speaker)
    await sleep(3_500)
    stop()
    await sleep(100)
    assert.equal(await settled(listener, published), 0)
    assert.deepEqual([listener.missedSince(since), speaker.missedSince(since)], [[], []])
  })

  test('a lost push is told of its partition alone: at the next one, or within a good second when it was the last', async (t) => {
    const { speaker, listener, ask } = await scene(t)
    const [first, second] = rooms as [string, string]
    const counter = (room: string) => `yeoul:{${partitionOf(room, PARTITIONS)}}:pushes`
    let since = performance.now()
    await ask('INCR', counter(first))
    speaker.bus.publish(first, { kind: 'typing', user: 'next' })
    await until('it is told', () => listener.heard.has('next') && listener.missedSince(since).length > 0)
    // With it, not by looking at the counter, which is done once a second.
    assert.ok((listener.missed.get(first)?.at(-1) as number) - (listener.heard.get('next') as number) < 500)
    assert.deepEqual(listener.missedSince(since), [first])
    await sleep(300)
    since = performance.now()
    await ask('INCR', counter(second))
    await until('it is told', () => listener.missedSince(since).length > 0)
    await sleep(1_500)
    assert.deepEqual(listener.missedSince(since), [second])
    assert.equal(listener.missed.get(second)?.filter((at) => at > since).length, 1, 'once')
  })

  test('a counter that goes back (a replica that was behind took over) is told', async (t) => {
    const { speaker, listener, ask } = await scene(t)
    const room = rooms[1] as string
    for (let i = 0; i < 5; i++) {
      speaker.bus.publish(room, { kind: 'typing', user: 'before' })
      await sleep(10)
    }
    const since = performance.now()
    await ask('DECRBY', `yeoul:{${partitionOf(room, PARTITIONS)}}:pushes`, '3')
    await until('it is told', () => listener.missedSince(since).length > 0)
    assert.deepEqual(listener.missedSince(since), [room])
    const { published, stop } = talk(speaker)
    await sleep(200)
    stop()
    await sleep(200)
    assert.equal(await settled(listener, published), 0)
  })

  test('the subscriber connection is killed, again and again', async (t) => {
    const { speaker, listener, ask } = await scene(t)
    const { published, stop } = talk(speaker)
    for (let i = 0; i < 4; i++) {
      await sleep(500)
      await ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    }
    await flows(speaker, listener)
    stop()
    const lost = await settled(listener, published)
    assert.ok(lost > 0 && lost < published.length / 2, `${lost} of ${published.length} were lost`)
  })

  test('Redis is killed and comes back empty', async (t) => {
    const { redis, speaker, listener } = await scene(t)
    const { published, stop } = talk(speaker)
    await sleep(300)
    await redis.kill()
    await sleep(2_500)
    await redis.restart()
    await flows(speaker, listener)
    stop()
    assert.ok((await settled(listener, published)) > 100)
    await sleep(2_500)
    const since = performance.now()
    await sleep(1_500)
    assert.deepEqual(listener.missedSince(since), [], 'when all is well again nothing more is told')
  })

  test('Redis is wiped', async (t) => {
    const { speaker, listener, ask } = await scene(t)
    const since = performance.now()
    const { published, stop } = talk(speaker)
    await sleep(300)
    await ask('FLUSHALL')
    await ask('FUNCTION', 'FLUSH')
    await until('it is told', () => listener.missedSince(since).length === PARTITIONS, TOLD_MS)
    await flows(speaker, listener)
    stop()
    await settled(listener, published)
  })

  test('a notice that is not what it seems to be ends no node: it is told, and counts as lost', async (t) => {
    const { redis, ask } = await scene(t)
    const link = await RedisLink.open({ urls: redis.url })
    const failures: unknown[] = []
    const bus = new RedisBus({ link, partitions: PARTITIONS, node: newId(), failed: (error) => failures.push(error) })
    t.after(async () => {
      await bus.close()
      link.close()
    })
    const told: unknown[] = []
    bus.listen({
      room: (_, notice) => notice.kind === 'events' && notice.events.forEach(({ seq }) => void told.push(seq)),
      user: (_, notice) => notice.kind === 'logins_ended' && notice.sids.forEach((sid) => void told.push(sid)),
      usersMissed: () => {},
      missed: (concerns) => concerns(rooms[0] as string) && told.push('missed'),
    })
    bus.addInterest(rooms[0] as string)
    await until('it hears', () => told.length === 1)
    await ask('SPUBLISH', 'yeoul:{users}', `1 x\n${newId()} {"kind":"logins_ended"}\n${newId()} null\n?`)
    await until('the first is told', () => failures.length === 1)
    const counter = await ask('GET', 'yeoul:{0}:pushes')
    const lines = [
      '{"kind":"events"}',
      '{"kind":"of a later version"}',
      '{"kind":"events","epoch":1,"events":[{"seq":7}]}',
    ]
    const push = lines.map((notice) => `\n${rooms[0]} ${notice}`).join('')
    await ask('SPUBLISH', 'yeoul:{0}', `${Number(counter) + 1} x${push}`)
    await until('all is told', () => failures.length === 2 && told.length >= 3)
    assert.deepEqual(told.slice(0, 3), ['missed', 7, 'missed'])
  })

  test('a node that does not read is cut by Redis, and hears again when it reads', async (t) => {
    const { redis, speaker, ask } = await scene(t, { 'client-output-buffer-limit': 'pubsub 256kb 256kb 1' })
    const proxy = await TcpProxy.to(redis.port)
    t.after(() => proxy.close())
    const listener = await listenAt(t, proxy.url.replace('http', 'redis'))
    await flows(speaker, listener)
    const { published, stop } = talk(speaker, '-'.repeat(20_000))
    const subscribers = async () => String(await ask('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n').length
    const before = await subscribers()
    proxy.down.frozen = true
    // The buffers on the way take some MB first.
    await until('it is cut', async () => (await subscribers()) < before)
    const cut = published.length
    await until('more is published', () => published.length > cut + 100)
    proxy.down.frozen = false
    await flows(speaker, listener)
    stop()
    assert.ok((await settled(listener, published)) >= 100)
  })

  test('a node that alone cannot publish confesses when it can again', async (t) => {
    const { redis, listener } = await scene(t)
    const proxy = await TcpProxy.to(redis.port)
    t.after(() => proxy.close())
    const speaker = await listenAt(t, proxy.url.replace('http', 'redis'))
    await flows(speaker, listener)
    proxy.up.frozen = true
    const { published, stop } = talk(speaker)
    await sleep(4_500)
    stop()
    proxy.up.frozen = false
    proxy.loseAll()
    await flows(speaker, listener)
    await settled(listener, published)
  })

  test('[P6] a Redis that hangs makes nobody wait and no memory grow', async (t) => {
    const { redis, speaker, listener } = await scene(t)
    const { published, stop } = talk(speaker)
    const server = speaker.link.servers[0]
    redis.pause()
    const notice = { kind: 'typing', user: 'x'.repeat(10_000) } as const
    let slowest = 0
    let mostWaiting = 0
    for (let i = 0; i < 40; i++) {
      const began = performance.now()
      for (let k = 0; k < 50; k++) speaker.bus.publish(rooms[0] as string, notice)
      slowest = Math.max(slowest, performance.now() - began)
      await sleep(100)
      mostWaiting = Math.max(mostWaiting, server?.pendingBytes ?? Number.NaN)
    }
    redis.resume()
    // It is computed, and waits for nothing.
    assert.ok(slowest < 1_000, `publishing took ${slowest} ms`)
    assert.ok(mostWaiting < 10_000_000, `${mostWaiting} bytes waited`)
    await flows(speaker, listener)
    stop()
    await settled(listener, published)
    assert.ok(speaker.bus.stats().dropped > 500)
  })

  test('a master of a Redis Cluster dies and its replica takes over', async (t) => {
    const cluster = await startRedisCluster(3, { replicas: 3 })
    t.after(() => cluster.stop())
    const [speaker, listener] = [await listenAt(t, cluster.url), await listenAt(t, cluster.url)]
    await flows(speaker, listener)
    const { published, stop } = talk(speaker)
    await sleep(300)
    const victim = cluster.nodes.find(
      (node) => speaker.link.serverOf('yeoul:{0}').address.port === node.port,
    ) as LocalRedis
    await victim.kill()
    await sleep(1_000)
    await flows(speaker, listener)
    await sleep(500)
    stop()
    await settled(listener, published)
    await sleep(2_500)
    const since = performance.now()
    await sleep(1_500)
    assert.deepEqual(listener.missedSince(since), [])
  })

  test('a master of a Redis Cluster hangs until its replica has taken over, and comes back as a replica', async (t) => {
    const cluster = await startRedisCluster(3, { replicas: 3 })
    t.after(() => cluster.stop())
    const [speaker, listener] = [await listenAt(t, cluster.url), await listenAt(t, cluster.url)]
    await flows(speaker, listener)
    const { published, stop } = talk(speaker)
    const victim = cluster.nodes.find(
      (node) => speaker.link.serverOf('yeoul:{0}').address.port === node.port,
    ) as LocalRedis
    victim.pause()
    await sleep(2_000)
    await flows(speaker, listener)
    victim.resume()
    await sleep(3_000)
    await flows(speaker, listener)
    stop()
    await settled(listener, published)
  })

  test('a slot of a Redis Cluster moves to another master while notices flow', async (t) => {
    const cluster = await startRedisCluster(3)
    t.after(() => cluster.stop())
    const [speaker, listener] = [await listenAt(t, cluster.url), await listenAt(t, cluster.url)]
    await flows(speaker, listener)
    const { published, stop } = talk(speaker)
    await sleep(200)
    const slot = slotOf('yeoul:{0}')
    const from = speaker.link.serverOf('yeoul:{0}')
    const to = speaker.link.servers.find((server) => server !== from) as RedisServer
    const [fromId, toId] = await Promise.all([from, to].map((server) => server.call('CLUSTER', ['MYID'])))
    await to.call('CLUSTER', ['SETSLOT', slot, 'IMPORTING', String(fromId)])
    await from.call('CLUSTER', ['SETSLOT', slot, 'MIGRATING', String(toId)])
    const keys = (await from.call('CLUSTER', ['GETKEYSINSLOT', slot, 100])) as string[]
    await from.call('MIGRATE', ['127.0.0.1', to.address.port, '', 0, 1_000, 'KEYS', ...keys])
    for (const server of [to, from]) await server.call('CLUSTER', ['SETSLOT', slot, 'NODE', String(toId)])
    await sleep(200)
    await flows(speaker, listener)
    assert.equal(listener.link.serverOf('yeoul:{0}').name, to.name)
    await sleep(300)
    stop()
    await settled(listener, published)
  })
})
