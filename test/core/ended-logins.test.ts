import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EndedLogins } from '../../src/core/ended-logins.ts'
import type { Logins } from '../../src/ports/logins.ts'

const TOKEN_MS = 60_000

/** Ended logins over a database in which logins ended at these times of the wall clock. */
function scene() {
  const database = new Map<string, number>()
  const told: string[] = []
  const failures: unknown[] = []
  const state = { failing: false, asked: 0 }
  const logins = {
    async endedSince(since: number) {
      state.asked++
      if (state.failing) throw new Error('the database is down')
      return [...database].filter(([, at]) => at >= since).map(([sid]) => sid)
    },
  } as unknown as Logins
  const ended = new EndedLogins({
    logins,
    accessTokenMs: TOKEN_MS,
    onEnd: (sid) => told.push(sid),
    failed: (error) => failures.push(error),
  })
  return { ended, database, told, failures, state }
}

test('what ended before the start is known at the start, what the bus lost at the next look; each is told once', async (t) => {
  const { ended, database, told } = scene()
  database.set('before', Date.now() - TOKEN_MS / 2)
  database.set('long ago', Date.now() - TOKEN_MS * 3)
  t.mock.timers.enable({ apis: ['setInterval'] })
  await ended.start(2_000)
  t.after(() => ended.stop())
  assert.deepEqual(told, ['before'])
  ended.end('by the bus')
  database.set('by the bus', Date.now())
  database.set('lost', Date.now())
  t.mock.timers.tick(2_000)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(told, ['before', 'by the bus', 'lost'])
  t.mock.timers.tick(2_000)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(told.length, 3)
  for (const sid of told) assert.equal(ended.has(sid), true)
})

test('a database that goes away is told to the operator once, and asked again: nothing that ended is missed', async (t) => {
  const { ended, database, told, failures, state } = scene()
  t.mock.timers.enable({ apis: ['setInterval'] })
  await ended.start(2_000)
  t.after(() => ended.stop())
  state.failing = true
  database.set('meanwhile', Date.now())
  for (let i = 0; i < 3; i++) {
    t.mock.timers.tick(2_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(failures.length, 1)
  state.failing = false
  t.mock.timers.tick(2_000)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(told, ['meanwhile'])
})

test('a wall clock that jumps back hides no login that ends', async (t) => {
  const { ended, database, told } = scene()
  const real = Date.now()
  let now = real + 3_600_000
  t.mock.method(Date, 'now', () => now)
  t.mock.timers.enable({ apis: ['setInterval'] })
  await ended.start(2_000)
  t.after(() => ended.stop())
  now = real
  database.set('after the jump', now)
  for (let i = 0; i < 2; i++) {
    t.mock.timers.tick(2_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual(told, ['after the jump'])
})

test('[P6] an ended login is forgotten when no access token of it can be alive', async (t) => {
  const { ended } = scene()
  let mono = 0
  t.mock.method(performance, 'now', () => mono)
  t.mock.timers.enable({ apis: ['setInterval'] })
  await ended.start(2_000)
  t.after(() => ended.stop())
  ended.end('old')
  mono = TOKEN_MS
  ended.end('new')
  t.mock.timers.tick(2_000)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(ended.has('old'), true, 'a token of it may still be alive, given clocks that differ')
  mono = TOKEN_MS + 31_000
  t.mock.timers.tick(2_000)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([ended.has('old'), ended.has('new')], [false, true])
})
