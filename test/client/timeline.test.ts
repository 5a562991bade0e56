import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client, ClientOptions } from '../../client/src/api.ts'
import { createClient } from '../../client/src/client.ts'
import { MessageWindow } from '../../client/src/message-window.ts'
import type { RoomEvent } from '../../src/protocol/model.ts'
import { caughtUp, ME, messageAt, Peer, page, problem, run, said, settled } from './peer.ts'

const ROOM = 'room-1'

async function opened(t: { after(fn: () => void): void }, head = 100, options: Partial<ClientOptions> = {}) {
  const peer = new Peer()
  const client: Client = createClient({
    url: 'http://peer',
    auth: { session: 'token', refreshToken: 'refresh-0' },
    platform: peer.platform(),
    onError: (error) => assert.fail(error as Error),
    ...options,
  })
  t.after(() => client.close())
  peer.on('subscribe', () => page(head))
  const timeline = client.openRoom(ROOM)
  await settled()
  return { peer, client, timeline, shown: () => timeline.getSnapshot().messages.map((m) => m.seq) }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const edit = (seq: number, target: number, body: string): RoomEvent => ({
  seq,
  type: 'edit',
  at: seq,
  actor: 'user-you',
  target,
  body,
})

test('a timeline is loading, then live; history goes on before it to the first message', async (t) => {
  const { peer, timeline, shown } = await opened(t)
  assert.equal(timeline.getSnapshot().state, 'live')
  assert.deepEqual(shown(), range(51, 100))
  peer.routes.set(`GET /rooms/${ROOM}/messages`, (_, url) => {
    const before = Number(url.searchParams.get('before'))
    return [200, { items: range(Math.max(1, before - 50), before - 1).map((seq) => messageAt(seq)), nextCursor: null }]
  })
  const loads = [timeline.loadOlder(), timeline.loadOlder()]
  assert.deepEqual(await Promise.all(loads), [false, false])
  assert.deepEqual(shown(), range(1, 100))
  assert.equal(peer.requests.filter((r) => r.path.endsWith('/messages')).length, 1)
  assert.equal(timeline.getSnapshot().hasOlder, false)
})

test('an edit that arrives while the page with its target travels is not lost', async (t) => {
  const { peer, timeline } = await opened(t)
  peer.routes.set(`GET /rooms/${ROOM}/messages`, () => {
    peer.link.events(ROOM, edit(101, 20, 'edited'))
    return [200, { items: range(1, 50).map((seq) => messageAt(seq)), nextCursor: null }]
  })
  await timeline.loadOlder()
  assert.equal(timeline.getSnapshot().messages[19]?.body, 'edited')
})

test('a page that travelled over a reset is thrown away, and a failed one can be asked again', async (t) => {
  const { peer, timeline, shown } = await opened(t)
  peer.routes.set(`GET /rooms/${ROOM}/messages`, () => [503, problem('unavailable', 503, true)])
  await assert.rejects(timeline.loadOlder(), { code: 'unavailable', retryable: true })
  assert.equal(timeline.getSnapshot().loadingOlder, false)

  peer.routes.set(`GET /rooms/${ROOM}/messages`, () => [200, { items: range(1, 50).map((s) => messageAt(s)) }])
  const loading = timeline.loadOlder()
  assert.equal(timeline.getSnapshot().loadingOlder, true)
  peer.on('subscribe', () => page(300))
  peer.link.push({ push: 'reset', room: ROOM, epoch: 2 })
  await loading
  await settled()
  assert.deepEqual(shown(), range(251, 300))
  assert.equal(timeline.getSnapshot().resets, 1)
})

test('[P6] a hot room keeps a bounded number of messages, without a hole', async (t) => {
  const { peer, timeline, shown } = await opened(t, 100, { tuning: { timelineMessages: 100 } })
  for (let seq = 101; seq <= 1_000; seq++) peer.link.events(ROOM, said(seq))
  assert(shown().length <= 111, `${shown().length}`)
  assert.deepEqual(shown(), range(shown()[0]!, 1_000))
  assert.equal(timeline.getSnapshot().hasOlder, true)
})

test('changes are told together: a frame of many events is one telling, a hot second at most about sixty', async (t) => {
  const { peer, timeline } = await opened(t)
  let told = 0
  timeline.subscribe(() => told++)
  peer.link.events(ROOM, ...run(101, 200))
  await settled()
  assert.equal(told, 1)
  for (let seq = 201; seq <= 1_200; seq++) {
    peer.link.events(ROOM, said(seq))
    await peer.clock.advance(1)
  }
  assert(told > 30 && told <= 65, `${told} tellings`)
  await peer.clock.advance(20)
  assert.equal(timeline.getSnapshot().messages.at(-1)?.seq, 1_200)
})

test('a snapshot stays as it was, and unchanged messages keep their identity', async (t) => {
  const { peer, timeline } = await opened(t)
  const before = timeline.getSnapshot()
  assert.equal(timeline.getSnapshot(), before)
  const copy = structuredClone(before)
  peer.link.events(ROOM, said(101), edit(102, 60, 'edited'))
  const after = timeline.getSnapshot()
  assert.deepEqual(before, copy)
  assert.notEqual(after, before)
  assert.equal(after.messages[0], before.messages[0])
  assert.notEqual(after.messages[9], before.messages[9])
})

test('a room that was closed is shown at once when it is opened again, and fetches only what is new', async (t) => {
  const { peer, client, timeline, shown } = await opened(t)
  timeline.close()
  await settled()
  assert.equal(peer.link.asked('unsubscribe').length, 1)
  peer.on('subscribe', (c) => caughtUp(run(c.position!.seq + 1, 103), 103))
  const again = client.openRoom(ROOM)
  assert.equal(again.getSnapshot().messages.length, 50)
  assert.equal(again.getSnapshot().state, 'recovering')
  await settled()
  assert.deepEqual(shown().slice(-4), [100, 101, 102, 103])
})

test('[P6] only so many closed rooms are kept', async (t) => {
  const { client, timeline } = await opened(t, 100, { tuning: { keptTimelines: 2 } })
  timeline.close()
  for (const room of ['a', 'b']) client.openRoom(room).close()
  assert.notEqual(client.openRoom(ROOM), timeline)
})

test('a room opened twice is closed when it was closed twice', async (t) => {
  const { peer, client, timeline } = await opened(t)
  assert.equal(client.openRoom(ROOM), timeline)
  timeline.close()
  await settled()
  assert.equal(peer.link.asked('unsubscribe').length, 0)
  timeline.close()
  timeline.close()
  await settled()
  assert.equal(peer.link.asked('unsubscribe').length, 1)
})

test('being put out shows as ended; being let in again brings the room back', async (t) => {
  const { peer, timeline } = await opened(t)
  peer.link.events(ROOM, { seq: 101, type: 'leave', at: 1, actor: 'mod', user: ME, reason: 'kicked' })
  assert.deepEqual([timeline.getSnapshot().state, timeline.getSnapshot().ended], ['ended', 'kicked'])
  peer.on('subscribe', () => page(105))
  peer.link.push({ push: 'room_added', room: ROOM })
  await settled()
  assert.deepEqual([timeline.getSnapshot().state, timeline.getSnapshot().ended], ['live', undefined])

  // The word of it may overtake the leave.
  peer.on('subscribe', () => page(109))
  peer.link.push({ push: 'room_added', room: ROOM })
  peer.link.events(ROOM, { seq: 106, type: 'leave', at: 1, actor: 'mod', user: ME, reason: 'kicked' })
  await settled()
  assert.equal(timeline.getSnapshot().state, 'live')
})

test('presence: the whole list first, then what changes; typing passes by itself or with a message', async (t) => {
  const { peer, timeline } = await opened(t)
  assert.deepEqual([timeline.getSnapshot().online, timeline.getSnapshot().onlineCount], [[ME], 1])
  peer.link.push({ push: 'presence', room: ROOM, online: ['a', 'b'], count: 3 })
  peer.link.push({ push: 'presence', room: ROOM, offline: ['a'], count: 2 })
  assert.deepEqual(timeline.getSnapshot().online, [ME, 'b'])
  peer.link.push(
    { push: 'typing', room: ROOM, user: 'b' },
    { push: 'typing', room: ROOM, user: 'c' },
    { push: 'typing', room: ROOM, user: ME },
  )
  assert.deepEqual(timeline.getSnapshot().typing, ['b', 'c'])
  peer.link.events(ROOM, said(101, 'b'))
  assert.deepEqual(timeline.getSnapshot().typing, ['c'])
  await peer.clock.advance(5_001)
  assert.deepEqual(timeline.getSnapshot().typing, [])
})

test('typing is said at most every three seconds, reading about once a second and never backwards', async (t) => {
  const { peer, timeline } = await opened(t)
  for (let i = 0; i < 10; i++) {
    timeline.typing()
    timeline.markRead(60 + i)
    await peer.clock.advance(100)
  }
  timeline.markRead(55)
  await peer.clock.advance(1_500)
  assert.equal(peer.link.asked('typing').length, 1)
  assert.deepEqual(
    peer.link.asked('read').map((c) => [c.seq, c.n, c.epoch]),
    [
      [60, 60, 1],
      [69, 69, 1],
    ],
  )
  peer.link.cut()
  timeline.markRead()
  peer.on('subscribe', () => caughtUp([], 100))
  await peer.clock.advance(1_000)
  assert.equal(peer.link.last('read').seq, 100)
})

test('how many have not read a message is counted from the members’ cursors', async (t) => {
  const { peer, timeline } = await opened(t)
  const member = (user: string, readN: number) => ({
    user,
    role: user === 'a' ? 'owner' : 'member',
    joinedAt: 1,
    online: false,
    lastExitAt: null,
    readSeq: readN,
    readN,
  })
  peer.routes.set(`GET /rooms/${ROOM}/members`, () => [
    200,
    { items: [member('b', 90), member('a', 100), member(ME, 95)], nextCursor: null },
  ])
  const last = timeline.getSnapshot().messages.at(-1)!
  assert.equal(timeline.unreadBy(last), null)
  timeline.members.subscribe(() => {})
  await settled()
  assert.deepEqual(
    timeline.members.getSnapshot().members.map((m) => m.user),
    ['a', 'b', ME],
  )
  assert.equal(timeline.unreadBy(last), 2)
  peer.link.push({ push: 'read', room: ROOM, user: 'b', seq: 100, n: 100 })
  assert.equal(timeline.unreadBy(last), 1)
  timeline.markRead()
  assert.equal(timeline.unreadBy(last), 0)
  peer.link.events(ROOM, said(101, 'a'), { seq: 102, type: 'join', at: 2, actor: 'd', user: 'd', role: 'member' })
  assert.equal(timeline.unreadBy(timeline.getSnapshot().messages.at(-1)!), 2)
  peer.link.events(ROOM, { seq: 103, type: 'leave', at: 2, actor: 'b', user: 'b', reason: 'left' })
  assert.equal(timeline.unreadBy(timeline.getSnapshot().messages.at(-1)!), 1)
  peer.link.push({ push: 'presence', room: ROOM, online: ['a'], count: 2 })
  assert.equal(timeline.members.getSnapshot().members[0]?.online, true)
})

test('after an absence the participants are loaded again, and names that failed are asked for', async (t) => {
  const { peer, client, timeline } = await opened(t)
  let loads = 0
  peer.routes.set(`GET /rooms/${ROOM}/members`, () => {
    loads++
    return [200, { items: [], nextCursor: null }]
  })
  timeline.members.subscribe(() => {})
  peer.routes.set('GET /users', () => 'unreachable')
  client.users.get('somebody')
  await peer.clock.advance(100)
  peer.routes.set('GET /users', () => [
    200,
    { items: [{ id: 'somebody', username: 's', displayName: 'S', createdAt: 0 }] },
  ])
  let told = 0
  client.users.subscribe(() => {
    told++
    client.users.get('somebody')
  })
  assert.equal(loads, 1)
  peer.link.cut()
  peer.on('subscribe', () => caughtUp([], 100))
  await peer.clock.advance(1_000)
  assert.equal(loads, 1)
  assert.equal(client.users.get('somebody')?.displayName, 'S')
  assert(told >= 1)
  await peer.clock.advance(5_000)
  assert.equal(loads, 2)
})

test('[P6] scrolling keeps a bounded number of messages in either direction, and leaving gives the memory back', () => {
  const window = new MessageWindow(100)
  const seqs = () => window.list().map((message) => message.seq)
  const page = (kind: 'older' | 'newer') => {
    const ticket = window.begin(kind)!
    const [from, to] = kind === 'older' ? [ticket.at - 50, ticket.at - 1] : [ticket.at + 1, ticket.at + 50]
    const messages = range(from, Math.min(to, 5_050)).map((n) => messageAt(n))
    assert.ok(window.add(ticket, { messages, notices: [] }))
    assert.ok(window.list().length <= 400, `${window.list().length} are kept`)
    assert.deepEqual(seqs(), range(seqs()[0]!, seqs().at(-1)!))
  }
  window.reset(range(5_001, 5_050).map((n) => messageAt(n)))
  while (window.hasOlder) page('older')
  assert.equal(seqs()[0], 1)
  assert.equal(window.hasNewer, true)
  while (window.hasNewer) page('newer')
  assert.equal(seqs().at(-1), 5_050)
  window.apply(said(5_051))
  assert.equal(seqs().at(-1), 5_051)
  window.shrink()
  assert.equal(window.list().length, 100)
  assert.equal(window.hasOlder, true)
})
