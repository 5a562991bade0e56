import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { MemoryBus } from '../../src/adapters/memory/bus.ts'
import { openSqlStore, type SqlStore } from '../../src/adapters/sql/index.ts'
import { ChangedRoles } from '../../src/core/changed-roles.ts'
import { EndedLogins } from '../../src/core/ended-logins.ts'
import { FanOut } from '../../src/core/fanout.ts'
import { Flusher } from '../../src/core/flusher.ts'
import { Heads } from '../../src/core/heads.ts'
import type { HotRoom, Subscription } from '../../src/core/hot-room.ts'
import { HotRooms } from '../../src/core/hot-rooms.ts'
import { Hub } from '../../src/core/hub.ts'
import { MissedRooms } from '../../src/core/missed-rooms.ts'
import { Watch } from '../../src/core/watch.ts'
import { WriteQueue } from '../../src/core/write-queue.ts'
import type { BusHandlers } from '../../src/ports/bus.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { RoomEvent } from '../../src/protocol/model.ts'
import { allEvents, message, newRoom, newUsers } from '../contract/store.ts'
import { FakeWire } from '../support/fake-wire.ts'
import { countingMetrics } from '../support/metrics.ts'
import { eventually } from '../support/witnesses.ts'

let folder: string
let store: SqlStore
let users: string[]

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yeoul-'))
  store = await openSqlStore({ path: join(folder, 'yeoul.db') })
  users = await newUsers(store, 4)
})
after(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

/** A bus that says that it lost something when the test wants it to. */
class LossyBus extends MemoryBus {
  #handlers: BusHandlers | null = null
  override listen(handlers: BusHandlers): void {
    this.#handlers = handlers
    super.listen(handlers)
  }
  miss(concerns: (room: string) => boolean): void {
    this.#handlers?.missed(concerns)
  }
}

/** A node's own delivery over the real log and a bus on which the test decides what arrives. */
function node(limits = { rooms: 100, tail: 50, tailEvents: 10_000 }, writeQueueBytes = 1_048_576) {
  const bus = new LossyBus()
  const hub = new Hub()
  const metrics = countingMetrics()
  const failures: unknown[] = []
  const failed = (error: unknown) => failures.push(error)
  let lost = 0
  const hotRooms: HotRooms = new HotRooms({
    ports: { log: store.log, history: store.history, rooms: store.rooms, bus },
    limits,
    catchUp: (room, epoch, events) => fanOut.take(room, epoch, events),
  })
  const flusher: Flusher = new Flusher({
    maxIntervalMs: () => 5,
    metrics,
    deliver: (room, fragment, from) => fanOut.deliver(room, fragment, from),
  })
  const heads = new Heads(store.log, bus)
  const fanOut: FanOut = new FanOut({
    log: store.log,
    bus,
    hub,
    hotRooms,
    heads,
    flusher,
    metrics,
    limits: () => DEFAULT_LIMITS,
    endedLogins: new EndedLogins({ logins: store.logins, accessTokenMs: 1_000, onEnd() {}, failed }),
    changedRoles: new ChangedRoles({ administration: store.administration, accessTokenMs: 1_000 }),
    settingsChanged: () => {},
    missedRooms: new MissedRooms(hub, failed),
    lostAnswers: () => lost,
    failed,
  })
  const subscribe = (room: HotRoom) => {
    const wire = new FakeWire()
    const subscription: Subscription & { wire: FakeWire; seqs(): number[] } = {
      room,
      wire,
      queue: new WriteQueue(wire, writeQueueBytes, flusher.markQueue),
      suspended: false,
      end: () => room.subscribers.delete(subscription),
      seqs: () => wire.items<{ event?: RoomEvent }>().flatMap((item) => item.event?.seq ?? []),
    }
    room.subscribers.add(subscription)
    return subscription
  }
  return {
    ...{ bus, hub, heads, hotRooms, fanOut, flusher, metrics, failures, subscribe },
    load: async (room: string) => (await hotRooms.load(room)) as HotRoom,
    publish: (room: string, events: RoomEvent[], epoch = 1) => bus.publish(room, { kind: 'events', epoch, events }),
    loseAnswers: () => {
      lost++
      fanOut.tick()
    },
  }
}

/** Appends messages and answers their events, which nobody was told of. */
async function unpublished(room: string, count: number): Promise<RoomEvent[]> {
  const head = (await store.log.head(room))?.seq ?? 0
  await store.log.append(
    Array.from({ length: count }, (_, i) => message(room, users[i % users.length] as string, `m${i}`)),
  )
  return (await store.log.read(room, head, count)).events
}

const seqsFrom = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

test('[P2] [P4] notices that come shuffled, twice or not at all: subscribers get each event once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 60 }),
      fc.array(fc.record({ at: fc.nat(59), size: fc.integer({ min: 1, max: 8 }) }), { maxLength: 40 }),
      async (count, notices) => {
        const n = node()
        const room = await newRoom(store, users)
        const hot = await n.load(room)
        const subscription = n.subscribe(hot)
        const from = hot.head
        const events = await unpublished(room, count)
        for (const { at, size } of notices) n.publish(room, events.slice(at, at + size))
        // A last one that nobody was told of would leave no gap.
        n.publish(room, events.slice(-1))
        await eventually(
          () => hot.head === from + count,
          () => `the head is ${hot.head}, not ${from + count}`,
        )
        await eventually(
          () => subscription.seqs().length >= count,
          () => 'the last write',
        )
        assert.deepEqual(subscription.seqs(), seqsFrom(from + 1, from + count))
        assert.deepEqual(hot.tailEvents(0, 1_000), await allEvents(store, room))
        assert.deepEqual(n.failures, [])
      },
    ),
    { numRuns: 25 },
  )
})

