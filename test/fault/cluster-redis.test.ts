/**
 * What happens to Redis when it is bus and presence (`log=sql`): sends go on, delivery is some seconds late at most, and
 * nothing is lost. Everybody talks, comes and goes meanwhile.
 */
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type ClusterNode, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { Crowd } from '../support/crowd.ts'
import { newPerson } from '../support/people.ts'
import { Random } from '../support/random.ts'
import { openRoom, post } from '../support/rooms.ts'
import { API_KEY } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

/** While nodes cannot hear each other heads are compared about once a second. */
const LATE_MS = 2_500
/** Once they can, nobody waits for that. */
const PROMPT_MS = 500
/** How long after a fault the nodes may take to hear each other again. */
const HEALED_MS = 6_000

let cluster: TestCluster
before(async () => {
  cluster = await startTestCluster({ config: { heartbeatMs: 2_000 } })
})
after(() => cluster[Symbol.asyncDispose]())

const admin = async (...command: [string, ...(string | number)[]]) => {
  const redis = new Redis(cluster.redis.url)
  try {
    return await redis.call(...command)
  } finally {
    redis.disconnect()
  }
}

/** Measures how long a message takes from the first node to a subscriber on the last one. */
async function probe(): Promise<{ delayMs(): Promise<number>; end(): void }> {
  const [from, to] = [cluster.nodes[0] as ClusterNode, cluster.nodes.at(-1) as ClusterNode]
  const person = await newPerson(from)
  const room = await openRoom(person)
  const socket = await TestSocket.hello(to.url, person.accessToken)
  await socket.ok('subscribe', { room })
  return {
    async delayMs() {
      const { seq } = await post(person, room)
      const sentAt = performance.now()
      await socket.until(() => socket.seqs(room).includes(seq), 'the message', 10_000)
      return performance.now() - sentAt
    },
    end: () => socket.close(),
  }
}

interface Fault {
  what: string
  begin: () => Promise<unknown> | unknown
  end?: () => Promise<unknown> | unknown
  /** How long it lasts. */
  ms?: number
}

const eachNode = (change: (node: ClusterNode) => void) => () => cluster.nodes.forEach(change)
const firstNode = () => cluster.nodes[0] as ClusterNode

const FAULTS: Fault[] = [
  { what: 'is killed and started again', begin: () => cluster.redis.kill(), end: () => cluster.redis.restart() },
  { what: 'hangs (SIGSTOP)', begin: () => cluster.redis.pause(), end: () => cluster.redis.resume() },
  { what: 'loses all that it holds (FLUSHALL)', begin: () => admin('FLUSHALL'), ms: 100 },
  { what: 'answers nobody (CLIENT PAUSE)', begin: () => admin('CLIENT', 'PAUSE', 2_500, 'ALL') },
  {
    what: 'is out of memory',
    begin: () => admin('CONFIG', 'SET', 'maxmemory', '1'),
    end: () => admin('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    what: 'cuts its subscribers, again and again (CLIENT KILL)',
    begin: async () => {
      for (let i = 0; i < 5; i++) {
        await admin('CLIENT', 'KILL', 'TYPE', 'pubsub')
        await sleep(300)
      }
    },
    ms: 0,
  },
  {
    what: 'cuts subscribers whose output buffer is full',
    begin: async () => {
      await admin('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 4096 4096 1')
      for (const node of cluster.nodes) node.toRedis.down.bytesPerSecond = 20_000
    },
    end: async () => {
      for (const node of cluster.nodes) node.toRedis.down.bytesPerSecond = 0
      await admin('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 33554432 8388608 60')
    },
  },
  {
    what: 'is far away (150 ms each way)',
    begin: eachNode(({ toRedis }) => {
      toRedis.up.delayMs = 150
      toRedis.down.delayMs = 150
    }),
    end: eachNode(({ toRedis }) => {
      toRedis.up.delayMs = 0
      toRedis.down.delayMs = 0
    }),
  },
  {
    what: 'hears a node and is not heard by it',
    begin: () => {
      firstNode().toRedis.down.frozen = true
    },
    end: () => {
      firstNode().toRedis.down.frozen = false
    },
  },
  {
    what: 'is heard by a node and does not hear it',
    begin: () => {
      firstNode().toRedis.up.frozen = true
    },
    end: () => {
      firstNode().toRedis.up.frozen = false
    },
  },
  { what: 'is lost to all nodes without a word (half-open)', begin: eachNode(({ toRedis }) => toRedis.loseAll()) },
]

for (const fault of FAULTS) {
  test(`[P1–P5] Redis ${fault.what}: sends go on, nothing is lost`, { timeout: 60_000 }, (t) => suffer(t, fault))
}

async function suffer(t: TestContext, { begin, end, ms = 2_500 }: Fault): Promise<void> {
  const random = new Random()
  t.diagnostic(`SEED=${random.seed}`)
  using crowd = await Crowd.gather({ gateways: cluster.urls, apiKey: API_KEY, random })
  const { delayMs, end: endProbe } = await probe()
  try {
    await crowd.progress()
    await begin()
    const until = performance.now() + ms
    let latest = 0
    while (performance.now() < until) {
      await crowd.progress(10, 5_000)
      latest = Math.max(latest, await delayMs())
    }
    t.diagnostic(`during: delivered after ${latest.toFixed(0)} ms at most`)
    assert.ok(latest < LATE_MS, `delivered ${latest.toFixed(0)} ms late`)
    for (const { url } of cluster.nodes) assert.equal((await fetch(`${url}/readyz`)).status, 200)
    await end?.()
    const healedBy = performance.now() + HEALED_MS
    let prompt = await delayMs()
    while (prompt > PROMPT_MS && performance.now() < healedBy) prompt = await delayMs()
    assert.ok(prompt < PROMPT_MS, `delivery still takes ${prompt.toFixed(0)} ms`)
    await crowd.progress()
    await crowd.assertKept({ database: cluster.postgres.url })
    assert.deepEqual(crowd.refusals, {}, 'no send was refused')
    t.diagnostic(crowd.summary)
  } finally {
    endProbe()
  }
}
