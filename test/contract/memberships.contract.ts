import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { MembersWanted } from '../../src/ports/memberships.ts'
import type { Ban, Member, Page, RoomSummary } from '../../src/protocol/model.ts'
import {
  allEvents,
  append,
  code,
  HASH,
  message,
  newRoom,
  newUser,
  newUsers,
  type OpenEmptyStore,
  type OpenStore,
  say,
} from './store.ts'

/** What every keeper of memberships promises. */
export function membershipsContract(open: OpenEmptyStore): void {
  describe('memberships', () => {
    let opened: OpenStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())

    test('a crowd of 500 that joins a room for 50 at the same instant fills it exactly', async () => {
      const { store } = opened
      const owner = await newUser(store)
      const room = await newRoom(store, [owner], { capacity: 50 })
      const crowd = await newUsers(store, 500)
      const outcomes = await Promise.allSettled(crowd.map((user) => store.memberships.join(room, user, user, 9)))
      const joined = outcomes.filter((outcome) => outcome.status === 'fulfilled')
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
      assert.equal(joined.length, 49)
      assert.ok(refused.every((outcome) => outcome.reason.code === 'room_full'))
      assert.equal((await store.rooms.get(room))?.memberCount, 50)
      assert.equal((await store.memberships.list(room, null, 200)).items.length, 50)
      assert.equal((await allEvents(store, room)).length, 50)
      assert.deepEqual(await opened.problems(), [])
      // A place that becomes free is one place.
      const [first] = (await store.memberships.list(room, null, 200)).items.filter((member) => member.user !== owner)
      await store.memberships.end(room, first?.user as string, owner, 9, 'kicked')
      const again = await Promise.allSettled(
        crowd.slice(0, 60).map((user) => store.memberships.join(room, user, user, 9)),
      )
      const newcomers = again.filter((outcome) => outcome.status === 'fulfilled' && outcome.value.change.events.length)
      assert.equal(newcomers.length, 1)
      assert.equal((await store.rooms.get(room))?.memberCount, 50)
    })

    test('joining again changes nothing and has no events', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann])
      await say(store, room, ann, 'before')
      const { membership, change } = await store.memberships.join(room, bob, ann, 9)
      assert.deepEqual(membership, {
        role: 'member',
        joinedAt: 9,
        readSeq: 3,
        readN: 1,
        notify: 'all',
        lastExitAt: null,
      })
      const event = { type: 'join', seq: 3, at: 9, actor: ann, user: bob, role: 'member' }
      assert.deepEqual(change, { epoch: 1, events: [event] })
      assert.deepEqual(await store.memberships.join(room, bob, bob, 99), {
        membership,
        change: { epoch: 1, events: [] },
      })
      await assert.rejects(store.memberships.join(newId(), bob, bob, 9), code('room_not_found'))
      await assert.rejects(store.memberships.join(room, newId(), ann, 9), code('user_not_found'))
    })

    test('[P5] a membership ends by one event, and ending none changes nothing', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const left = await store.memberships.end(room, bob, ann, 9, 'kicked')
      assert.deepEqual(left.events, [{ type: 'leave', seq: 3, at: 9, actor: ann, user: bob, reason: 'kicked' }])
      assert.deepEqual((await store.memberships.end(room, bob, ann, 9, 'kicked')).events, [])
      assert.equal(await store.memberships.get(room, bob), null)
      await assert.rejects(store.memberships.end(newId(), bob, ann, 9, 'left'), code('room_not_found'))
      assert.ok((await store.memberships.join(room, bob, bob, 10)).change.events.length === 1)
    })

    test('a ban keeps a user out until it is taken back, and reaches users who are no members', async () => {
      const { store } = opened
      const [ann, bob, cho] = (await newUsers(store, 3)) as [string, string, string]
      const room = await newRoom(store, [ann, bob])
      const banned = await store.memberships.end(room, bob, ann, 9, 'banned')
      assert.equal(banned.events.length, 1)
      assert.deepEqual((await store.memberships.end(room, cho, ann, 9, 'banned')).events, [])
      assert.deepEqual((await store.memberships.end(room, cho, ann, 9, 'banned')).events, [])
      for (const user of [bob, cho]) {
        await assert.rejects(store.memberships.join(room, user, user, 9), code('banned'))
        await store.memberships.unban(room, user)
        await store.memberships.unban(room, user)
        await store.memberships.join(room, user, user, 9)
      }
      assert.deepEqual(await opened.problems(), [])
    })

    test('the last owner cannot leave others behind', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      await assert.rejects(store.memberships.end(room, ann, ann, 9, 'left'), code('last_owner'))
      await assert.rejects(store.memberships.setRole(room, ann, ann, 9, 'member'), code('last_owner'))
      const changed = await store.memberships.setRole(room, bob, ann, 9, 'owner')
      assert.deepEqual(changed.events, [{ type: 'member', seq: 3, at: 9, actor: ann, user: bob, role: 'owner' }])
      assert.deepEqual((await store.memberships.setRole(room, bob, ann, 9, 'owner')).events, [])
      await store.memberships.end(room, ann, ann, 9, 'left')
      // Alone, the last owner may go.
      await store.memberships.end(room, bob, bob, 9, 'left')
      assert.equal((await store.rooms.get(room))?.memberCount, 0)
      await assert.rejects(store.memberships.setRole(room, ann, bob, 9, 'owner'), code('not_a_member'))
      assert.deepEqual(await opened.problems(), [])
    })

    test('who comes into a room that everybody left becomes its owner', async () => {
      const { store } = opened
      const [ann, bob, cho] = (await newUsers(store, 3)) as [string, string, string]
      const room = await newRoom(store, [ann])
      await store.memberships.end(room, ann, ann, 9, 'left')
      const { membership, change } = await store.memberships.join(room, bob, bob, 9)
      assert.equal(membership.role, 'owner')
      assert.deepEqual(change.events, [{ type: 'join', seq: 3, at: 9, actor: bob, user: bob, role: 'owner' }])
      assert.equal((await store.memberships.join(room, cho, cho, 9)).membership.role, 'member')
      assert.deepEqual(await opened.problems(), [])
    })

    test('either of a pair may go, the maker too', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const wanted = { kind: 'direct', title: '', capacity: null, createdBy: ann, at: 1, memberIds: [bob] } as const
      const { room } = await store.rooms.create({ ...wanted, memberIds: [bob], id: newId() })
      await store.memberships.end(room.id, ann, ann, 9, 'left')
      const again = await store.rooms.create({ ...wanted, memberIds: [bob], id: newId() })
      assert.equal(again.room.id, room.id)
      assert.deepEqual(
        again.change.events.map((event) => [event.type, event.actor]),
        [['join', ann]],
      )
      assert.deepEqual(await opened.problems(), [])
    })

    test('a direct room in the list names the other of the pair, gone or not; no other room names one', async () => {
      const { store } = opened
      const [ann, bob, cho] = (await newUsers(store, 3)) as [string, string, string]
      const wanted = { kind: 'direct', title: '', capacity: null, at: 1 } as const
      await store.rooms.create({ ...wanted, id: newId(), createdBy: ann, memberIds: [bob] })
      const other = await store.rooms.create({ ...wanted, id: newId(), at: 2, createdBy: cho, memberIds: [ann] })
      await newRoom(store, [ann, bob], { at: 3 })
      await store.memberships.end(other.room.id, cho, cho, 9, 'left')
      const { items } = await store.memberships.ofUser(ann, null, 9)
      assert.deepEqual(
        items.map((item) => item.peer),
        [undefined, cho, bob],
      )
      assert.equal((await store.memberships.ofUser(bob, null, 9)).items.at(-1)?.peer, ann)
    })

    test('members are listed owners first, then moderators, then by the time they joined, page by page', async () => {
      const { store } = opened
      const users = await newUsers(store, 9)
      const [owner, ...others] = users as [string, ...string[]]
      const room = await newRoom(store, [owner], { at: 1 })
      // Two at the same time, and in another order than they were made.
      for (const [i, user] of others.toReversed().entries()) {
        await store.memberships.join(room, user, user, 10 + Math.floor(i / 2))
      }
      const moderator = others[3] as string
      await store.memberships.setRole(room, moderator, owner, 99, 'moderator')
      const listed: Member[] = []
      let cursor: string | null = null
      do {
        const page: Page<Member> = await store.memberships.list(room, cursor, 2)
        assert.ok(page.items.length <= 2)
        listed.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null)
      assert.deepEqual(listed.map((member) => member.user).slice(0, 2), [owner, moderator])
      assert.deepEqual(new Set(listed.map((member) => member.user)), new Set(users))
      assert.equal(listed.length, users.length)
      const times = listed.slice(2).map((member) => member.joinedAt)
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      )
      assert.ok(listed.every((member) => member.online === false))
    })

    test('members are found among users and by the beginning of a name, in the order of the list, page by page', async () => {
      const { store } = opened
      const make = async (displayName: string, username = `m${newId().slice(-12)}`) => {
        const account = { id: newId(), username, displayName, passwordHash: HASH, role: 'user' as const, createdAt: 1 }
        return (await store.accounts.create(account)).id
      }
      const owner = await make('여울 지기')
      const kim = await make('김하나')
      const deep = await make('바다 김두리')
      const latin = await make('Min', `kimchi${newId().slice(-12)}`)
      const percent = await make('100% 김')
      await make('김밖에')
      const room = await newRoom(store, [owner], { at: 1 })
      for (const [i, user] of [kim, deep, latin, percent].entries()) {
        await store.memberships.join(room, user, user, 10 + i)
      }
      await store.memberships.setRole(room, deep, owner, 99, 'moderator')
      const found = async (wanted: MembersWanted) =>
        (await store.memberships.list(room, null, 200, wanted)).items.map(({ user }) => user)
      assert.deepEqual(await found({ q: '김' }), [deep, kim, percent])
      assert.deepEqual(await found({ q: 'KIMCHI' }), [latin])
      assert.deepEqual(await found({ q: 'mi' }), [latin])
      assert.deepEqual(await found({ q: '두리' }), [], 'the middle of a word is no beginning')
      assert.deepEqual(await found({ q: '%' }), [])
      assert.deepEqual(await found({ q: '100%' }), [percent])
      assert.deepEqual(await found({ among: [percent, newId(), owner] }), [owner, percent])
      assert.deepEqual(await found({ among: [kim, latin], q: '김' }), [kim])
      assert.deepEqual(await found({ among: [] }), [])
      const first = await store.memberships.list(room, null, 2, { q: '김' })
      assert.deepEqual(
        first.items.map(({ user }) => user),
        [deep, kim],
      )
      const rest = await store.memberships.list(room, first.nextCursor, 2, { q: '김' })
      assert.deepEqual([rest.items.map(({ user }) => user), rest.nextCursor], [[percent], null])
    })

    test('bans are listed with who set them, the latest first, page by page, until they are lifted', async () => {
      const { store } = opened
      const [owner, other] = (await newUsers(store, 2)) as [string, string]
      const users: string[] = []
      for (let i = 0; i < 5; i++) users.push(await newUser(store))
      const room = await newRoom(store, [owner, other, ...users.slice(0, 2)])
      for (const [i, user] of users.entries()) {
        // Two within the same millisecond.
        await store.memberships.end(room, user, i === 0 ? other : owner, 50 + Math.floor(i / 2), 'banned')
      }
      const listed: Ban[] = []
      let cursor: string | null = null
      do {
        const page: Page<Ban> = await store.memberships.bans(room, cursor, 2)
        assert.ok(page.items.length <= 2)
        listed.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null)
      const expected = users.map((user, i) => ({ user, at: 50 + Math.floor(i / 2), by: i === 0 ? other : owner }))
      assert.deepEqual(listed, expected.toReversed())
      await store.memberships.unban(room, users[4] as string)
      assert.deepEqual((await store.memberships.bans(room, null, 200)).items, expected.slice(0, 4).toReversed())
      await assert.rejects(store.memberships.bans(newId(), null, 5), code('room_not_found'))
    })

    test('a user’s rooms come liveliest first, with unread counts and last messages, page by page', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const rooms: string[] = []
      for (let i = 0; i < 5; i++) rooms.push(await newRoom(store, [ann, bob], { at: 100 + i }))
      assert.deepEqual(await store.memberships.roomIdsOf(ann, 10), rooms.toReversed())
      const lively = rooms[1] as string
      await store.log.append([message(lively, bob, 'one'), message(lively, bob, 'two')])
      const expected = [lively, ...rooms.toReversed().filter((room) => room !== lively)]
      assert.deepEqual(await store.memberships.roomIdsOf(ann, 3), expected.slice(0, 3))
      const summaries: RoomSummary[] = []
      let cursor: string | null = null
      do {
        const page: Page<RoomSummary> = await store.memberships.ofUser(ann, cursor, 2)
        summaries.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null)
      assert.deepEqual(
        summaries.map((summary) => summary.room.id),
        expected,
      )
      const [first, second] = summaries as [RoomSummary, RoomSummary]
      assert.equal(first.unread, 2)
      assert.equal(first.lastMessage?.body, 'two')
      assert.equal(first.membership.role, 'owner')
      assert.equal(second.unread, 0)
      assert.equal(second.lastMessage, null)
      const other = (await store.memberships.ofUser(bob, null, 1)).items[0]
      assert.equal(other?.unread, 0, 'who sent it has read it')
      const newest = first.lastMessage?.seq as number
      await append(store, { type: 'delete', room: lively, actor: bob, target: newest, moderate: false })
      assert.equal((await store.memberships.ofUser(ann, null, 1)).items[0]?.lastMessage?.body, null)
    })

    test('read cursors move forward only; unknown members are passed over', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      await store.log.append(Array.from({ length: 5 }, (_, i) => message(room, ann, `m${i}`)))
      const save = (seq: number, n: number) =>
        store.memberships.saveProgress(
          [
            { room: newId(), user: bob, seq, n },
            { room, user: newId(), seq, n },
            { room, user: bob, seq, n },
          ],
          [{ room, user: newId(), at: 5 }],
        )
      await save(5, 3)
      await save(4, 2)
      const read = await store.memberships.get(room, bob)
      assert.deepEqual([read?.readSeq, read?.readN, read?.lastExitAt], [5, 3, null])
      assert.equal((await store.memberships.ofUser(bob, null, 1)).items[0]?.unread, 2)
      await store.memberships.saveProgress([], [{ room, user: bob, at: 77 }])
      assert.equal((await store.memberships.get(room, bob))?.lastExitAt, 77)
      // Another node may be late with what it knows.
      await store.memberships.saveProgress([], [{ room, user: bob, at: 76 }])
      assert.equal((await store.memberships.get(room, bob))?.lastExitAt, 77)
    })

    test('a member chooses what to be notified of', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const room = await newRoom(store, [ann])
      await store.memberships.setNotify(room, ann, 'mentions')
      assert.equal((await store.memberships.get(room, ann))?.notify, 'mentions')
      await assert.rejects(store.memberships.setNotify(room, newId(), 'none'), code('not_a_member'))
    })

    test('an append that follows a join or an end sees it, in whatever order they were asked', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann])
      const results: boolean[] = []
      for (let i = 0; i < 20; i++) {
        const [, [inside], , [outside]] = await Promise.all([
          store.memberships.join(room, bob, bob, 9),
          store.log.append([message(room, bob, 'in')]),
          store.memberships.end(room, bob, bob, 9, 'left'),
          store.log.append([message(room, bob, 'out')]),
        ])
        results.push(inside?.ok === true && outside?.ok === false)
      }
      assert.ok(results.every(Boolean))
      assert.deepEqual(await opened.problems(), [])
    })
  })
}
