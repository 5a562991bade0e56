/**
 * What happens to Redis when it is bus and presence (`log=sql`): sends go on, delivery is some seconds late at most, and
 * nothing is lost. Everybody talks, comes and goes meanwhile.
 */
import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { type ClusterNode, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { Crowd } from '../support/crowd.ts'
import { type Fault, REDIS_FAULTS, strike } from '../support/faults.ts'
import { newPerson } from '../support/people.ts'
import { Random } from '../support/random.ts'
import { openRoom, post } from '../support/rooms.ts'
import { API_KEY } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

/**
 * While nodes cannot hear each other heads are compared about once a second; one that is cut off alone is noticed first.
 * Several times what that takes.
 */
const LATE_MS = 8_000
/** Once they can, nobody waits for that. */
const PROMPT_MS = 500
/** How long after a fault the nodes may take to hear each other again. */
const HEALED_MS = 20_000

let cluster: TestCluster
before(async () => {
  cluster = await startTestCluster()
})
after(() => cluster[Symbol.asyncDispose]())

for (const fault of REDIS_FAULTS)
  test(`[P1–P5] Redis ${fault.what}: sends go on, nothing is lost`, { timeout: 180_000 }, (t) => suffer(t, fault))

async function suffer(t: TestContext, fault: Fault): Promise<void> {
  const random = new Random()
  t.diagnostic(`SEED=${random.seed}`)
  using crowd = await Crowd.gather({ gateways: cluster.urls, apiKey: API_KEY, random })
  using probe = await Probe.between(cluster.nodes[0] as ClusterNode, cluster.nodes.at(-1) as ClusterNode)
  await crowd.progress()
  const end = await strike(t, fault, cluster)
  const until = performance.now() + fault.ms
  let latest = 0
  while (performance.now() < until) {
    await crowd.progress(10)
    latest = Math.max(latest, await probe.delayMs())
  }
  t.diagnostic(`during: delivered after ${latest.toFixed(0)} ms at most`)
  assert.ok(latest < LATE_MS, `delivered ${latest.toFixed(0)} ms late`)
  for (const { url } of cluster.nodes) assert.equal((await fetch(`${url}/readyz`)).status, 200)
  await end()
  const healedBy = performance.now() + HEALED_MS
  let prompt = await probe.delayMs()
  while (prompt > PROMPT_MS && performance.now() < healedBy) prompt = await probe.delayMs()
  assert.ok(prompt < PROMPT_MS, `delivery still takes ${prompt.toFixed(0)} ms`)
  await crowd.progress()
  await crowd.assertKept({ database: cluster.postgres.url })
  assert.deepEqual(crowd.refusals, {}, 'no send was refused')
  t.diagnostic(crowd.summary)
}

/** Measures how long a message takes from one node to a subscriber on another. */
class Probe {
  readonly #room: string
  readonly #socket: TestSocket
  readonly #send: () => Promise<number>

  private constructor(room: string, socket: TestSocket, send: () => Promise<number>) {
    this.#room = room
    this.#socket = socket
    this.#send = send
  }

  static async between(from: ClusterNode, to: ClusterNode): Promise<Probe> {
    const person = await newPerson(from)
    const room = await openRoom(person)
    const socket = await TestSocket.hello(to.url, person.accessToken)
    await socket.ok('subscribe', { room })
    return new Probe(room, socket, async () => (await post(person, room)).seq)
  }

  /** After the acknowledgement, in ms. */
  async delayMs(): Promise<number> {
    const seq = await this.#send()
    const sentAt = performance.now()
    await this.#socket.until(() => this.#socket.seqs(this.#room).includes(seq), 'the message')
    return performance.now() - sentAt
  }

  [Symbol.dispose](): void {
    this.#socket.close()
  }
}
