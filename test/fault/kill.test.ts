/** The server as a process of its own, killed with SIGKILL at random moments under load, started again on the same data. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyStore } from '../../src/adapters/sql/index.ts'
import type { RoomEvent } from '../../src/protocol/model.ts'
import { launch, startYeoul, temporaryFolder, yeoul } from '../ops/yeoul-process.ts'
import { newPerson, type Person } from '../support/people.ts'
import { Random } from '../support/random.ts'
import { allMessages, assertWitnessed, eventually, Follower, Writer } from '../support/witnesses.ts'

const KILLS = 10
const API_KEY = 'key-of-the-tests-alone'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

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

/** Changes of a message that were acknowledged; no message gets a second edit or delete. */
interface Changed {
  room: string
  target: number
  type: 'edit' | 'delete' | 'reaction'
  seq: number
  body: string
}

/** Sends, and edits, deletes and reacts to what was acknowledged, until told to stop. */
async function traffic(writer: Writer, rooms: string[], random: Random, changes: Changed[], stop: AbortSignal) {
  const touched = new Set<string>()
  let looked = 0
  while (!stop.aborted) {
    await sleep(2)
    if (writer.unacked < 8) writer.send(random.pick(rooms))
    if (writer.acked.size <= looked || !writer.line.live || !random.chance(0.3)) continue
    const [id, { room, seq: target }] = [...writer.acked].at(-1) as [string, { room: string; seq: number }]
    looked = writer.acked.size
    if (touched.has(id)) continue
    touched.add(id)
    const body = `${id}, edited`
    const done = (type: Changed['type']) => (ok: Record<string, unknown> | null) => {
      if (ok !== null) changes.push({ room, target, type, seq: ok.seq as number, body })
    }
    const kind = random.whole(0, 2)
    if (kind === 0) writer.line.ask('edit', { room, seq: target, body }, done('edit'))
    else if (kind === 1) writer.line.ask('delete', { room, seq: target }, done('delete'))
    else writer.line.ask('react', { room, seq: target, emoji: '👍', on: true }, done('reaction'))
  }
}

/** Joins and leaves a room, each step again until its outcome is known, and stays in the end. */
async function comeAndGo(person: Person, room: string, stop: AbortSignal): Promise<void> {
  let inside = false
  while (!stop.aborted) {
    await sleep(10)
    try {
      const { status }: { status: number } = await person.call('POST', `/rooms/${room}/${inside ? 'leave' : 'join'}`)
      // A leave whose answer was lost is told so by the next one: no member (403).
      if (status === 200) inside = true
      else if (status === 204 || (inside && status === 403)) inside = false
      else assert.equal(status, 503)
    } catch (error) {
      // The connection was cut: the outcome is not known, so the same step again.
      if (error instanceof assert.AssertionError) throw error
    }
  }
  assert.equal((await person.call('POST', `/rooms/${room}/join`)).status, 200)
  assert.equal((await person.call('GET', `/rooms/${room}/members`)).status, 200)
}

test(`[P1] [P2] [P3] [P4] ${KILLS} times kill -9 under load: all that was acknowledged is there, once, in its place`, {
  timeout: 120_000,
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
  const changes: Changed[] = []
  const busy = writers.map((writer) => traffic(writer, rooms, random, changes, stop.signal))
  const visitors = people.slice(4).map((person) => comeAndGo(person, random.pick(rooms), stop.signal))

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
      5_000,
    )
  }
  // A drain under the same load, for comparison: it ends by itself, with 0.
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)
  server = await startYeoul({ dataDir, env })
  await sleep(200)
  stop.abort()
  await Promise.all([...busy, ...visitors])
  const runs = await assertWitnessed({ rooms, reader: owner, writers, followers, withinMs: 15_000 })
  await checkChanges(changes, runs, owner)
  const acked = writers.reduce((sum, writer) => sum + writer.acked.size, 0)
  const recoveries = followers.reduce((sum, follower) => sum + follower.recoveries, 0)
  t.diagnostic(`${acked} messages acknowledged, ${changes.length} changes, ${recoveries} recoveries`)
  assert.ok(acked > KILLS * 20, `there was load: ${acked}`)
  assert.ok(changes.length > KILLS)

  server.signal('SIGKILL')
  await server.exited
  assert.deepEqual((await verifyStore(join(dataDir, 'yeoul.db'))).problems, [])
  assert.equal((await yeoul(['verify'], { dataDir })).code, 0)
})

/** Each acknowledged change is the event at its seq, and the message shows it. */
async function checkChanges(changes: Changed[], runs: Map<string, RoomEvent[]>, reader: Person): Promise<void> {
  const messages = new Map<string, Awaited<ReturnType<typeof allMessages>>>()
  for (const room of runs.keys()) messages.set(room, await allMessages(reader, room))
  for (const { room, target, type, seq, body } of changes) {
    const event = runs.get(room)?.[seq - 1]
    assert.equal(event?.type, type, `[P1] the ${type} of ${target} is at ${seq}`)
    assert.equal('target' in event && event.target, target)
    const message = messages.get(room)?.get(target)
    if (type === 'edit') assert.equal(message?.body, body)
    else if (type === 'delete') assert.equal(message?.body, null)
    else assert.deepEqual([message?.reactions.length, message?.reactions[0]?.count], [1, 1])
  }
  for (const [room, run] of runs) {
    const shown = [...(messages.get(room)?.keys() ?? [])].sort((a, b) => a - b)
    assert.deepEqual(
      shown,
      run.filter((event) => event.type === 'message').map((event) => event.seq),
      'pages and events hold the same messages',
    )
  }
}

test('kill -9 in the middle of the first start leaves nothing that keeps the next one from starting', {
  timeout: 60_000,
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
  timeout: 60_000,
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
      const request = fetch(`${url}/healthz`, { headers: { Connection: 'close' }, signal: AbortSignal.timeout(5_000) })
      asked.push(
        request.then(
          (answer) => seen(String(answer.status)),
          (error) => seen(error.name === 'TimeoutError' ? 'left waiting' : 'refused'),
        ),
      )
      await sleep(1)
    }
    await Promise.all(asked)
    assert.equal(outcomes.get('left waiting'), undefined, JSON.stringify([...outcomes]))
    const server = await starting
    server.signal('SIGKILL')
    await server.exited
  }
})
