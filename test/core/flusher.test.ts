import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Flusher } from '../../src/core/flusher.ts'
import { HotRoom } from '../../src/core/hot-room.ts'
import { Fragment, WriteQueue } from '../../src/core/write-queue.ts'
import type { RoomEvent } from '../../src/protocol/model.ts'
import { FakeWire } from '../support/fake-wire.ts'
import { countingMetrics } from '../support/metrics.ts'

interface Connection {
  wire: FakeWire
  queue: WriteQueue
}

/** A room with subscribers of its own, on a flusher that hands fragments to their queues. */
function scene(subscribers: number, limit = 1_048_576) {
  const refused: { queue: WriteQueue; from: number }[] = []
  const metrics = countingMetrics()
  const flusher = new Flusher({
    maxIntervalMs: () => 20,
    metrics,
    deliver: (room, fragment, from) => {
      for (const { queue } of room.subscribers) if (!queue.offer(fragment)) refused.push({ queue, from })
    },
  })
  const newRoom = (id: string, connections: Connection[]) => {
    const room = new HotRoom({
      ...{ id, kind: 'open', facts: { title: '', capacity: null, memberCount: 0 }, epoch: 1, head: 0, n: 0 },
      messages: [],
      tail: [],
    })
    for (const { queue } of connections) room.subscribers.add({ room, queue, suspended: false, end() {} })
    return room
  }
  const connections = Array.from({ length: subscribers }, (): Connection => {
    const wire = new FakeWire()
    return { wire, queue: new WriteQueue(wire, limit, flusher.markQueue) }
  })
  const say = (room: HotRoom, body: string) => {
    const event: RoomEvent = {
      ...{ seq: room.head + 1, type: 'message', at: 0, actor: 'somebody' },
      n: room.n + 1,
      clientMessageId: body,
      body,
    }
    const none = room.pendingEvents === 0
    room.apply(event, Date.now())
    if (none) flusher.markRoom(room)
  }
  return { flusher, newRoom, connections, say, refused, metrics }
}

const bodies = (wire: FakeWire) => wire.items<{ event: { body: string } }>().map((item) => item.event.body)

test('a flush writes once to each connection, whatever waits for it, and encodes what is shared once', () => {
  const { flusher, newRoom, connections, say } = scene(3)
  const quiet = newRoom('a', connections)
  const busy = newRoom('b', connections)
  for (let i = 0; i < 5; i++) {
    say(quiet, `a${i}`)
    say(busy, `b${i}`)
  }
  flusher.flush()
  for (const { wire } of connections) {
    assert.equal(wire.writes.length, 1)
    assert.deepEqual(bodies(wire), ['a0', 'a1', 'a2', 'a3', 'a4', 'b0', 'b1', 'b2', 'b3', 'b4'])
  }
  flusher.flush()
  assert.ok(
    connections.every(({ wire }) => wire.writes.length === 1),
    'nothing waits, nothing is written',
  )

  say(busy, 'alone')
  flusher.flush()
  const frames = connections.map(({ wire }) => wire.writes[1]?.[0])
  assert.ok(
    frames.every((frame) => frame === frames[0]),
    'the same bytes for all',
  )
})

test('a big room’s fragment is written to each connection as the same bytes, beside what only that connection gets', () => {
  const { flusher, newRoom, connections, say } = scene(2)
  const room = newRoom('a', connections)
  connections[0]?.queue.push('{"re":1,"ok":{}}')
  connections[1]?.queue.push('{"re":2,"ok":{}}')
  for (let i = 0; i < 20; i++) say(room, `${i}`.padEnd(1_000))
  flusher.flush()
  const [first, second] = connections.map(({ wire }) => wire.writes)
  assert.equal(first?.length, 1, 'in one go')
  assert.equal(first?.[0]?.[1], second?.[0]?.[1])
  assert.equal(connections[0]?.wire.items().length, 21)
})

test('a reply that was queued before a room’s pushes is before them on the wire, one queued after a cut behind them', () => {
  const { flusher, newRoom, connections, say } = scene(1)
  const [{ wire, queue }] = connections as [Connection]
  const room = newRoom('a', connections)
  queue.push('{"re":1}')
  say(room, 'first')
  flusher.cut(room)
  queue.push('{"re":2}')
  say(room, 'second')
  flusher.flush()
  assert.deepEqual(
    wire.items<{ re?: number; event?: { body: string } }>().map((item) => item.re ?? item.event?.body),
    [1, 'first', 2, 'second'],
  )
})

