import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answers, EventsAnswer, SendAnswer } from '../../src/protocol/frames.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { newPerson, type Person } from '../support/people.ts'
import { openRoom, post, postMany, range } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

type Subscribed = Answers['subscribe']

// Small, so that a few hundred events reach every case: the tail, the log behind it, several steps, too far back.
const HOT_TAIL = 20
const CATCH_UP = 50
const limits = { ...DEFAULT_LIMITS, catchUp: CATCH_UP, reactionsPerMessage: 3 }

let server: TestServer
let mina: Person
let joon: Person

before(async () => {
  server = await startTestServer({ hotTail: HOT_TAIL, limits })
  mina = await newPerson(server)
  joon = await newPerson(server)
})
after(() => server[Symbol.asyncDispose]())

const hello = (person: Person, url = server.url) => TestSocket.hello(url, person.accessToken)
const seqsOf = (events: { seq: number }[]) => events.map((event) => event.seq)

/** All events of a room after a seq, by the `events` command. */
async function fetchEvents(socket: TestSocket, room: string, after: number, to: number): Promise<RoomEvent[]> {
  const events: RoomEvent[] = []
  while (after < to) {
    const part = await socket.ok<EventsAnswer>('events', { room, after, epoch: 1, limit: 37 })
    assert.equal(part.recovered, true)
    events.push(...part.events)
    after = events.at(-1)?.seq ?? to
  }
  return events.filter((event) => event.seq <= to)
}

describe('subscribe', () => {
  let room: string
  let socket: TestSocket
  const HEAD = 702

  before(async () => {
    room = await openRoom(mina, joon)
    await postMany(mina, room, 700)
    socket = await hello(joon)
  })
  after(() => socket.close())
  const subscribe = (position?: object) => socket.ok<Subscribed>('subscribe', { room, ...(position && { position }) })

  test('without a position answers the newest page', async () => {
    const answer = await subscribe()
    assert.ok(!answer.recovered)
    assert.deepEqual([answer.position, answer.head], [{ epoch: 1, seq: HEAD }, HEAD])
    assert.deepEqual(seqsOf(answer.messages), range(HEAD - 49, HEAD))
    assert.deepEqual(Object.keys(answer).sort(), ['head', 'messages', 'now', 'position', 'recovered'])
  })

  test('[P4] from any position back to one step answers what came since, from the hot tail or the log', async () => {
    for (const after of range(HEAD - CATCH_UP, HEAD)) {
      const answer = await subscribe({ epoch: 1, seq: after })
      assert.ok(answer.recovered)
      assert.deepEqual(seqsOf(answer.events), range(after + 1, HEAD))
      assert.deepEqual([answer.position, answer.more, answer.head], [{ epoch: 1, seq: HEAD }, false, HEAD])
    }
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    for (const result of ['tail', 'log'])
      assert.match(metrics, new RegExp(`recoveries_total\\{result="${result}"\\} [1-9]`))
  })

  test('[P4] from further back goes in steps, and `events` has the rest', async () => {
    for (const after of [HEAD - CATCH_UP - 1, HEAD - 3 * CATCH_UP, HEAD - 10 * CATCH_UP]) {
      const answer = await subscribe({ epoch: 1, seq: after })
      assert.ok(answer.recovered)
      assert.deepEqual(seqsOf(answer.events), range(after + 1, after + CATCH_UP))
      assert.deepEqual([answer.position, answer.more, answer.head], [{ epoch: 1, seq: after + CATCH_UP }, true, HEAD])
      const rest = await fetchEvents(socket, room, answer.position.seq, answer.head)
      assert.deepEqual(seqsOf(rest), range(answer.position.seq + 1, HEAD))
    }
  })

  test('[P4] from too far back, another epoch or beyond the head says so and answers the newest page', async () => {
    for (const position of [
      { epoch: 1, seq: HEAD - 10 * CATCH_UP - 1 },
      { epoch: 1, seq: 0 },
      { epoch: 0, seq: HEAD - 1 },
      { epoch: 2, seq: HEAD - 1 },
      { epoch: 1, seq: HEAD + 1 },
      { epoch: 1, seq: Number.MAX_SAFE_INTEGER },
    ]) {
      const answer = await subscribe(position)
      assert.ok(!answer.recovered, JSON.stringify(position))
      assert.deepEqual(answer.position, { epoch: 1, seq: HEAD })
      assert.equal(answer.messages.length, 50)
    }
    for (const [after, epoch] of [
      [HEAD + 1, 1],
      [HEAD - 1, 2],
    ]) {
      const answer = await socket.ok<EventsAnswer>('events', { room, after, epoch })
      assert.deepEqual(answer, { epoch: 1, recovered: false, events: [], head: HEAD })
    }
  })

  test('the log and the hot tail tell the same, over both transports', async () => {
    const answer = await subscribe({ epoch: 1, seq: HEAD - 10 })
    assert.ok(answer.recovered)
    const overWs = await socket.ok<EventsAnswer>('events', { room, after: HEAD - 10, epoch: 1 })
    assert.deepEqual(overWs.events, answer.events)
    const overHttp = await joon.call<EventsAnswer>('GET', `/rooms/${room}/events?after=${HEAD - 30}&epoch=1`)
    assert.deepEqual(overHttp.body.events.slice(20), answer.events)
    assert.equal(overHttp.body.head, HEAD)
  })

  test('once more begins anew; unsubscribing ends the pushes', async () => {
    await subscribe()
    await subscribe({ epoch: 1, seq: HEAD })
    const { seq } = await post(mina, room)
    await socket.until(() => socket.seqs(room).includes(seq), 'the push')
    assert.deepEqual(socket.seqs(room), [seq])
    await socket.ok('unsubscribe', { room })
    await socket.ok('unsubscribe', { room })
    await post(mina, room)
    await socket.ok('ping')
    assert.deepEqual(socket.seqs(room), [seq])
  })
})

