/** A rolling restart behind nginx, node after node, while people talk: nothing is lost and nobody storms. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { type Cluster, startCluster } from '../../deploy/local/cluster.ts'
import { Crowd } from '../support/crowd.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { newPerson, type Person } from '../support/people.ts'
import { Random } from '../support/random.ts'

const API_KEY = 'key-of-the-tests-alone'
/** For a tenth of it a node is not ready and still takes connections. */
const DRAIN_MS = 3_000
const GUESTS = 60

async function clusterFor(t: TestContext): Promise<Cluster> {
  const cluster = await startCluster({
    apis: 2,
    workers: 1,
    postgres: { fsync: false },
    env: {
      YEOUL_API_KEY: API_KEY,
      YEOUL_RATE_LIMIT: 'off',
      YEOUL_DRAIN_MS: String(DRAIN_MS),
      YEOUL_LOG_LEVEL: 'error',
      YEOUL_PARTITIONS: '16',
    },
  })
  t.after(() => cluster.stop())
  return cluster
}

/** Somebody who is connected, and comes back when a draining node says so, as the SDK does. */
class Guest {
  readonly #url: string
  readonly #token: string
  #ws: WebSocket | null = null
  #stopped = false
  /** How long each `reconnect` told to wait, in ms. */
  readonly waits: number[] = []
  /** Upgrades that were refused. */
  refused = 0
  /** Connections that ended before they were told to. */
  cuts = 0
  live = false

  constructor(url: string, token: string) {
    this.#url = `${url.replace('http', 'ws')}/ws`
    this.#token = token
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    this.#ws?.terminate()
  }

