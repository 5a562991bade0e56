import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Durations } from '../../src/core/durations.ts'

test('the 99th percentile is at most a fifth too high and never too low, between 0.1 ms and 5.5 s', () => {
  const times = fc.array(fc.double({ min: 0.0001, max: 5.5, noNaN: true }), { minLength: 1, maxLength: 400 })
  fc.assert(
    fc.property(times, (seconds) => {
      const durations = new Durations()
      for (const time of seconds) durations.observe(time)
      const exact = (seconds.toSorted((a, b) => a - b)[Math.ceil(seconds.length * 0.99) - 1] as number) * 1_000
      const told = durations.takeP99Ms() as number
      // Told in tenths of a millisecond.
      assert.ok(told >= exact - 0.06 && told <= exact * 1.19 + 0.06, `${told} for ${exact}`)
    }),
  )
})

test('one in a hundred that was slow does not count, two do', () => {
  const durations = new Durations()
  for (let i = 0; i < 99; i++) durations.observe(0.001)
  durations.observe(2)
  assert.ok((durations.takeP99Ms() as number) < 2)
  for (let i = 0; i < 98; i++) durations.observe(0.001)
  for (let i = 0; i < 2; i++) durations.observe(2)
  assert.ok((durations.takeP99Ms() as number) >= 2_000)
})

test('each look begins anew: nothing observed since is null, and no time at all is a time', () => {
  const durations = new Durations()
  assert.equal(durations.takeP99Ms(), null)
  durations.observe(60)
  assert.ok((durations.takeP99Ms() as number) > 5_000)
  assert.equal(durations.takeP99Ms(), null)
  durations.observe(0)
  assert.equal(durations.takeP99Ms(), 0.1)
})
