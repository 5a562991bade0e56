import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client, ClientOptions, SocketLike } from '../../client/src/api.ts'
import { createClient } from '../../client/src/client.ts'
import { MemoryOutbox } from '../support/memory-outbox.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { newAdmin, newPerson, type Person } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

/** Sockets of one client that a test can cut, as a network does. */
class Cuttable {
  readonly sockets: WebSocket[] = []
  down = false
  /** Cuts each connection right after it wrote this many frames, so that their answers are lost. */
  framesEach = Number.POSITIVE_INFINITY
  readonly connect = (url: string, protocols: string[]): SocketLike => {
    const socket = new WebSocket(this.down ? 'ws://127.0.0.1:1' : url, protocols)
    this.sockets.push(socket)
    const send = socket.send.bind(socket)
    let frames = 0
    socket.send = (data) => {
      send(data)
      if (++frames === this.framesEach) socket.close()
    }
    return socket as SocketLike
  }
  /** Ends the connection without a word to the client's own code. */
  cut(): void {
    this.sockets.at(-1)?.close()
  }
}

interface Somebody {
  person: Person
  client: Client
  net: Cuttable
  /** The one that is good now. */
  refreshToken(): string
}

async function somebody(
  server: TestServer,
  t: { after(fn: () => void): void },
  options: Partial<ClientOptions> = {},
): Promise<Somebody> {
  const person = await newPerson(server)
  const net = new Cuttable()
  let { refreshToken } = person
  const client = createClient({
    url: server.url,
    auth: {
      session: 'token',
      refreshToken,
      onRefreshToken: (token) => {
        refreshToken = token ?? ''
      },
    },
    platform: { connect: net.connect },
    tuning: { backoffMs: 20, backoffCapMs: 200 },
    onError: (error) => assert.fail(error as Error),
    ...options,
  })
  t.after(() => client.close())
  return { person, client, net, refreshToken: () => refreshToken }
}

