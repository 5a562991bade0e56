/**
 * The model test: many clients of the SDK on a simulated network, against the real server with its database on disk. They
 * talk, edit, react, leave rooms and come back, while connections are delayed, cut, half open or refused, and programs end
 * and start again with their stored outbox. In the end everybody's view is compared with the server's log.
 *
 * Replay a run's decisions with `SEED=n node --test test/fault/model.test.ts`; the operating system's timing is its own.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { newPerson, type Person } from '../support/people.ts'
import { Random } from '../support/random.ts'
import { openRoom, post } from '../support/rooms.ts'
import { startTestServer } from '../support/server.ts'
import { type Absence, Actor } from './model-actor.ts'

const ACTING_MS = 8_000
const PEOPLE = 6
const ROOMS = 3

async function wholeLog(owner: Person, room: string): Promise<RoomEvent[]> {
  const events: RoomEvent[] = []
  for (;;) {
    const query = `after=${events.length}&epoch=1&limit=1000`
    const { body } = await owner.call<{ events: RoomEvent[]; recovered: boolean }>(
      'GET',
      `/rooms/${room}/events?${query}`,
    )
    assert.equal(body.recovered, true)
    if (body.events.length === 0) return events
    events.push(...body.events)
  }
}

async function allMessages(owner: Person, room: string): Promise<Map<number, Message>> {
  const found = new Map<number, Message>()
  for (let after = 0; ; ) {
    const { body } = await owner.call<{ items: Message[] }>('GET', `/rooms/${room}/messages?after=${after}&limit=200`)
    for (const message of body.items) found.set(message.seq, message)
    const last = body.items.at(-1)
    if (last === undefined) return found
    after = last.seq
  }
}

/** Waits until nothing is left to wait for; fails with what is. */
async function until(what: string, left: () => string[]): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; left().length > 0; await sleep(20)) {
    if (Date.now() > end) assert.fail(`${what}, but: ${left().join('; ')}`)
  }
}

test('[P1–P5] whatever the network does, everybody ends with the log, once and in order', async (t) => {
  const random = new Random()
  t.diagnostic(`SEED=${random.seed}`)
  await using server = await startTestServer({
    heartbeatMs: 1_000,
    // A connection that just got a long answer lags.
    writeQueueBytes: 1_000,
    // Catching up takes several steps, and beyond a hundred events a page instead.
    limits: { ...DEFAULT_LIMITS, catchUp: 10 },
  })
  const owner = await newPerson(server, 'owner')
  const people: Person[] = []
  for (let i = 0; i < PEOPLE; i++) people.push(await newPerson(server, `person${i}`))
  const rooms: string[] = []
  for (let i = 0; i < ROOMS; i++) rooms.push(await openRoom(owner, ...people))
  // Two devices each: one reads bare feeds, the other timelines.
  const actors = people.flatMap((person) => [
    new Actor({ server, person, rooms, random, kind: 'feeds' }),
    new Actor({ server, person, rooms, random, kind: 'timelines' }),
  ])
  t.after(() => {
    for (const actor of actors) actor.stop()
  })

  const absences: Absence[] = []
  const end = Date.now() + ACTING_MS
  const acting = actors.map(async (actor) => {
    while (Date.now() < end) {
      await actor.act()
      await sleep(random.next() * 30)
    }
  })
  const kicking = (async () => {
    while (Date.now() < end - 500) {
      const person = random.pick(people.slice(0, 2))
      const room = random.pick(rooms)
      const kicked = await owner.call('DELETE', `/rooms/${room}/members/${person.id}`)
      assert.equal(kicked.status, 204)
      await sleep(random.whole(50, 400))
      const rejoinedAt = performance.now()
      assert.equal((await person.call('POST', `/rooms/${room}/join`)).status, 200)
      absences.push({ room, user: person.id, rejoinedAt })
      await sleep(random.whole(50, 400))
    }
  })()
  await Promise.all([...acting, kicking])

  for (const actor of actors) actor.heal()
  await until('everything is sent', () => actors.flatMap((actor) => actor.unsent()))
  // The last event of each room is a message, so that every view tells whether it has come to the end.
  const logs = new Map<string, RoomEvent[]>()
  for (const room of rooms) {
    await post(owner, room)
    logs.set(room, await wholeLog(owner, room))
  }
  const heads = new Map([...logs].map(([room, events]) => [room, events.length]))
  await until('everybody has come to the head', () => actors.flatMap((actor) => actor.behind(heads)))

  const cuts = actors.reduce((sum, actor) => sum + actor.network.cuts + actor.network.halfOpens, 0)
  const sent = actors.reduce((sum, actor) => sum + actor.acknowledged.size, 0)
  t.diagnostic(`${sent} messages, ${cuts} cuts, ${absences.length} kicks, heads ${[...heads.values()].join(' ')}`)
  assert(sent > 100 && cuts > 30, `${sent} messages, ${cuts} cuts: too little happened`)
  for (const room of rooms) {
    const log = logs.get(room)!
    const seqs = log.map((event) => event.seq)
    assert.deepEqual(
      seqs,
      [...seqs.keys()].map((i) => i + 1),
      '[P2] the log is contiguous',
    )
    const messages = await allMessages(owner, room)
    for (const actor of actors) {
      actor.checkSent(room, log)
      actor.checkSeen(room, log, messages)
      actor.checkAbsences(room, log, absences)
    }
  }
})