test('[P4] what came too early while a gap was being filled is delivered too', async () => {
  const n = node()
  const room = await newRoom(store, users)
  const hot = await n.load(room)
  const subscription = n.subscribe(hot)
  const first = await unpublished(room, 2)
  n.publish(room, first.slice(1))
  // Two more are appended, of which one notice is lost.
  betweenReadAndAnswer(async () => n.publish(room, (await unpublished(room, 2)).slice(1)))
  await eventually(
    () => subscription.seqs().length === 4,
    () => `only ${subscription.seqs()} came`,
  )
  assert.deepEqual(subscription.seqs(), seqsFrom(hot.head - 3, hot.head))
})

/** Does something after the next read of the log, before its answer is seen. */
function betweenReadAndAnswer(act: () => Promise<void>): void {
  const { read } = store.log
  store.log.read = async (...args) => {
    store.log.read = read
    const answer = await read(...args)
    await act()
    return answer
  }
}

test('[P4] after lost answers, what was committed and never published is found, in every hot room', async () => {
  const n = node()
  const rooms = await Promise.all([newRoom(store, users), newRoom(store, users), newRoom(store, users)])
  const hots = await Promise.all(rooms.map(n.load))
  const subscriptions = hots.map(n.subscribe)
  const watch = new Watch('nobody', false, n.heads, 10)
  await watch.add(async () => [rooms[0] as string])
  await unpublished(rooms[0] as string, 3)
  await store.memberships.end(rooms[1] as string, users[3] as string, users[3] as string, 0, 'left')
  await store.rooms.remove(rooms[2] as string, users[0] as string, 0)
  n.fanOut.tick()
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.deepEqual(
    subscriptions.map((one) => one.seqs().length),
    [0, 0, 0],
    'nothing is read without a reason',
  )
  n.loseAnswers()
  await eventually(
    () => subscriptions[0]?.seqs().length === 3 && subscriptions[1]?.seqs().length === 1,
    () => `${subscriptions.map((one) => one.seqs().length)} events came`,
  )
  assert.equal(hots[1]?.memberCount, 3)
  const [{ lastMessage, ...head }] = JSON.parse(watch.changes() ?? 'null').rooms
  assert.deepEqual(head, { room: rooms[0], epoch: 1, seq: users.length + 3, n: 3 })
  assert.equal(lastMessage.seq, users.length + 3)
  await eventually(
    () => n.hotRooms.get(rooms[2] as string) === undefined,
    () => 'the removed room is still hot',
  )
  assert.equal(hots[2]?.live, false)
})

