import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '../../client/src/api.ts'
import { createClient } from '../../client/src/client.ts'
import type { MessageEvent, RoomSummary } from '../../src/protocol/model.ts'
import { caughtUp, ME, messageAt, Peer, page, problem, said, settled } from './peer.ts'

function summary(id: string, n: number, readN: number, unreadMentions: number[] = []): RoomSummary {
  return {
    room: {
      id,
      kind: 'open',
      title: id,
      capacity: null,
      memberCount: 2,
      createdBy: ME,
      createdAt: 0,
      position: { epoch: 1, seq: n },
    },
    membership: { role: 'member', joinedAt: 0, readSeq: readN, readN, notify: 'all', lastExitAt: null },
    unread: n - readN,
    unreadMentions,
    lastMessage: n === 0 ? null : messageAt(n),
  }
}

const head = (room: string, n: number, more: object = {}) => ({
  room,
  epoch: 1,
  seq: n,
  n,
  lastMessage: messageAt(n),
  ...more,
})

async function listed(t: { after(fn: () => void): void }, ...rooms: RoomSummary[]) {
  const peer = new Peer()
  const client: Client = createClient({
    url: 'http://peer',
    auth: { session: 'token', refreshToken: 'refresh-0' },
    platform: peer.platform(),
    onError: (error) => assert.fail(error as Error),
  })
  t.after(() => client.close())
  peer.routes.set('GET /me/rooms', () => [200, { items: rooms, nextCursor: null }])
  peer.on('watch', (c) => ({
    ok: { heads: c.rooms === 'all' ? rooms.map((s) => head(s.room.id, s.room.position.seq)) : [] },
  }))
  const unsubscribe = client.rooms.subscribe(() => {})
  await settled()
  const unread = () => Object.fromEntries(client.rooms.getSnapshot().rooms.map((r) => [r.room.id, r.unread]))
  const loads = () => peer.requests.filter((r) => r.path === '/me/rooms').length
  return { peer, client, rooms, unread, loads, unsubscribe }
}

test('rooms are listed with their unread counts, the liveliest first, and stay live by heads', async (t) => {
  const { peer, client, unread } = await listed(t, summary('a', 10, 4), summary('b', 20, 20))
  assert.deepEqual(Object.keys(unread()), ['b', 'a'])
  assert.equal(client.rooms.getSnapshot().unread, 6)
  peer.link.push({ push: 'heads', rooms: [head('a', 30), head('b', 25, { readN: 24 })] })
  assert.deepEqual(unread(), { a: 26, b: 1 })
  assert.equal(client.rooms.getSnapshot().rooms[0]?.room.id, 'a')
})

test('a room that is renamed shows its new name unopened', async (t) => {
  const { peer, client } = await listed(t, summary('a', 10, 4))
  const title = () => client.rooms.get('a')?.room.title
  peer.link.push({ push: 'heads', rooms: [{ ...head('a', 11), changes: { title: 'Renamed' } }] })
  assert.equal(title(), 'Renamed')
  peer.link.push({ push: 'heads', rooms: [{ ...head('a', 9), changes: { title: 'Older' } }] })
  assert.equal(title(), 'Renamed')
})

test('what another session read, and what one wrote oneself, is read here too', async (t) => {
  const { peer, unread } = await listed(t, summary('a', 10, 4))
  peer.link.push({ push: 'heads', rooms: [{ room: 'a', epoch: 1, seq: 10, n: 10, readN: 9 }] })
  assert.deepEqual(unread(), { a: 1 })
  peer.link.push({ push: 'heads', rooms: [head('a', 11, { lastMessage: messageAt(11, ME) })] })
  assert.deepEqual(unread(), { a: 0 })
  // A head that is older than what is known changes nothing.
  peer.link.push({ push: 'heads', rooms: [head('a', 8)] })
  assert.deepEqual(unread(), { a: 0 })
})

test('an open room’s events and readings are counted before the heads tell', async (t) => {
  const { peer, client, unread } = await listed(t, summary('a', 10, 10))
  peer.on('subscribe', () => page(10))
  const timeline = client.openRoom('a')
  await settled()
  peer.link.events('a', said(11), said(12))
  assert.deepEqual(unread(), { a: 2 })
  peer.link.push({ push: 'heads', rooms: [head('a', 12)] })
  assert.deepEqual(unread(), { a: 2 })
  timeline.markRead()
  assert.deepEqual(unread(), { a: 0 })
  peer.link.events('a', { seq: 13, type: 'room', at: 1, actor: 'x', changes: { title: 'New' } })
  assert.equal(client.rooms.get('a')?.room.title, 'New')
  peer.link.events('a', { seq: 14, type: 'leave', at: 1, actor: ME, user: ME, reason: 'left' })
  assert.deepEqual(unread(), {})
})