/** Waits until something holds; its failure names what was seen last. */
async function until(what: string, holds: () => boolean, ms = PATIENCE_MS): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) assert.fail(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function sharedRoom(a: Somebody, ...others: Somebody[]): Promise<string> {
  const { id } = await a.client.api.createRoom({ title: 'A room' })
  for (const other of others) await other.client.api.join(id)
  return id
}

test('two people talk: messages, edits, reactions, deletes, typing, who is there, who has read', async (t) => {
  await using server = await startTestServer()
  const mina = await somebody(server, t)
  const jun = await somebody(server, t)
  const room = await sharedRoom(mina, jun)
  const [a, b] = [mina.client.openRoom(room), jun.client.openRoom(room)]
  await until('both live', () => a.getSnapshot().state === 'live' && b.getSnapshot().state === 'live')
  await a.members.load()

  const sending = a.send('안녕, 준')
  assert.equal(a.getSnapshot().pending.length, 1)
  const { seq, duplicate } = await sending.acknowledged
  assert.equal(duplicate, false)
  await until('delivered', () => b.getSnapshot().messages.at(-1)?.seq === seq)
  await until('confirmed', () => a.getSnapshot().pending.length === 0)
  const at = () => b.getSnapshot().messages.find((m) => m.seq === seq)
  assert.equal(at()?.body, '안녕, 준')

  await a.edit(seq, '안녕, 준!')
  await b.react(seq, '👍', true)
  await until('edited and reacted', () => at()?.body === '안녕, 준!' && at()?.reactions[0]?.count === 1)

  await until('both online', () => a.getSnapshot().online.length === 2)
  assert.equal(a.unreadBy(at()!), 1)
  b.markRead()
  await until('read', () => a.unreadBy(at()!) === 0)

  b.typing()
  await until('typing', () => a.getSnapshot().typing.includes(jun.person.id))

  await a.delete(seq)
  await until('deleted', () => at()?.body === null && at()?.deletedAt !== undefined)
  b.close()
  await until('one gone', () => a.getSnapshot().onlineCount === 1)
})

test('[P4] what was missed while away arrives in order, once, and history goes on before it', async (t) => {
  await using server = await startTestServer()
  const mina = await somebody(server, t)
  const jun = await somebody(server, t)
  const room = await sharedRoom(mina, jun)
  for (let i = 1; i <= 120; i++) await mina.client.send(room, `before ${i}`).acknowledged
  const timeline = jun.client.openRoom(room)
  const seqs: number[] = []
  timeline.onEvent((event) => seqs.push(event.seq))
  await until('live', () => timeline.getSnapshot().state === 'live')
  const first = timeline.getSnapshot()
  assert.equal(first.messages.length, 50)
  assert.equal(first.hasOlder, true)

  jun.net.down = true
  jun.net.cut()
  await until('away', () => timeline.getSnapshot().state === 'recovering')
  for (let i = 1; i <= 30; i++) await mina.client.send(room, `meanwhile ${i}`).acknowledged
  jun.net.down = false
  await until('back', () => timeline.getSnapshot().messages.at(-1)?.body === 'meanwhile 30')
  await mina.client.send(room, 'after').acknowledged
  await until('live again', () => timeline.getSnapshot().messages.at(-1)?.body === 'after')
  const head = timeline.getSnapshot().messages.at(-1)!.seq
  assert.deepEqual(
    seqs,
    Array.from({ length: 31 }, (_, i) => head - 30 + i),
  )
  assert.equal(timeline.getSnapshot().resets, 0)

  while (await timeline.loadOlder());
  const all = timeline.getSnapshot().messages
  assert.deepEqual(
    all.map((m) => m.n),
    Array.from({ length: 151 }, (_, i) => i + 1),
  )
})

test('[P3] messages on the way when the connection is cut are stored once and in order', async (t) => {
  await using server = await startTestServer()
  for (const sendWindow of [1, 8]) {
    const mina = await somebody(server, t, { tuning: { backoffMs: 20, backoffCapMs: 100, sendWindow } })
    const room = await sharedRoom(mina)
    const timeline = mina.client.openRoom(room)
    await until('live', () => timeline.getSnapshot().state === 'live')
    const sendings = Array.from({ length: 60 }, (_, i) => timeline.send(`message ${i}`))
    // hello and subscribe are a frame each; the third, fourth … carry messages.
    mina.net.framesEach = 5
    mina.net.cut()
    await Promise.all(sendings.map((sending) => sending.acknowledged))
    await until('all shown', () => timeline.getSnapshot().messages.length === 60)
    const stored = await mina.client.api.messages(room, { limit: 100 })
    const expected = Array.from({ length: 60 }, (_, i) => `message ${i}`)
    assert.deepEqual(
      stored.map((m) => m.body),
      expected,
    )
    assert.deepEqual(
      timeline.getSnapshot().messages.map((m) => m.body),
      expected,
    )
    assert.equal(timeline.getSnapshot().pending.length, 0)
    assert(mina.net.sockets.length >= 4, `cut ${mina.net.sockets.length} times`)
  }
})

test('[P3] a message that was written to the storage before the program ended is sent by the next one, once', async (t) => {
  await using server = await startTestServer()
  const mina = await somebody(server, t)
  const room = await sharedRoom(mina)
  const storage = new MemoryOutbox()
  const { kept } = storage
  const again = async (refreshToken: string, down: boolean) => {
    const net = new Cuttable()
    let latest = refreshToken
    const client = createClient({
      url: server.url,
      auth: {
        session: 'token',
        refreshToken,
        onRefreshToken: (token) => {
          latest = token ?? ''
        },
      },
      storage,
      platform: { connect: net.connect },
      tuning: { backoffMs: 20, backoffCapMs: 100 },
    })
    t.after(() => client.close())
    await client.auth.restore()
    net.down = down
    return { client, latest: () => latest }
  }
  const one = await again(mina.refreshToken(), true)
  one.client.send(room, 'first').acknowledged.catch(() => {})
  one.client.send(room, 'second').acknowledged.catch(() => {})
  assert.equal(kept.size, 2)
  one.client.close()
  assert.equal(kept.size, 2)

  const two = await again(one.latest(), false)
  two.client.connect()
  await until('sent', () => kept.size === 0)
  const stored = await two.client.api.messages(room)
  assert.deepEqual(
    stored.map((m) => m.body),
    ['first', 'second'],
  )
})

test('the connection goes on while its token is renewed', async (t) => {
  await using server = await startTestServer({ accessTokenMs: 5_000 })
  const mina = await somebody(server, t)
  const room = await sharedRoom(mina)
  const timeline = mina.client.openRoom(room)
  await until('live', () => timeline.getSnapshot().state === 'live')
  const first = mina.refreshToken()
  await new Promise((resolve) => setTimeout(resolve, 6_500))
  await timeline.send('still here').acknowledged
  assert.equal(mina.net.sockets.length, 1)
  assert.notEqual(mina.refreshToken(), first)
})

test('signing out elsewhere ends the connection and the login here', async (t) => {
  await using server = await startTestServer()
  const mina = await somebody(server, t)
  mina.client.connect()
  await mina.client.connection.online()
  const refreshToken = mina.refreshToken()
  const other = await fetch(`${server.url}/api/v1/auth/logout`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ refreshToken }),
  })
  assert.equal(other.status, 204)
  await until('signed out', () => mina.client.auth.getSnapshot().state === 'signedOut')
  assert.equal(mina.client.connection.getSnapshot().state, 'closed')
})

