import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Push } from '../../src/protocol/frames.ts'
import type { Page, RoomSummary } from '../../src/protocol/model.ts'
import { newPerson, type Person } from '../support/people.ts'
import { openRoom, post } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

type Mentioned = Extract<Push, { push: 'mentioned' }>

let server: TestServer
let mina: Person
let joon: Person
let away: Person

before(async () => {
  server = await startTestServer()
  ;[mina, joon, away] = [await newPerson(server), await newPerson(server), await newPerson(server)]
})
after(() => server[Symbol.asyncDispose]())

const hello = (person: Person) => TestSocket.hello(server.url, person.accessToken)
const mentionsIn = (socket: TestSocket, room: string) =>
  socket.pushes<Mentioned>('mentioned').filter((push) => push.room === room)
const untilMentioned = (socket: TestSocket, room: string) =>
  socket.until(() => mentionsIn(socket, room)[0], 'a mention')

async function unreadMentions(person: Person, room: string): Promise<number[] | undefined> {
  const { body } = await person.call<Page<RoomSummary>>('GET', '/me/rooms?limit=200')
  return body.items.find((summary) => summary.room.id === room)?.unreadMentions
}

test('who is mentioned hears of it in every session, whatever is open there, and finds it in the list of rooms', async () => {
  const room = await openRoom(joon, mina)
  const [phone, desk, sender] = [await hello(mina), await hello(mina), await hello(joon)]
  await sender.ok('send', { room, clientMessageId: 'm1', body: `hello @${mina.username}` })
  for (const socket of [phone, desk]) {
    const push = await untilMentioned(socket, room)
    assert.deepEqual(push, { push: 'mentioned', room, seq: 3, n: 1, actor: joon.id })
  }
  assert.deepEqual(await unreadMentions(mina, room), [1])
  assert.deepEqual(mentionsIn(sender, room), [])
  await mina.call('PUT', `/rooms/${room}/read`, { seq: 3 })
  assert.deepEqual(await unreadMentions(mina, room), [])
  for (const socket of [phone, desk, sender]) socket.close()
})

test('[P5] who is no member, or has left, hears of no mention, and no list names one', async () => {
  const room = await openRoom(joon, mina)
  const other = await openRoom(joon, mina, away)
  const [outsider, leaver] = [await hello(away), await hello(mina)]
  await mina.call('POST', `/rooms/${room}/leave`)
  await post(joon, room, `@${away.username} and @${mina.username}, come`)
  // Told one after the other: this one would come later.
  await post(joon, other, `@${away.username} and @${mina.username} here`)
  for (const socket of [outsider, leaver]) {
    await untilMentioned(socket, other)
    assert.deepEqual(mentionsIn(socket, room), [])
  }
  assert.equal(await unreadMentions(away, room), undefined)
  await mina.call('POST', `/rooms/${room}/join`)
  assert.deepEqual(await unreadMentions(mina, room), [])
  for (const socket of [outsider, leaver]) socket.close()
})

test('a repeat of a message mentions nobody again, nor does a mention of oneself', async () => {
  const room = await openRoom(joon, mina)
  const [socket, sender] = [await hello(mina), await hello(joon)]
  const first = { room, clientMessageId: 'once', body: `@${mina.username} @${joon.username}` }
  await sender.ok('send', first)
  await sender.ok('send', { ...first, retry: true })
  await sender.ok('send', { room, clientMessageId: 'second', body: `@${mina.username}` })
  await socket.until(() => mentionsIn(socket, room).some((push) => push.n === 2), 'the second mention')
  assert.deepEqual(
    mentionsIn(socket, room).map((push) => push.n),
    [1, 2],
  )
  assert.deepEqual(mentionsIn(sender, room), [])
  assert.deepEqual(await unreadMentions(mina, room), [1, 2])
  for (const one of [socket, sender]) one.close()
})

test('an edit and a delete change the list over HTTP too', async () => {
  const room = await openRoom(joon, mina)
  const { seq } = await post(joon, room, `@${mina.username}`)
  const second = await post(joon, room, 'nobody')
  await joon.call('PATCH', `/rooms/${room}/messages/${second.seq}`, { body: `now @${mina.username}` })
  assert.deepEqual(await unreadMentions(mina, room), [1, 2])
  await joon.call('DELETE', `/rooms/${room}/messages/${seq}`)
  assert.deepEqual(await unreadMentions(mina, room), [2])
})

test('a new notification level is told to all sessions of the user, and to nobody else', async () => {
  const room = await openRoom(joon, mina)
  const [phone, desk, other] = [await hello(mina), await hello(mina), await hello(joon)]
  await mina.call('PUT', `/rooms/${room}/notify`, { notify: 'none' })
  await joon.call('PUT', `/rooms/${room}/notify`, { notify: 'mentions' })
  for (const socket of [phone, desk]) {
    const push = await socket.until(() => socket.pushes('notify')[0], 'the level')
    assert.deepEqual(push, { push: 'notify', room, notify: 'none' })
  }
  await other.until(() => other.pushes('notify').length > 0, 'the level')
  assert.deepEqual(other.pushes('notify'), [{ push: 'notify', room, notify: 'mentions' }])
  for (const socket of [phone, desk, other]) socket.close()
})
