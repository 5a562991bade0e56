import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoginLimits } from '../../src/core/login-limits.ts'
import { TokenBuckets } from '../../src/core/token-buckets.ts'
import { YeoulError } from '../../src/protocol/errors.ts'

/** How many of `times` attempts are let through. */
function passed(times: number, attempt: (i: number) => void): number {
  let count = 0
  for (let i = 0; i < times; i++) {
    try {
      attempt(i)
      count++
    } catch (error) {
      assert.ok(error instanceof YeoulError && error.code === 'rate_limited')
      assert.ok((error.retryAfterMs ?? 0) > 0)
    }
  }
  return count
}

test('one address guesses an account ten times; its owner still gets in from another', () => {
  const limits = new LoginLimits()
  assert.equal(
    passed(40, () => limits.attempt('mina', '192.0.2.1')),
    10,
  )
  limits.attempt('mina', '198.51.100.7')
})

test('many addresses together guess an account a hundred times', () => {
  const limits = new LoginLimits()
  assert.equal(
    passed(300, (i) => limits.attempt('mina', `192.0.2.${i}`)),
    100,
  )
})

test('one address guesses fifty times, whatever the accounts', () => {
  const limits = new LoginLimits()
  assert.equal(
    passed(300, (i) => limits.attempt(`user${i}`, '192.0.2.1')),
    50,
  )
})

test('what succeeds does not count', () => {
  const limits = new LoginLimits()
  const loggedIn = passed(500, () => {
    limits.attempt('mina', '192.0.2.1')
    limits.succeeded('mina', '192.0.2.1')
  })
  assert.equal(loggedIn, 500)
})

test('a bucket fills up again with time, and never beyond its size', () => {
  const buckets = new TokenBuckets({ burst: 2, perSecond: 10 })
  assert.deepEqual([buckets.take('k', 0), buckets.take('k', 0), buckets.take('k', 0)], [0, 0, 100])
  assert.equal(buckets.take('k', 100), 0)
  assert.deepEqual(
    [1, 2, 3].map(() => buckets.take('k', 60_000)).map((wait) => wait > 0),
    [false, false, true],
  )
})

test('[P6] keys are bounded, and the one longest unused is forgotten first', () => {
  const buckets = new TokenBuckets({ burst: 1, perSecond: 0.001 }, 3)
  for (const key of ['a', 'b', 'c']) assert.equal(buckets.take(key, 0), 0)
  assert.ok(buckets.take('a', 0) > 0)
  buckets.take('d', 0)
  assert.ok(buckets.take('a', 0) > 0, 'used lately: remembered')
  assert.equal(buckets.take('b', 0), 0, 'unused: forgotten')
})