test('rooms come and go with the membership', async (t) => {
  const { peer, rooms, unread } = await listed(t, summary('a', 1, 1))
  rooms.push(summary('b', 5, 2))
  peer.link.push({ push: 'room_added', room: 'b' })
  await peer.clock.advance(300)
  assert.deepEqual(unread(), { b: 3, a: 0 })
  peer.link.push({ push: 'room_removed', room: 'a' })
  assert.deepEqual(unread(), { b: 3 })
})

const join = (seq: number) =>
  ({ seq, type: 'join', at: seq, actor: `u${seq}`, user: `u${seq}`, role: 'member' }) as const

test('what happened to a room while it was closed is there once it is opened, and what follows is counted once', async (t) => {
  const { peer, client } = await listed(t, summary('a', 10, 10))
  const facts = () => {
    const { room, membership } = client.rooms.get('a')!
    return [room.title, room.capacity, room.memberCount, membership.role]
  }
  const opened = { title: 'Renamed', capacity: 50, memberCount: 7, role: 'moderator' } as const
  peer.link.push({ push: 'heads', rooms: [{ room: 'a', epoch: 1, seq: 17, n: 10 }] })
  assert.deepEqual(facts(), ['a', null, 2, 'member'])
  peer.on('subscribe', () => ({ ok: { ...page(17).ok, now: opened } }))
  client.openRoom('a')
  await settled()
  assert.deepEqual(facts(), ['Renamed', 50, 7, 'moderator'])
  // The head may tell of an event before it comes.
  peer.link.push({ push: 'heads', rooms: [{ room: 'a', epoch: 1, seq: 18, n: 10 }] })
  peer.link.events('a', join(18))
  assert.deepEqual(facts(), ['Renamed', 50, 8, 'moderator'])

  // Back with what was missed: it is in what the answer says, and is not counted again.
  const later = { ...opened, title: 'Again', memberCount: 9 }
  const missed = { seq: 20, type: 'room', at: 20, actor: 'x', changes: { title: 'Again' } } as const
  peer.on('subscribe', () => ({
    ok: { ...caughtUp([join(19), missed], 20, 22).ok, now: { ...later, memberCount: 11 } },
  }))
  peer.on('events', () => ({ ok: { epoch: 1, recovered: true, events: [join(21), join(22)], head: 22 } }))
  peer.link.cut()
  await peer.clock.advance(1_000)
  peer.link.events('a', join(23))
  assert.deepEqual(facts(), ['Again', 50, 12, 'moderator'])
})

test('a list that was asked for while another travels is fresh, and a room that went meanwhile stays away', async (t) => {
  const { peer, client, rooms, unread, loads } = await listed(t, summary('a', 1, 1), summary('b', 2, 2))
  const route = peer.routes.get('GET /me/rooms')!
  const asked: Promise<void>[] = []
  peer.routes.set('GET /me/rooms', (body, url) => {
    peer.routes.set('GET /me/rooms', route)
    const answer = structuredClone(route(body, url))
    peer.link.push({ push: 'room_removed', room: 'b' })
    rooms.splice(1, 1, summary('c', 3, 3))
    asked.push(client.rooms.reload(), client.rooms.reload())
    return answer
  })
  await client.rooms.reload()
  assert.deepEqual(unread(), { a: 0 })
  await Promise.all(asked)
  assert.deepEqual([unread(), loads()], [{ c: 0, a: 0 }, 3])
})

test('coming back watches again; the list is loaded at once when the rooms are others, later for missed mentions', async (t) => {
  const { peer, client, rooms, unread, loads } = await listed(t, summary('a', 1, 1))
  assert.equal(loads(), 1)
  rooms[0] = summary('a', 4, 1)
  peer.link.cut()
  await peer.clock.advance(1_000)
  assert.deepEqual([unread(), loads()], [{ a: 3 }, 1])
  rooms[0] = summary('a', 4, 1, [3])
  await peer.clock.advance(15_200)
  assert.deepEqual([client.rooms.get('a')?.mentions, loads()], [1, 2])
  peer.link.cut()
  await peer.clock.advance(16_000)
  assert.equal(loads(), 2)
  rooms[0] = summary('b', 2, 1)
  peer.link.cut()
  await peer.clock.advance(1_000)
  assert.deepEqual([unread(), loads()], [{ b: 1 }, 3])
})

