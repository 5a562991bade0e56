import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryBus } from '../../src/adapters/memory/bus.ts'
import { Progress } from '../../src/core/progress.ts'
import type { UserNotice } from '../../src/ports/bus.ts'
import type { Memberships, ReadCursor } from '../../src/ports/memberships.ts'

type Exit = { room: string; user: string; at: number }

/** Progress over a database that keeps what is newer, and fails when told to. */
function scene() {
  const stored = new Map<string, ReadCursor>()
  const exits = new Map<string, number>()
  const calls: { cursors: ReadCursor[]; exits: Exit[] }[] = []
  const told: { user: string; notice: UserNotice }[] = []
  const failures: unknown[] = []
  const state = { failing: false, gate: Promise.resolve() }
  const memberships = {
    async saveProgress(cursors: ReadCursor[], left: Exit[]) {
      calls.push({ cursors, exits: left })
      await state.gate
      if (state.failing) throw new Error('the database is down')
      for (const cursor of cursors) {
        const key = `${cursor.room} ${cursor.user}`
        if ((stored.get(key)?.seq ?? -1) < cursor.seq) stored.set(key, cursor)
      }
      for (const { room, user, at } of left) exits.set(`${room} ${user}`, at)
    },
  } as unknown as Memberships
  const bus = new MemoryBus()
  bus.listen({
    missed: () => {},
    usersMissed: () => {},
    room: () => {},
    user: (user, notice) => void told.push({ user, notice }),
  })
  const progress = new Progress({ memberships, bus, failed: (error) => failures.push(error) })
  return { progress, stored, exits, calls, told, failures, state }
}

const cursor = (seq: number, user = 'kim', room = 'room'): ReadCursor => ({ room, user, seq, n: seq })

test('many steps forward are one row, and the user’s other sessions are told once, after it is saved', async () => {
  const { progress, calls, told } = scene()
  for (let seq = 1; seq <= 50; seq++) assert.equal(progress.read(cursor(seq), 1, 'session'), true)
  progress.exited('room', 'kim', 7)
  progress.exited('room', 'kim', 8)
  assert.deepEqual([calls.length, told.length], [0, 0])
  await progress.flush()
  assert.deepEqual(calls, [{ cursors: [cursor(50)], exits: [{ room: 'room', user: 'kim', at: 8 }] }])
  assert.deepEqual(told, [{ user: 'kim', notice: { kind: 'read', room: 'room', seq: 50, n: 50, by: 'session' } }])
  await progress.flush()
  assert.equal(calls.length, 1, 'nothing new, nothing written')
})

test('a step back is no news, before it was saved and after', async () => {
  const { progress, told } = scene()
  assert.equal(progress.read(cursor(5), 1, 's'), true)
  assert.equal(progress.read(cursor(5), 1, 's'), false)
  assert.equal(progress.read(cursor(3), 1, 's'), false)
  await progress.flush()
  assert.equal(progress.read(cursor(4), 1, 's'), false)
  await progress.flush()
  assert.deepEqual(
    told.map(({ notice }) => notice.kind === 'read' && notice.seq),
    [5],
  )
})

test('in a new epoch an earlier seq is news again, and what comes late from the old one is not', () => {
  const { progress } = scene()
  assert.equal(progress.read(cursor(9), 1, 's'), true)
  assert.equal(progress.read(cursor(4), 2, 's'), true)
  assert.equal(progress.read(cursor(10), 1, 's'), false)
})

test('one’s own message moves the cursor, and is neither written again nor told: the log and the message did', async () => {
  const { progress, calls, told } = scene()
  progress.read(cursor(5), 1, 's')
  progress.sent(cursor(9), 1)
  assert.equal(progress.read(cursor(8), 1, 's'), false)
  await progress.flush()
  assert.equal(calls.length, 0)
  assert.equal(told.length, 0)
})

test('what could not be saved is saved the next time, unless something newer was noted', async () => {
  const { progress, stored, exits, state, failures, told } = scene()
  progress.read(cursor(5), 1, 's')
  progress.read(cursor(6, 'lee'), 1, 's')
  progress.exited('room', 'kim', 100)
  progress.exited('room', 'lee', 100)
  state.failing = true
  await progress.flush()
  assert.deepEqual([failures.length, stored.size, told.length], [1, 0, 0])
  progress.read(cursor(8), 1, 's')
  progress.exited('room', 'lee', 200)
  state.failing = false
  await progress.flush()
  assert.deepEqual([...stored.values()], [cursor(8), cursor(6, 'lee')])
  assert.deepEqual(Object.fromEntries(exits), { 'room kim': 100, 'room lee': 200 })
  assert.equal(told.length, 2)
})

test('a cursor whose save failed is let go when an own message has overtaken it meanwhile', async () => {
  const { progress, stored, told, state } = scene()
  progress.read(cursor(5), 1, 's')
  state.failing = true
  const failed = progress.flush()
  progress.sent(cursor(9), 1)
  await failed
  state.failing = false
  await progress.flush()
  assert.deepEqual([...stored.values()], [])
  assert.equal(told.length, 0)
})

test('[P6] a database that hangs has one save under way and one behind it, whatever is noted meanwhile', async () => {
  const { progress, calls, stored, state } = scene()
  const gate = Promise.withResolvers<void>()
  state.gate = gate.promise
  for (let seq = 1; seq <= 20; seq++) {
    progress.read(cursor(seq), 1, 's')
    void progress.flush()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(calls.length, 1)
  gate.resolve()
  await progress.flush()
  assert.equal(calls.length, 2)
  assert.deepEqual([...stored.values()], [cursor(20)])
})

test('whatever is read, saved and fails, the database ends with the furthest of each, and is told it in steps of at most 500', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ user: fc.nat(3), seq: fc.nat(50) }) },
    fc.constant('flush' as const),
    fc.constant('fail' as const),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { progress, stored, state, calls } = scene()
      const furthest = new Map<string, number>()
      for (const one of steps) {
        if (typeof one === 'string') {
          state.failing = one === 'fail'
          await progress.flush()
          continue
        }
        const user = `u${one.user}`
        const news = progress.read(cursor(one.seq, user), 1, 's')
        assert.equal(news, one.seq > (furthest.get(user) ?? -1))
        furthest.set(user, Math.max(one.seq, furthest.get(user) ?? -1))
      }
      state.failing = false
      await progress.flush()
      assert.deepEqual(
        Object.fromEntries([...stored.values()].map((one) => [one.user, one.seq])),
        Object.fromEntries(furthest),
      )
      assert.ok(calls.every((call) => call.cursors.length <= 500))
    }),
    { numRuns: 100 },
  )
})
