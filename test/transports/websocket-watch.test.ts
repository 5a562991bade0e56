import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answers, HeadEntry } from '../../src/protocol/frames.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { Page, RoomSummary } from '../../src/protocol/model.ts'
import { newPerson, type Person } from '../support/people.ts'
import { newRoom, openRoom, post } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

const TICK_MS = 200
const NO_ROOM = '019b0000-0000-7000-8000-000000000000'
const limits = { ...DEFAULT_LIMITS, watched: 5, presenceNames: 2, readReceiptMembers: 3 }

let server: TestServer
let mina: Person
let joon: Person

before(async () => {
  server = await startTestServer({ watchTickMs: TICK_MS, presenceTickMs: 50, limits })
  mina = await newPerson(server)
  joon = await newPerson(server)
})
after(() => server[Symbol.asyncDispose]())

const hello = (person: Person) => TestSocket.hello(server.url, person.accessToken)
const headsOf = (socket: TestSocket, room: string) =>
  socket.pushes<{ rooms: HeadEntry[] }>('heads').flatMap((push) => push.rooms.filter((head) => head.room === room))
const untilHead = (socket: TestSocket, room: string, fits: (head: HeadEntry) => boolean) =>
  socket.until(() => headsOf(socket, room).find(fits), 'a head')

describe('watch', () => {
  test('answers the heads, names what it refuses, and then tells what changes', async () => {
    const room = await openRoom(joon, mina)
    const others = await openRoom(joon)
    await post(joon, room)
    const socket = await hello(mina)
    const answer = await socket.ok<Answers['watch']>('watch', { rooms: [room, others, NO_ROOM, room] })
    assert.deepEqual(answer, { heads: [{ room, epoch: 1, seq: 3, n: 1 }], refused: [others, NO_ROOM] })
    const { seq } = await post(joon, room, '안녕')
    const head = await untilHead(socket, room, () => true)
    assert.deepEqual([head.epoch, head.seq, head.n], [1, seq, 2])
    assert.deepEqual([head.lastMessage?.body, head.lastMessage?.sender], ['안녕', joon.id])
    await post(joon, others)
    assert.equal(socket.pushes('event').length, 0)
    await socket.ok('watch', { rooms: [] })
    await post(joon, room)
    await sleep(3 * TICK_MS)
    assert.equal(headsOf(socket, room).length, 1)
    assert.equal(headsOf(socket, others).length, 0)
    socket.close()
  })

  test('gathers: however much happens, one push a tick, with the last word', async () => {
    const room = await openRoom(joon, mina)
    const [socket, second] = [await hello(mina), await hello(mina)]
    await Promise.all([socket, second].map((one) => one.ok('watch', { rooms: [room] })))
    const startedAt = Date.now()
    let last = 0
    while (socket.pushes('heads').length < 5) {
      last = (await post(joon, room)).seq
      await sleep(5)
    }
    await untilHead(socket, room, (head) => head.seq === last)
    const ticks = (Date.now() - startedAt) / TICK_MS
    const pushes = socket.pushes('heads').length
    // One more than fits, and one for timers that came late at the beginning and in time at the end.
    assert.ok(pushes <= ticks + 2, `${pushes} pushes in ${ticks} ticks`)
    socket.close()
    second.close()
  })

  test('tells what of a room was changed, with every head from then on', async () => {
    const room = await openRoom(joon, mina)
    const socket = await hello(mina)
    await socket.ok('watch', { rooms: 'all' })
    await joon.call('PATCH', `/rooms/${room}`, { title: 'Renamed' })
    assert.deepEqual((await untilHead(socket, room, () => true)).changes, { title: 'Renamed' })
    await joon.call('PATCH', `/rooms/${room}`, { capacity: 9 })
    await post(joon, room)
    const head = await untilHead(socket, room, ({ n }) => n === 1)
    assert.deepEqual(head.changes, { title: 'Renamed', capacity: 9 })
    socket.close()
  })

  test('many who begin at the same time all get the heads', async () => {
    const room = await openRoom(joon, mina)
    await post(joon, room)
    const sockets = await Promise.all(Array.from({ length: 8 }, () => hello(mina)))
    const answers = await Promise.all(sockets.map((one) => one.ok<Answers['watch']>('watch', { rooms: [room] })))
    for (const { heads } of answers) assert.deepEqual(heads, [{ room, epoch: 1, seq: 3, n: 1 }])
    for (const one of sockets) one.close()
  })

  test("of 'all' follows the user into rooms and out of them", async () => {
    const ria = await newPerson(server)
    const [first, second] = [await openRoom(joon, ria), await openRoom(joon)]
    const socket = await hello(ria)
    const { heads } = await socket.ok<Answers['watch']>('watch', { rooms: 'all' })
    assert.deepEqual(
      heads.map((head) => head.room),
      [first],
    )
    await ria.call('POST', `/rooms/${second}/join`)
    await untilHead(socket, second, (head) => head.n === 0)
    await post(joon, second)
    await untilHead(socket, second, (head) => head.n === 1)
    await joon.call('DELETE', `/rooms/${second}/members/${ria.id}`)
    const told = headsOf(socket, second).length
    await post(joon, second, 'after the kick')
    await post(joon, first)
    await untilHead(socket, first, () => true)
    assert.deepEqual(
      headsOf(socket, second)
        .slice(told)
        .filter((head) => head.lastMessage?.body === 'after the kick'),
      [],
    )
    socket.close()
  })

  test('[P5] a kick while the heads are read leaves nothing watched', async () => {
    for (let round = 0; round < 5; round++) {
      const ria = await newPerson(server)
      const room = await openRoom(joon, ria)
      const socket = await hello(ria)
      const kicked = joon.call('DELETE', `/rooms/${room}/members/${ria.id}`)
      await sleep(round)
      await Promise.all([kicked, socket.ok('watch', { rooms: 'all' })])
      const { seq } = await post(joon, room)
      if (round === 0) await sleep(2 * TICK_MS)
      assert.equal(
        headsOf(socket, room).some((head) => head.seq >= seq),
        false,
      )
      socket.close()
    }
  })

  test('[P6] takes as many rooms as the limit says', async () => {
    const socket = await hello(mina)
    const rooms = Array.from({ length: 6 }, () => NO_ROOM)
    assert.equal(await socket.refused('watch', { rooms }), 'too_many_watched')
    socket.close()
  })
})