test('mentions are counted from the list, the push, an event and a head, each once', async (t) => {
  const { peer, client } = await listed(t, summary('a', 10, 4, [5, 8]), summary('b', 1, 1))
  peer.on('subscribe', () => page(10))
  const told: unknown[] = []
  client.rooms.onMention((mention) => told.push(mention))
  const mentions = () => [client.rooms.get('a')?.unreadMentions, client.rooms.getSnapshot().mentions]
  assert.deepEqual(mentions(), [[5, 8], 2])
  client.openRoom('a')
  await settled()
  const push = { push: 'mentioned', room: 'a', seq: 11, n: 11, actor: 'x' } as const
  peer.link.push(push)
  peer.link.push(push)
  peer.link.events('a', { ...said(11), mentions: [ME] } as MessageEvent)
  peer.link.push({ push: 'heads', rooms: [head('a', 11, { lastMessage: { ...messageAt(11), mentions: [ME] } })] })
  assert.deepEqual(mentions(), [[5, 8, 11], 3])
  assert.deepEqual(told[0], { room: 'a', seq: 11, n: 11, actor: 'x' })
  // Without a push: by the event of an open room, by the head of another.
  peer.link.events('a', { ...said(12), mentions: [ME] } as MessageEvent)
  peer.link.push({ push: 'heads', rooms: [head('b', 2, { lastMessage: { ...messageAt(2), mentions: [ME] } })] })
  assert.deepEqual(mentions(), [[5, 8, 11, 12], 5])
  // Who mentions themself, or somebody else, mentions nobody here.
  peer.link.events('a', said(13), { ...said(14), mentions: ['y'] } as MessageEvent)
  assert.deepEqual(mentions(), [[5, 8, 11, 12], 5])
})

test('a mention that was read, here or elsewhere, counts no more', async (t) => {
  const { peer, client } = await listed(t, summary('a', 10, 4, [5, 8, 9]))
  peer.link.push({ push: 'heads', rooms: [{ room: 'a', epoch: 1, seq: 10, n: 10, readN: 8 }] })
  assert.deepEqual(client.rooms.get('a')?.unreadMentions, [9])
  peer.link.push({ push: 'mentioned', room: 'a', seq: 7, n: 7, actor: 'x' })
  assert.equal(client.rooms.getSnapshot().mentions, 1)
  peer.on('subscribe', () => page(10))
  const timeline = client.openRoom('a')
  await settled()
  timeline.markRead()
  assert.deepEqual([client.rooms.get('a')?.mentions, client.rooms.getSnapshot().mentions], [0, 0])
})

test('a mention that is heard while the list travels stays, and one that the list no longer has goes', async (t) => {
  const { peer, client, rooms } = await listed(t, summary('a', 10, 4, [5]))
  rooms[0] = summary('a', 11, 4, [11])
  const reloading = client.rooms.reload()
  peer.link.push({ push: 'mentioned', room: 'a', seq: 12, n: 12, actor: 'x' })
  await reloading
  assert.deepEqual(client.rooms.get('a')?.unreadMentions, [11, 12])
})

test('a muted room counts in no sum but for its mentions, and the level follows what another session chose', async (t) => {
  const { peer, client } = await listed(t, summary('a', 10, 4, [5]), summary('b', 3, 1))
  const sums = () => [client.rooms.getSnapshot().unread, client.rooms.getSnapshot().mentions]
  assert.deepEqual(sums(), [8, 1])
  peer.link.push({ push: 'notify', room: 'a', notify: 'none' })
  assert.deepEqual([client.rooms.get('a')?.membership.notify, client.rooms.get('a')?.unread], ['none', 6])
  assert.deepEqual(sums(), [2, 1])
  peer.link.push({ push: 'notify', room: 'a', notify: 'mentions' })
  assert.deepEqual(sums(), [8, 1])
})

test('a list that cannot be had says so, and is tried again', async (t) => {
  const { peer, client, unsubscribe } = await listed(t, summary('a', 1, 1))
  unsubscribe()
  await client.auth.logout()
  const answer = peer.routes.get('GET /me/rooms')!
  peer.routes.set('GET /me/rooms', () => [503, problem('unavailable', 503, true)])
  await client.auth.login({ username: 'me', password: 'x' })
  client.rooms.subscribe(() => {})
  await settled()
  const { state, error } = client.rooms.getSnapshot()
  assert.deepEqual([state, error?.code], ['failed', 'unavailable'])
  peer.routes.set('GET /me/rooms', answer)
  await peer.clock.advance(3_000)
  assert.equal(client.rooms.getSnapshot().state, 'ready')
})

test('without a subscriber nothing is watched, after a moment', async (t) => {
  const { peer, client, unsubscribe } = await listed(t, summary('a', 1, 1))
  unsubscribe()
  client.rooms.subscribe(() => {})()
  assert.equal(peer.link.asked('watch').length, 1)
  await peer.clock.advance(3_000)
  assert.deepEqual(
    peer.link.asked('watch').map((c) => c.rooms),
    ['all', []],
  )
})

