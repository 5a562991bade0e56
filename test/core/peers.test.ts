import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MemoryNodes } from '../../src/adapters/memory/nodes.ts'
import { newId } from '../../src/core/ids.ts'
import { Peers, type Readings } from '../../src/core/peers.ts'
import { Tokens } from '../../src/core/tokens.ts'
import type { AdminNode, NodeIdentity } from '../../src/protocol/model-admin.ts'
import { eventually } from '../support/witnesses.ts'

const ADMIN = { user: newId(), sid: newId(), role: 'admin' as const }
const readings: Readings = {
  state: () => 'ready',
  connections: () => 3,
  sessions: () => 2,
  hotRooms: () => 1,
  messagesAccepted: () => 0,
  deliveries: () => 0,
  deliveryP99Ms: () => null,
  ackP99Ms: () => null,
  backlog: () => 0,
}

function identity(name: string, keys: string[]): NodeIdentity {
  return { id: newId(), name, roles: ['gateway'], version: '1.2.3', startedAt: 1, keys }
}

async function keysOf(secret: string, previousSecret?: string): Promise<string[]> {
  return (await Tokens.create({ secret, previousSecret, issuer: 'yeoul' }, { has: () => false })).keyIds
}

/** A registry in which others are, too. */
class Crowd extends MemoryNodes {
  readonly others: NodeIdentity[] = []

  override async list(): Promise<AdminNode[]> {
    const own = await super.list()
    return [...own, ...this.others.map((other) => ({ ...(own[0] as AdminNode), ...other }))]
  }
}

test('a node that signs with a key that this one does not take is told of once; one that shares the secret never', async () => {
  const lines: string[] = []
  const ours = 'the secret that all nodes share now'
  const before = 'the secret that they shared before it'
  const nodes = new Crowd(identity('one', await keysOf(ours, before)))
  nodes.others.push(
    identity('same', await keysOf(ours)),
    identity('not changed yet', await keysOf(before)),
    identity('two', await keysOf('a secret that somebody else made up', ours)),
  )
  for (let i = 0; i < 2; i++) {
    const peers = new Peers(nodes, readings, { warn: (line) => lines.push(line) })
    await peers.start()
    await peers.stop()
  }
  assert.deepEqual(
    lines,
    Array(2).fill(
      'node two signs access tokens with a key that node one does not take: give all nodes the same YEOUL_JWT_SECRET',
    ),
    'once for each time that this node started',
  )
})

test('a role that is needed and that nobody has is told of, once each time that it is missing', async () => {
  const lines: string[] = []
  const nodes = new Crowd(identity('one', ['k']))
  const peers = new Peers(nodes, readings, { warn: (line) => lines.push(line), needed: ['worker'], lookMs: 10 })
  const worker = { ...identity('two', ['k']), roles: ['worker'] }
  await peers.start()
  assert.deepEqual(lines, [], 'it may be about to start')
  await eventually(
    () => lines.length > 0,
    () => 'nothing was told',
  )
  assert.match(lines.join(), /^no node has the role worker: [^,]+, since nobody else does its work$/)
  nodes.others.push(worker)
  await sleep(100)
  nodes.others.pop()
  await eventually(
    () => lines.length > 1,
    () => 'nothing was told again',
  )
  await sleep(100)
  assert.equal(lines.length, 2)
  await peers.stop()
})

test('a node says how busy it is, and what it takes a second', async () => {
  let accepted = 0
  const nodes = new MemoryNodes(identity('one', ['k']))
  const peers = new Peers(
    nodes,
    {
      ...readings,
      messagesAccepted: () => accepted,
      deliveries: () => accepted * 10,
      deliveryP99Ms: () => (accepted === 0 ? null : 7),
      backlog: () => 5,
    },
    {
      warn: () => assert.fail('nothing to tell'),
    },
  )
  await peers.start()
  await sleep(600)
  accepted = 300
  const until = performance.now() + 300
  while (performance.now() < until);
  const [self] = await peers.list(ADMIN)
  assert.ok(self !== undefined)
  const { sendsPerSecond, load } = self
  assert.ok(sendsPerSecond > 20 && sendsPerSecond < 360, `${sendsPerSecond} a second`)
  assert.ok(load > 0.02 && load < 0.98, `load ${load}`)
  const ten = self.deliveriesPerSecond / sendsPerSecond
  assert.ok(ten > 9.9 && ten < 10.1, `${self.deliveriesPerSecond} deliveries a second`)
  assert.deepEqual([self.deliveryP99Ms, self.ackP99Ms, self.backlog], [7, null, 5])
  const again = await peers.list(ADMIN)
  assert.equal(again[0]?.sendsPerSecond, sendsPerSecond, 'who looks twice at once measures nothing')
  await assert.rejects(peers.list({ ...ADMIN, role: 'user' }), { code: 'forbidden' })
  await peers.stop()
})
