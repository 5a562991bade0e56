import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryPresence } from '../../src/adapters/memory/presence.ts'
import { Flusher } from '../../src/core/flusher.ts'
import { HotRoom } from '../../src/core/hot-room.ts'
import type { HotRooms } from '../../src/core/hot-rooms.ts'
import { PresenceTicker } from '../../src/core/presence.ts'
import { WriteQueue } from '../../src/core/write-queue.ts'
import { FakeWire } from '../support/fake-wire.ts'
import { countingMetrics } from '../support/metrics.ts'

type Push = { push: 'presence'; room: string; online?: string[]; offline?: string[]; count: number }

/** One room with one subscriber, who sees the pushes. */
function scene(names: number) {
  const presence = new MemoryPresence()
  const flusher = new Flusher({ maxIntervalMs: () => 1, metrics: countingMetrics(), deliver() {} })
  const room = new HotRoom({
    ...{ id: 'room', kind: 'open', facts: { title: '', capacity: null, memberCount: 0 }, epoch: 1, head: 0, n: 0 },
    messages: [],
    tail: [],
  })
  const wire = new FakeWire()
  const queue = new WriteQueue(wire, 1_048_576, flusher.markQueue)
  room.subscribers.add({ room, queue, suspended: false, end() {} })
  const hotRooms = { get: (id: string) => (id === 'room' ? room : undefined) } as unknown as HotRooms
  const ticker = new PresenceTicker({ presence, hotRooms, flusher, names: () => names })
  const tick = (): Push | undefined => {
    const before = wire.items().length
    ticker.tick()
    flusher.flush()
    const items = wire.items<Push>().slice(before)
    assert.ok(items.length <= 1, 'a tick is one push')
    return items[0]
  }
  return { presence, ticker, tick }
}

test('a crowd that comes within a tick is one push; a tick in which nobody came or went is none', () => {
  const { presence, tick } = scene(10)
  for (const user of ['a', 'b', 'c']) presence.enter('room', user)
  assert.deepEqual(tick(), { push: 'presence', room: 'room', online: ['a', 'b', 'c'], count: 3 })
  assert.equal(tick(), undefined)
  presence.exit('room', 'b')
  assert.deepEqual(tick(), { push: 'presence', room: 'room', offline: ['b'], count: 2 })
})

test('a user with several connections comes with the first and goes with the last', () => {
  const { presence, tick } = scene(10)
  presence.enter('room', 'a')
  tick()
  presence.enter('room', 'a')
  assert.equal(tick(), undefined)
  presence.exit('room', 'a')
  assert.equal(tick(), undefined)
  assert.equal(presence.count('room'), 1)
  presence.exit('room', 'a')
  assert.deepEqual(tick(), { push: 'presence', room: 'room', offline: ['a'], count: 0 })
})

test('[P6] above the bound a room only counts, in pushes and in the snapshot', async () => {
  const { presence, ticker, tick } = scene(2)
  for (const user of ['a', 'b']) presence.enter('room', user)
  assert.deepEqual(await ticker.snapshot('room'), { online: ['a', 'b'], count: 2 })
  presence.enter('room', 'c')
  assert.deepEqual(tick(), { push: 'presence', room: 'room', count: 3 })
  assert.deepEqual(await ticker.snapshot('room'), { online: [], count: 3 })
})

test('rooms that nobody here listens to cost nothing', () => {
  const { presence, tick } = scene(10)
  presence.enter('another room', 'a')
  assert.equal(tick(), undefined)
})

test('whoever comes and goes, a client that applies the pushes knows who is online', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ user: fc.nat(4), on: fc.boolean(), tick: fc.boolean() })), async (steps) => {
      const { presence, ticker, tick } = scene(100)
      const known = new Set<string>()
      const connections = new Map<string, number>()
      const apply = (push: Push | undefined) => {
        for (const user of push?.online ?? []) known.add(user)
        for (const user of push?.offline ?? []) known.delete(user)
        if (push !== undefined) assert.equal(push.count, known.size)
      }
      for (const one of steps) {
        const user = `u${one.user}`
        const open = connections.get(user) ?? 0
        if (one.on) {
          assert.equal(presence.enter('room', user), open === 0)
          connections.set(user, open + 1)
        } else if (open > 0) {
          assert.equal(presence.exit('room', user), open === 1)
          connections.set(user, open - 1)
        } else assert.equal(presence.exit('room', user), false)
        if (one.tick) apply(tick())
      }
      apply(tick())
      const online = [...connections].filter(([, open]) => open > 0).map(([user]) => user)
      assert.deepEqual([...known].sort(), online.sort())
      assert.deepEqual((await ticker.snapshot('room')).online.sort(), online)
    }),
  )
})
