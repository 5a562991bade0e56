import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { NewRoom } from '../../src/ports/rooms.ts'
import {
  allEvents,
  append,
  code,
  message,
  newRoom,
  newUser,
  newUsers,
  type OpenEmptyStore,
  type OpenStore,
  say,
} from './store.ts'

/** What every keeper of rooms promises. */
export function roomsContract(open: OpenEmptyStore): void {
  describe('rooms', () => {
    let opened: OpenStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())

    const direct = (createdBy: string, other: string): NewRoom => {
      return { id: newId(), kind: 'direct', title: '', capacity: null, createdBy, at: 7, memberIds: [other] }
    }

    test('a room is made with its creator as owner and the others as members, each by a join event', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const id = newId()
      const made = await store.rooms.create({
        id,
        kind: 'group',
        title: '우리',
        capacity: 10,
        createdBy: ann,
        at: 7,
        memberIds: [bob, ann, bob],
      })
      assert.equal(made.created, true)
      const room = {
        id,
        kind: 'group',
        title: '우리',
        capacity: 10,
        memberCount: 2,
        createdBy: ann,
        createdAt: 7,
        position: { epoch: 1, seq: 2 },
        n: 0,
      }
      assert.deepEqual(made.room, room)
      assert.deepEqual(made.change, {
        epoch: 1,
        events: [
          { type: 'join', seq: 1, at: 7, actor: ann, user: ann, role: 'owner' },
          { type: 'join', seq: 2, at: 7, actor: ann, user: bob, role: 'member' },
        ],
      })
      assert.deepEqual(await store.rooms.get(id), room)
      assert.deepEqual(await allEvents(store, id), made.change.events)
    })

    test('a room that cannot be made as asked is not made at all', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const id = newId()
      await assert.rejects(newRoom(store, [ann, bob], { id, capacity: 1 }), code('room_full'))
      await assert.rejects(newRoom(store, [ann, newId()], { id }), code('user_not_found'))
      await assert.rejects(newRoom(store, [newId()], { id }), code('user_not_found'))
      assert.equal(await store.rooms.get(id), null)
      assert.equal(await newRoom(store, [ann], { id }), id)
    })

    test('a direct room is one per pair, whoever makes it, even at the same instant', async () => {
      const { store } = opened
      const [ann, bob, cho] = (await newUsers(store, 3)) as [string, string, string]
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, i) => store.rooms.create(i % 2 ? direct(ann, bob) : direct(bob, ann))),
      )
      assert.equal(new Set(made.map((each) => each.room.id)).size, 1)
      assert.deepEqual(made.map((each) => each.created).filter(Boolean), [true])
      for (const each of made) assert.equal(each.change.events.length, each.created ? 2 : 0)
      const { room } = made[0] as (typeof made)[0]
      assert.deepEqual([room.memberCount, room.capacity], [2, 2])
      await assert.rejects(store.memberships.join(room.id, cho, cho, 8), code('room_full'))
    })

    test('making a direct room again brings back whoever had left', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const { room } = await store.rooms.create(direct(ann, bob))
      await store.memberships.end(room.id, bob, bob, 8, 'left')
      const again = await store.rooms.create(direct(ann, bob))
      assert.deepEqual([again.created, again.room.id, again.room.memberCount], [false, room.id, 2])
      assert.deepEqual(again.change.events, [{ type: 'join', seq: 4, at: 7, actor: ann, user: bob, role: 'member' }])
      assert.deepEqual(await opened.problems(), [])
    })

    test('a change of a room is one event; changing nothing appends nothing', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const id = await newRoom(store, [ann, bob])
      const changed = await store.rooms.update(id, ann, 9, { title: '새 이름', capacity: 5 })
      const event = { type: 'room', seq: 3, at: 9, actor: ann, changes: { title: '새 이름', capacity: 5 } }
      assert.deepEqual(changed.change, { epoch: 1, events: [event] })
      assert.deepEqual([changed.room.title, changed.room.capacity, changed.room.position.seq], ['새 이름', 5, 3])
      const same = await store.rooms.update(id, ann, 9, { title: '새 이름', capacity: 5 })
      assert.deepEqual(same.change.events, [])
      const lifted = await store.rooms.update(id, ann, 9, { capacity: null })
      assert.deepEqual(lifted.change.events[0], { ...event, seq: 4, changes: { capacity: null } })
      await assert.rejects(store.rooms.update(id, ann, 9, { capacity: 1 }), code('capacity_too_small'))
      await assert.rejects(store.rooms.update(newId(), ann, 9, { title: 'x' }), code('room_not_found'))
      assert.deepEqual(await opened.problems(), [])
    })

    test('[P5] a room that is removed lets every member go by an event, and is like one that never was', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const id = await newRoom(store, [ann, bob])
      await say(store, id, ann, 'x')
      const { change, members } = await store.rooms.remove(id, ann, 9)
      assert.deepEqual(new Set(members), new Set([ann, bob]))
      assert.deepEqual(
        change.events.map((event) => [event.seq, event.type, event.type === 'leave' && event.reason]),
        [
          [4, 'leave', 'room_deleted'],
          [5, 'leave', 'room_deleted'],
        ],
      )
      assert.equal(await store.rooms.get(id), null)
      assert.equal(await store.rooms.access(id, ann), null)
      assert.equal(await store.log.head(id), null)
      assert.equal(await store.memberships.get(id, ann), null)
      await assert.rejects(store.log.read(id, 0, 10), code('room_not_found'))
      await assert.rejects(store.rooms.remove(id, ann, 9), code('room_not_found'))
      await assert.rejects(store.memberships.join(id, bob, bob, 9), code('room_not_found'))
      assert.deepEqual(await append(store, message(id, ann, 'x')), { ok: false, code: 'room_not_found' })
      assert.ok((await store.memberships.roomIdsOf(ann, 100)).every((each) => each !== id))
      assert.ok((await store.rooms.listOpen('', null, 200)).items.every((each) => each.id !== id))
      assert.deepEqual(await opened.problems(), [])
    })

    test('after a direct room was removed the pair can have another', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const first = await store.rooms.create(direct(ann, bob))
      await store.rooms.remove(first.room.id, ann, 9)
      const second = await store.rooms.create(direct(ann, bob))
      assert.equal(second.created, true)
    })

    test('open rooms are found by a part of their title, in any case, page by page', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const word = newId().slice(-8)
      const ids = []
      for (let i = 0; i < 7; i++)
        ids.push(await newRoom(store, [ann], { title: `방 Ab${word} 100%_${i}`, at: 100 + i }))
      await newRoom(store, [ann], { title: `방 ab${word}`, kind: 'group' })
      const found: string[] = []
      let cursor: string | null = null
      do {
        const page: Awaited<ReturnType<typeof store.rooms.listOpen>> = await store.rooms.listOpen(
          `aB${word}`,
          cursor,
          3,
        )
        assert.ok(page.items.length <= 3)
        found.push(...page.items.map((room) => room.id))
        cursor = page.nextCursor
      } while (cursor !== null)
      assert.deepEqual(found, ids.toReversed())
      // What has a meaning in a pattern has none here.
      assert.equal((await store.rooms.listOpen(`${word} 100%_3`, null, 10)).items.length, 1)
      assert.equal((await store.rooms.listOpen(`${word}%3`, null, 10)).items.length, 0)
      // Hangul that a keyboard composes otherwise is the same.
      assert.equal((await store.rooms.listOpen(`방 ab${word}`.normalize('NFD'), null, 10)).items.length, 7)
    })

    test('admins see open rooms and groups listed, with their counts; direct and deleted rooms never', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const word = newId().slice(-12)
      const make = (kind: 'open' | 'group', title: string, at: number) => newRoom(store, [ann], { kind, title, at })
      const silent = await make('open', `${word} silent`, 1_000)
      const group = await make('group', `${word} Group`, 2_000)
      const gone = await make('open', `${word} gone`, 3_000)
      const { room: between } = await store.rooms.create({ ...direct(ann, bob), title: `${word} two` })
      await store.rooms.remove(gone, ann, 9)
      const first = await say(store, group, ann, 'a')
      await say(store, group, ann, 'b')
      const at = (await store.history.message(group, first + 1))?.at
      await append(store, { type: 'delete', room: group, actor: ann, target: first, moderate: false })
      const page = await store.rooms.list(word, null, 10)
      assert.deepEqual(
        page.items.map((room) => [room.id, room.kind, room.n, room.lastMessageAt, room.position.seq]),
        [
          [group, 'group', 2, at, 4],
          [silent, 'open', 0, null, 1],
        ],
      )
      assert.ok(!JSON.stringify(await store.rooms.list('', null, 200)).includes(between.id))
      const one = await store.rooms.list(word.toUpperCase(), null, 1)
      assert.equal(one.items[0]?.id, group)
      assert.equal((await store.rooms.list(word, one.nextCursor, 1)).items[0]?.id, silent)
      assert.equal((await store.rooms.list(`${word}%`, null, 10)).items.length, 0)
    })

    test('a cursor that this server did not give is refused', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const id = await newRoom(store, [ann])
      const forged = [
        '',
        'x',
        '!!',
        Buffer.from('[1]').toString('base64url'),
        Buffer.from('["a",2]').toString('base64url'),
      ]
      for (const cursor of forged) {
        await assert.rejects(store.rooms.listOpen('', cursor, 5), code('bad_request'))
        await assert.rejects(store.rooms.list('', cursor, 5), code('bad_request'))
        await assert.rejects(store.memberships.list(id, cursor, 5), code('bad_request'))
        await assert.rejects(store.memberships.ofUser(ann, cursor, 5), code('bad_request'))
      }
    })

    test('access answers kind, role and ban in one, and whether the room is full', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const id = await newRoom(store, [ann, bob])
      const open = { kind: 'open', full: false }
      assert.deepEqual(await store.rooms.access(id, ann), { ...open, role: 'owner', banned: false })
      assert.deepEqual(await store.rooms.access(id, bob), { ...open, role: 'member', banned: false })
      await store.rooms.update(id, ann, 8, { capacity: 2 })
      assert.deepEqual(await store.rooms.access(id, newId()), { kind: 'open', role: null, banned: false, full: true })
      await store.memberships.end(id, bob, ann, 9, 'banned')
      assert.deepEqual(await store.rooms.access(id, bob), { ...open, role: null, banned: true })
      assert.deepEqual(await store.rooms.access(id, newId()), { ...open, role: null, banned: false })
      assert.equal(await store.rooms.access(newId(), ann), null)
    })
  })
}
