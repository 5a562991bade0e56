import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type LocalRedis, startRedis, startRedisCluster } from '../../deploy/local/redis.ts'
import { BusFeed } from '../../src/adapters/redis/bus-feed.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { RedisNodes } from '../../src/adapters/redis/nodes.ts'
import { RedisPresence } from '../../src/adapters/redis/presence.ts'
import { RedisPresenceRemains } from '../../src/adapters/redis/presence-remains.ts'
import { newId } from '../../src/core/ids.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { TcpProxy } from '../support/proxy.ts'
import { identity, report } from './nodes.contract.ts'
import { presenceContract } from './presence.contract.ts'

const PARTITIONS = 8

const redis = await startRedis()
const cluster = await startRedisCluster(3)
after(async () => {
  await Promise.all([ofOne.stop(), ofCluster.stop()])
  await Promise.all([redis.stop(), cluster.stop()])
})

interface Node {
  presence: RedisPresence
  nodes: RedisNodes
  remains: RedisPresenceRemains
  id: string
  /** `+user` and `-user`, in order. */
  changes: string[]
  /** What a process leaves that is killed: its connections end, and nothing else happens. */
  kill(): void
  stop(): Promise<void>
}

async function startNode(urls: string): Promise<Node> {
  const link = await RedisLink.open({ urls })
  const nodes = new RedisNodes(link, identity('node'))
  const feed = new BusFeed(link, nodes.self.id)
  const presence = new RedisPresence({ link, feed, nodes, partitions: PARTITIONS })
  const remains = new RedisPresenceRemains({ link, nodes, partitions: PARTITIONS })
  await nodes.start(() => report)
  const changes: string[] = []
  presence.onChange((_, user, online) => changes.push(`${online ? '+' : '-'}${user}`))
  let ended = false
  const end = () => {
    ended = true
    feed.close()
    link.close()
  }
  return {
    ...{ presence, nodes, remains, id: nodes.self.id, changes },
    kill: end,
    async stop() {
      if (ended) return
      await presence.close()
      await nodes.stop()
      end()
    },
  }
}

/** A Redis of its own, and so many nodes. */
async function scene(t: TestContext, count: number): Promise<{ redis: LocalRedis; nodes: [Node, ...Node[]] }> {
  const own = await startRedis()
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(own.url)))
  t.after(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await own.stop()
  })
  return { redis: own, nodes: nodes as [Node, ...Node[]] }
}

async function until(what: string, so: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!(await so())) {
    assert.ok(performance.now() < end, `not within ${PATIENCE_MS} ms: ${what}`)
    await sleep(20)
  }
}

const sees = (node: Node, room: string, ...users: string[]) => {
  return async () => {
    const { users: seen, count } = await node.presence.list(room, 1_000)
    return count === users.length && seen.toSorted().join() === users.toSorted().join()
  }
}

const [ofOne, ofCluster] = await Promise.all([startNode(redis.url), startNode(cluster.url)])
presenceContract('one Redis, as one node sees it', async () => ofOne.presence)
presenceContract('Redis Cluster, as one node sees it', async () => ofCluster.presence)