test('[P5] who is kicked sees that, hears nothing more, and is back when let in again', async (t) => {
  await using server = await startTestServer()
  const mina = await somebody(server, t)
  const jun = await somebody(server, t)
  const room = await sharedRoom(mina, jun)
  jun.client.rooms.subscribe(() => {})
  const timeline = jun.client.openRoom(room)
  await until('live', () => timeline.getSnapshot().state === 'live')
  await until('listed', () => jun.client.rooms.get(room) !== undefined)
  await mina.client.api.kick(room, jun.person.id)
  await until('ended', () => timeline.getSnapshot().ended === 'kicked')
  await until('unlisted', () => jun.client.rooms.get(room) === undefined)
  await mina.client.send(room, 'behind the back').acknowledged
  await assert.rejects(timeline.send('hello?').acknowledged, { code: 'not_a_member' })
  assert.equal(timeline.getSnapshot().messages.length, 0)
  await jun.client.api.join(room)
  await until('back', () => timeline.getSnapshot().messages.at(-1)?.body === 'behind the back')
  await until('listed again', () => jun.client.rooms.get(room) !== undefined)
})

test('unread counts of rooms that are not open are live, and go with reading on another device', async (t) => {
  await using server = await startTestServer()
  const mina = await somebody(server, t)
  const jun = await somebody(server, t)
  const room = await sharedRoom(mina, jun)
  const phone = createClient({ url: server.url, auth: { getToken: async () => jun.person.accessToken } })
  t.after(() => phone.close())
  jun.client.rooms.subscribe(() => {})
  await until('listed', () => jun.client.rooms.getSnapshot().state === 'ready')
  for (let i = 0; i < 3; i++) await mina.client.send(room, `${i}`).acknowledged
  await until('three unread', () => jun.client.rooms.get(room)?.unread === 3)
  assert.equal(jun.client.rooms.get(room)?.lastMessage?.body, '2')
  const timeline = phone.openRoom(room)
  await until('live', () => timeline.getSnapshot().state === 'live')
  timeline.markRead()
  await until('read elsewhere', () => jun.client.rooms.get(room)?.unread === 0)
})

test('the list knows a room by its new name at once, and by its members when it is opened', async (t) => {
  await using server = await startTestServer({ watchTickMs: 50 })
  const [mina, jun] = [await somebody(server, t), await somebody(server, t)]
  const room = await sharedRoom(mina, jun)
  const { rooms } = jun.client
  const known = () => rooms.get(room)
  rooms.subscribe(() => {})
  await until('listed', () => rooms.getSnapshot().state === 'ready')
  await mina.client.api.updateRoom(room, { title: 'Renamed' })
  await until('renamed', () => known()?.room.title === 'Renamed')

  const ann = await somebody(server, t)
  await ann.client.api.join(room)
  await mina.client.api.setRole(room, jun.person.id, 'moderator')
  await until('told of both', () => known()?.room.position.seq === 5)
  jun.client.openRoom(room)
  await until('known', () => known()?.room.memberCount === 3 && known()?.membership.role === 'moderator')
  await ann.client.api.leave(room)
  await until('followed', () => known()?.room.memberCount === 2)
})