describe('while messages flow', () => {
  /** Sends over a few connections until told to stop; answers the last seq. */
  async function flow(room: string, people = [mina, joon, mina], url = server.url): Promise<() => Promise<number>> {
    let on = true
    let last = 0
    const senders = people.map(async (person) => {
      const socket = await hello(person, url)
      while (on) {
        const { seq } = await socket.ok<SendAnswer>('send', {
          room,
          clientMessageId: crypto.randomUUID(),
          body: 'flow',
        })
        last = Math.max(last, seq)
        if (seq % 3 === 0) await sleep(1)
      }
      socket.close()
    })
    return async () => {
      on = false
      await Promise.all(senders)
      return last
    }
  }

  test('[P4] the seam between answer and pushes has no hole and no repeat, wherever a client begins', async () => {
    const room = await openRoom(mina, joon)
    await postMany(mina, room, 100)
    const stop = await flow(room)
    const runs: { after: number; events: RoomEvent[]; socket: TestSocket }[] = []
    for (let i = 0; i < 60; i++) {
      const socket = await hello(i % 2 ? mina : joon)
      const before = await socket.ok<Subscribed>('subscribe', { room })
      await socket.ok('unsubscribe', { room })
      const pushed = socket.items.length
      const back = [0, 1, 7, HOT_TAIL, HOT_TAIL + 1, 35, CATCH_UP, 90][i % 8] as number
      const after = Math.max(0, before.head - back)
      const answer = await socket.ok<Subscribed>('subscribe', { room, position: { epoch: 1, seq: after } })
      assert.ok(answer.recovered)
      const events = answer.more ? await fetchEvents(socket, room, answer.position.seq, answer.head) : []
      runs.push({ after, events: [...answer.events, ...events], socket })
      socket.items.splice(0, pushed)
    }
    const last = await stop()
    for (const { after, events, socket } of runs) {
      const all = () => [...seqsOf(events), ...socket.seqs(room)]
      await socket.until(() => all().at(-1) === last, `the last event, ${last}`)
      assert.deepEqual(all(), range(after + 1, last))
      socket.close()
    }
  })

  test('[P4] nor has it where the room must be loaded first', async () => {
    await using cold = await startTestServer({ hotRooms: 1, hotTail: HOT_TAIL, limits })
    const ria = await newPerson(cold)
    const rooms = [await openRoom(ria), await openRoom(ria)] as const
    const stops = await Promise.all(rooms.map((room) => flow(room, [ria, ria], cold.url)))
    const socket = await hello(ria, cold.url)
    for (let i = 0; i < 40; i++) {
      const room = rooms[i % 2] as string
      const { head } = await socket.ok<EventsAnswer>('events', { room, after: 0, epoch: 1, limit: 1 })
      const after = Math.max(0, head - (i % 45))
      socket.items.length = 0
      const answer = await socket.ok<Subscribed>('subscribe', { room, position: { epoch: 1, seq: after } })
      assert.ok(answer.recovered && !answer.more)
      await sleep(i % 8)
      await socket.ok('unsubscribe', { room })
      const got = [...seqsOf(answer.events), ...socket.seqs(room)]
      assert.deepEqual(got, range(after + 1, got.at(-1) ?? after))
      assert.ok(got.length >= head - after)
    }
    await Promise.all(stops.map((stop) => stop()))
    socket.close()
  })

  test('[P4] a client that is cut off again and again misses nothing and gets nothing twice', async () => {
    const room = await openRoom(mina, joon)
    const stop = await flow(room)
    const got: RoomEvent[] = []
    let seq = 0
    for (let i = 0; i < 25; i++) {
      const socket = await hello(joon)
      const answer = await socket.ok<Subscribed>('subscribe', { room, position: { epoch: 1, seq } })
      assert.ok(answer.recovered)
      got.push(...answer.events)
      if (answer.more) got.push(...(await fetchEvents(socket, room, answer.position.seq, answer.head)))
      await sleep(10 + (i % 5) * 10)
      socket.ws.terminate()
      got.push(...socket.pushes<{ event: RoomEvent }>('event').map((push) => push.event))
      seq = got.at(-1)?.seq ?? 0
      await sleep(i % 3 === 0 ? 40 : 0)
    }
    const last = await stop()
    const socket = await hello(joon)
    got.push(...(await fetchEvents(socket, room, seq, last)))
    assert.deepEqual(seqsOf(got), range(1, last))
    assert.deepEqual(got, await fetchEvents(socket, room, 0, last))
    socket.close()
  })

  test('[P2] everybody sees one order, and each sender their own messages in the order of sending', async () => {
    const room = await openRoom(mina, joon)
    const sockets = await Promise.all([mina, joon, joon].map((person) => hello(person)))
    for (const socket of sockets) await socket.ok('subscribe', { room })
    for (let i = 0; i < 200; i++) {
      for (const [k, socket] of sockets.entries())
        socket.ws.send(JSON.stringify({ id: 1_000 + i, op: 'send', room, clientMessageId: `${k} ${i}`, body: `${i}` }))
    }
    const order = (socket: TestSocket) =>
      socket.pushes<{ event: { seq: number; clientMessageId: string } }>('event').map((push) => push.event)
    for (const socket of sockets) await socket.until(() => order(socket).length === 600, 'all pushes')
    const [first, ...others] = sockets.map(order)
    for (const other of others) assert.deepEqual(other, first)
    assert.deepEqual(seqsOf(first ?? []), range(3, 602))
    for (const k of [0, 1, 2]) {
      const own = first?.filter((event) => event.clientMessageId.startsWith(`${k} `))
      assert.deepEqual(
        own?.map((event) => Number(event.clientMessageId.slice(2))),
        range(0, 199),
      )
    }
    for (const socket of sockets) socket.close()
  })
})

