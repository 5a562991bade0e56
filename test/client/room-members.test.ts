import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MembersSnapshot } from '../../client/src/api.ts'
import { createClient } from '../../client/src/client.ts'
import { MemberMap } from '../../client/src/member-map.ts'
import type { Member } from '../../src/protocol/model.ts'
import { caughtUp, Peer, page, problem, settled } from './peer.ts'

const ROOM = 'room-1'

/** A room of so many members at a peer that pages as the server does; `online` are their numbers. */
async function bigRoom(t: { after(fn: () => void): void }, count: number, online: number[] = []) {
  const peer = new Peer()
  const client = createClient({
    url: 'http://peer',
    auth: { session: 'token', refreshToken: 'refresh-0' },
    platform: peer.platform(),
    onError: (error) => assert.fail(error as Error),
  })
  t.after(() => client.close())
  const here = new Set(online.map(name))
  const all = Array.from({ length: count }, (_, i) => memberAt(i))
  const asked: string[] = []
  peer.on('subscribe', () => page(100))
  peer.routes.set(`GET /rooms/${ROOM}/members`, (_, { searchParams: query }) => {
    asked.push(`${query}`.replace(/&?limit=\d+/, ''))
    const ids = query.get('ids')?.split(',')
    const wanted = all.filter(
      ({ user }) => (query.get('online') === null || here.has(user)) && (ids === undefined || ids.includes(user)),
    )
    const from = Number(query.get('cursor') ?? 0)
    const to = from + Number(query.get('limit') ?? 50)
    const items = wanted.slice(from, to).map((member) => ({ ...member, online: here.has(member.user) }))
    return [200, { items, nextCursor: to < wanted.length ? `${to}` : null }]
  })
  const timeline = client.openRoom(ROOM)
  await settled()
  const { members } = timeline
  const unsubscribe = members.subscribe(() => {})
  await settled()
  return { peer, client, timeline, members, here, asked, unsubscribe }
}

const name = (i: number) => `u${String(i).padStart(5, '0')}`
function memberAt(i: number): Member {
  const role = i === 0 ? 'owner' : i < 3 ? 'moderator' : 'member'
  return { user: name(i), role, joinedAt: i, online: false, lastExitAt: null, readSeq: 0, readN: 0 }
}
const users = (snapshot: MembersSnapshot) => snapshot.members.map(({ user }) => user)
const onlineOf = ({ members }: MembersSnapshot) => members.filter(({ online }) => online).map(({ user }) => user)

test('a room that is not big is loaded whole', async (t) => {
  const { members, asked } = await bigRoom(t, 450)
  const { complete, onlineComplete, state } = members.getSnapshot()
  assert.deepEqual([complete, onlineComplete, state, asked.length], [true, true, 'ready', 3])
  assert.equal(members.getSnapshot().members.length, 450)
  assert.equal(await members.loadMore(), false)
  members.follow()
  await settled()
  assert.equal(asked.length, 3, 'nothing more is to be asked')
})

test('of a big room the first are loaded, then on demand who is online, then everybody, each once and in order', async (t) => {
  const online = Array.from({ length: 250 }, (_, i) => 600 + i * 4)
  const { members, timeline } = await bigRoom(t, 2_000, online)
  assert.deepEqual([members.getSnapshot().complete, members.getSnapshot().members.length], [false, 500])
  assert.equal(
    timeline.unreadBy(timeline.getSnapshot().messages[0]!),
    null,
    'nobody can count in a part of the members',
  )
  members.follow()
  await settled()
  assert.equal(onlineOf(members.getSnapshot()).length, 200)
  assert.equal(members.getSnapshot().onlineComplete, false)
  assert.equal(await members.loadMore(), true)
  assert.equal(members.getSnapshot().onlineComplete, true)
  assert.deepEqual(onlineOf(members.getSnapshot()), online.map(name))
  const [one, other] = [members.loadMore(), members.loadMore()]
  assert.equal(members.getSnapshot().loadingMore, true)
  assert.deepEqual([await one, await other], [true, true])
  while (await members.loadMore());
  const { complete, loadingMore } = members.getSnapshot()
  assert.deepEqual([complete, loadingMore], [true, false])
  assert.deepEqual(
    users(members.getSnapshot()),
    Array.from({ length: 2_000 }, (_, i) => name(i)),
  )
})

