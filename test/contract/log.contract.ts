import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { Appended } from '../../src/ports/log.ts'
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

/** What every log promises, whatever it is made of. */
export function logContract(open: OpenEmptyStore): void {
  describe('log', () => {
    let opened: OpenStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())

    test('[P2] a room has one gap-free sequence over members, messages, edits, deletes and reactions', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const target = await say(store, room, ann, '안녕')
      await store.log.append([
        { type: 'edit', room, actor: ann, target, body: '안녕하세요', mentions: [bob] },
        { type: 'reaction', room, actor: bob, target, emoji: '👍', on: true, most: 5 },
        message(room, bob, 'hello', { replyTo: target, mentions: [ann] }),
        { type: 'delete', room, actor: ann, target, moderate: false },
      ])
      await store.memberships.end(room, bob, bob, Date.now(), 'left')
      const events = await allEvents(store, room)
      assert.deepEqual(
        events.map((event) => event.seq),
        [1, 2, 3, 4, 5, 6, 7, 8],
      )
      assert.deepEqual(
        events.map((event) => event.type),
        ['join', 'join', 'message', 'edit', 'reaction', 'message', 'delete', 'leave'],
      )
      assert.deepEqual(await store.log.head(room), { epoch: 1, seq: 8, n: 2 })
      assert.deepEqual(await opened.problems(), [])
    })

    test('an event says who, when and what, and nothing that it has not', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const file = { id: newId(), name: '사진.png', type: 'image/png', size: 7 }
      const plain = message(room, ann, 'plain')
      const rich = message(room, bob, 'rich', { replyTo: 3, mentions: [ann], files: [file] })
      const results = await store.log.append([plain, rich])
      const at = (results[0] as Appended & { ok: true }).at
      assert.ok(Math.abs(at - Date.now()) < 60_000)
      const { events } = await store.log.read(room, 2, 10)
      assert.deepEqual(events, [
        { type: 'message', seq: 3, at, actor: ann, n: 1, clientMessageId: plain.clientMessageId, body: 'plain' },
        {
          type: 'message',
          seq: 4,
          at,
          actor: bob,
          n: 2,
          clientMessageId: rich.clientMessageId,
          body: 'rich',
          replyTo: 3,
          mentions: [ann],
          files: [file],
        },
      ])
    })

    test('drafts of one room get their seqs in the order of the array, and calls in the order of calling', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const rooms = [await newRoom(store, [ann]), await newRoom(store, [ann])] as [string, string]
      const calls = Array.from({ length: 10 }, (_, c) =>
        store.log.append(Array.from({ length: 20 }, (_, i) => message(rooms[i % 2] as string, ann, `${c}-${i}`))),
      )
      const seqs = [[], []] as [number[], number[]]
      for (const results of await Promise.all(calls)) {
        results.forEach((result, i) => {
          assert.ok(result.ok)
          seqs[i % 2 === 0 ? 0 : 1].push(result.seq)
        })
      }
      const expected = Array.from({ length: 100 }, (_, i) => i + 2)
      assert.deepEqual(seqs, [expected, expected])
    })

    test('[P1] what was acknowledged is there after the store was closed and opened', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const room = await newRoom(store, [ann])
      await store.log.append(Array.from({ length: 50 }, (_, i) => message(room, ann, `m${i}`)))
      const events = await allEvents(store, room)
      assert.equal(events.length, 51)
      const again = await opened.reopen()
      opened.store = again
      assert.deepEqual(await allEvents(again, room), events)
      assert.equal(await say(again, room, ann, 'and on'), 52)
    })

    test('a read that is asked after an append resolved sees it', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const room = await newRoom(store, [ann])
      for (let i = 0; i < 100; i++) {
        const seq = await say(store, room, ann, `m${i}`)
        const [{ head, events }, page] = await Promise.all([
          store.log.read(room, seq - 1, 10),
          store.history.messages(room, { limit: 1 }),
        ])
        assert.equal(head.seq, seq)
        assert.equal(events.length, 1)
        assert.equal(page.messages[0]?.seq, seq)
      }
    })

    test('[P3] a repeat gets the first seq back, in the same batch and in a later one, and is not stored', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const first = message(room, ann, 'once')
      const [a, b] = await store.log.append([first, { ...first, body: 'another body' }])
      assert.ok(a?.ok && b?.ok)
      assert.deepEqual({ ...b, duplicate: false }, a)
      assert.equal(b.duplicate, true)
      const later = await append(store, { ...first, retry: true })
      assert.deepEqual(later, b)
      // The id is the sender's own: another sender and another room may use it.
      const other = await append(store, { ...first, actor: bob })
      assert.ok(other.ok && !other.duplicate)
      const elsewhere = await append(store, { ...first, room: await newRoom(store, [ann]) })
      assert.ok(elsewhere.ok && !elsewhere.duplicate)
      assert.equal((await allEvents(store, room)).length, 4)
    })

    test('[P3] a repeat by somebody who has left since is told the first seq', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const draft = message(room, bob, 'bye')
      const first = await append(store, draft)
      assert.ok(first.ok)
      await store.memberships.end(room, bob, ann, Date.now(), 'kicked')
      assert.deepEqual(await append(store, { ...draft, retry: true }), { ...first, duplicate: true })
      assert.deepEqual(await append(store, message(room, bob, 'more')), { ok: false, code: 'not_a_member' })
    })

    test('[P5] nobody appends before joining or after leaving', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann])
      const target = await say(store, room, ann, 'x')
      const refused = { ok: false, code: 'not_a_member' }
      const all = () =>
        store.log.append([
          message(room, bob, 'no'),
          { type: 'edit', room, actor: bob, target, body: 'no', mentions: [] },
          { type: 'delete', room, actor: bob, target, moderate: true },
          { type: 'reaction', room, actor: bob, target, emoji: '👍', on: true, most: 5 },
        ])
      assert.deepEqual(await all(), [refused, refused, refused, refused])
      await store.memberships.join(room, bob, bob, Date.now())
      assert.ok((await append(store, message(room, bob, 'yes'))).ok)
      // Asked in one go: the end comes first.
      const [, results] = await Promise.all([
        store.memberships.end(room, bob, bob, Date.now(), 'left'),
        store.log.append([message(room, bob, 'too late')]),
      ])
      assert.deepEqual(results, [refused])
      assert.deepEqual(await append(store, message(newId(), bob, 'no')), { ok: false, code: 'room_not_found' })
    })

    test('a draft fails alone', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const target = await say(store, room, ann, 'target')
      const gone = await say(store, room, ann, 'gone')
      await append(store, { type: 'delete', room, actor: ann, target: gone, moderate: false })
      const results = await store.log.append([
        message(room, ann, 'a'),
        message(newId(), ann, 'b'),
        message(room, ann, 'c', { replyTo: 1 }),
        message(room, ann, 'd', { replyTo: 99 }),
        { type: 'edit', room, actor: bob, target, body: 'e', mentions: [] },
        { type: 'edit', room, actor: ann, target: gone, body: 'f', mentions: [] },
        { type: 'edit', room, actor: ann, target: 1, body: 'g', mentions: [] },
        { type: 'delete', room, actor: bob, target, moderate: false },
        { type: 'delete', room, actor: ann, target: gone, moderate: true },
        { type: 'reaction', room, actor: ann, target: gone, emoji: '👍', on: true, most: 5 },
        { type: 'reaction', room, actor: ann, target, emoji: '👍', on: true, most: 0 },
        message(room, bob, 'z', { replyTo: target }),
      ])
      assert.deepEqual(
        results.map((result) => (result.ok ? result.seq : result.code)),
        [
          6,
          'room_not_found',
          'message_not_found',
          'message_not_found',
          'not_the_sender',
          'message_deleted',
          'message_not_found',
          'not_the_sender',
          'message_deleted',
          'message_deleted',
          'too_many_reactions',
          7,
        ],
      )
      assert.deepEqual(await opened.problems(), [])
    })

    test('a moderator deletes what others sent', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const target = await say(store, room, bob, 'rude')
      assert.ok((await append(store, { type: 'delete', room, actor: ann, target, moderate: true })).ok)
      const deleted = await store.history.message(room, target)
      assert.equal(deleted?.body, null)
      assert.equal(deleted?.sender, bob)
    })

    test('erased and replaced text is nowhere, whichever way it is asked for', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const file = { id: newId(), name: 'erased-name.png', type: 'image/png', size: 7 }
      const target = 3
      await store.log.append([
        message(room, ann, 'erased-first', { mentions: [bob], files: [file] }),
        { type: 'edit', room, actor: ann, target, body: 'erased-second', mentions: [bob] },
        { type: 'reaction', room, actor: bob, target, emoji: '👍', on: true, most: 5 },
        message(room, bob, 'kept'),
      ])
      assert.ok((await opened.dump()).includes('erased-second'))
      assert.ok(!(await opened.dump()).includes('erased-first'), 'an edit replaces the text')
      await append(store, { type: 'delete', room, actor: ann, target, moderate: false })
      const dump = await opened.dump()
      assert.ok(!dump.includes('erased'))
      assert.ok(dump.includes('kept'))
      const events = await allEvents(store, room)
      assert.ok(!JSON.stringify(events).includes('erased'))
      assert.deepEqual(
        events.filter((event) => 'body' in event).map((event) => 'body' in event && event.body),
        [null, null, 'kept'],
      )
      const message_ = await store.history.message(room, target)
      assert.equal(message_?.body, null)
      assert.deepEqual([message_?.mentions, message_?.files, message_?.reactions], [[], [], []])
      assert.equal(message_?.rev, 7)
    })

    test('a reaction that changes nothing appends nothing and answers with the rev of the message', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const target = await say(store, room, ann, 'x')
      const react = (actor: string, on: boolean) =>
        append(store, { type: 'reaction', room, actor, target, emoji: '👍', on, most: 5 })
      const off = await react(bob, false)
      assert.ok(off.ok && off.duplicate && off.seq === target)
      const on = await react(bob, true)
      assert.ok(on.ok && !on.duplicate)
      const again = await react(bob, true)
      assert.ok(again.ok && again.duplicate && again.seq === on.seq)
      assert.equal((await store.log.head(room))?.seq, on.seq)
    })

    test('one send moves the own read cursor, and nobody else’s', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      await store.log.append([message(room, ann, 'a'), message(room, ann, 'b'), message(room, bob, 'c')])
      await say(store, room, ann, 'd')
      const a = await store.memberships.get(room, ann)
      const b = await store.memberships.get(room, bob)
      assert.deepEqual([a?.readSeq, a?.readN, b?.readSeq, b?.readN], [6, 4, 5, 3])
    })

    test('read and head know no room that is not there', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const room = await newRoom(store, [ann])
      await assert.rejects(store.log.read(newId(), 0, 10), code('room_not_found'))
      assert.equal(await store.log.head(newId()), null)
      assert.deepEqual(await store.log.heads([room, newId()]), new Map([[room, { epoch: 1, seq: 1, n: 0 }]]))
      assert.deepEqual((await store.log.read(room, 1, 10)).events, [])
      assert.deepEqual((await store.log.read(room, 99, 10)).events, [])
    })
  })
}
