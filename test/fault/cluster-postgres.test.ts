/**
 * What happens to PostgreSQL when it is the log (`log=sql`): while it is away nothing is acknowledged and senders are told
 * to try again, nodes say that they are not ready, and all goes on by itself when it is back.
 */
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type ClusterNode, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { Crowd } from '../support/crowd.ts'
import { Random } from '../support/random.ts'
import { API_KEY } from '../support/server.ts'
import { eventually } from '../support/witnesses.ts'

/** How long after a fault sends may take to go on: connections are made anew, senders wait longer each time. */
const HEALED_MS = 8_000

let cluster: TestCluster
before(async () => {
  cluster = await startTestCluster({ config: { heartbeatMs: 2_000 } })
})
after(() => cluster[Symbol.asyncDispose]())

async function asAdmin<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: cluster.postgres.url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const readiness = () => Promise.all(cluster.urls.map(async (url) => (await fetch(`${url}/readyz`)).status))
const eachNode = (change: (node: ClusterNode) => void) => () => cluster.nodes.forEach(change)

interface Fault {
  what: string
  begin: () => Promise<unknown> | unknown
  end?: () => Promise<unknown> | unknown
  /** How long it lasts. */
  ms: number
  /** What it is while it lasts: no answer at all, or writes that wait, or nothing but slowness and cuts. */
  state: 'away' | 'locked' | 'shaky'
  /** It goes on for longer than anybody waits: senders are told. */
  told?: true
}

const CUTS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`
let unlock: () => Promise<void> = async () => {}

const FAULTS: Fault[] = [
  {
    what: 'is killed and started again',
    begin: () => cluster.postgres.kill(),
    end: () => cluster.postgres.restart(),
    ms: 3_000,
    state: 'away',
    told: true,
  },
  {
    what: 'hangs (SIGSTOP)',
    begin: () => cluster.postgres.pause(),
    end: () => cluster.postgres.resume(),
    ms: 3_500,
    state: 'away',
  },
  {
    what: 'holds a lock on its tables (LOCK TABLE)',
    begin: async () => {
      const client = new pg.Client({ connectionString: cluster.postgres.url })
      await client.connect()
      await client.query('BEGIN')
      await client.query('LOCK TABLE rooms IN ACCESS EXCLUSIVE MODE')
      unlock = async () => {
        await client.query('ROLLBACK')
        await client.end()
      }
    },
    end: () => unlock(),
    ms: 2_000,
    state: 'locked',
  },
  {
    what: 'cuts every connection, again and again',
    begin: async () => {
      for (let i = 0; i < 6; i++) {
        await asAdmin((client) => client.query(CUTS))
        await sleep(250)
      }
    },
    ms: 0,
    state: 'shaky',
  },
  {
    what: 'is behind a network that cuts every connection',
    begin: async () => {
      for (let i = 0; i < 6; i++) {
        for (const { toDatabase } of cluster.nodes) toDatabase.cutAll()
        await sleep(250)
      }
    },
    ms: 0,
    state: 'shaky',
  },
  {
    what: 'is far away (100 ms each way)',
    begin: eachNode(({ toDatabase }) => {
      toDatabase.up.delayMs = 100
      toDatabase.down.delayMs = 100
    }),
    end: eachNode(({ toDatabase }) => {
      toDatabase.up.delayMs = 0
      toDatabase.down.delayMs = 0
    }),
    ms: 2_500,
    state: 'shaky',
  },
  {
    what: 'hears the nodes and is not heard',
    begin: eachNode(({ toDatabase }) => {
      toDatabase.down.frozen = true
    }),
    end: eachNode(({ toDatabase }) => {
      toDatabase.down.frozen = false
    }),
    ms: 3_000,
    state: 'away',
  },
  {
    what: 'does not hear the nodes, for longer than anybody waits',
    begin: eachNode(({ toDatabase }) => {
      toDatabase.up.frozen = true
    }),
    end: eachNode(({ toDatabase }) => {
      toDatabase.up.frozen = false
    }),
    ms: 11_000,
    state: 'away',
    told: true,
  },
]

for (const fault of FAULTS)
  test(`[P1–P5] PostgreSQL ${fault.what}: nothing is lost`, { timeout: 90_000 }, (t) => suffer(t, fault))

async function suffer(t: TestContext, { begin, end, ms, state, told }: Fault): Promise<void> {
  const random = new Random()
  t.diagnostic(`SEED=${random.seed}`)
  using crowd = await Crowd.gather({ gateways: cluster.urls, apiKey: API_KEY, random })
  await crowd.progress()
  await begin()
  if (state !== 'shaky') {
    // What was under way when it began may still come through.
    await sleep(100)
    const { acknowledged } = crowd
    const checked = sleep(ms - 100)
    if (state === 'away') assert.deepEqual(await readiness(), [503, 503, 503])
    await checked
    assert.equal(crowd.acknowledged, acknowledged, 'nothing was acknowledged meanwhile')
  } else await sleep(ms)
  const refusals = Object.keys(crowd.refusals)
  await end?.()
  const healing = performance.now()
  await crowd.progress(20, HEALED_MS)
  t.diagnostic(`sends went on after ${(performance.now() - healing).toFixed(0)} ms`)
  await eventually(
    async () => (await readiness()).every((status) => status === 200),
    () => 'the nodes are not ready again',
    HEALED_MS,
  )
  await crowd.assertKept({ database: cluster.postgres.url })
  t.diagnostic(crowd.summary)
  if (told) assert.deepEqual(refusals, ['unavailable'])
  assert.ok(Object.keys(crowd.refusals).every((code) => code === 'unavailable' || code === 'overloaded'))
}