test('who comes online in a big room is fetched while somebody looks at the list, many in one request', async (t) => {
  const { peer, members, here, asked } = await bigRoom(t, 2_000, [1])
  const come = (...people: number[]) => {
    for (const i of people) here.add(name(i))
    peer.link.push({ push: 'presence', room: ROOM, online: people.map(name), count: here.size })
  }
  come(900)
  await peer.clock.advance(2_000)
  assert.equal(
    asked.some((query) => query.includes('ids=')),
    false,
    'nobody looks',
  )
  const stop = members.follow()
  await settled()
  assert.deepEqual(onlineOf(members.getSnapshot()), [name(1), name(900)])
  come(1_000, 1_100)
  come(1_200)
  await peer.clock.advance(2_000)
  assert.deepEqual(onlineOf(members.getSnapshot()), [1, 900, 1_000, 1_100, 1_200].map(name))
  assert.equal(asked.filter((query) => query.includes('ids=')).length, 1)
  peer.link.push({ push: 'presence', room: ROOM, offline: [name(1_100)], count: 4 })
  assert.deepEqual(onlineOf(members.getSnapshot()), [1, 900, 1_000, 1_200].map(name))
  stop()
  come(1_300)
  await peer.clock.advance(2_000)
  assert.equal(asked.filter((query) => query.includes('ids=')).length, 1)
})

test('where the server only counts, those online are asked for now and then, while somebody looks', async (t) => {
  const { peer, members, here, asked } = await bigRoom(t, 400, [5, 6, 7])
  const count = () => peer.link.push({ push: 'presence', room: ROOM, count: 300 })
  count()
  await peer.clock.advance(60_000)
  assert.equal(asked.length, 2, 'nobody looks')
  const stop = members.follow()
  here.delete(name(5))
  here.add(name(300))
  for (let i = 0; i < 20; i++) count()
  await peer.clock.advance(60_000)
  assert.equal(asked.length, 3)
  assert.deepEqual(onlineOf(members.getSnapshot()), [name(6), name(7), name(300)])
  assert.equal(members.getSnapshot().members[5]?.lastExitAt !== null, true)
  stop()
  count()
  await peer.clock.advance(60_000)
  assert.equal(asked.length, 3)
})

test('a count without names does not say that those who were named are gone', async (t) => {
  const { peer, timeline, members } = await bigRoom(t, 400)
  peer.link.push({ push: 'presence', room: ROOM, online: [name(1), name(2)], count: 2 })
  peer.on('presence', () => ({ ok: { online: [], count: 300 } }))
  peer.on('subscribe', () => caughtUp([], 100))
  peer.link.cut()
  await peer.clock.advance(600)
  assert.equal(timeline.getSnapshot().onlineCount, 300)
  assert.deepEqual(onlineOf(members.getSnapshot()), [name(1), name(2)])
})

test('who left, joined or was promoted while a page travelled is as they are now', async (t) => {
  const { peer, members } = await bigRoom(t, 1_000)
  await members.loadMore()
  const route = peer.routes.get(`GET /rooms/${ROOM}/members`)!
  peer.routes.set(`GET /rooms/${ROOM}/members`, (body, url) => {
    const answer = route(body, url)
    peer.link.events(
      ROOM,
      { seq: 101, type: 'leave', at: 9, actor: name(600), user: name(600), reason: 'left' },
      { seq: 102, type: 'member', at: 9, actor: name(0), user: name(601), role: 'moderator' },
      { seq: 103, type: 'join', at: 9_000, actor: 'new', user: 'new', role: 'member' },
    )
    return answer
  })
  await members.loadMore()
  const shown = users(members.getSnapshot())
  assert.deepEqual([shown.includes(name(600)), shown[3], shown.at(-1)], [false, name(601), 'new'])
})

