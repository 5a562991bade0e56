import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LocalRedis, startRedis, startRedisCluster } from '../../deploy/local/redis.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { RedisNodes } from '../../src/adapters/redis/nodes.ts'
import type { NodeIdentity, NodeReport } from '../../src/protocol/model-admin.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { TcpProxy } from '../support/proxy.ts'
import { identity, nodesContract, report } from './nodes.contract.ts'

const redis = await startRedis()
const cluster = await startRedisCluster(3)
const links: RedisLink[] = []
after(async () => {
  for (const link of links) link.close()
  await Promise.all([redis.stop(), cluster.stop()])
})

async function open(self: NodeIdentity, urls: string): Promise<RedisNodes> {
  const link = await RedisLink.open({ urls })
  links.push(link)
  return new RedisNodes(link, self)
}

/** A node that has started, and the ids of those it was told are gone. */
async function started(t: TestContext, name: string, urls: string) {
  const nodes = await open(identity(name), urls)
  const gone: string[] = []
  nodes.onGone((id) => gone.push(id))
  await nodes.start(() => report)
  t.after(() => nodes.stop())
  return { nodes, gone, id: nodes.self.id, names: async () => (await nodes.list()).map((node) => node.name) }
}

async function ownRedis(t: TestContext): Promise<LocalRedis> {
  const own = await startRedis()
  t.after(() => own.stop())
  return own
}

async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!(await so())) {
    assert.ok(performance.now() < end, `it was not so within ${PATIENCE_MS} ms`)
    await sleep(50)
  }
}

nodesContract('one Redis', (self) => open(self, redis.url))
nodesContract('Redis Cluster', (self) => open(self, cluster.url))

describe('several nodes', { concurrency: true }, () => {
  test('a node of an older version, which tells less of itself, is listed as one that measured nothing', async (t) => {
    const own = await ownRedis(t)
    const ann = await started(t, 'ann', own.url)
    const old = await open(identity('old'), own.url)
    const { deliveriesPerSecond: _, deliveryP99Ms: __, ackP99Ms: ___, backlog: ____, ...said } = report
    await old.start(() => said as NodeReport)
    t.after(() => old.stop())
    const listed = (await ann.nodes.list()).find(({ name }) => name === 'old')
    assert.deepEqual(listed, {
      ...old.self,
      ...said,
      deliveriesPerSecond: 0,
      deliveryP99Ms: null,
      ackP99Ms: null,
      backlog: 0,
      seenAt: listed?.seenAt,
    })
  })

  test('the nodes see each other; one that stops is gone about a second later', async (t) => {
    const own = await ownRedis(t)
    const ann = await started(t, 'ann', own.url)
    const bob = await started(t, 'bob', own.url)
    assert.deepEqual(await ann.names(), ['ann', 'bob'])
    await until(() => ann.nodes.isAlive(bob.id))
    await bob.nodes.stop()
    assert.deepEqual(await ann.names(), ['ann'])
    await until(() => ann.gone.includes(bob.id))
  })

  test('what is no record of a node is passed over: the others are listed, and who stops is gone', async (t) => {
    const own = await ownRedis(t)
    const ann = await started(t, 'ann', own.url)
    const bob = await started(t, 'bob', own.url)
    const link = await RedisLink.open({ urls: own.url })
    t.after(() => link.close())
    const records = ['{broken', 'null', '{"id":"x","name":"of another version"}']
    for (const [i, record] of records.entries())
      await link.call('yeoul:{nodes}', 'HSET', ['yeoul:{nodes}', `odd${i}`, `${Date.now()} 5 ${record}`])
    assert.deepEqual(await ann.names(), ['ann', 'bob'])
    await until(() => ann.nodes.isAlive(bob.id))
    await bob.nodes.stop()
    await until(() => ann.gone.includes(bob.id))
  })

  test('a node that falls silent is gone after about five seconds, and comes back when it beats again', async (t) => {
    const own = await ownRedis(t)
    const ann = await started(t, 'ann', own.url)
    const proxy = await TcpProxy.to(own.port)
    t.after(() => proxy.close())
    const bob = await started(t, 'bob', proxy.url.replace('http', 'redis'))
    await until(() => ann.nodes.isAlive(bob.id))
    proxy.up.frozen = true
    // Its last sign of life may be a second old, and more on a busy machine.
    await sleep(2_000)
    assert.deepEqual(ann.gone, [])
    await until(() => ann.gone.includes(bob.id))
    assert.deepEqual(await ann.names(), ['ann'])
    proxy.up.frozen = false
    await until(async () => (await ann.names()).length === 2)
    await until(() => ann.nodes.isAlive(bob.id))
    assert.deepEqual(bob.gone, [], 'who was cut off itself judges nobody')
  })

  test('while Redis is away, and after it came back with nothing, nobody is declared gone', async (t) => {
    const own = await ownRedis(t)
    const [ann, bob] = [await started(t, 'ann', own.url), await started(t, 'bob', own.url)]
    await until(() => ann.nodes.isAlive(bob.id) && bob.nodes.isAlive(ann.id))
    await own.kill()
    await assert.rejects(ann.nodes.list(), { code: 'unavailable' })
    await sleep(5_500)
    await own.restart()
    await until(async () => (await ann.names().catch(() => [])).length === 2)
    await sleep(1_500)
    await until(() => ann.nodes.isAlive(bob.id) && bob.nodes.isAlive(ann.id))
    assert.deepEqual([ann.gone, bob.gone], [[], []])
  })

  test('while Redis hangs, and after it goes on, nobody is declared gone', async (t) => {
    const own = await ownRedis(t)
    const [ann, bob] = [await started(t, 'ann', own.url), await started(t, 'bob', own.url)]
    await until(() => ann.nodes.isAlive(bob.id) && bob.nodes.isAlive(ann.id))
    own.pause()
    await sleep(5_500)
    own.resume()
    await until(async () => (await ann.names().catch(() => [])).length === 2)
    await sleep(1_500)
    assert.deepEqual([ann.gone, bob.gone], [[], []])
    assert.equal(await ann.nodes.surelyAlive(), null, 'so soon nobody can be sure')
    assert.ok(ann.nodes.isAlive(bob.id) && bob.nodes.isAlive(ann.id))
  })
})
