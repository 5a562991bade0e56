import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { FiguresKeeper } from '../../src/core/figures.ts'
import { newId } from '../../src/core/ids.ts'
import type { AdminNode } from '../../src/protocol/model-admin.ts'
import { identity, report } from '../contract/nodes.contract.ts'

const ADMIN = { user: newId(), sid: newId(), role: 'admin' as const }
const node = (more: Partial<AdminNode>): AdminNode => ({ ...identity('n'), ...report, seenAt: 1, ...more })

/** Figures of nodes that say what the test wants; `tick` lets two seconds pass. */
function scene(t: TestContext, list: () => Promise<AdminNode[]>) {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_000_000 })
  const figures = new FiguresKeeper({ list })
  figures.start()
  t.after(() => figures.stop())
  return {
    points: (since?: number) => figures.since(ADMIN, since).points,
    figures,
    async tick(times = 1) {
      for (let i = 0; i < times * 2; i++) {
        t.mock.timers.tick(1_000)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

test('figures are sums over the nodes, and the worst node’s percentiles and load; who measured nothing counts for nothing', async (t) => {
  const nodes = [
    node({ connections: 10, sessions: 9, sendsPerSecond: 0.1, deliveriesPerSecond: 100.1, load: 0.2, memory: 5 }),
    node({ connections: 1, sessions: 1, sendsPerSecond: 0.2, deliveriesPerSecond: 0.2, load: 0.9, memory: 7 }),
  ]
  Object.assign(nodes[0] as AdminNode, { deliveryP99Ms: 12.5, ackP99Ms: null, backlog: 40 })
  Object.assign(nodes[1] as AdminNode, { deliveryP99Ms: 30, ackP99Ms: null, backlog: 2 })
  const { points, tick } = scene(t, async () => nodes)
  await tick()
  assert.deepEqual(points(), [
    {
      at: 1_002_000,
      connections: 11,
      sessions: 10,
      messagesPerSecond: 0.3,
      deliveriesPerSecond: 100.3,
      deliveryP99Ms: 30,
      ackP99Ms: null,
      backlog: 42,
      load: 0.9,
      memory: 12,
      nodes: 2,
    },
  ])
})

test('what happened in any second is in a point: rates are means over its two seconds, waits the worst of them', async (t) => {
  const seconds = [
    node({ sendsPerSecond: 12, deliveriesPerSecond: 40, load: 0.6, connections: 3 }),
    node({ sendsPerSecond: 0, deliveriesPerSecond: 0, load: 0.1, connections: 2 }),
  ]
  Object.assign(seconds[0] as AdminNode, { deliveryP99Ms: 9, ackP99Ms: 4, backlog: 7 })
  Object.assign(seconds[1] as AdminNode, { deliveryP99Ms: null, ackP99Ms: 5, backlog: 1 })
  let second = 0
  const { points, tick } = scene(t, async () => [seconds[second++ % 2] as AdminNode])
  await tick()
  const [point] = points()
  assert.partialDeepStrictEqual(point, {
    messagesPerSecond: 6,
    deliveriesPerSecond: 20,
    deliveryP99Ms: 9,
    ackP99Ms: 5,
    backlog: 7,
    load: 0.6,
    connections: 2,
  })
})

test('[P6] ten minutes are kept, the oldest goes first; `since` leaves out what is known', async (t) => {
  const { points, tick } = scene(t, async () => [node({})])
  await tick(310)
  const kept = points().map(({ at }) => at)
  assert.equal(kept.length, 300)
  assert.deepEqual([kept[0], kept.at(-1)], [1_022_000, 1_620_000])
  assert.deepEqual(
    points(1_616_000).map(({ at }) => at),
    [1_618_000, 1_620_000],
  )
})

test('while the registry cannot be reached there are no points, and no two questions at once', async (t) => {
  let fail = true
  let asked = 0
  let answer = () => {}
  const { points, tick } = scene(t, async () => {
    asked++
    if (fail) throw new Error('the registry is away')
    await new Promise<void>((resolve) => {
      answer = resolve
    })
    return [node({})]
  })
  await tick(2)
  assert.deepEqual([asked, points()], [4, []])
  fail = false
  await tick(3)
  assert.equal(asked, 5, 'the first of these has no answer yet')
  answer()
  await tick()
  answer()
  await tick()
  assert.equal(points().length, 1)
  answer()
})

test('figures are for admins', (t) => {
  const { figures } = scene(t, async () => [])
  assert.throws(() => figures.since({ ...ADMIN, role: 'user' }), { code: 'forbidden' })
})
