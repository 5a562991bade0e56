/**
 * What happens to PostgreSQL when it is the log (`log=sql`): while it is away nothing is acknowledged and senders are told
 * to try again, nodes say that they are not ready, and all goes on by itself when it is back.
 */
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTestCluster, type TestCluster } from '../support/cluster.ts'
import { Crowd } from '../support/crowd.ts'
import { type Fault, POSTGRES_FAULTS, strike } from '../support/faults.ts'
import { Random } from '../support/random.ts'
import { API_KEY } from '../support/server.ts'
import { eventually } from '../support/witnesses.ts'

/** A node waits so long for the database. */
const ANSWER_MS = 10_000

let cluster: TestCluster
before(async () => {
  cluster = await startTestCluster({ config: { heartbeatMs: 2_000 } })
})
after(() => cluster[Symbol.asyncDispose]())

const readiness = () => Promise.all(cluster.urls.map(async (url) => (await fetch(`${url}/readyz`)).status))

for (const fault of POSTGRES_FAULTS)
  test(`[P1–P5] PostgreSQL ${fault.what}: nothing is lost`, { timeout: 180_000 }, (t) => suffer(t, fault))

async function suffer(t: TestContext, fault: Fault): Promise<void> {
  const { ms, state } = fault
  const random = new Random()
  t.diagnostic(`SEED=${random.seed}`)
  using crowd = await Crowd.gather({ gateways: cluster.urls, apiKey: API_KEY, random })
  await crowd.progress()
  const end = await strike(t, fault, cluster)
  if (state !== 'shaky') {
    const over = sleep(ms)
    await crowd.quiet()
    const { acknowledged } = crowd
    if (state === 'away') assert.deepEqual(await readiness(), [503, 503, 503])
    await over
    assert.equal(crowd.acknowledged, acknowledged, 'nothing was acknowledged meanwhile')
  } else await sleep(ms)
  // Whoever waits so long is told.
  if (ms > ANSWER_MS)
    await eventually(
      () => Object.keys(crowd.refusals).length > 0,
      () => 'senders are told nothing',
    )
  const refusals = Object.keys(crowd.refusals)
  await end()
  const healing = performance.now()
  await crowd.progress()
  t.diagnostic(`sends went on after ${(performance.now() - healing).toFixed(0)} ms`)
  await eventually(
    async () => (await readiness()).every((status) => status === 200),
    () => 'the nodes are not ready again',
  )
  await crowd.assertKept({ database: cluster.postgres.url })
  t.diagnostic(crowd.summary)
  if (ms > ANSWER_MS) assert.deepEqual(refusals, ['unavailable'], 'senders are told')
  assert.ok(Object.keys(crowd.refusals).every((code) => code === 'unavailable' || code === 'overloaded'))
}
