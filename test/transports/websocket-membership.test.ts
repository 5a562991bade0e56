import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answers, EventsAnswer, SendAnswer } from '../../src/protocol/frames.ts'
import type { LeaveEvent, Message, Page, RoomEvent, RoomSummary } from '../../src/protocol/model.ts'
import { newPerson, type Person } from '../support/people.ts'
import { newRoom, openRoom, post, range } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

let server: TestServer
let owner: Person
let mina: Person

before(async () => {
  server = await startTestServer({ hotTail: 30 })
  owner = await newPerson(server)
  mina = await newPerson(server)
})
after(() => server[Symbol.asyncDispose]())

const hello = (person: Person) => TestSocket.hello(server.url, person.accessToken)
const eventsOf = (socket: TestSocket, room: string) =>
  socket.pushes<{ room: string; event: RoomEvent }>('event').flatMap((push) => (push.room === room ? [push.event] : []))
const leaveOf = (socket: TestSocket, room: string, user: string) =>
  eventsOf(socket, room).find((event): event is LeaveEvent => event.type === 'leave' && event.user === user)

/** Messages, edits and reactions without pause, until told to stop. */
async function flow(room: string, person: Person): Promise<() => Promise<void>> {
  let on = true
  const socket = await hello(person)
  const flowing = (async () => {
    while (on) {
      const sends = range(1, 5).map(() =>
        socket.ok<SendAnswer>('send', { room, clientMessageId: crypto.randomUUID(), body: 'flow' }),
      )
      const [first] = await Promise.all(sends)
      await socket.ok('edit', { room, seq: first?.seq, body: 'edited' })
      await socket.ok('react', { room, seq: first?.seq, emoji: '👍', on: true })
    }
  })()
  return async () => {
    on = false
    await flowing
    socket.close()
  }
}

/** Whatever a user could get out of a room: all that was refused, or the seqs that came. */
async function probe(person: Person, socket: TestSocket, room: string): Promise<number[]> {
  const asked: [string, Record<string, unknown>][] = [
    ['events', { after: 0, epoch: 1, limit: 1_000 }],
    ['subscribe', {}],
    ['subscribe', { position: { epoch: 1, seq: 1 } }],
  ]
  const found: number[] = []
  for (const [op, fields] of asked) {
    const reply = (await socket.ask(op, { room, ...fields })) as {
      ok?: { events?: RoomEvent[]; messages?: Message[] }
      err?: { code: string }
    }
    if (reply.err !== undefined) assert.match(reply.err.code, /^(not_a_member|room_not_found)$/)
    found.push(...[...(reply.ok?.events ?? []), ...(reply.ok?.messages ?? [])].map((one) => one.seq))
  }
  const paths = [`/rooms/${room}/messages`, `/rooms/${room}/events?after=0&epoch=1&limit=1000`]
  for (const path of paths) {
    const { status, body } = await person.call<{ items?: Message[]; events?: RoomEvent[] }>('GET', path)
    if (status === 200) found.push(...[...(body.items ?? []), ...(body.events ?? [])].map((one) => one.seq))
    else assert.ok(status === 403 || status === 404)
  }
  return found
}