test('names are asked for together, once, and kept', async (t) => {
  const { peer, client } = await listed(t)
  peer.routes.set('GET /users', (_, url) => [
    200,
    {
      items: url.searchParams
        .get('ids')!
        .split(',')
        .filter((id) => id !== 'nobody')
        .map((id) => ({ id, username: id, displayName: id.toUpperCase(), createdAt: 0 })),
    },
  ])
  let told = 0
  client.users.subscribe(() => told++)
  for (const id of ['a', 'b', 'a', 'nobody']) assert.equal(client.users.get(id), undefined)
  await peer.clock.advance(20)
  assert.equal(client.users.get('a')?.displayName, 'A')
  assert.equal(client.users.getSnapshot().get('b')?.displayName, 'B')
  client.users.get('nobody')
  await peer.clock.advance(20)
  assert.equal(peer.requests.filter((r) => r.path === '/users').length, 1)
  assert.equal(told, 1)
  // The signed-in user needs no request.
  assert.equal(client.users.get(ME)?.id, ME)
})

test('a name is asked for again when it is old and looked at, or looked at after a room was opened', async (t) => {
  const { peer, client } = await listed(t)
  let name = 'Mina'
  const user = (id: string) => ({ id, username: id, displayName: `${name} ${id}`, createdAt: 0 })
  peer.routes.set('GET /users', (_, url) => [200, { items: url.searchParams.get('ids')!.split(',').map(user) }])
  peer.on('subscribe', () => page(1))
  const asked = () => peer.requests.filter((r) => r.path === '/users').length
  let told = 0
  client.users.subscribe(() => told++)
  await client.users.load(['a', 'b'])
  const first = client.users.get('a')
  await peer.clock.advance(60_000)
  assert.equal(client.users.get('a'), first)
  await peer.clock.advance(20)
  assert.deepEqual([asked(), told], [1, 1], 'a minute makes no name old')

  client.openRoom('a')
  for (const id of ['a', 'b']) assert.equal(client.users.get(id)?.displayName, `Mina ${id}`)
  await peer.clock.advance(20)
  assert.deepEqual([asked(), told], [2, 1], 'what is as it was is told to nobody')
  assert.equal(client.users.get('a'), first)

  name = 'Minji'
  await peer.clock.advance(299_000)
  client.users.get('b')
  await peer.clock.advance(20)
  assert.equal(asked(), 2)
  await peer.clock.advance(2_000)
  assert.equal(client.users.get('b')?.displayName, 'Mina b', 'the old one is shown meanwhile')
  await peer.clock.advance(20)
  assert.equal(client.users.get('b')?.displayName, 'Minji b')
  assert.deepEqual([asked(), told], [3, 2])
})

test('in a hot room old names are asked for a hundred at a time, and not more often than every 15 s', async (t) => {
  const { peer, client } = await listed(t)
  const sizes: number[] = []
  peer.routes.set('GET /users', (_, url) => {
    const ids = url.searchParams.get('ids')!.split(',')
    sizes.push(ids.length)
    return [200, { items: ids.map((id) => ({ id, username: id, displayName: id, createdAt: 0 })) }]
  })
  const crowd = Array.from({ length: 300 }, (_, i) => `u${i}`)
  const look = async () => {
    for (const id of crowd) client.users.get(id)
    await peer.clock.advance(20)
  }
  await look()
  assert.deepEqual(sizes, [100, 100, 100])
  await peer.clock.advance(300_000)
  for (let i = 0; i < 10; i++) await look()
  assert.deepEqual(sizes.slice(3), [100])
  await peer.clock.advance(15_000)
  for (let i = 0; i < 10; i++) await look()
  assert.deepEqual(sizes.slice(3), [100, 100])
})

test('who is signed in hears of their new name too, and keeps their role', async (t) => {
  const { peer, client } = await listed(t)
  peer.routes.set('PATCH /me', () => [200, { ...client.users.get(ME), displayName: 'Me', role: 'admin' }])
  await client.api.updateMe({ displayName: 'Me' })
  peer.routes.set('GET /users', () => [
    200,
    { items: [{ id: ME, username: ME, displayName: 'Renamed', createdAt: 0 }] },
  ])
  peer.on('subscribe', () => page(1))
  await peer.clock.advance(20_000)
  client.openRoom('a')
  client.users.get(ME)
  await peer.clock.advance(20)
  const auth = client.auth.getSnapshot()
  assert(auth.state === 'signedIn')
  assert.deepEqual([auth.user?.displayName, auth.user?.role], ['Renamed', 'admin'])
  assert.equal(client.users.get(ME)?.role, 'admin')
})

test('a caught-up room and the list agree', async (t) => {
  const { peer, client, unread } = await listed(t, summary('a', 10, 10))
  peer.on('subscribe', (c) => (c.position === undefined ? page(10) : caughtUp([said(11), said(12)], 12)))
  client.openRoom('a')
  await settled()
  peer.link.cut()
  await peer.clock.advance(1_000)
  assert.deepEqual(unread(), { a: 2 })
})
