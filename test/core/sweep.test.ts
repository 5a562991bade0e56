import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Hub, type LocalSession } from '../../src/core/hub.ts'
import { Sweep } from '../../src/core/sweep.ts'
import { eventually } from '../support/witnesses.ts'

/** A session that counts its visits, and may close itself at one of them. */
class Visited {
  visits = 0
  unfinished = 0
  short = false
  readonly #hub: Hub
  readonly #closesAt: number

  constructor(hub: Hub, closesAt = Number.POSITIVE_INFINITY) {
    this.#hub = hub
    this.#closesAt = closesAt
    hub.open(this as unknown as LocalSession)
  }

  sweep(_now: number, short: boolean): void {
    this.visits++
    this.short = short
    if (this.visits === this.#closesAt) this.#hub.closed(this as unknown as LocalSession, null, null)
  }
}

/** The ticks that one round takes: ten slices, and one that finds the end. */
const ROUND = 11

test('each tick visits a tenth of the sessions, and every session has its turn in each round', () => {
  for (const size of [0, 1, 5, 10, 11, 95, 1_000]) {
    const hub = new Hub()
    const sweep = new Sweep(hub)
    const sessions = Array.from({ length: size }, () => new Visited(hub))
    for (let tick = 1; tick <= ROUND * 4; tick++) {
      const before = sessions.reduce((sum, session) => sum + session.visits, 0)
      sweep.tick()
      const visited = sessions.reduce((sum, session) => sum + session.visits, 0) - before
      assert.ok(visited <= Math.ceil(size / 10), `${visited} of ${size} in one tick`)
    }
    for (const { visits } of sessions) assert.ok(visits >= 4, `${visits} visits of one of ${size} in four rounds`)
    const visits = sessions.map((session) => session.visits)
    assert.ok(
      Math.max(...visits, 0) - Math.min(...visits, Number.POSITIVE_INFINITY) <= 1,
      'nobody is visited more often',
    )
  }
})

test('sessions that come and go while a round is under way take nobody’s turn', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.array(fc.nat(5), { maxLength: 60 }), (size, comers) => {
      const hub = new Hub()
      const sweep = new Sweep(hub)
      const stays = Array.from({ length: size }, () => new Visited(hub))
      for (let i = 0; i < size / 3; i++) new Visited(hub, (i % 3) + 1)
      for (const count of comers) {
        for (let i = 0; i < count; i++) new Visited(hub, 1)
        sweep.tick()
      }
      for (let tick = 0; tick < ROUND * 3; tick++) sweep.tick()
      assert.ok(stays.every((session) => session.visits >= 2))
    }),
    { numRuns: 100 },
  )
})

test('started, it visits every session about once a round, few or many', async () => {
  const hub = new Hub()
  const sweep = new Sweep(hub)
  const few = Array.from({ length: 3 }, () => new Visited(hub))
  const startedAt = performance.now()
  sweep.start(100)
  await eventually(
    () => few.every(({ visits }) => visits >= 5),
    () => `${few.map(({ visits }) => visits)} visits`,
  )
  sweep.stop()
  const rounds = (performance.now() - startedAt) / 100
  for (const { visits } of few) assert.ok(visits <= rounds + 1, `${visits} visits in ${rounds} rounds`)
})

test('[P6] when unfinished frames hold too much memory together, the next round says so, and stops saying it', () => {
  const hub = new Hub()
  const sweep = new Sweep(hub)
  const sessions = Array.from({ length: 20 }, () => new Visited(hub))
  const round = () => {
    for (let tick = 0; tick < ROUND; tick++) sweep.tick()
  }
  round()
  assert.ok(sessions.every((session) => !session.short))
  for (const session of sessions) session.unfinished = 4 * 1_048_576
  round()
  round()
  assert.ok(sessions.every((session) => session.short))
  for (const session of sessions) session.unfinished = 0
  round()
  round()
  assert.ok(sessions.every((session) => !session.short))
})