describe('rooms that come and go', () => {
  test('are told to all sessions of the user, and to nobody else', async () => {
    const ria = await newPerson(server)
    const [one, two, other] = [await hello(ria), await hello(ria), await hello(mina)]
    const group = await newRoom(joon, { kind: 'group', title: 'g', memberIds: [ria.id] })
    const direct = await newRoom(joon, { kind: 'direct', memberIds: [ria.id] })
    await joon.call('DELETE', `/rooms/${group}/members/${ria.id}`)
    await joon.call('POST', `/rooms/${group}/members/${ria.id}`)
    await joon.call('DELETE', `/rooms/${group}`)
    const expected = [
      ['room_added', group],
      ['room_added', direct],
      ['room_removed', group],
      ['room_added', group],
      ['room_removed', group],
    ]
    for (const socket of [one, two]) {
      const told = () => socket.items.flatMap(({ push, room }) => (push?.startsWith('room_') ? [[push, room]] : []))
      await socket.until(() => told().length === expected.length, 'the pushes')
      assert.deepEqual(told(), expected)
    }
    assert.equal(other.pushes('room_added').length, 0)
    for (const socket of [one, two, other]) socket.close()
  })

  test('a direct room comes back to whoever had left it', async () => {
    const ria = await newPerson(server)
    const direct = await newRoom(joon, { kind: 'direct', memberIds: [ria.id] })
    assert.equal((await ria.call('POST', `/rooms/${direct}/leave`)).status, 204)
    const socket = await hello(ria)
    const again = await joon.call<{ id: string }>('POST', '/rooms', { kind: 'direct', memberIds: [ria.id] })
    assert.deepEqual([again.status, again.body.id], [200, direct])
    await socket.until(() => socket.pushes('room_added').some((push) => push.room === direct), 'the room')
    socket.close()
  })
})