test('who subscribes after a cut gets only what comes later', () => {
  const { flusher, newRoom, connections, say } = scene(2)
  const [early, late] = connections as [Connection, Connection]
  const room = newRoom('a', [early])
  say(room, 'before')
  flusher.cut(room)
  room.subscribers.add({ room, queue: late.queue, suspended: false, end() {} })
  say(room, 'after')
  flusher.flush()
  assert.deepEqual(bodies(early.wire), ['before', 'after'])
  assert.deepEqual(bodies(late.wire), ['after'])
})

test('[P6] a connection that holds more than its limit takes no fragment, and is told from which event on; replies still go', () => {
  const { flusher, newRoom, connections, say, refused } = scene(2, 1_000)
  const [slow, fast] = connections as [Connection, Connection]
  const room = newRoom('a', connections)
  say(room, 'seen')
  flusher.flush()
  slow.wire.buffered = 1_001
  say(room, 'missed')
  say(room, 'missed too')
  flusher.flush()
  assert.deepEqual(refused, [{ queue: slow.queue, from: 2 }])
  assert.deepEqual(bodies(fast.wire), ['seen', 'missed', 'missed too'])
  assert.deepEqual(bodies(slow.wire), ['seen'])
  slow.queue.push('{"re":1}')
  flusher.flush()
  assert.deepEqual(slow.wire.items().at(-1), { re: 1 })
})

test('[P6] presence and typing are dropped first: at half of what a connection may hold', () => {
  const { flusher, newRoom, connections } = scene(2, 1_000)
  const [slow, fast] = connections as [Connection, Connection]
  const room = newRoom('a', connections)
  slow.wire.buffered = 501
  flusher.ephemeral(room, '{"push":"typing","user":"x"}')
  flusher.ephemeral(room, '{"push":"typing","user":"y"}')
  flusher.flush()
  assert.equal(slow.wire.writes.length, 0)
  assert.deepEqual(
    fast.wire.items<{ user: string }>().map((item) => item.user),
    ['x', 'y'],
  )
})

test('nothing is written to a connection after its end', () => {
  const { flusher, connections } = scene(1)
  const [{ wire, queue }] = connections as [Connection]
  queue.push('{"re":1}')
  queue.end()
  queue.push('{"re":2}')
  flusher.flush()
  queue.flush()
  assert.deepEqual(wire.writes, [])
  assert.equal(queue.waiting, 0)
})

test('[P6] drained waits until no more is held than the connection may hold, and writes what waits for that', async () => {
  const { connections } = scene(1, 1_000)
  const [{ wire, queue }] = connections as [Connection]
  await queue.drained()
  queue.push(`"${'x'.repeat(2_000)}"`)
  wire.buffered = 2_000
  const left = Promise.withResolvers<void>()
  wire.flushed = () => left.promise
  let drained = false
  const done = queue.drained().then(() => {
    drained = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([wire.writes.length, drained], [1, false])
  wire.buffered = 0
  left.resolve()
  await done
})

test('a lone push is written at once; under load the next flush waits, and shares its writes', async () => {
  const { newRoom, connections, say, metrics } = scene(3_000)
  const room = newRoom('a', connections)
  const first = connections[0]?.wire as FakeWire
  say(room, 'lone')
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(bodies(first), ['lone'])
  // Two events a turn of the loop, to 3,000 connections: a flush each would take all the time there is.
  const began = performance.now()
  let said = 0
  while (performance.now() - began < 300) {
    say(room, `${said++}`)
    say(room, `${said++}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(bodies(first).length, said + 1)
  assert.ok(first.writes.length < said / 4, `${first.writes.length} writes for ${said} events`)
  assert.equal(metrics.seen.get('deliveries'), (said + 1) * 3_000)
})

test('whatever is queued, cut and flushed, every item comes out once and in order', () => {
  const step = fc.oneof(
    fc.record({ push: fc.nat(20_000) }),
    fc.record({ offer: fc.integer({ min: 1, max: 4 }), size: fc.nat(9_000) }),
    fc.constant({ flush: true }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const wire = new FakeWire()
      const queue = new WriteQueue(wire, 100_000, () => {})
      const expected: number[] = []
      let items = 0
      const item = (size: number) => {
        expected.push(items)
        return `{"i":${items++},"fill":"${'x'.repeat(size)}"}`
      }
      for (const one of steps) {
        if ('push' in one) queue.push(item(one.push))
        else if ('offer' in one) {
          const before = items
          const text = Array.from({ length: one.offer }, () => item(one.size)).join(',')
          const full = queue.waiting > 100_000
          const taken = queue.offer(new Fragment(text, one.offer))
          assert.equal(taken, !full)
          if (!taken) expected.length = expected.indexOf(before)
        } else queue.flush()
      }
      queue.flush()
      assert.deepEqual(
        wire.items<{ i: number }>().map((one) => one.i),
        expected,
      )
      assert.equal(queue.waiting, 0)
    }),
    { numRuns: 200 },
  )
})
