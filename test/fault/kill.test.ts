/** The server as a process of its own, killed with SIGKILL at random moments under load, started again on the same data. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../deploy/local/free-port.ts'
import { verifyStore } from '../../src/adapters/sql/index.ts'
import { launch, startYeoul, temporaryFolder, yeoul } from '../ops/yeoul-process.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { newPerson, type Person } from '../support/people.ts'
import { Random } from '../support/random.ts'
import { talk, Visitor } from '../support/traffic.ts'
import { assertWitnessed, eventually, Follower, Writer } from '../support/witnesses.ts'

const KILLS = 10
const API_KEY = 'key-of-the-tests-alone'

function seeded(t: TestContext): Random {
  const random = new Random()
  t.diagnostic(`SEED=${random.seed}`)
  return random
}

async function killed(child: ChildProcess): Promise<void> {
  assert.equal(child.exitCode, null, 'it was still starting')
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await closed
}

test(`[P1–P5] ${KILLS} times kill -9 under load: all that was acknowledged is there, once, in its place`, {
  timeout: 180_000,
}, async (t) => {
  const random = seeded(t)
  const dataDir = temporaryFolder()
  const port = await freePort()
  const env = {
    YEOUL_PORT: String(port),
    YEOUL_RATE_LIMIT: 'off',
    YEOUL_API_KEY: API_KEY,
    YEOUL_LOG_LEVEL: 'error',
    YEOUL_DRAIN_MS: '500',
  }
  let server = await startYeoul({ dataDir, env })
  const { url } = server
  const door = { url, config: { apiKey: API_KEY } } as Parameters<typeof newPerson>[0]

  const people = await Promise.all(Array.from({ length: 6 }, () => newPerson(door)))
  const [owner] = people as [Person]
  const rooms: string[] = []
  for (let i = 0; i < 4; i++) {
    const { body } = await owner.call<{ id: string }>('POST', '/rooms', { title: `room ${i}` })
    rooms.push(body.id)
    for (const person of people.slice(1, 4)) await person.call('POST', `/rooms/${body.id}/join`)
  }
  const writers = people.slice(0, 4).map((person) => new Writer(url, person))
  const followers = people.slice(0, 2).map((person) => new Follower(url, person, rooms))
  t.after(() => {
    for (const { line } of [...writers, ...followers]) line.stop()
  })
  const stop = new AbortController()
  t.after(() => stop.abort())
  const busy = writers.map((writer) => talk(writer, rooms, random, stop.signal))
  const visitors = people
    .slice(4)
    .map((person) => new Visitor({ gateways: [url], person, room: random.pick(rooms), random }))
  t.after(() => {
    for (const visitor of visitors) visitor.stop()
  })
  const coming = visitors.map((visitor) => visitor.comeAndGo(stop.signal))

  for (let kill = 0; kill < KILLS; kill++) {
    if (random.chance(0.2)) {
      // While it starts.
      server.signal('SIGKILL')
      await server.exited
      const child = launch(['start'], { dataDir, env })
      await sleep(random.whole(0, 1_000))
      await killed(child)
      kill++
    } else {
      await sleep(random.whole(20, 600))
      server.signal('SIGKILL')
      await server.exited
    }
    server = await startYeoul({ dataDir, env })
    await eventually(
      () => writers.every((writer) => writer.line.live),
      () => 'the writers are not back',
    )
  }
  // A drain under the same load, for comparison: it ends by itself, with 0.
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)
  server = await startYeoul({ dataDir, env })
  await sleep(200)
  stop.abort()
  await Promise.all([...busy, ...coming])
  assert.deepEqual(
    visitors.flatMap((visitor) => visitor.problems),
    [],
  )
  const deliveries = visitors.flatMap((visitor) => visitor.deliveries)
  await assertWitnessed({ rooms, reader: owner, writers, followers, deliveries })
  const acked = writers.reduce((sum, writer) => sum + writer.acked.size, 0)
  const changes = writers.reduce((sum, writer) => sum + writer.changes.length, 0)
  const recoveries = followers.reduce((sum, follower) => sum + follower.recoveries, 0)
  t.diagnostic(`${acked} messages acknowledged, ${changes} changes, ${recoveries} recoveries`)
  assert.ok(acked > KILLS * 20, `there was load: ${acked}`)
  assert.ok(changes > KILLS)

  server.signal('SIGKILL')
  await server.exited
  assert.deepEqual((await verifyStore(join(dataDir, 'yeoul.db'))).problems, [])
  assert.equal((await yeoul(['verify'], { dataDir })).code, 0)
})

test('kill -9 in the middle of the first start leaves nothing that keeps the next one from starting', {
  timeout: 180_000,
}, async (t) => {
  const random = seeded(t)
  const dataDir = temporaryFolder()
  for (let kill = 0; kill < 6; kill++) {
    const child = launch(['start'], { dataDir, env: { YEOUL_LOG_LEVEL: 'error' } })
    // From before anything was made to after everything was.
    await sleep(random.whole(200, 1_000))
    await killed(child)
  }
  const server = await startYeoul({ dataDir, env: { YEOUL_LOG_LEVEL: 'error' } })
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)
  assert.deepEqual((await verifyStore(join(dataDir, 'yeoul.db'))).problems, [])
})

test('whoever connects while the server starts is refused or answered, never left waiting', {
  timeout: 180_000,
}, async () => {
  const dataDir = temporaryFolder()
  const env = { YEOUL_PORT: String(await freePort()), YEOUL_LOG_LEVEL: 'error' }
  const url = `http://127.0.0.1:${env.YEOUL_PORT}`
  for (let start = 0; start < 3; start++) {
    const outcomes = new Map<string, number>()
    const seen = (name: string) => outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
    const starting = startYeoul({ dataDir, env })
    let ready = false
    void starting.then(() => {
      ready = true
    })
    const asked: Promise<unknown>[] = []
    while (!ready) {
      // A connection of its own each: one that waits must not hide others.
      const request = fetch(`${url}/healthz`, {
        headers: { Connection: 'close' },
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      asked.push(
        request.then(
          (answer) => seen(String(answer.status)),
          (error) => seen(error.name === 'TimeoutError' ? 'left waiting' : 'refused'),
        ),
      )
      // Asking all the time would be what it waits for.
      await sleep(10)
    }
    await Promise.all(asked)
    assert.equal(outcomes.get('left waiting'), undefined, JSON.stringify([...outcomes]))
    const server = await starting
    server.signal('SIGKILL')
    await server.exited
  }
})