test('one member is found, loaded or not; nobody else is', async (t) => {
  const { members, asked } = await bigRoom(t, 1_000)
  assert.equal((await members.find(name(2)))?.role, 'moderator')
  const before = asked.length
  assert.equal((await members.find(name(900)))?.user, name(900))
  assert.equal(await members.find('nobody'), null)
  assert.equal(asked.length, before + 2)
  assert.equal((await members.find(name(900)))?.user, name(900))
  assert.equal(asked.length, before + 2, 'found once, kept')
})

test('a page that is asked for while the list is loaded anew goes on from its end: nobody is left out', async (t) => {
  const { peer, members } = await bigRoom(t, 2_000)
  for (let pages = 0; pages < 3; pages++) await members.loadMore()
  const path = `GET /rooms/${ROOM}/members`
  const route = peer.routes.get(path)!
  const more: Promise<boolean>[] = []
  peer.routes.set(path, (body, url) => {
    // The last page of the load: what is asked for now comes after it.
    if (more.length === 0 && url.searchParams.get('limit') === '100') more.push(members.loadMore())
    return route(body, url)
  })
  await members.load()
  assert.deepEqual(await Promise.all(more), [true])
  while (await members.loadMore());
  assert.deepEqual(
    users(members.getSnapshot()),
    Array.from({ length: 2_000 }, (_, i) => name(i)),
  )
})

test('one member is found though the list is loaded anew meanwhile', async (t) => {
  const { peer, members } = await bigRoom(t, 1_000)
  const path = `GET /rooms/${ROOM}/members`
  const route = peer.routes.get(path)!
  let loading: Promise<void> | undefined
  peer.routes.set(path, (body, url) => {
    if (url.searchParams.has('ids')) loading ??= members.load()
    return route(body, url)
  })
  assert.equal((await members.find(name(900)))?.user, name(900))
  await loading
})

test('a list that cannot be had says so, also when one member was found before', async (t) => {
  const { peer, client } = await bigRoom(t, 1)
  const { members } = client.openRoom('room-2')
  peer.routes.set('GET /rooms/room-2/members', (_, { searchParams }) =>
    searchParams.has('ids')
      ? [200, { items: [memberAt(7)], nextCursor: null }]
      : [503, problem('unavailable', 503, true)],
  )
  assert.equal((await members.find(name(7)))?.user, name(7))
  await members.load()
  assert.deepEqual([members.getSnapshot().state, members.getSnapshot().error?.code], ['failed', 'unavailable'])
})

test('[P6] of a very big room so many members are kept, and those stay as they are now', () => {
  const kept = new MemberMap()
  kept.add(Array.from({ length: 20_000 }, (_, i) => memberAt(i)))
  kept.add([memberAt(20_000), { ...memberAt(5), readN: 9 }])
  assert.deepEqual([kept.size, kept.get(name(5))?.readN], [20_000, 9])
})

test('a page that fails is asked for again; what is there stays', async (t) => {
  const { peer, members } = await bigRoom(t, 1_000, [700])
  const route = peer.routes.get(`GET /rooms/${ROOM}/members`)!
  peer.routes.set(`GET /rooms/${ROOM}/members`, () => [503, problem('unavailable', 503, true)])
  await assert.rejects(members.loadMore(), { code: 'unavailable' })
  assert.deepEqual([members.getSnapshot().state, members.getSnapshot().members.length], ['ready', 500])
  peer.routes.set(`GET /rooms/${ROOM}/members`, route)
  assert.equal(await members.loadMore(), true)
  assert.deepEqual(onlineOf(members.getSnapshot()), [name(700)])
})
