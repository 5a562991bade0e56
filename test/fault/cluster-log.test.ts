/**
 * The same faults with the log in Redis (`log=redis`, level `logged`): while Redis is away nothing is acknowledged; while
 * PostgreSQL is away sends go on, and all is written back in order, once. Only what Redis itself forgets may be lost, and
 * then the epoch rises before anything new is appended.
 */
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Loss } from '../support/checker.ts'
import { startTestCluster, type TestCluster } from '../support/cluster.ts'
import { Crowd } from '../support/crowd.ts'
import { POSTGRES_FAULTS, REDIS_FAULTS, strike } from '../support/faults.ts'
import { Random } from '../support/random.ts'
import { API_KEY } from '../support/server.ts'
import { eventually } from '../support/witnesses.ts'

/** What was acknowledged longer ago is in the database. */
const UNWRITTEN_MS = 8_000

let cluster: TestCluster
before(async () => {
  cluster = await startTestCluster({
    config: { log: 'redis', persistIntervalMs: 200 },
    // With `everysec` Redis puts writes off while its disk syncs, for two seconds at most, and would forget them when it is killed.
    redis: { appendfsync: 'no' },
  })
})
after(() => cluster[Symbol.asyncDispose]())

const readiness = () => Promise.all(cluster.urls.map(async (url) => (await fetch(`${url}/readyz`)).status))

async function gather(t: TestContext): Promise<Crowd> {
  const random = new Random()
  t.diagnostic(`SEED=${random.seed}`)
  const crowd = await Crowd.gather({
    ...{ gateways: cluster.urls, apiKey: API_KEY, random },
    ...{ durability: 'logged', losses: true },
  })
  await crowd.progress()
  return crowd
}

/** All goes on, all is written to the database, and the contract was kept. */
async function recovered(t: TestContext, crowd: Crowd, losses: Loss[]): Promise<void> {
  const healing = performance.now()
  await crowd.progress()
  t.diagnostic(`sends went on after ${(performance.now() - healing).toFixed(0)} ms`)
  await eventually(
    async () => (await readiness()).every((status) => status === 200),
    () => 'the nodes are not ready again',
  )
  const stored = await crowd.assertKept({ database: cluster.postgres.url, losses })
  t.diagnostic(`${crowd.summary}; epochs ${[...stored.values()].map(({ epoch }) => epoch)}`)
}

for (const fault of REDIS_FAULTS) {
  const { what, ms, state } = fault
  test(`[P1–P5] the log is in Redis, which ${what}: no acknowledged message is lost but with the log itself`, {
    timeout: 180_000,
  }, async (t) => {
    using crowd = await gather(t)
    const end = await strike(t, fault, cluster)
    const losses = state === 'wiped' ? [{ from: Date.now() - UNWRITTEN_MS, to: Date.now() }] : []
    if (state === 'away' || state === 'full') {
      const over = sleep(ms)
      await crowd.quiet()
      const { acknowledged } = crowd
      await over
      assert.equal(crowd.acknowledged, acknowledged, 'nothing was acknowledged meanwhile')
    } else if (state === 'apart') {
      for (const until = performance.now() + ms; performance.now() < until; ) await crowd.progress(10)
    } else await sleep(ms)
    if (state === 'full') assert.deepEqual(Object.keys(crowd.refusals), ['log_full'])
    await end()
    await recovered(t, crowd, losses)
    const known = ['unavailable', 'overloaded', 'log_full', 'log_fenced']
    assert.deepEqual(
      Object.keys(crowd.refusals).filter((code) => !known.includes(code)),
      [],
    )
  })
}

/** What merely cuts connections is over before anybody counts sends; what lasts long is left to the chaos run. */
const LASTING = POSTGRES_FAULTS.filter(({ ms }) => ms > 0 && ms < 10_000)

for (const fault of LASTING) {
  const { what, ms } = fault
  test(`[P1–P5] the log is in Redis, and PostgreSQL ${what}: sends go on, and all is written back`, {
    timeout: 180_000,
  }, async (t) => {
    using crowd = await gather(t)
    // The log asks the database about whom it does not know, and the room waits for the answer.
    await crowd.spread()
    const end = await strike(t, fault, cluster)
    for (const until = performance.now() + ms; performance.now() < until; ) await crowd.progress(10)
    t.diagnostic(`meanwhile: ${crowd.summary}`)
    await end()
    await recovered(t, crowd, [])
  })
}