describe('read cursors', () => {
  const reads = (socket: TestSocket) => socket.pushes<{ user: string; seq: number; n: number }>('read')

  test('are told to small rooms, clamped to the head, with n derived; never back', async () => {
    const room = await openRoom(joon, mina)
    await post(joon, room)
    const { seq } = await post(joon, room)
    const [reader, teller] = [await hello(mina), await hello(joon)]
    await teller.ok('subscribe', { room })
    await reader.ok('read', { room, seq, n: 99 })
    await reader.ok('read', { room, seq: 10_000, n: 10_000 })
    await teller.until(() => reads(teller)[0], 'the read cursor')
    await reader.ok('read', { room, seq: seq - 1, n: 1 })
    await sleep(700)
    assert.deepEqual(
      reads(teller).map(({ user, seq, n }) => [user, seq, n]),
      [[mina.id, seq, 2]],
    )
    const { body } = await mina.call<Page<RoomSummary>>('GET', '/me/rooms')
    const mine = body.items.find((item) => item.room.id === room)
    assert.deepEqual([mine?.membership.readSeq, mine?.membership.readN, mine?.unread], [seq, 2, 0])
    for (const socket of [reader, teller]) socket.close()
  })

  test('reach the other sessions of the reader, who watch; so do own sends', async () => {
    const room = await openRoom(joon, mina)
    const { seq, n } = await post(joon, room)
    const [reader, other, stranger] = [await hello(mina), await hello(mina), await hello(joon)]
    for (const socket of [reader, other, stranger]) await socket.ok('watch', { rooms: [room] })
    await reader.ok('read', { room, seq })
    assert.equal((await untilHead(other, room, (head) => head.readN !== undefined)).readN, n)
    await reader.ok('send', { room, clientMessageId: crypto.randomUUID(), body: 'mine' })
    await untilHead(other, room, (head) => head.n === 2 && head.readN === 2)
    await untilHead(reader, room, (head) => head.n === 2 && head.readN === 2)
    await untilHead(stranger, room, (head) => head.n === 2)
    assert.equal(
      headsOf(stranger, room).some((head) => head.readN === 2),
      false,
    )
    for (const socket of [reader, other, stranger]) socket.close()
  })

  test('of own sends reach one’s other sessions also when others have written since', async () => {
    const room = await openRoom(joon, mina)
    const [here, there] = [await hello(mina), await hello(mina)]
    await there.ok('watch', { rooms: [room] })
    await here.ok('send', { room, clientMessageId: crypto.randomUUID(), body: 'mine' })
    await post(joon, room)
    await untilHead(there, room, (head) => head.n === 2)
    assert.equal(Math.max(...headsOf(there, room).map(({ readN }) => readN ?? 0)), 1)
    for (const socket of [here, there]) socket.close()
  })

  test('are not told in rooms larger than the limit', async () => {
    const crowd = await Promise.all([newPerson(server), newPerson(server)])
    const room = await openRoom(joon, mina, ...crowd)
    const { seq } = await post(joon, room)
    const [reader, teller] = [await hello(mina), await hello(joon)]
    await teller.ok('subscribe', { room })
    await reader.ok('read', { room, seq })
    await reader.ok('typing', { room })
    await teller.until(() => teller.pushes('typing')[0], 'what came after the read')
    assert.equal(reads(teller).length, 0)
    for (const socket of [reader, teller]) socket.close()
  })
})