describe('presence of several nodes', { concurrency: true }, () => {
  test('a user on two nodes is online until both have let them go', async (t) => {
    const { nodes } = await scene(t, 2)
    const [one, two] = nodes as [Node, Node]
    const room = newId()
    one.presence.enter(room, 'cho')
    two.presence.enter(room, 'dan')
    one.presence.enter(room, 'ann')
    two.presence.enter(room, 'ann')
    await until(
      'both see all',
      async () => (await sees(one, room, 'ann', 'cho', 'dan')()) && one.presence.count(room) === 3,
    )
    await until('the other too', sees(two, room, 'ann', 'cho', 'dan'))
    one.presence.exit(room, 'ann')
    await sleep(300)
    assert.ok(await sees(two, room, 'ann', 'cho', 'dan')())
    two.presence.exit(room, 'ann')
    await until(
      'ann is offline everywhere',
      async () => (await sees(one, room, 'cho', 'dan')()) && (await sees(two, room, 'cho', 'dan')()),
    )
    const ofAnn = (node: Node) => node.changes.filter((change) => change.endsWith('ann')).join()
    assert.deepEqual([ofAnn(one), ofAnn(two)], ['+ann,-ann', '+ann,-ann'])
  })

  test('a node with new interest sees who is there, and one without interest is answered', async (t) => {
    const { redis: own, nodes } = await scene(t, 2)
    const room = newId()
    for (let i = 0; i < 1_200; i++) nodes[0].presence.enter(room, `u${i}`)
    await sleep(500)
    const late = await startNode(own.url)
    t.after(() => late.stop())
    const { users, count } = await late.presence.list(room, 10)
    assert.deepEqual([users.length, count], [10, 1_200])
    assert.deepEqual(await late.presence.among(room, ['u3', 'x', 'u7']), new Set(['u3', 'u7']))
    assert.deepEqual(await late.presence.list(newId(), 10), { users: [], count: 0 })
    late.presence.enter(room, 'late')
    await until('the new node counts all', () => late.presence.count(room) === 1_201)
    await until('the old one too', () => nodes[0].presence.count(room) === 1_201)
  })

  test('users of a node that is killed go offline by themselves within about six seconds, and one worker notes it', async (t) => {
    const { nodes } = await scene(t, 3)
    const [dying, two, three] = nodes as [Node, Node, Node]
    const room = newId()
    two.presence.enter(room, 'bob')
    for (const user of ['ann', 'bob']) dying.presence.enter(room, user)
    await until('they are seen', sees(two, room, 'ann', 'bob'))
    const saved: { room: string; user: string; at: number }[] = []
    const settle = (node: Node) =>
      node.remains.settle(async (exits) => {
        await sleep(50)
        saved.push(...exits)
      })
    await until('it is known to the others', () => two.nodes.isAlive(dying.id) && three.nodes.isAlive(dying.id))
    const diedAt = Date.now()
    dying.kill()
    await sleep(2_000)
    assert.deepEqual([await settle(two), await settle(three)], [0, 0], 'too early to say')
    await until('ann is offline', sees(two, room, 'bob'))
    assert.deepEqual(
      two.changes.filter((change) => change.startsWith('-')),
      ['-ann'],
      'bob is here too',
    )
    await until('both know', () => !two.nodes.isAlive(dying.id) && !three.nodes.isAlive(dying.id))
    const settled = await Promise.all([settle(two), settle(three)])
    assert.deepEqual(settled.toSorted(), [0, 2], 'one of them')
    assert.deepEqual([await settle(two), await settle(three)], [0, 0], 'once')
    assert.deepEqual(saved.map((exit) => `${exit.room} ${exit.user}`).sort(), [`${room} ann`, `${room} bob`])
    assert.ok(
      saved.every(({ at }) => Math.abs(at - diedAt) < 3_000),
      'the time is that of the death, not that of noticing it',
    )
  })

  test('remains that could not be saved are handed out again', async (t) => {
    const { nodes } = await scene(t, 2)
    const [dying, two] = nodes as [Node, Node]
    const room = newId()
    dying.presence.enter(room, 'ann')
    await sleep(1_500)
    dying.kill()
    let failed = false
    const failing = async () => {
      const settling = two.remains.settle(async () => {
        throw new Error('no database')
      })
      failed = await settling.then(
        () => false,
        (error: Error) => error.message === 'no database',
      )
      return failed
    }
    await until('it is tried', failing)
    const saved: string[] = []
    const settled = await two.remains.settle(async (exits) => {
      saved.push(...exits.map((exit) => exit.user))
    })
    assert.deepEqual([settled, saved], [1, ['ann']])
  })

  test('a node that was cut off from Redis is offline meanwhile, its remains are settled, and all are online again when it is back', async (t) => {
    const { redis: own, nodes } = await scene(t, 1)
    const proxy = await TcpProxy.to(own.port)
    t.after(() => proxy.close())
    const far = await startNode(proxy.url.replace('http', 'redis'))
    t.after(() => far.stop())
    const room = newId()
    far.presence.enter(room, 'far')
    nodes[0].presence.enter(room, 'near')
    await until('both are seen', sees(nodes[0], room, 'far', 'near'))
    await sleep(1_200)
    proxy.up.frozen = true
    await until('the far one is gone', sees(nodes[0], room, 'near'))
    await until('its remains are settled', async () => (await nodes[0].remains.settle(async () => {})) === 1)
    nodes[0].presence.enter(room, 'meanwhile')
    far.presence.enter(room, 'far too')
    proxy.up.frozen = false
    const all = ['far', 'far too', 'meanwhile', 'near']
    await until('all see all', async () => (await sees(nodes[0], room, ...all)()) && (await sees(far, room, ...all)()))
    const third = await startNode(own.url)
    t.after(() => third.stop())
    await until('one who asks Redis too', sees(third, room, ...all))
  })

  test('after FLUSHALL, and after Redis came back empty, everybody is online again and nobody was offline', async (t) => {
    const { redis: own, nodes } = await scene(t, 2)
    const [one, two] = nodes as [Node, Node]
    const room = newId()
    one.presence.enter(room, 'ann')
    two.presence.enter(room, 'bob')
    await until(
      'both are seen',
      async () => (await sees(one, room, 'ann', 'bob')()) && (await sees(two, room, 'ann', 'bob')()),
    )
    const asked = await startNode(own.url)
    t.after(() => asked.stop())
    const client = new Redis(own.url)
    await client.flushall()
    client.disconnect()
    await until('a third node is told', sees(asked, room, 'ann', 'bob'))
    await own.kill()
    await sleep(1_500)
    one.presence.enter(room, 'cho')
    await own.restart()
    await until(
      'all are there',
      async () => (await sees(asked, room, 'ann', 'bob', 'cho')()) && (await sees(two, room, 'ann', 'bob', 'cho')()),
    )
    assert.deepEqual(
      [...one.changes, ...two.changes].filter((change) => change.startsWith('-')),
      [],
    )
  })

  test('whoever comes and goes anywhere, whatever is lost on the way, all nodes agree in the end', async (t) => {
    const clients = cluster.nodes.map((node) => new Redis(node.url))
    t.after(() => {
      for (const client of clients) client.disconnect()
    })
    const nodes = await Promise.all([1, 2, 3].map(() => startNode(cluster.url)))
    t.after(() => Promise.all(nodes.map((node) => node.stop())))
    const rooms = Array.from({ length: 6 }, () => newId())
    const users = Array.from({ length: 20 }, (_, i) => `u${i}`)
    const open = new Map<string, number>()
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 50; i++) {
        const node = Math.floor(Math.random() * 3)
        const room = rooms[Math.floor(Math.random() * 6)] as string
        const user = users[Math.floor(Math.random() * 20)] as string
        const key = `${node} ${room} ${user}`
        const before = open.get(key) ?? 0
        const enters = Math.random() < 0.5
        if (enters) (nodes[node] as Node).presence.enter(room, user)
        else assert.equal((nodes[node] as Node).presence.exit(room, user), before === 1)
        open.set(key, Math.max(0, before + (enters ? 1 : -1)))
      }
      if (round % 10 === 5) for (const client of clients) await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await sleep(20)
    }
    for (const room of rooms) {
      const online = users.filter((user) => [0, 1, 2].some((node) => (open.get(`${node} ${room} ${user}`) ?? 0) > 0))
      for (const node of nodes) await until('all agree', sees(node, room, ...online))
    }
  })
})