describe('[P5] a membership that ends while messages flow', () => {
  for (const [kind, how, reason] of [
    ['open', 'a kick', 'kicked'],
    ['group', 'a kick', 'kicked'],
    ['open', 'a ban', 'banned'],
    ['open', 'leaving', 'left'],
  ] as const) {
    test(`${how} from a room that is ${kind}: nothing above it reaches the user, on either transport`, async () => {
      for (let round = 0; round < 3; round++) {
        const ria = await newPerson(server)
        const room =
          kind === 'open'
            ? await openRoom(owner, mina, ria)
            : await newRoom(owner, { kind, title: 'g', memberIds: [mina.id, ria.id] })
        const [watcher, one, two] = [await hello(mina), await hello(ria), await hello(ria)]
        for (const socket of [watcher, one, two]) await socket.ok('subscribe', { room })
        await two.ok('watch', { rooms: 'all' })
        const stop = await flow(room, owner)
        // Asks all the time, so that many reads are under way at the moment of the leave.
        let asking = true
        const found: number[] = []
        const third = await hello(ria)
        const asker = (async () => {
          while (asking) found.push(...(await probe(ria, third, room)))
        })()
        await sleep(40 + round * 17)
        const ended =
          how === 'a kick'
            ? owner.call('DELETE', `/rooms/${room}/members/${ria.id}`)
            : how === 'a ban'
              ? owner.call('PUT', `/rooms/${room}/members/${ria.id}/ban`)
              : ria.call('POST', `/rooms/${room}/leave`)
        assert.equal((await ended).status, 204)
        await sleep(60)
        asking = false
        await stop()
        await asker
        const leave = await watcher.until(() => leaveOf(watcher, room, ria.id), 'the leave')
        assert.equal(leave.reason, reason)
        const { seq: last } = await post(owner, room, 'after the leave')
        await watcher.until(() => watcher.seqs(room).at(-1) === last, 'the last event')
        assert.deepEqual(watcher.seqs(room), range(watcher.seqs(room)[0] ?? 0, last))
        for (const socket of [one, two]) {
          await socket.until(() => socket.pushes('room_removed').length === 1, 'room_removed')
          // The leave itself is the last that they get.
          assert.deepEqual(eventsOf(socket, room).at(-1), leave)
          assert.deepEqual(socket.seqs(room), range(socket.seqs(room)[0] ?? 0, leave.seq))
        }
        assert.ok(Math.max(...third.seqs(room)) <= leave.seq)
        assert.ok(found.length > 0 && Math.max(...found) <= leave.seq, `${Math.max(...found)} > ${leave.seq}`)
        const heads = two.pushes<{ rooms: { room: string; seq: number }[] }>('heads').flatMap((push) => push.rooms)
        assert.ok(heads.every((head) => head.room !== room || head.seq <= leave.seq))
        const { body } = await ria.call<Page<RoomSummary>>('GET', '/me/rooms')
        assert.deepEqual(body.items, [])
        for (const op of ['typing', 'presence', 'events']) {
          const code = await one.refused(op, { room, after: 0, epoch: 1 })
          assert.equal(code, kind === 'open' ? 'not_a_member' : 'room_not_found')
        }
        for (const socket of [watcher, one, two, third]) socket.close()
      }
    })
  }

  test('own sends after it are refused, whatever was pipelined', async () => {
    const ria = await newPerson(server)
    const room = await openRoom(owner, ria, mina)
    const [socket, watcher] = [await hello(ria), await hello(mina)]
    await watcher.ok('subscribe', { room })
    const sending = range(1, 300).map(async (i) => {
      const reply = await socket.ask('send', { room, clientMessageId: `m${i}`, body: `${i}` })
      if (i % 50 === 0) await sleep(1)
      return reply
    })
    await owner.call('DELETE', `/rooms/${room}/members/${ria.id}`)
    const leave = await watcher.until(() => leaveOf(watcher, room, ria.id), 'the leave')
    const replies = await Promise.all(sending)
    await socket.ask('send', { room, clientMessageId: 'late', body: 'late' })
    for (const reply of replies) {
      if (reply.ok !== undefined) assert.ok((reply.ok as SendAnswer).seq < leave.seq)
      else assert.equal((reply.err as { code: string }).code, 'not_a_member')
    }
    const { seq: last } = await post(owner, room)
    await watcher.until(() => watcher.seqs(room).at(-1) === last, 'the last event')
    const later = eventsOf(watcher, room).filter((event) => event.seq > leave.seq)
    assert.ok(later.every((event) => event.actor !== ria.id))
    for (const one of [socket, watcher]) one.close()
  })
})