test('[P6] who cannot take a fragment lags from the event before it on, and gets nothing more; the others do', async () => {
  const n = node(undefined, 5_000)
  const room = await newRoom(store, users)
  const hot = await n.load(room)
  const [slow, fast] = [n.subscribe(hot), n.subscribe(hot)]
  n.publish(room, await unpublished(room, 2))
  n.flusher.flush()
  slow.wire.buffered = 10_000
  n.publish(room, await unpublished(room, 2))
  n.flusher.flush()
  n.publish(room, await unpublished(room, 2))
  n.flusher.flush()
  assert.deepEqual(slow.wire.items().at(-1), { push: 'lagging', room, position: { epoch: 1, seq: hot.head - 4 } })
  assert.equal(slow.suspended, true)
  assert.deepEqual(slow.seqs(), seqsFrom(hot.head - 5, hot.head - 4))
  assert.deepEqual(fast.seqs(), seqsFrom(hot.head - 5, hot.head))
  assert.equal(n.metrics.seen.get('slow reader lagging'), 1)
})

test('an epoch that was raised ends the subscriptions with a reset, and the room is forgotten', async () => {
  const n = node()
  const room = await newRoom(store, users)
  const hot = await n.load(room)
  const subscription = n.subscribe(hot)
  const events = await unpublished(room, 1)
  n.publish(room, events, 2)
  n.flusher.flush()
  assert.deepEqual(subscription.wire.items(), [{ push: 'reset', room, epoch: 2 }])
  assert.deepEqual([hot.live, n.hotRooms.get(room)], [false, undefined])
})

test('[P4] a log that lost what it had given out, in the same epoch, is noticed: who listens begins anew', async () => {
  for (const how of ['another event at a seq', 'a lower head'] as const) {
    const n = node()
    const room = await newRoom(store, users)
    const events = await unpublished(room, 2)
    const hot = await n.load(room)
    const subscription = n.subscribe(hot)
    n.publish(room, events)
    assert.equal(n.hotRooms.get(room), hot, 'the same event twice is no news')
    const last = events.at(-1) as RoomEvent
    if (how === 'another event at a seq') n.publish(room, [{ ...last, at: last.at + 1 }])
    else {
      n.publish(room, [{ ...last, seq: last.seq + 1 }])
      n.bus.miss(() => true)
      await eventually(
        () => n.hotRooms.get(room) === undefined,
        () => 'the room is still hot',
      )
    }
    n.flusher.flush()
    assert.deepEqual(subscription.wire.items().at(-1), { push: 'reset', room, epoch: 1 })
    assert.deepEqual([hot.live, n.hotRooms.get(room)], [false, undefined])
    assert.match(String(n.failures[0]), /were given out and lost/)
  }
})

test('what comes late from before an epoch was raised changes nothing', async () => {
  const n = node()
  const room = await newRoom(store, users)
  const hot = await n.load(room)
  const subscription = n.subscribe(hot)
  const events = await unpublished(room, 1)
  n.publish(room, events, 0)
  n.flusher.flush()
  assert.deepEqual(subscription.wire.items(), [])
  assert.equal(n.hotRooms.get(room), hot)
  n.publish(room, events)
  n.flusher.flush()
  assert.deepEqual(subscription.seqs(), seqsFrom(hot.head, hot.head))
})

test('a room that is loaded while its epoch is raised is not kept with the old one', async () => {
  const n = node()
  const room = await newRoom(store, users)
  betweenReadAndAnswer(async () => n.publish(room, await unpublished(room, 1), 2))
  await n.load(room)
  assert.equal(n.hotRooms.get(room), undefined)
})

test('[P4] a room whose epoch is raised between its newest page and its events begins with the new one alone', async () => {
  const n = node()
  const room = await newRoom(store, users)
  await unpublished(room, 3)
  const { head } = await store.log.read(room, 0, 1)
  let asked = 0
  const history: SqlStore['history'] = {
    ...store.history,
    async messages(id, range) {
      const page = await store.history.messages(id, range)
      // The life before had events that were lost.
      return asked++ === 0 ? { ...page, epoch: head.epoch - 1, head: page.head + 5 } : page
    },
  }
  const rooms = new HotRooms({
    ports: { log: store.log, history, rooms: store.rooms, bus: n.bus },
    limits: { rooms: 10, tail: 50, tailEvents: 1_000 },
    catchUp: () => {},
  })
  const hot = await rooms.load(room)
  assert.deepEqual([hot?.epoch, hot?.head], [head.epoch, head.seq])
})

