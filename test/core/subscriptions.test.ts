import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { MemoryBus } from '../../src/adapters/memory/bus.ts'
import { MemoryPresence } from '../../src/adapters/memory/presence.ts'
import { openSqlStore, type SqlStore } from '../../src/adapters/sql/index.ts'
import { Access } from '../../src/core/access.ts'
import { Flusher } from '../../src/core/flusher.ts'
import type { HotRoom, Subscription } from '../../src/core/hot-room.ts'
import { HotRooms } from '../../src/core/hot-rooms.ts'
import { Progress } from '../../src/core/progress.ts'
import { Subscriptions } from '../../src/core/subscriptions.ts'
import { WriteQueue } from '../../src/core/write-queue.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { RoomEvent } from '../../src/protocol/model.ts'
import { message, newRoom, newUsers } from '../contract/store.ts'
import { FakeWire } from '../support/fake-wire.ts'
import { countingMetrics } from '../support/metrics.ts'

let folder: string
let store: SqlStore
let users: string[]

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yeoul-'))
  store = await openSqlStore({ path: join(folder, 'yeoul.db') })
  users = await newUsers(store, 3)
})
after(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

/** Subscriptions over the real log, where the test decides when fan-out hears of an event. */
function node() {
  const metrics = countingMetrics()
  const failed = (error: unknown) => assert.fail(String(error))
  const bus = new MemoryBus()
  const hotRooms = new HotRooms({
    ports: { log: store.log, history: store.history, rooms: store.rooms, bus },
    limits: { rooms: 10, tail: 5, tailEvents: 1_000 },
    catchUp: (room, _epoch, events) => apply(room, events),
  })
  const flusher: Flusher = new Flusher({
    maxIntervalMs: () => 0,
    metrics,
    deliver: (room, fragment) => {
      for (const { queue } of room.subscribers) queue.offer(fragment)
    },
  })
  const apply = (room: HotRoom, events: RoomEvent[]) => {
    for (const event of events) {
      if (event.seq !== room.head + 1) continue
      room.apply(event, 0)
      if (room.pendingEvents === 1) flusher.markRoom(room)
    }
  }
  const subscriptions = new Subscriptions({
    log: store.log,
    hotRooms,
    access: new Access(store.rooms, hotRooms),
    flusher,
    presence: new MemoryPresence(),
    progress: new Progress({ memberships: store.memberships, bus, failed }),
    metrics,
    limits: () => DEFAULT_LIMITS,
  })
  const session = () => {
    const wire = new FakeWire()
    const mine = new Map<string, Subscription>()
    return {
      wire,
      user: users[0] as string,
      ended: false,
      queue: new WriteQueue(wire, 1_000_000, flusher.markQueue),
      get subscriptionCount() {
        return mine.size
      },
      subscription: (room: string) => mine.get(room),
      subscribed: (subscription: Subscription) => void mine.set(subscription.room.id, subscription),
      unsubscribed: (room: string) => void mine.delete(room),
    }
  }
  return { hotRooms, flusher, subscriptions, session, apply }
}

async function append(room: string, count: number): Promise<void> {
  await store.log.append(Array.from({ length: count }, () => message(room, users[0] as string, crypto.randomUUID())))
}

const seqs = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

for (const [title, behind] of [
  ['the log is ahead of fan-out', 4],
  ['fan-out moves on before the log answers', 0],
] as const) {
  test(`[P4] the seam is exact where ${title}`, async () => {
    const { hotRooms, flusher, subscriptions, session, apply } = node()
    const room = await newRoom(store, users)
    await append(room, 30)
    const hot = (await hotRooms.load(room)) as HotRoom
    const start = hot.head
    await append(room, 4)
    const fresh = (await store.log.read(room, start, 10)).events
    const one = session()
    let json = ''
    const position = { epoch: 1, seq: start - 20 }
    const subscribed = subscriptions.subscribe(one, room, position, (ok) => {
      json = ok
    })
    // The answer is being read now.
    if (behind === 0) apply(hot, fresh)
    await subscribed
    const answer = JSON.parse(json) as { position: { seq: number }; events: RoomEvent[]; more: boolean; head: number }
    apply(hot, fresh)
    flusher.flush()
    const pushed = one.wire.items<{ event: RoomEvent }>().map((item) => item.event.seq)
    assert.equal(answer.more, false)
    assert.deepEqual([answer.position.seq, answer.head], [start + 4 - behind, start + 4 - behind])
    assert.deepEqual([...answer.events.map((event) => event.seq), ...pushed], seqs(position.seq + 1, start + 4))
    assert.equal(pushed.length, behind)
  })
}

test('an answer says what the room and the role in it are at its head, loaded or kept up to date by events', async () => {
  const { hotRooms, subscriptions, session, apply } = node()
  const [owner, one, other] = users as [string, string, string]
  const room = await newRoom(store, users)
  const position = { epoch: 1, seq: users.length }
  await store.rooms.update(room, owner, 0, { title: 'Renamed', capacity: 50 })
  await store.memberships.end(room, one, one, 0, 'left')
  const now = async (from?: typeof position) => {
    let json = ''
    await subscriptions.subscribe(session(), room, from, (ok) => {
      json = ok
    })
    return JSON.parse(json).now
  }
  const there = { title: 'Renamed', capacity: 50, memberCount: users.length - 1, role: 'owner' }
  assert.deepEqual(await now(), there)
  assert.deepEqual(await now(position), there)
  const { change } = await store.rooms.update(room, owner, 0, { title: 'Again' })
  const left = await store.memberships.end(room, other, other, 0, 'left')
  apply((await hotRooms.load(room)) as HotRoom, [...change.events, ...left.events])
  assert.deepEqual(await now(position), { ...there, title: 'Again', memberCount: users.length - 2 })
})

test('[P4] a client that knows more than this node has heard is not told that its position is lost', async () => {
  const { hotRooms, subscriptions, session } = node()
  const room = await newRoom(store, users)
  await append(room, 5)
  const hot = (await hotRooms.load(room)) as HotRoom
  const start = hot.head
  await append(room, 3)
  const answer = async (position: { epoch: number; seq: number }) => {
    let json = ''
    await subscriptions.subscribe(session(), room, position, (ok) => {
      json = ok
    })
    return JSON.parse(json) as { recovered: boolean; head: number; events: RoomEvent[] }
  }
  const { recovered, head, events } = await answer({ epoch: 1, seq: start + 2 })
  assert.deepEqual([recovered, head], [true, start + 3])
  assert.deepEqual(
    events.map((event) => event.seq),
    [start + 3],
  )
  assert.equal((await answer({ epoch: 1, seq: start + 9 })).recovered, false, 'what never was is lost')
})
