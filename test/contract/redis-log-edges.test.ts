import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { AppendCall } from '../../src/adapters/redis/log-call.ts'
import { RedisLogSide } from '../../src/adapters/redis/write-back.ts'
import type { Appended, MessageDraft } from '../../src/ports/log.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { client, node, other, redis, roomOf, url, WINDOW_MS, withTwoNodes } from './redis-log-pair.ts'
import { drain, dumpOfRedis, type LogNode, openLogNode, PARTITIONS, trimAll, write } from './redis-log-store.ts'
import { allEvents, append, code, message, newRoom, newUser, newUsers, say } from './store.ts'

describe('the Redis log at its edges', () => {
  withTwoNodes()

  const side = (of: LogNode, idleMs: number) =>
    new RedisLogSide({ functions: of.redisLog.functions, windowMs: () => WINDOW_MS, idleMs })
  /** Lets all rooms go cold that are in the database as a whole, and drops repeats whose window is over. */
  const tidy = async (idleMs: number) => {
    for (let partition = 0; partition < PARTITIONS; partition++) await side(node, idleMs).tidy(partition)
  }
  const isWarm = async (room: string) => (await client.keys(`*:room:${room}`)).length === 1

  test('[P2] [P3] a room that went cold goes on from where the database ended', async () => {
    const [ann, bob] = (await newUsers(node.store, 2)) as [string, string]
    const room = await roomOf([ann, bob])
    const target = await say(node.store, room, ann, 'before')
    await drain(node, url)
    await tidy(0)
    assert.equal(await isWarm(room), false)
    assert.deepEqual(await node.store.log.head(room), { epoch: 1, seq: 3, n: 1 })
    assert.equal((await node.store.history.messages(room, { limit: 5 })).messages.length, 1)
    const results = await other.store.log.append([
      message(room, bob, 'after', { replyTo: target }),
      { type: 'reaction', room, actor: bob, target, emoji: '👍', on: true, most: 5 },
      { type: 'edit', room, actor: ann, target, body: 'changed', mentions: [] },
    ])
    assert.deepEqual(
      results.map((result) => result.ok && result.seq),
      [4, 5, 6],
    )
    assert.deepEqual(
      (await allEvents(node.store, room)).map((event) => event.seq),
      [1, 2, 3, 4, 5, 6],
    )
    const { messages, head } = await node.store.history.messages(room, { limit: 5 })
    assert.deepEqual(
      messages.map(({ seq, body, rev, reactions }) => [seq, body, rev, reactions]),
      [
        [3, 'changed', 6, [{ emoji: '👍', count: 1, users: [bob] }]],
        [4, 'after', 4, []],
      ],
    )
    assert.equal(head, 6)
    assert.equal((await node.store.rooms.get(room))?.memberCount, 2)
    await drain(node, url)
    assert.deepEqual((await node.database.verify()).problems, [])
    assert.deepEqual((await node.database.history.message(room, 3))?.body, 'changed')
  })

  test('[P4] a database that lost what has left the log (a standby that was behind) is not read over: no page has a hole', async () => {
    const ann = await newUser(node.store)
    const room = await roomOf([ann])
    for (let i = 0; i < 3; i++) await say(node.store, room, ann, `m${i}`)
    await drain(node, url)
    await say(node.store, room, ann, 'in the log')
    const database = new pg.Client({ connectionString: url })
    await database.connect()
    await database.query('DELETE FROM events WHERE seq > 2')
    await database.query('UPDATE rooms SET seq = 2, n = 1')
    await database.end()
    await assert.rejects(node.store.log.read(room, 1, 100), code('unavailable'))
    await assert.rejects(node.store.log.read(room, 2, 100), code('unavailable'))
    await assert.rejects(node.store.history.messages(room, { limit: 10 }), code('unavailable'))
    await assert.rejects(node.store.history.messages(room, { after: 2, limit: 10 }), code('unavailable'))
    assert.equal((await node.store.log.read(room, 4, 100)).events.length, 1)
  })

  test('a room with events that are not in the database never goes cold', async () => {
    const ann = await newUser(node.store)
    const room = await roomOf([ann])
    await say(node.store, room, ann, 'x')
    await tidy(0)
    assert.ok(await isWarm(room))
    assert.equal((await node.store.log.head(room))?.seq, 2)
  })

  test('what was loaded too long ago, or in another epoch, is refused; a room that is warm needs no load', async () => {
    const ann = await newUser(node.store)
    const room = await roomOf([ann])
    await drain(node, url)
    await tidy(0)
    const call = new AppendCall(node.redisLog.functions, () => WINDOW_MS)
    const partition = call.partitionOf(room)
    const draft = ['m', ann, '1', 'a'.repeat(22), '0', '', '', '"type":"message","actor":"x"']
    const send = (asOf: number, epoch: string, load = '1 1 0 1 0 1') =>
      call.call(partition, asOf, epoch, [{ room, load, drafts: [draft] }])
    const now = (await send(0, '', '')).now
    assert.equal((await send(now - 6_000, '1')).state, 'stale')
    assert.equal((await send(now + 60_000, '1')).state, 'stale')
    assert.equal((await send(now, '2')).state, 'stale')
    assert.equal(await isWarm(room), false)
    assert.match((await send(now, '1')).answers[0] as string, /^a 1 2 1 /)
    // It says otherwise now, and is not asked.
    assert.match((await send(now, '1', '9 9 9 9 9 9')).answers[0] as string, /^d 1 2 1 /)
  })

  test('what the database said of a message before it had all that has left the log since is asked once more', async () => {
    const ann = await newUser(node.store)
    const room = await roomOf([ann])
    const target = await say(node.store, room, ann, 'x')
    await drain(node, url)
    const call = new AppendCall(node.redisLog.functions, () => WINDOW_MS)
    const partition = call.partitionOf(room)
    const { now } = await call.call(partition, 0, '', [])
    const ask = async (head: number) => {
      const reaction = ['r', ann, '', target, `${head} 0 -`, '👍', '1', '5', '"type":"reaction"']
      const reply = ['m', ann, '', 'c'.repeat(22), '0', target, `${head} 0`, '"type":"message"']
      const edit = ['e', ann, '', target + 0.5, '', 'body', '', '"type":"edit"']
      const answers = []
      for (const draft of [reaction, reply, edit])
        answers.push(...(await call.call(partition, now, '1', [{ room, load: '', drafts: [draft] }])).answers)
      return answers
    }
    assert.deepEqual(await ask(target - 1), ['? t', '? t', 'r message_not_found'])
    assert.deepEqual(await ask(target), ['r message_not_found', 'r message_not_found', 'r message_not_found'])
    assert.equal((await node.store.log.head(room))?.seq, target)
  })

  test('what is trimmed takes nothing with it that happened since', async () => {
    const [ann, bob] = (await newUsers(node.store, 2)) as [string, string]
    const room = await roomOf([ann, bob])
    const target = await say(node.store, room, ann, 'x')
    const react = (on: boolean) =>
      append(node.store, { type: 'reaction', room, actor: bob, target, emoji: '👍', on, most: 5 })
    const edit = (body: string) => append(node.store, { type: 'edit', room, actor: ann, target, body, mentions: [] })
    assert.ok((await react(true)).ok)
    await drain(node, url)
    assert.ok((await react(false)).ok && (await edit('y')).ok)
    await write(node, url)
    const [on, edited] = [await react(true), await edit('z')]
    await trimAll(node, url)
    assert.ok(on.ok && edited.ok)
    const again = await react(true)
    assert.deepEqual([again.ok && again.duplicate, again.ok && again.seq], [true, edited.seq])
    const now = await node.store.history.message(room, target)
    assert.deepEqual(
      [now?.body, now?.rev, now?.reactions],
      ['z', edited.seq, [{ emoji: '👍', count: 1, users: [bob] }]],
    )
    await drain(node, url)
    assert.deepEqual((await node.database.verify()).problems, [])
  })

  test('[P3] within the window a repeat gets the first seq back on another node, in the database or not', async () => {
    const [here, there] = [await openLogNode(redis.url, url), await openLogNode(redis.url, url)]
    const ann = await newUser(here.store)
    const room = await newRoom(here.store, [ann])
    const draft = message(room, ann, 'once')
    const first = await append(here.store, draft)
    assert.deepEqual(await append(there.store, draft), { ...first, duplicate: true })
    await drain(here, url)
    assert.deepEqual(await append(there.store, draft), { ...first, duplicate: true })
    await Promise.all([here.close(), there.close()])
  })

  test('[P3] beyond the window the database knows a repeat that is marked as one, also of somebody who has left', async () => {
    const [ann, bob] = (await newUsers(node.store, 2)) as [string, string]
    const room = await roomOf([ann, bob])
    const drafts = [message(room, ann, 'ann'), message(room, bob, 'bob')] as [MessageDraft, MessageDraft]
    const [a, b] = (await node.store.log.append(drafts)) as [Appended, Appended]
    await drain(node, url)
    const forgotten = async () => (await client.keys('*:repeats:*')).length === 0
    for (const end = Date.now() + PATIENCE_MS; !(await forgotten()); ) {
      assert.ok(Date.now() < end, 'repeats are forgotten when their window is over')
      await sleep(100)
      await tidy(60_000)
    }
    await node.store.memberships.end(room, bob, bob, 1, 'left')
    const again = await other.store.log.append(drafts.map((draft) => ({ ...draft, retry: true })))
    assert.deepEqual(again, [
      { ...a, duplicate: true },
      { ...b, duplicate: true },
    ])
    // Without the mark nobody is asked, as the protocol says; it is another message, with a name of its own when written.
    const unmarked = await append(other.store, drafts[0])
    assert.ok(unmarked.ok && !unmarked.duplicate)
    await drain(node, url)
    assert.deepEqual((await node.database.verify()).problems, [])
  })

  test('[P3] repeats are known for as long as they are not in the database, however long ago that was', async () => {
    const ann = await newUser(node.store)
    const room = await roomOf([ann])
    const draft = message(room, ann, 'once')
    const first = await append(node.store, draft)
    for (let i = 0; i < 8; i++) {
      await sleep(WINDOW_MS / 4 + 20)
      await tidy(60_000)
    }
    assert.deepEqual(await append(other.store, draft), { ...first, duplicate: true })
  })

  test('[P5] who was removed on one node cannot send on another, not even by what that one had just read', async () => {
    const [ann, bob] = (await newUsers(node.store, 2)) as [string, string]
    const room = await roomOf([ann, bob])
    assert.ok((await append(other.store, message(room, bob, 'in'))).ok)
    const call = new AppendCall(other.redisLog.functions, () => WINDOW_MS)
    const partition = call.partitionOf(room)
    const { now } = await call.call(partition, 0, '', [])
    await node.store.memberships.end(room, bob, ann, 1, 'kicked')
    assert.deepEqual(await append(other.store, message(room, bob, 'out')), { ok: false, code: 'not_a_member' })
    const stale = ['m', bob, '1', 'b'.repeat(22), '0', '', '', '"type":"message"']
    const { answers } = await call.call(partition, now, '1', [{ room, load: '', drafts: [stale] }])
    assert.deepEqual(answers, ['r not_a_member'])
    await other.store.memberships.join(room, bob, bob, 2)
    assert.ok((await append(node.store, message(room, bob, 'back'))).ok)
  })

  test('[P2] [P3] [P5] two nodes append to the same rooms while people come and go: one sequence, and all of it is stored', async () => {
    const users = await newUsers(node.store, 6)
    const [ann, ...others] = users as [string, ...string[]]
    const rooms = [await roomOf(users), await roomOf(users), await roomOf(users)]
    const sent: { room: string; seq: number }[] = []
    const talk = async ({ store }: LogNode, name: string) => {
      for (let i = 0; i < 30; i++) {
        const drafts = Array.from({ length: 10 }, (_, k) =>
          message(rooms[k % 3] as string, users[(i + k) % 6] as string, `${name} ${i} ${k}`),
        )
        const results = await store.log.append(drafts)
        for (const [k, result] of results.entries()) {
          if (result.ok) sent.push({ room: rooms[k % 3] as string, seq: result.seq })
          else assert.equal(result.code, 'not_a_member')
        }
      }
    }
    const move = async ({ store }: LogNode) => {
      for (let i = 0; i < 20; i++) {
        const room = rooms[i % 3] as string
        const user = others[i % 5] as string
        await store.memberships.end(room, user, ann, i, 'kicked')
        await store.memberships.join(room, user, user, i)
      }
    }
    await Promise.all([talk(node, 'a'), talk(other, 'b'), move(node), move(other)])
    await drain(node, url)
    assert.deepEqual((await node.database.verify()).problems, [])
    const places = sent.map(({ room, seq }) => `${room} ${seq}`)
    assert.equal(new Set(places).size, places.length, 'no seq was given twice')
    for (const room of rooms) {
      const events = await allEvents(other.store, room, 100)
      const members = new Set<string>()
      for (const event of events) {
        if (event.type === 'join') members.add(event.user)
        else if (event.type === 'leave') members.delete(event.user)
        else assert.ok(members.has(event.actor), `${event.actor} is a member at ${event.seq}`)
      }
      const own = sent.filter((each) => each.room === room).map(({ seq }) => seq)
      const messages = events.filter((event) => event.type === 'message').map(({ seq }) => seq)
      assert.deepEqual(
        messages,
        own.sort((a, b) => a - b),
      )
    }
  })

  test('erased text is nowhere in Redis, also of a message that had left it', async () => {
    const ann = await newUser(node.store)
    const room = await roomOf([ann])
    const written = await say(node.store, room, ann, 'secret-one')
    await drain(node, url)
    const [fresh] = (await node.store.log.append([
      message(room, ann, 'secret-two'),
      { type: 'edit', room, actor: ann, target: written, body: 'secret-three', mentions: [] },
    ])) as [Appended]
    assert.ok(fresh.ok)
    assert.match(await dumpOfRedis(client), /secret-two.*secret-three|secret-three.*secret-two/s)
    for (const target of [written, fresh.seq])
      assert.ok((await append(node.store, { type: 'delete', room, actor: ann, target, moderate: false })).ok)
    assert.ok(!(await dumpOfRedis(client)).includes('secret'))
  })
})