test('[P4] what the bus says that it lost is read from the log, of the rooms concerned', async () => {
  const n = node()
  const rooms = [await newRoom(store, users), await newRoom(store, users)] as const
  const [lost, whole] = [await n.load(rooms[0]), await n.load(rooms[1])]
  const subscription = n.subscribe(lost)
  const head = whole.head
  const events = await unpublished(lost.id, 2)
  await unpublished(whole.id, 2)
  n.bus.miss((id) => id === lost.id)
  await eventually(
    () => lost.head === events.at(-1)?.seq,
    () => `the head is ${lost.head}`,
  )
  n.flusher.flush()
  assert.deepEqual(subscription.seqs(), [lost.head - 1, lost.head])
  assert.equal(whole.head, head)
})

test('[P4] what the bus missed of a room while it was loaded is read when the bus tells so', async () => {
  const n = node()
  const room = await newRoom(store, users)
  let missed: RoomEvent[] = []
  betweenReadAndAnswer(async () => {
    missed = await unpublished(room, 3)
    n.bus.miss((id) => id === room)
    // Heads could be compared by now.
    await new Promise((resolve) => setTimeout(resolve, 50))
  })
  const hot = await n.load(room)
  await eventually(
    () => hot.head === missed.at(-1)?.seq,
    () => `the head is ${hot.head}`,
  )
})

test('a room is read once for a crowd, and what is published while it is read is in it', async () => {
  const n = node()
  const room = await newRoom(store, users)
  await unpublished(room, 80)
  let events: RoomEvent[] = []
  betweenReadAndAnswer(async () => {
    events = await unpublished(room, 5)
    n.publish(room, events)
  })
  const loads = Array.from({ length: 20 }, () => n.load(room))
  const hots = await Promise.all(loads)
  assert.ok(hots.every((hot) => hot === hots[0]))
  const hot = hots[0] as HotRoom
  assert.equal(hot.head, events.at(-1)?.seq)
  assert.equal(hot.memberCount, users.length)
  const whole = await allEvents(store, room)
  assert.deepEqual(hot.tailEvents(hot.head - hot.tailLength, 1_000), whole.slice(-hot.tailLength))
  assert.equal(await n.hotRooms.load('00000000-0000-7000-8000-000000000000'), null)
})

test('[P6] rooms in memory are bounded: those without subscribers go, the least recently used first, and are heard of no more', async () => {
  const n = node({ rooms: 3, tail: 10, tailEvents: 10_000 })
  const rooms: string[] = []
  for (let i = 0; i < 5; i++) rooms.push(await newRoom(store, users))
  const [live, old, used, newer, newest] = rooms as [string, string, string, string, string]
  n.subscribe(await n.load(live))
  for (const room of [old, used]) await n.load(room)
  await n.load(used)
  await n.load(newer)
  assert.equal(n.hotRooms.get(old), undefined)
  await n.load(newest)
  assert.deepEqual(
    n.hotRooms
      .all()
      .map((hot) => hot.id)
      .sort(),
    [live, newer, newest].sort(),
  )
  n.publish(old, await unpublished(old, 1))
  assert.equal(n.hotRooms.get(old), undefined)
})

test('[P6] tails are bounded, a room’s own and all together', async () => {
  const n = node({ rooms: 100, tail: 10, tailEvents: 60 })
  const hots: HotRoom[] = []
  for (let i = 0; i < 6; i++) {
    const hot = await n.load(await newRoom(store, users))
    n.subscribe(hot)
    hots.push(hot)
  }
  for (let round = 0; round < 10; round++) {
    for (const hot of hots) n.publish(hot.id, await unpublished(hot.id, 4))
    const lengths = hots.map((hot) => hot.tailLength)
    assert.ok(Math.max(...lengths) <= 24, `one holds ${lengths}`)
    assert.ok(lengths.reduce((sum, length) => sum + length, 0) <= 64, `together they hold ${lengths}`)
  }
  for (const hot of hots) {
    assert.equal(hot.head, users.length + 40)
    const kept = hot.tailEvents(hot.head - hot.tailLength, 100)
    assert.deepEqual(
      kept.map((event) => event.seq),
      seqsFrom(hot.head - hot.tailLength + 1, hot.head),
    )
  }
})
