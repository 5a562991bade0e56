/** The configuration and the list of nodes of a cluster: what one node takes is in force on all. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Limits } from '../../src/protocol/limits.ts'
import type { AdminNode } from '../../src/protocol/model-admin.ts'
import { temporaryFolder, yeoul } from '../ops/yeoul-process.ts'
import { type ClusterNode, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { newAdmin, newPerson, type Person } from '../support/people.ts'
import { TestSocket } from '../support/socket.ts'

let cluster: TestCluster
let admin: Person
let one: ClusterNode
let two: ClusterNode

before(async () => {
  cluster = await startTestCluster({ nodes: 2 })
  ;[one, two] = cluster.nodes as [ClusterNode, ClusterNode]
  admin = await newAdmin(one)
})
after(() => cluster[Symbol.asyncDispose]())

/** The admin, asking another node. */
function at(node: ClusterNode): Pick<Person, 'call'> {
  return {
    async call<T>(method: string, path: string, body?: unknown) {
      const response = await fetch(`${node.url}/api/v1${path}`, {
        method,
        headers: { Authorization: `Bearer ${admin.accessToken}`, 'Content-Type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: (await response.json()) as T }
    },
  }
}

/** Changes the configuration at one node; answers how long it took until a connection of the other was told, in ms. */
async function toldAfterMs(socket: TestSocket, bodyLength: number): Promise<number> {
  const before = performance.now()
  const { status } = await admin.call('PATCH', '/admin/config', { changes: { 'limits.bodyLength': bodyLength } })
  assert.equal(status, 200)
  const isTold = () => socket.pushes<{ limits: Limits }>('limits').at(-1)?.limits.bodyLength === bodyLength
  await socket.until(isTold, 'the limits')
  return performance.now() - before
}

test('a change is in force on the other node at once, and within a second when the bus does not tell of it', async (t) => {
  const person = await newPerson(two)
  const socket = await TestSocket.hello(two.url, person.accessToken)
  // Each would wait for the next look at the database, which is taken once a second.
  let byBus = 0
  for (let i = 0; i < 6; i++) byBus += await toldAfterMs(socket, 100 + i)
  two.toRedis.refuse()
  const byDatabase = await toldAfterMs(socket, 200)
  two.toRedis.accept()
  t.diagnostic(`told six times in ${Math.round(byBus)} ms by the bus, ${Math.round(byDatabase)} ms without it`)
  assert.ok(byBus < 3_500 && byDatabase < 8_000)
  socket.close()
})

test('a node that cannot reach the database keeps what is in force, refuses changes, and follows them when it is back', async () => {
  const person = await newPerson(two)
  const socket = await TestSocket.hello(two.url, person.accessToken)
  const inForce = () => socket.pushes<{ limits: Limits }>('limits').at(-1)?.limits.bodyLength
  await toldAfterMs(socket, 300)
  two.toDatabase.refuse()
  const changes = { 'limits.bodyLength': 350 }
  const refused = await at(two).call<{ code: string }>('PATCH', '/admin/config', { changes })
  assert.deepEqual([refused.status, refused.body.code], [503, 'unavailable'])
  const config = await at(two).call<{ items: { key: string; value: number }[] }>('GET', '/admin/config')
  assert.equal(config.body.items.find((item) => item.key === 'limits.bodyLength')?.value, 300)
  await admin.call('PATCH', '/admin/config', { changes: { 'limits.bodyLength': 400 } })
  two.toDatabase.accept()
  await socket.until(() => inForce() === 400, 'what was changed meanwhile')
  socket.close()
})

test('`yeoul config` asks the database of the cluster what was set', async () => {
  await admin.call('PATCH', '/admin/config', { changes: { 'limits.watched': 77 } })
  const env = {
    YEOUL_DATABASE_URL: cluster.postgres.url,
    YEOUL_JWT_SECRET: two.config.jwtSecret ?? '',
    YEOUL_PARTITIONS: '16',
  }
  const dataDir = join(temporaryFolder(), 'none')
  const { stdout, stderr, code } = await yeoul(['config'], { dataDir, env })
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^YEOUL_LIMIT_WATCHED +77 +run time$/m)
  assert.match(stdout, /^YEOUL_DATABASE_URL +\*+ +env YEOUL_DATABASE_URL$/m)
  assert.ok(!existsSync(dataDir))
})

test('an admin sees each node with what it does, and no node that has gone', async () => {
  const person = await newPerson(two)
  const sockets = [
    await TestSocket.hello(two.url, person.accessToken),
    await TestSocket.hello(two.url, person.accessToken),
    await TestSocket.open(two.url),
  ]
  const three = await cluster.addNode({ roles: ['worker'], nodeName: 'the worker' })
  const list = async () => (await admin.call<{ items: AdminNode[] }>('GET', '/admin/nodes')).body.items
  const until = async (find: (nodes: AdminNode[]) => boolean, what: string) => {
    for (let tries = 0; tries < 300; tries++) {
      if (find(await list())) return
      await sleep(100)
    }
    assert.fail(`${what}: ${JSON.stringify(await list())}`)
  }
  const named = (nodes: AdminNode[], name: string) => nodes.find((node) => node.name === name)
  await until((nodes) => {
    const node = named(nodes, two.name)
    return node?.sessions === 2 && node.connections === 3 && node.state === 'ready'
  }, 'what the second node says')
  await until((nodes) => named(nodes, 'the worker')?.roles.join() === 'worker', 'the worker')
  await three.close()
  await until((nodes) => named(nodes, 'the worker') === undefined && nodes.length === 2, 'a node has gone')
  for (const socket of sockets) socket.close()
})
