import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyStore } from '../../src/adapters/sql/index.ts'
import type { Message } from '../../src/protocol/model.ts'
import { newPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { assertWitnessed, eventually, Follower, Writer } from '../support/witnesses.ts'

const HOUR = 3_600_000
const RealDate = Date
let offset = 0

/** The wall clock of this process, as far off as `offset` says. Timers and the monotonic clock go on as they are. */
class ShiftedDate extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(RealDate.now() + offset)
    else super(...(args as [number]))
  }
  static override now(): number {
    return RealDate.now() + offset
  }
}

test('[P2] the wall clock jumps hours forth and back: nobody is disconnected, order comes from seq alone', async (t) => {
  globalThis.Date = ShiftedDate as DateConstructor
  t.after(() => {
    globalThis.Date = RealDate
  })
  // A jump is of hours: any sweep would see it. A busy machine may stand still for a second.
  const heartbeatMs = 4_000
  await using server = await startTestServer({ heartbeatMs, watchTickMs: 100 })
  const people = await Promise.all(Array.from({ length: 5 }, () => newPerson(server)))
  const [owner] = people as [(typeof people)[number]]
  const { body } = await owner.call<{ id: string }>('POST', '/rooms', { title: 'a room' })
  const room = body.id
  for (const person of people.slice(1)) await person.call('POST', `/rooms/${room}/join`)
  const pingMs = heartbeatMs / 2
  const writers = people.slice(0, 2).map((person) => new Writer(server.url, person, { pingMs }))
  const followers = people.map((person) => new Follower(server.url, person, [room], { pingMs }))
  const witnesses = [...writers, ...followers]
  t.after(() => {
    for (const { line } of witnesses) line.stop()
  })
  await eventually(
    () => followers.every((one) => one.head(room) === 5) && writers.every((one) => one.line.live),
    () => 'all subscribe',
  )

  for (const jump of [0, 5 * HOUR, -7 * HOUR, 24 * HOUR, 0]) {
    offset = jump
    // A sweep or more in each of the times.
    for (let i = 0; i < 50; i++) {
      for (const writer of writers) writer.send(room)
      await sleep(20)
    }
    assert.equal(
      witnesses.reduce((sum, { line }) => sum + line.cuts, 0),
      0,
      `a jump to ${jump / HOUR} h disconnects nobody`,
    )
  }
  const runs = await assertWitnessed({ rooms: [room], reader: owner, writers, followers })
  const times = (runs.get(room)?.events ?? []).map((event) => event.at)
  assert.ok(
    times.some((at, i) => i > 0 && at < (times[i - 1] as number)),
    'the clock did go back',
  )
  const page = await owner.call<{ items: Message[] }>('GET', `/rooms/${room}/messages?limit=200`)
  const seqs = page.body.items.map((message) => message.seq)
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  )
  assert.equal(seqs.at(-1), times.length, 'the newest page ends with the newest message, whatever its time')
  assert.deepEqual((await verifyStore(join(server.config.dataDir, 'yeoul.db'))).problems, [])
})

test('after a jump back a token of before is still good; after one forth it has expired and is renewed', async (t) => {
  globalThis.Date = ShiftedDate as DateConstructor
  t.after(() => {
    globalThis.Date = RealDate
  })
  offset = 0
  await using server = await startTestServer()
  const person = await newPerson(server)
  offset = -2 * HOUR
  const early = await TestSocket.hello(server.url, person.accessToken)
  await early.ok('ping')
  offset = 2 * HOUR
  const late = await TestSocket.open(server.url)
  assert.equal(await late.refused('hello', { token: person.accessToken }), 'token_expired')
  const { status, body } = await person.call<{ accessToken: string }>('POST', '/auth/refresh', {
    refreshToken: person.refreshToken,
  })
  assert.equal(status, 200)
  const renewed = await TestSocket.hello(server.url, body.accessToken)
  await early.ok('refresh', { token: body.accessToken })
  assert.equal(early.closed, null, 'who was connected stays so')
  for (const socket of [early, late, renewed]) socket.close()
})
