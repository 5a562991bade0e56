import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import { REACTION_USERS } from '../../src/protocol/model.ts'
import { append, code, message, newRoom, newUser, newUsers, type OpenEmptyStore, type OpenStore, say } from './store.ts'

/** What every history promises. */
export function historyContract(open: OpenEmptyStore): void {
  describe('history', () => {
    let opened: OpenStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())

    test('pages back and forth hold every message once, however many other events lie between', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const room = await newRoom(store, [ann])
      const seqs: number[] = []
      for (let i = 0; i < 30; i++) {
        const seq = await say(store, room, ann, `m${i}`)
        seqs.push(seq)
        // Runs of other events, one of them long enough that a scan over it would be dear.
        const others = i === 10 ? 3_000 : i % 4
        await store.log.append(
          Array.from({ length: others }, (_, k) => {
            return { type: 'reaction', room, actor: ann, target: seq, emoji: '👍', on: k % 2 === 0, most: 5 } as const
          }),
        )
      }
      const back: number[] = []
      let before: number | undefined
      for (;;) {
        const page = await store.history.messages(room, { limit: 7, ...(before !== undefined && { before }) })
        back.unshift(...page.messages.map((each) => each.seq))
        before = page.messages[0]?.seq
        if (!page.more) break
      }
      assert.deepEqual(back, seqs)
      const forth: number[] = []
      let last = 0
      for (;;) {
        const page = await store.history.messages(room, { limit: 7, after: last })
        forth.push(...page.messages.map((each) => each.seq))
        last = forth.at(-1) as number
        if (!page.more) break
      }
      assert.deepEqual(forth, seqs)
    })

    test('a page names the head of its own snapshot while others write', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const room = await newRoom(store, [ann])
      let writing = true
      const writer = (async () => {
        for (let i = 0; i < 200; i++) await say(store, room, ann, `m${i}`)
        writing = false
      })()
      while (writing) {
        const { messages, head, n } = await store.history.messages(room, { limit: 5 })
        assert.equal(messages.at(-1)?.seq ?? 1, head)
        assert.equal(messages.at(-1)?.n ?? 0, n)
      }
      await writer
    })

    test('an empty room has an empty page; a range beyond either end is empty', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const room = await newRoom(store, [ann])
      const empty = { messages: [], more: false, epoch: 1, head: 1, n: 0 }
      assert.deepEqual(await store.history.messages(room, { limit: 5 }), empty)
      await say(store, room, ann, 'x')
      const some = { ...empty, head: 2, n: 1 }
      assert.deepEqual(await store.history.messages(room, { limit: 5, before: 2 }), some)
      assert.deepEqual(await store.history.messages(room, { limit: 5, before: 0 }), some)
      assert.deepEqual(await store.history.messages(room, { limit: 5, after: 2 }), some)
      assert.deepEqual(await store.history.messages(room, { limit: 5, after: 1_000 }), some)
      assert.equal((await store.history.messages(room, { limit: 5, before: 1_000 })).messages.length, 1)
      await assert.rejects(store.history.messages(newId(), { limit: 5 }), code('room_not_found'))
      assert.equal(await store.history.message(newId(), 1), null)
      assert.equal(await store.history.message(room, 1), null, 'a join is no message')
    })

    test('countUpTo is the n of a read cursor', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      await say(store, room, ann, 'a')
      await store.memberships.end(room, bob, bob, Date.now(), 'left')
      await say(store, room, ann, 'b')
      const counts = []
      for (const seq of [0, 1, 2, 3, 4, 5, 6]) counts.push(await store.history.countUpTo(room, seq))
      assert.deepEqual(counts, [0, 0, 0, 1, 1, 2, 2])
    })

    test('every message is found by its number, however many other events lie between', async () => {
      const { store } = opened
      const ann = await newUser(store)
      const room = await newRoom(store, [ann])
      const seqs: number[] = []
      for (let i = 0; i < 12; i++) {
        const target = await say(store, room, ann, `m${i}`)
        seqs.push(target)
        for (let k = 0; k < i % 5; k++)
          await append(store, { type: 'reaction', room, actor: ann, target, emoji: '👍', on: k % 2 === 0, most: 5 })
      }
      const found = await Promise.all(seqs.map((_, i) => store.history.seqOf(room, i + 1)))
      assert.deepEqual(found, seqs)
      assert.equal(await store.history.seqOf(room, 0), null)
      assert.equal(await store.history.seqOf(room, 13), null)
      await assert.rejects(store.history.seqOf(newId(), 1), code('room_not_found'))
    })

    test('what happened to a room and its members is told in its order, with the count of messages before it', async () => {
      const { store } = opened
      const [ann, bob, eve] = (await newUsers(store, 3)) as [string, string, string]
      const room = await newRoom(store, [ann])
      await store.memberships.join(room, bob, bob, Date.now())
      const target = await say(store, room, ann, 'one')
      await append(store, { type: 'reaction', room, actor: bob, target, emoji: '👍', on: true, most: 5 })
      await store.memberships.setRole(room, bob, ann, Date.now(), 'moderator')
      await store.memberships.join(room, eve, eve, Date.now())
      await say(store, room, eve, 'two')
      await append(store, { type: 'edit', room, actor: eve, target: 7, body: 'two!', mentions: [] })
      await store.rooms.update(room, ann, Date.now(), { title: 'Other' })
      await store.memberships.end(room, eve, bob, Date.now(), 'kicked')
      await say(store, room, ann, 'three')

      const all = { after: 0, before: 100, limit: 50 }
      const told = await store.history.notices(room, all)
      const kept = (await store.log.read(room, 0, 100)).events.filter(
        (event) => !['message', 'edit', 'reaction'].includes(event.type),
      )
      assert.deepEqual(
        told.events.map(({ event }) => event),
        kept,
      )
      assert.deepEqual(
        told.events.map(({ event, n }) => [event.seq, event.type, n]),
        [
          [1, 'join', 0],
          [2, 'join', 0],
          [5, 'member', 1],
          [6, 'join', 1],
          [9, 'room', 2],
          [10, 'leave', 2],
        ],
      )
      assert.equal(told.through, 99)

      for (const limit of [1, 2, 4]) {
        const parts: number[] = []
        for (let after = 0; after < 9; ) {
          const { events, through } = await store.history.notices(room, { after, before: 10, limit })
          assert.ok(through > after && events.length <= limit)
          parts.push(...events.map(({ event }) => event.seq))
          after = through
        }
        assert.deepEqual(parts, [1, 2, 5, 6, 9], `in parts of ${limit}`)
      }
      assert.deepEqual(await store.history.notices(room, { after: 2, before: 5, limit: 5 }), { events: [], through: 4 })
      await assert.rejects(store.history.notices(newId(), all), code('room_not_found'))
    })

    test(`a reaction names its first ${REACTION_USERS} users in the order of reacting, and counts all`, async () => {
      const { store } = opened
      const users = await newUsers(store, REACTION_USERS + 5)
      const room = await newRoom(store, users)
      const target = await say(store, room, users[0] as string, 'x')
      const react = (actor: string, emoji: string, on: boolean) =>
        append(store, { type: 'reaction', room, actor, target, emoji, on, most: 5 })
      for (const user of users) await react(user, '👍', true)
      await react(users[3] as string, '❤️', true)
      let reactions = (await store.history.message(room, target))?.reactions
      assert.deepEqual(reactions, [
        { emoji: '👍', count: users.length, users: users.slice(0, REACTION_USERS) },
        { emoji: '❤️', count: 1, users: [users[3]] },
      ])
      // Somebody who is only counted takes it back, and somebody who is named.
      await react(users.at(-1) as string, '👍', false)
      await react(users[0] as string, '👍', false)
      await react(users[3] as string, '❤️', false)
      reactions = (await store.history.message(room, target))?.reactions
      assert.deepEqual(reactions, [{ emoji: '👍', count: users.length - 2, users: users.slice(1, REACTION_USERS) }])
      assert.deepEqual(await opened.problems(), [])
    })

    test('a message tells that it was edited, when, and the highest seq that it reflects', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const draft = message(room, ann, 'before', { mentions: [bob] })
      const sent = await append(store, draft)
      const edited = await append(store, { type: 'edit', room, actor: ann, target: 3, body: 'after', mentions: [ann] })
      assert.ok(sent.ok && edited.ok)
      assert.deepEqual(await store.history.message(room, 3), {
        seq: 3,
        n: 1,
        sender: ann,
        clientMessageId: draft.clientMessageId,
        body: 'after',
        at: sent.at,
        editedAt: edited.at,
        mentions: [ann],
        reactions: [],
        files: [],
        rev: 4,
      })
    })
  })
}
