import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startRedis, startRedisCluster, startReplica } from '../../deploy/local/redis.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { Library } from '../../src/adapters/redis/library.ts'
import { RedisUnavailable } from '../../src/adapters/redis/server.ts'
import { slotOf } from '../../src/adapters/redis/slots.ts'
import { PATIENCE_MS } from '../support/patience.ts'

const redis = await startRedis()
after(() => redis.stop())

async function open(t: TestContext, urls: string, log?: (line: string) => void): Promise<RedisLink> {
  const link = await RedisLink.open({ urls, ...(log === undefined ? {} : { log }) })
  t.after(() => link.close())
  return link
}

async function until(so: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!so()) {
    assert.ok(performance.now() < end, `not within ${PATIENCE_MS} ms`)
    await sleep(5)
  }
}

/** What a server says of itself that is no Redis at all, or one from long ago. */
async function impostor(t: TestContext, answer: (command: string) => string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      for (const command of data.toString().match(/\$\d+\r\n(hello|info|client|select)/gi) ?? [])
        socket.write(answer(command.split('\n')[1] as string))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return `redis://127.0.0.1:${(server.address() as { port: number }).port}`
}

describe('the way to Redis', { concurrency: true }, () => {
  test('what cannot be used is refused in one line that says why', async (t) => {
    const locked = await startRedis({ settings: { requirepass: 'right' } })
    const replica = await startReplica(redis)
    const info = '# Server\r\nredis_version:6.2.14\r\nrun_id:x\r\nloading:0\r\nrole:master\r\n'
    const old = await impostor(t, (command) =>
      /info/i.test(command)
        ? `$${info.length}\r\n${info}\r\n`
        : /hello/i.test(command)
          ? '%1\r\n+proto\r\n:3\r\n'
          : '+OK\r\n',
    )
    t.after(() => Promise.all([locked.stop(), replica.stop()]))
    const refusals: [urls: string, says: RegExp][] = [
      ['redis://127.0.0.1:1', /^Redis cannot be used: 127\.0\.0\.1:1: connect ECONNREFUSED/],
      ['http://127.0.0.1', /^an address of Redis looks like redis:\/\/host:6379/],
      [`${redis.url}/3`, /^an address of Redis names no database/],
      ['127.0.0.1:6379', /^an address of Redis looks like/],
      [`${redis.url},${replica.url}`, /belongs to no Redis Cluster/],
      [replica.url, /it is a replica, which cannot be written to/],
      [locked.url, /NOAUTH/],
      [locked.url.replace('//', '//:wrong@'), /WRONGPASS/],
      [old, /version 6\.2\.14 is too old: Redis 7\.0 or newer is needed/],
    ]
    await Promise.all(
      refusals.map(([urls, says]) =>
        assert.rejects(RedisLink.open({ urls }), (error: Error) => {
          assert.match(error.message, says)
          assert.ok(!error.message.includes('\n'))
          return true
        }),
      ),
    )
    const right = await open(t, locked.url.replace('//', '//:right@'))
    assert.equal(await right.call('a', 'PING', []), 'PONG')
  })

  test('while Redis is away a command is refused at once; it is back by itself, as another process', async (t) => {
    const own = await startRedis()
    t.after(() => own.stop())
    const said: string[] = []
    const link = await open(t, own.url, (line) => said.push(line))
    const before = link.servers[0]?.runId
    await own.kill()
    await until(() => !link.up)
    const began = performance.now()
    await assert.rejects(
      link.call('a', 'GET', ['a']),
      (error: RedisUnavailable) => error instanceof RedisUnavailable && !error.sent,
    )
    // An answer that does not come is waited for three seconds.
    assert.ok(performance.now() - began < 1_000)
    await sleep(1_000)
    await own.restart()
    await until(() => link.up)
    assert.equal(await link.call('a', 'GET', ['a']), null)
    assert.notEqual(link.servers[0]?.runId, before)
    assert.deepEqual(
      said.map((line) => line.replace(/127\S*/, 'X').split(':')[0]),
      ['Redis at X is lost', 'Redis at X is back'],
    )
  })

  test('a Redis that hangs fails a command after about three seconds, as one that may have been carried out', async (t) => {
    const own = await startRedis()
    t.after(() => own.stop())
    const link = await open(t, own.url)
    own.pause()
    const began = performance.now()
    await assert.rejects(
      link.call('a', 'INCR', ['a']),
      (error: RedisUnavailable) => error instanceof RedisUnavailable && error.sent,
    )
    assert.ok(performance.now() - began < 10_000)
    own.resume()
    await until(() => link.up)
    assert.equal(link.servers[0]?.pendingBytes, 0)
  })

  test('[P6] what waits for a slow Redis is bounded; beyond, a command is refused unsent', async (t) => {
    const own = await startRedis()
    t.after(() => own.stop())
    const link = await open(t, own.url)
    own.pause()
    const value = 'x'.repeat(1_000_000)
    const all = Array.from({ length: 60 }, () =>
      link.call('a', 'SET', ['a', value]).then(
        () => 'stored',
        (error: RedisUnavailable) => (error.sent ? 'sent' : 'refused'),
      ),
    )
    assert.ok((link.servers[0]?.pendingBytes ?? Number.NaN) < 35_000_000)
    own.resume()
    const ends = await Promise.all(all)
    assert.ok(ends.filter((end) => end === 'refused').length > 20, String(ends))
    assert.ok(ends.filter((end) => end === 'stored').length > 20, String(ends))
  })

  test('a function that a server does not know is loaded, on every master, as often as it is forgotten', async (t) => {
    const cluster = await startRedisCluster(3)
    t.after(() => cluster.stop())
    const link = await open(t, cluster.url)
    const library = new Library('bus', new URL('../../src/adapters/redis/bus.lua', import.meta.url))
    const push = (tag: number) => library.call(link, 'push', [`{${tag}}:pushes`, `{${tag}}`], ['me', 'body'])
    await Promise.all(Array.from({ length: 30 }, (_, tag) => push(tag)))
    for (const node of cluster.nodes) {
      const client = new Redis(node.url)
      assert.equal(((await client.function('LIST')) as unknown[]).length, 1)
      await client.function('FLUSH')
      client.disconnect()
    }
    await Promise.all(Array.from({ length: 30 }, (_, tag) => push(tag)))
  })

  test('one address of a Redis Cluster is enough, and commands follow a slot that moves', async (t) => {
    const cluster = await startRedisCluster(3)
    t.after(() => cluster.stop())
    const link = await open(t, cluster.nodes[2]?.url as string)
    assert.equal(link.servers.length, 3)
    for (const key of ['123456789', 'foo', '{foo}.bar', 'x{}foo', 'a{b}{c}', '{', 'yeoul:{12}:pushes', '방{여울}'])
      assert.equal(slotOf(key), await link.servers[0]?.call('CLUSTER', ['KEYSLOT', key]), key)
    const key = 'yeoul:{7}:key'
    await link.call(key, 'SET', [key, 'there'])
    const from = link.serverOf(key)
    const [to] = link.servers.filter((server) => server !== from)
    const nodes = await Promise.all(
      link.servers.map(async (server) => [server, String(await server.call('CLUSTER', ['MYID']))] as const),
    )
    const idOf = (server: unknown) => nodes.find(([one]) => one === server)?.[1] as string
    const slot = slotOf(key)
    await to?.call('CLUSTER', ['SETSLOT', slot, 'IMPORTING', idOf(from)])
    await from.call('CLUSTER', ['SETSLOT', slot, 'MIGRATING', idOf(to)])
    await from.call('MIGRATE', ['127.0.0.1', to?.address.port as number, key, 0, 1_000])
    // The slot is under way, the key has moved: ASK.
    assert.equal(await link.call(key, 'GET', [key]), 'there')
    for (const [server] of nodes) await server.call('CLUSTER', ['SETSLOT', slot, 'NODE', idOf(to)])
    assert.equal(await link.call(key, 'GET', [key]), 'there')
    assert.equal(link.serverOf(key), to)
  })
})
