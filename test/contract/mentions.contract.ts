import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { UNREAD_MENTIONS_MAX } from '../../src/protocol/limits.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { append, message, newRoom, newUsers, type OpenEmptyStore, type OpenStore, type Store, say } from './store.ts'

/** What every list of rooms promises of unread mentions. */
export function mentionsContract(open: OpenEmptyStore): void {
  describe('unread mentions', () => {
    let opened: OpenStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())

    test('each member who is mentioned finds the numbers of those messages, rising; nobody else does', async () => {
      const { store } = opened
      const [ann, bob, cyd, dan] = (await newUsers(store, 4)) as [string, string, string, string]
      const room = await newRoom(store, [ann, bob, cyd])
      await say(store, room, ann, 'to nobody')
      await mention(store, room, ann, [bob, cyd])
      // Oneself, and somebody who is no member.
      await mention(store, room, ann, [ann, dan])
      await mention(store, room, cyd, [bob])
      assert.deepEqual(await mentionsOf(store, room, bob), [2, 4])
      assert.deepEqual(await mentionsOf(store, room, cyd), [])
      assert.deepEqual(await mentionsOf(store, room, ann), [])
      await store.memberships.join(room, dan, dan, 9)
      assert.deepEqual(await mentionsOf(store, room, dan), [])
      assert.deepEqual(await opened.problems(), [])
    })

    test('what is read is no unread mention, whether by a cursor or by a message of one’s own', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const seq = await mention(store, room, ann, [bob])
      await mention(store, room, ann, [bob])
      await store.memberships.saveProgress([{ room, user: bob, seq, n: 1 }], [])
      assert.deepEqual(await mentionsOf(store, room, bob), [2])
      await say(store, room, bob, 'here')
      assert.deepEqual(await mentionsOf(store, room, bob), [])
      await mention(store, room, ann, [bob])
      assert.deepEqual(await mentionsOf(store, room, bob), [4])
    })

    test('an edit adds and takes mentions, and a delete takes all', async () => {
      const { store } = opened
      const [ann, bob, cyd] = (await newUsers(store, 3)) as [string, string, string]
      const room = await newRoom(store, [ann, bob, cyd])
      const first = await mention(store, room, ann, [bob])
      const second = await mention(store, room, ann, [bob, cyd])
      await edit(store, room, ann, first, [cyd])
      await shown(async () => {
        assert.deepEqual(await mentionsOf(store, room, bob), [2])
        assert.deepEqual(await mentionsOf(store, room, cyd), [1, 2])
      })
      await append(store, { type: 'delete', room, actor: ann, target: second, moderate: false })
      await shown(async () => {
        assert.deepEqual(await mentionsOf(store, room, bob), [])
        assert.deepEqual(await mentionsOf(store, room, cyd), [1])
      })
      // What bob has read stays read, whoever mentions him in it afterwards.
      await say(store, room, bob, 'I saw that')
      await edit(store, room, ann, first, [bob, cyd])
      await shown(async () => assert.deepEqual(await mentionsOf(store, room, cyd), [1]))
      assert.deepEqual(await mentionsOf(store, room, bob), [])
    })

    test('messages of one batch that are edited and deleted at once count as they are in the end', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      const draft = (body: string) => message(room, ann, body, { mentions: [bob] })
      await store.log.append([draft('a'), draft('b'), draft('c')])
      const base = 2
      await store.log.append([
        draft('d'),
        { type: 'edit', room, actor: ann, target: base + 1, body: 'nobody', mentions: [] },
        { type: 'delete', room, actor: ann, target: base + 2, moderate: false },
        { type: 'edit', room, actor: ann, target: base + 3, body: 'bob', mentions: [bob] },
      ])
      await shown(async () => assert.deepEqual(await mentionsOf(store, room, bob), [3, 4]))
    })

    test(`of many the newest ${UNREAD_MENTIONS_MAX} are listed, and no more are kept`, async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      for (let i = 0; i < UNREAD_MENTIONS_MAX + 20; i++) await mention(store, room, ann, [bob])
      const found = await mentionsOf(store, room, bob)
      assert.equal(found.length, UNREAD_MENTIONS_MAX)
      assert.deepEqual([found[0], found.at(-1)], [21, UNREAD_MENTIONS_MAX + 20])
      // What a worker writes in one batch is not counted yet: the oldest go with the next.
      await shown(async () => {
        await mention(store, room, ann, [bob])
        const rows = rowsOf(await opened.dump())
        assert.ok(!rows.some((count) => count > UNREAD_MENTIONS_MAX), `${rows} are kept`)
      })
    })

    test('[P5] leaving ends them: who comes back has none from before', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      await mention(store, room, ann, [bob])
      await store.memberships.end(room, bob, bob, 9, 'left')
      await mention(store, room, ann, [bob])
      await store.memberships.join(room, bob, bob, 10)
      assert.deepEqual(await mentionsOf(store, room, bob), [])
      await mention(store, room, ann, [bob])
      assert.deepEqual(await mentionsOf(store, room, bob), [3])
    })

    test('they survive a restart', async () => {
      const { store } = opened
      const [ann, bob] = (await newUsers(store, 2)) as [string, string]
      const room = await newRoom(store, [ann, bob])
      await mention(store, room, ann, [bob])
      opened.store = await opened.reopen()
      assert.deepEqual(await mentionsOf(opened.store, room, bob), [1])
    })
  })
}

/** Sends a message that mentions these users and answers its seq. */
async function mention(store: Store, room: string, actor: string, mentions: string[]): Promise<number> {
  const appended = await append(store, message(room, actor, 'you!', { mentions }))
  assert.ok(appended.ok)
  return appended.seq
}

async function edit(store: Store, room: string, actor: string, target: number, mentions: string[]): Promise<void> {
  const appended = await append(store, { type: 'edit', room, actor, target, body: 'changed', mentions })
  assert.ok(appended.ok)
}

async function mentionsOf(store: Store, room: string, user: string): Promise<number[]> {
  const { items } = await store.memberships.ofUser(user, null, 200)
  const summary = items.find((each) => each.room.id === room)
  assert.ok(summary, 'the user is a member')
  return summary.unreadMentions
}

/** How many mentions are stored of each user in each room. */
function rowsOf(dump: string): number[] {
  const counts = new Map<string, number>()
  for (const line of dump.split('\n')) {
    if (!line.startsWith('[{"user_pk"') || !line.includes('"n"') || line.includes('"emoji"')) continue
    for (const { user_pk, room_pk } of JSON.parse(line) as { user_pk: number; room_pk: number }[])
      counts.set(`${user_pk} ${room_pk}`, (counts.get(`${user_pk} ${room_pk}`) ?? 0) + 1)
  }
  return [...counts.values()]
}

/** Behind a log beside the database, what becomes of a message that was written already shows once that is written too. */
async function shown(check: () => Promise<void>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > end) throw error
    }
  }
}