describe('presence', () => {
  test('says who comes and goes; a user is online while one session is subscribed', async () => {
    const room = await openRoom(joon, mina)
    const watcher = await hello(joon)
    await watcher.ok('subscribe', { room })
    assert.deepEqual(await watcher.ok('presence', { room }), { online: [joon.id], count: 1 })
    const [phone, desk] = [await hello(mina), await hello(mina)]
    await phone.ok('subscribe', { room })
    await watcher.until(
      () => watcher.pushes('presence').some((push) => (push.online as string[])?.includes(mina.id)),
      'mina online',
    )
    await desk.ok('subscribe', { room })
    await desk.ok('subscribe', { room })
    phone.close()
    await sleep(200)
    assert.equal(
      watcher.pushes('presence').some((push) => push.offline !== undefined),
      false,
    )
    const { online, count } = await watcher.ok<Answers['presence']>('presence', { room })
    assert.deepEqual([online.sort(), count], [[joon.id, mina.id].sort(), 2])
    await desk.ok('unsubscribe', { room })
    await watcher.until(
      () => watcher.pushes('presence').some((push) => (push.offline as string[])?.includes(mina.id)),
      'mina offline',
    )
    assert.equal(watcher.pushes('presence').at(-1)?.count, 1)
    const { body } = await joon.call<Page<{ user: string; online: boolean }>>(
      'GET',
      `/rooms/${room}/members?online=true`,
    )
    assert.deepEqual(
      body.items.map((member) => member.user),
      [joon.id],
    )
    for (const socket of [watcher, desk]) socket.close()
  })

  test('who is online is a list with pages, in the order of the members', async () => {
    const away = await newPerson(server)
    const room = await openRoom(mina, joon, away)
    const sockets = [await hello(joon), await hello(mina)]
    for (const socket of sockets) await socket.ok('subscribe', { room })
    const seen: [string, boolean][] = []
    let cursor: string | null = null
    do {
      const next: string = cursor === null ? '' : `&cursor=${cursor}`
      const { body } = await mina.call<Page<{ user: string; online: boolean }>>(
        'GET',
        `/rooms/${room}/members?online=true&limit=1${next}`,
      )
      assert.equal(body.items.length, 1)
      for (const { user, online } of body.items) seen.push([user, online])
      cursor = body.nextCursor
    } while (cursor !== null)
    assert.deepEqual(seen, [
      [mina.id, true],
      [joon.id, true],
    ])
    for (const socket of sockets) socket.close()
  })

  test('only counts above the limit', async () => {
    const crowd = await Promise.all([newPerson(server), newPerson(server)])
    const room = await openRoom(joon, ...crowd)
    const sockets: TestSocket[] = []
    for (const person of [joon, ...crowd]) {
      const socket = await hello(person)
      await socket.ok('subscribe', { room })
      sockets.push(socket)
      await sleep(100)
    }
    const watcher = sockets[0] as TestSocket
    await watcher.until(() => watcher.pushes('presence').some((push) => push.count === 3), 'a count of three')
    const { online, offline, count } = watcher.pushes('presence').at(-1) as Record<string, unknown>
    assert.deepEqual([online, offline, count], [undefined, undefined, 3])
    assert.deepEqual(await watcher.ok('presence', { room }), { online: [], count: 3 })
    for (const socket of sockets) socket.close()
  })

  test('typing reaches the subscribers of the room alone, and asks nothing of who is away', async () => {
    const room = await openRoom(joon, mina)
    const [typist, reader, outside] = [await hello(mina), await hello(joon), await hello(joon)]
    await reader.ok('subscribe', { room })
    await typist.ok('typing', { room })
    const push = await reader.until(() => reader.pushes('typing')[0], 'typing')
    assert.deepEqual(push, { push: 'typing', room, user: mina.id })
    assert.equal(outside.pushes('typing').length, 0)
    for (const socket of [typist, reader, outside]) socket.close()
  })
})
