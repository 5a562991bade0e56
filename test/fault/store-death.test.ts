import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { verifyStore } from '../../src/adapters/sql/index.ts'
import { newPerson, type Person } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { assertWitnessed, eventually, Follower, Writer } from '../support/witnesses.ts'

/** The store's threads in the order of their start: writer, reader, keeper, then those that come in place of dead ones. */
const threads: Worker[] = []
process.on('worker', (worker) => threads.push(worker))

interface Scene {
  server: TestServer
  owner: Person
  room: string
  writer: Writer
  follower: Follower
}

async function scene(t: TestContext, changes: Parameters<typeof startTestServer>[0] = {}): Promise<Scene> {
  threads.length = 0
  const server = await startTestServer(changes)
  const owner = await newPerson(server)
  const { body } = await owner.call<{ id: string }>('POST', '/rooms', { title: 'a room' })
  const writer = new Writer(server.url, owner)
  const follower = new Follower(server.url, owner, [body.id])
  t.after(async () => {
    writer.line.stop()
    follower.line.stop()
    await server[Symbol.asyncDispose]()
  })
  await eventually(
    () => writer.line.live && follower.head(body.id) > 0,
    () => 'the start',
  )
  return { server, owner, room: body.id, writer, follower }
}

const ready = async (server: TestServer) => (await fetch(`${server.url}/readyz`)).status

/** Sends for a while, one message every few ms. */
async function sendFor(ms: number, writer: Writer, room: string): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(3)) writer.send(room)
}

test('[P1] [P3] [P4] the writing thread dies under load: sends get unavailable, then all are stored once and delivered', async (t) => {
  const { server, owner, room, writer, follower } = await scene(t)
  let writing = threads[0] as Worker
  for (let death = 0; death < 4; death++) {
    await sendFor(100, writer, room)
    writer.send(room)
    // At any moment of a commit: before it, while it syncs, before its answer is read.
    await sleep(Math.random() * 4)
    await writing.terminate()
    writer.send(room)
    assert.equal(await ready(server), 503)
    await eventually(
      async () => (await ready(server)) === 200,
      () => 'it is not ready again',
    )
    writing = threads.at(-1) as Worker
  }
  assert.ok((writer.refusals.get('unavailable') ?? 0) > 0)
  // Nothing is sent after the last death: what was committed without an answer is delivered all the same.
  await assertWitnessed({ rooms: [room], reader: owner, writers: [writer], followers: [follower] })
  assert.equal(follower.line.cuts, 0)
  assert.deepEqual((await verifyStore(join(server.config.dataDir, 'yeoul.db'))).problems, [])
})

test('the reading thread dies: sends go on, reads come back', async (t) => {
  const { server, owner, room, writer, follower } = await scene(t)
  await (threads[1] as Worker).terminate()
  assert.equal(await ready(server), 503)
  await sendFor(100, writer, room)
  await eventually(
    () => writer.unacked === 0,
    () => 'sends need no read',
  )
  await eventually(
    async () => (await ready(server)) === 200,
    () => 'it is not ready again',
  )
  await assertWitnessed({ rooms: [room], reader: owner, writers: [writer], followers: [follower] })
})

test('another process holds the database’s lock: what waits is bounded, sends get unavailable or overloaded, and it recovers', async (t) => {
  const { server, owner, room, writer, follower } = await scene(t, { pendingAppends: 50 })
  const other = new DatabaseSync(join(server.config.dataDir, 'yeoul.db'))
  other.exec('BEGIN IMMEDIATE')
  for (let i = 0; i < 80; i++) writer.send(room)
  await eventually(
    () => (writer.refusals.get('overloaded') ?? 0) > 0,
    () => 'nothing was refused',
  )
  assert.equal(await ready(server), 503)
  assert.equal((await owner.call('GET', `/rooms/${room}/messages`)).status, 200, 'reading goes on')
  await eventually(
    () => (writer.refusals.get('unavailable') ?? 0) > 0,
    () => `no send was given up: ${[...writer.refusals]}`,
  )
  assert.deepEqual([...writer.refusals.keys()].sort(), ['overloaded', 'unavailable'])
  other.exec('ROLLBACK')
  other.close()
  await assertWitnessed({ rooms: [room], reader: owner, writers: [writer], followers: [follower] })
  assert.equal(await ready(server), 200)
})