describe('a member who comes back', () => {
  test('subscribes again and gets everything, what was missed included', async () => {
    const ria = await newPerson(server)
    const room = await openRoom(owner, ria)
    const socket = await hello(ria)
    await socket.ok('subscribe', { room })
    await post(owner, room, 'before')
    await owner.call('DELETE', `/rooms/${room}/members/${ria.id}`)
    const leave = await socket.until(() => leaveOf(socket, room, ria.id), 'the leave')
    await post(owner, room, 'missed')
    assert.equal((await ria.call('POST', `/rooms/${room}/join`)).status, 200)
    await socket.until(() => socket.pushes('room_added').length === 1, 'room_added')
    const position = { epoch: 1, seq: leave.seq }
    const answer = await socket.ok<Answers['subscribe']>('subscribe', { room, position })
    assert.ok(answer.recovered)
    assert.deepEqual(
      answer.events.map((event) => event.type),
      ['message', 'join'],
    )
    const { seq } = await post(owner, room, 'after')
    await socket.until(() => socket.seqs(room).at(-1) === seq, 'the new message')
    assert.deepEqual(socket.seqs(room), [...range(3, leave.seq), seq])
    assert.equal((await post(ria, room)).seq, seq + 1)
    socket.close()
  })

  test('who was banned may not, until the ban is lifted', async () => {
    const ria = await newPerson(server)
    const room = await openRoom(owner, ria)
    const socket = await hello(ria)
    await owner.call('PUT', `/rooms/${room}/members/${ria.id}/ban`, { banned: true })
    assert.equal((await ria.call('POST', `/rooms/${room}/join`)).body.code, 'banned')
    assert.equal(await socket.refused('subscribe', { room }), 'not_a_member')
    await owner.call('PUT', `/rooms/${room}/members/${ria.id}/ban`, { banned: false })
    assert.equal((await ria.call('POST', `/rooms/${room}/join`)).status, 200)
    await socket.ok('subscribe', { room })
    socket.close()
  })

  test('reads the whole run, the leave and the return in it', async () => {
    const ria = await newPerson(server)
    const room = await openRoom(owner, ria)
    const socket = await hello(ria)
    await ria.call('POST', `/rooms/${room}/leave`)
    await post(owner, room, 'between')
    await ria.call('POST', `/rooms/${room}/join`)
    const { events } = await socket.ok<EventsAnswer>('events', { room, after: 0, epoch: 1 })
    assert.deepEqual(
      events.map((event) => event.type),
      ['join', 'join', 'leave', 'message', 'join'],
    )
    socket.close()
  })
})

describe('what happens to a room and its members', () => {
  test('is pushed as events of its one sequence, with who did it', async () => {
    const ria = await newPerson(server)
    const room = await openRoom(owner, mina)
    const socket = await hello(mina)
    await socket.ok('subscribe', { room })
    await ria.call('POST', `/rooms/${room}/join`)
    await ria.call('POST', `/rooms/${room}/join`)
    await owner.call('PUT', `/rooms/${room}/members/${ria.id}/role`, { role: 'moderator' })
    await owner.call('PATCH', `/rooms/${room}`, { title: '새 이름', capacity: 9 })
    await owner.call('PATCH', `/rooms/${room}`, { title: '새 이름' })
    await owner.call('DELETE', `/rooms/${room}/members/${ria.id}`)
    await socket.until(() => leaveOf(socket, room, ria.id), 'the leave')
    assert.deepEqual(
      eventsOf(socket, room).map(({ at, ...event }) => event),
      [
        { seq: 3, type: 'join', actor: ria.id, user: ria.id, role: 'member' },
        { seq: 4, type: 'member', actor: owner.id, user: ria.id, role: 'moderator' },
        { seq: 5, type: 'room', actor: owner.id, changes: { title: '새 이름', capacity: 9 } },
        { seq: 6, type: 'leave', actor: owner.id, user: ria.id, reason: 'kicked' },
      ],
    )
    const { events } = await socket.ok<EventsAnswer>('events', { room, after: 2, epoch: 1 })
    assert.deepEqual(events, eventsOf(socket, room))
    socket.close()
  })
})

describe('a room that is deleted', () => {
  test('leaves all its members at once and is gone on both transports', async () => {
    const ria = await newPerson(server)
    const room = await openRoom(owner, mina, ria)
    const [one, two] = [await hello(mina), await hello(ria)]
    for (const socket of [one, two]) await socket.ok('subscribe', { room })
    const stop = await flow(room, owner).then((end) => () => end().catch(() => {}))
    await sleep(20)
    assert.equal((await owner.call('DELETE', `/rooms/${room}`)).status, 204)
    await stop()
    for (const [socket, person] of [
      [one, mina],
      [two, ria],
    ] as const) {
      await socket.until(() => socket.pushes('room_removed').length === 1, 'room_removed')
      assert.equal(await socket.refused('subscribe', { room }), 'room_not_found')
      assert.equal(await socket.refused('send', { room, clientMessageId: 'x', body: 'x' }), 'room_not_found')
      assert.equal((await person.call('GET', `/rooms/${room}`)).status, 404)
      socket.close()
    }
  })
})
