import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Poll } from '../../src/core/poll.ts'

/** A poll of which each look after the first ends as the test says. */
function scene(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const looks: PromiseWithResolvers<void>[] = []
  const failures: unknown[] = []
  let started = false
  const poll = new Poll(
    () => {
      if (!started) return Promise.resolve()
      looks.push(Promise.withResolvers())
      return (looks.at(-1) as PromiseWithResolvers<void>).promise
    },
    (error) => failures.push(error),
  )
  const start = async () => {
    await poll.start(1_000)
    started = true
  }
  /** The time for a look passes, and the look ends. */
  const look = async (error?: Error) => {
    t.mock.timers.tick(1_000)
    if (error) looks.at(-1)?.reject(error)
    else looks.at(-1)?.resolve()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { poll, looks, failures, start, look }
}

test('a look that takes longer is waited for: there is never a second one beside it', async (t) => {
  const { poll, looks, start, look } = scene(t)
  await start()
  t.mock.timers.tick(5_000)
  assert.equal(looks.length, 1)
  await look()
  await look()
  assert.equal(looks.length, 2)
  poll.stop()
  t.mock.timers.tick(5_000)
  assert.equal(looks.length, 2)
})

test('each outage is told once, and none that ends after the stop', async (t) => {
  const { poll, looks, failures, start, look } = scene(t)
  await start()
  for (let i = 0; i < 3; i++) await look(new Error('down'))
  assert.equal(failures.length, 1)
  await look()
  await look(new Error('down again'))
  assert.equal(failures.length, 2)
  await look()
  t.mock.timers.tick(1_000)
  poll.stop()
  looks.at(-1)?.reject(new Error('closed'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(failures.length, 2)
})

test('a first look that fails rejects the start', async () => {
  const poll = new Poll(
    async () => {
      throw new Error('the database is down')
    },
    () => {},
  )
  await assert.rejects(poll.start(1_000), /the database is down/)
})