describe('[P3] a repeat', () => {
  test('gets the first answer back, however and whenever it comes, and nothing is sent twice', async () => {
    const room = await openRoom(mina, joon)
    const [one, two] = [await hello(mina), await hello(mina)]
    await two.ok('subscribe', { room })
    const send = { room, clientMessageId: 'the same', body: 'first' }
    const first = await one.ok<SendAnswer>('send', send)
    assert.deepEqual([first.seq, first.n, first.durability, first.duplicate], [3, 1, 'stored', false])
    const again = { ...first, duplicate: true }
    assert.deepEqual(await one.ok('send', send), again)
    assert.deepEqual(await one.ok('send', { ...send, retry: true, body: 'changed' }), again)
    assert.deepEqual(await two.ok('send', { ...send, retry: true }), again)
    const overHttp = await mina.call('POST', `/rooms/${room}/messages`, {
      clientMessageId: 'the same',
      body: 'first',
      retry: true,
    })
    assert.deepEqual([overHttp.status, overHttp.body], [200, again])
    const other = await (await hello(joon)).ok<SendAnswer>('send', send)
    assert.deepEqual([other.seq, other.duplicate], [4, false], 'of another sender it is no repeat')
    await two.until(() => two.seqs(room).includes(4), 'the pushes')
    assert.deepEqual(two.seqs(room), [3, 4])
    const { body } = await mina.call<{ items: Message[] }>('GET', `/rooms/${room}/messages`)
    assert.deepEqual(
      body.items.map((message) => message.body),
      ['first', 'first'],
    )
  })

  test('at the same instant is stored once', async () => {
    const room = await openRoom(mina)
    const sockets = await Promise.all(range(1, 5).map(() => hello(mina)))
    const answers = await Promise.all(
      range(1, 20).flatMap((i) =>
        sockets.map((socket) => socket.ok<SendAnswer>('send', { room, clientMessageId: `m${i}`, body: `${i}` })),
      ),
    )
    assert.equal(answers.filter((answer) => !answer.duplicate).length, 20)
    assert.deepEqual(
      [...new Set(seqsOf(answers))].sort((a, b) => a - b),
      range(2, 21),
    )
    for (const socket of sockets) socket.close()
  })
})