  #connect(): void {
    if (this.#stopped) return
    const ws = new WebSocket(this.#url, 'yeoul.v1')
    this.#ws = ws
    ws.on('open', () => ws.send(JSON.stringify({ id: 1, op: 'hello', token: this.#token })))
    ws.on('message', (data) => {
      for (const item of [JSON.parse(String(data))].flat()) {
        if (item.re === 1 && item.ok !== undefined) this.live = true
        if (item.push === 'reconnect') this.#comeBack(ws, item.afterMs)
      }
    })
    ws.on('unexpected-response', () => {
      this.refused++
      setTimeout(() => this.#connect(), 100)
    })
    ws.on('error', () => {})
    ws.on('close', () => {
      if (this.#ws !== ws || this.#stopped) return
      this.cuts++
      this.live = false
      setTimeout(() => this.#connect(), 100)
    })
  }

  #comeBack(ws: WebSocket, afterMs: number): void {
    this.waits.push(afterMs)
    setTimeout(() => {
      if (this.#ws !== ws) return
      this.#ws = null
      this.live = false
      ws.close()
      this.#connect()
    }, afterMs)
  }
}

test('[P1][P2][P4] every node restarted in turn, by SIGTERM, under load through nginx', {
  timeout: 180_000,
}, async (t) => {
  const cluster = await clusterFor(t)
  const random = new Random()
  t.diagnostic(`SEED=${random.seed}`)
  const at = [cluster.url]
  using crowd = await Crowd.gather({ gateways: at, apis: at, apiKey: API_KEY, random, everyMs: 25 })
  const door = { url: cluster.url, config: { apiKey: API_KEY } } as Parameters<typeof newPerson>[0]
  const person = await newPerson(door)
  const guests = Array.from({ length: GUESTS }, () => new Guest(cluster.url, person.accessToken))
  t.after(() => guests.forEach((guest) => void guest.stop()))
  while (!guests.every((guest) => guest.live)) await sleep(20)
  const asking = new Asking(person)
  t.after(() => asking.stop())

  for (const node of cluster.nodes.filter(({ role }) => role !== 'worker')) {
    await crowd.progress()
    const restarted = cluster.restart(node.name)
    if (node.role === 'gateway') await assertDrains(node.url, guests)
    await restarted
  }
  await crowd.progress()
  asking.stop()
  t.diagnostic(`${crowd.summary}; ${asking.answers} answers over HTTP, ${asking.refused} refused`)
  assert.deepEqual(asking.failures, {}, 'every request over HTTP was answered, or refused for now')
  // Those that came in the instant in which a node closed its listener, and that nginx may not send twice.
  assert.ok(asking.refused <= 10, `${asking.refused} writes were refused`)
  assertCameBack(guests)
  await crowd.assertKept()
})

/** While a gateway drains: not ready at first, then closed to everybody, and its guests find another one. */
async function assertDrains(url: string, guests: Guest[]): Promise<void> {
  const told = () => guests.reduce((sum, { waits }) => sum + waits.length, 0)
  const before = told()
  const seen = new Set<number>()
  const asked: Promise<unknown>[] = []
  for (const end = performance.now() + PATIENCE_MS; told() === before; await sleep(10)) {
    assert.ok(performance.now() < end, 'somebody is told to come back')
    // One slow answer must not hide the others.
    asked.push(statusOf(`${url}/readyz`).then((status) => seen.add(status)))
  }
  await Promise.all(asked)
  assert.ok(seen.has(503), `not ready before anybody was told: ${[...seen]}`)
  assert.equal(await statusOf(`${url}/readyz`), 0, 'and then it takes no connection')
}

/**
 * Whoever was told to come back at a moment was let in then, and not cut off before. Returns are spread over the drain: no
 * moment has more than a fraction of them.
 */
function assertCameBack(guests: Guest[]): void {
  const waits = guests.flatMap((guest) => guest.waits)
  const sum = (of: (guest: Guest) => number) => guests.reduce((all, guest) => all + of(guest), 0)
  assert.equal(
    sum(({ refused }) => refused),
    0,
    'upgrades that were refused',
  )
  // A guest on a busy machine may be late for its own moment.
  const cuts = sum((guest) => guest.cuts)
  assert.ok(cuts <= waits.length / 5, `${cuts} of ${waits.length} were cut off before their moment`)
  assert.ok(waits.length >= GUESTS, `each guest was told at least once: ${waits.length}`)
  assert.ok(Math.max(...waits) <= DRAIN_MS)
  const tenths = Array.from({ length: 10 }, () => 0)
  for (const wait of waits) tenths[Math.min(9, Math.floor((wait / DRAIN_MS) * 10))]! += 1
  assert.ok(Math.max(...tenths) < waits.length * 0.35, `returns by tenth of the drain: ${tenths}`)
}

async function statusOf(url: string): Promise<number> {
  try {
    return (await fetch(url, { headers: { Connection: 'close' }, signal: AbortSignal.timeout(10_000) })).status
  } catch {
    return 0
  }
}

/** Reads and writes over HTTP without pause, and notes what was not answered as it should be. */
class Asking {
  answers = 0
  /** Writes of which nginx said that they can be repeated. */
  refused = 0
  /** How often something went wrong, by what it was. */
  readonly failures: Record<string, number> = {}
  #stopped = false

  constructor(person: Person) {
    void this.#loop(person, 'GET', '/me', undefined, 200)
    void this.#loop(person, 'PATCH', '/me', { displayName: 'another name' }, 200)
    void this.#loop(person, 'POST', '/rooms', { title: 'another one' }, 201)
  }

  stop(): void {
    this.#stopped = true
  }

  async #loop(person: Person, method: string, path: string, sent: unknown, expected: number): Promise<void> {
    while (!this.#stopped) {
      const asked = person.call<unknown>(method, path, sent)
      const { status, body } = await asked.catch((error) => ({ status: 0, body: String(error) }))
      const failure = `${method}: ${status} ${JSON.stringify(body)}`
      if (status === expected) this.answers++
      else if (method !== 'GET' && status === 503 && (body as { retryable: boolean }).retryable) this.refused++
      else this.failures[failure] = (this.failures[failure] ?? 0) + 1
      await sleep(5)
    }
  }
}