test('a limit that an admin changes holds in the client from the push on', async (t) => {
  await using server = await startTestServer()
  const admin = await newAdmin(server)
  const { client, net } = await somebody(server, t)
  const { id: room } = await client.api.createRoom({ title: 'A room' })
  await client.send(room, 'long enough').acknowledged
  const told = (bodyLength: number) => () => {
    const state = client.connection.getSnapshot()
    return state.state === 'online' && state.limits.bodyLength === bodyLength
  }
  await admin.call('PATCH', '/admin/config', { changes: { 'limits.bodyLength': 5 } })
  await until('told', told(5))
  await assert.rejects(client.send(room, 'too long').acknowledged, { code: 'body_too_long' })
  await client.send(room, 'short').acknowledged
  await admin.call('PATCH', '/admin/config', { changes: { 'limits.bodyLength': 10_000 } })
  await until('told again', told(10_000))
  await client.send(room, 'x'.repeat(9_000)).acknowledged
  assert.equal(net.sockets.length, 1)
})

test('who becomes an admin can act as one at once, and whoever is none any more cannot; the connection and the login stay', async (t) => {
  await using server = await startTestServer()
  const admin = await newAdmin(server)
  const { person, client, net } = await somebody(server, t)
  client.connect()
  await until('online', () => client.connection.getSnapshot().state === 'online')
  const { api } = client
  await assert.rejects(api.admin.users(), { code: 'forbidden' })
  await admin.call('PATCH', `/admin/users/${person.id}`, { role: 'admin' })

  const { items } = await api.admin.users({ q: 'admin' })
  assert.deepEqual(
    items.map(({ id, role, disabled }) => [id, role, disabled]),
    [[admin.id, 'admin', false]],
  )
  assert.equal((await api.admin.updateUser(admin.id, { role: 'user' })).role, 'user')
  await assert.rejects(api.admin.updateUser(person.id, { role: 'user' }), { code: 'last_admin' })
  const { id: room } = await api.createRoom({ title: 'Listed' })
  assert.equal((await api.admin.rooms({ q: 'listed' })).items[0]?.messageCount, 0)
  await api.admin.deleteRoom(room)
  assert.deepEqual((await api.admin.rooms({ q: 'listed' })).items, [])
  assert.equal((await api.admin.summary()).users, 2)
  assert.deepEqual(await api.admin.parked(), { items: [], nextCursor: null })
  await assert.rejects(api.admin.retryParked(1), { code: 'parked_not_found' })
  assert.equal((await api.admin.figures(0)).everyMs, 2_000)
  assert.equal((await api.admin.nodes())[0]?.state, 'ready')
  const { version } = await api.admin.changeConfig({ changes: { flushMs: 30 }, version: 0 })
  assert.equal(version, (await api.admin.config()).version)
  assert.deepEqual((await api.admin.configHistory({ limit: 1 })).items[0]?.changes, { flushMs: { from: 50, to: 30 } })

  await api.admin.updateUser(admin.id, { role: 'admin' })
  await api.admin.updateUser(person.id, { role: 'user' })
  await assert.rejects(api.admin.summary(), { code: 'forbidden' })
  assert.equal(client.auth.getSnapshot().state, 'signedIn')
  assert.equal(net.sockets.length, 1)
})

test('a reset link signs in with the new password, and what was signed in before is told so', async (t) => {
  await using server = await startTestServer()
  const admin = await newAdmin(server)
  const { person, client } = await somebody(server, t)
  client.connect()
  await until('online', () => client.connection.getSnapshot().state === 'online')
  const { body } = await admin.call<{ token: string }>('POST', `/admin/users/${person.id}/reset`)
  const elsewhere = createClient({ url: server.url, auth: { session: 'token' } })
  t.after(() => elsewhere.close())
  assert.equal((await elsewhere.auth.reset({ token: body.token, password: 'a new password' })).id, person.id)
  assert.equal((await elsewhere.api.me()).id, person.id)
  const again = elsewhere.auth.reset({ token: body.token, password: 'a newer password' })
  await assert.rejects(again, { code: 'reset_token_invalid' })
  await until('signed out', () => client.auth.getSnapshot().state === 'signedOut')
})
