import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Answers, EventsAnswer, SendAnswer } from '../../src/protocol/frames.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { newPerson, type Person } from '../support/people.ts'
import { newRoom, openRoom, post, postMany } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

const SECRET = 'this must never be seen again'
const limits = { ...DEFAULT_LIMITS, reactionsPerMessage: 3 }

type Changed = { seq: number; at: number }
type Pushed = { push: 'event'; room: string; event: RoomEvent }

// What is read comes from the hot tail, or from the log behind it: both must say the same.
for (const [where, hotTail] of [
  ['the hot tail', 512],
  ['the log', 1],
] as const) {
  describe(`messages read from ${where}`, () => {
    let server: TestServer
    let owner: Person
    let mina: Person
    let joon: Person
    let room: string
    let hers: TestSocket
    let his: TestSocket

    before(async () => {
      server = await startTestServer({ hotTail, limits })
      owner = await newPerson(server)
      mina = await newPerson(server)
      joon = await newPerson(server)
      room = await openRoom(owner, mina, joon)
      hers = await TestSocket.hello(server.url, mina.accessToken)
      his = await TestSocket.hello(server.url, joon.accessToken)
      await his.ok('subscribe', { room })
    })
    after(() => server[Symbol.asyncDispose]())

    const send = (socket: TestSocket, body: string, more: object = {}) =>
      socket.ok<SendAnswer>('send', { room, clientMessageId: crypto.randomUUID(), body, ...more })
    /** The event of a seq as it was pushed to the other member. */
    const pushed = (seq: number) =>
      his.until(() => his.pushes<Pushed>('event').find((push) => push.event.seq === seq)?.event, `event ${seq}`)
    const events = async (from: number) => {
      const { epoch, head, ...answer } = await his.ok<EventsAnswer>('events', { room, after: from - 1, epoch: 1 })
      assert.deepEqual([epoch, answer.recovered], [1, true])
      return { head, events: answer.events }
    }
    const messageAt = async (seq: number): Promise<Message> => {
      const { body } = await joon.call<{ items: Message[] }>('GET', `/rooms/${room}/messages?after=${seq - 1}&limit=1`)
      return body.items[0] as Message
    }
    /** The newest page as a subscription answers it. */
    const page = async () => {
      const socket = await TestSocket.hello(server.url, joon.accessToken)
      const answer = await socket.ok<Answers['subscribe']>('subscribe', { room })
      socket.close()
      assert.ok(!answer.recovered)
      return answer.messages
    }

    test('a message is pushed as it was sent, with whom it mentions and answers', async () => {
      const first = await send(hers, '여울')
      const { seq, n, at } = await send(hers, `안녕 @${joon.username} @nobody.at.all`, { replyTo: first.seq })
      const event = await pushed(seq)
      const { clientMessageId } = event as { clientMessageId: string }
      assert.deepEqual(event, {
        seq,
        type: 'message',
        at,
        actor: mina.id,
        n,
        clientMessageId,
        body: `안녕 @${joon.username} @nobody.at.all`,
        replyTo: first.seq,
        mentions: [joon.id],
      })
      assert.equal(n, first.n + 1)
      const found = (await events(seq)).events[0]
      assert.deepEqual(found, { ...event, seq })
    })

    test('an edit shows the new text everywhere, and the old one nowhere', async () => {
      const { seq } = await send(hers, SECRET)
      const edit = await hers.ok<Changed>('edit', { room, seq, body: `고침 @${joon.username}` })
      const event = {
        seq: edit.seq,
        type: 'edit',
        at: edit.at,
        actor: mina.id,
        target: seq,
        body: `고침 @${joon.username}`,
        mentions: [joon.id],
      }
      assert.deepEqual(await pushed(edit.seq), event)
      const told = await events(seq)
      assert.deepEqual(told.events[1], event)
      for (const message of [await messageAt(seq), (await page()).find((one) => one.seq === seq)]) {
        assert.deepEqual(
          [message?.body, message?.mentions, message?.editedAt, message?.rev],
          [event.body, [joon.id], edit.at, edit.seq],
        )
      }
      const again = await hers.ok<Changed>('edit', { room, seq, body: '다시' })
      assert.equal(again.seq, edit.seq + 1)
      assert.deepEqual(
        (await events(seq)).events.map((one) => 'body' in one && one.body),
        ['다시', '다시', '다시'],
      )
      assert.equal(JSON.stringify([told, await events(1), await page()]).includes(SECRET), false)
      assert.equal(await his.refused('edit', { room, seq, body: 'x' }), 'not_the_sender')
      const moderator = await TestSocket.hello(server.url, owner.accessToken)
      assert.equal(await moderator.refused('edit', { room, seq, body: 'x' }), 'not_the_sender')
      assert.equal(await hers.refused('edit', { room, seq: edit.seq, body: 'x' }), 'message_not_found')
      assert.equal(await hers.refused('edit', { room, seq, body: ' ' }), 'bad_request')
      moderator.close()
    })

    test('a deleted text comes back from nowhere', async () => {
      const { seq } = await send(hers, SECRET)
      await hers.ok('edit', { room, seq, body: `${SECRET}, edited` })
      await his.ok('react', { room, seq, emoji: '👀', on: true })
      const { seq: deleted, at } = await hers.ok<Changed>('delete', { room, seq })
      assert.deepEqual(await pushed(deleted), { seq: deleted, type: 'delete', at, actor: mina.id, target: seq })
      assert.equal(await hers.refused('edit', { room, seq, body: 'x' }), 'message_deleted')
      assert.equal(await hers.refused('delete', { room, seq }), 'message_deleted')
      assert.equal(await his.refused('react', { room, seq, emoji: '👀', on: false }), 'message_deleted')
      const told = await events(seq)
      assert.deepEqual(
        told.events.map((event) => [event.type, 'body' in event ? event.body : undefined]),
        [
          ['message', null],
          ['edit', null],
          ['reaction', undefined],
          ['delete', undefined],
        ],
      )
      for (const message of [await messageAt(seq), (await page()).find((one) => one.seq === seq)]) {
        assert.deepEqual(
          [message?.body, message?.reactions, message?.mentions, message?.deletedAt, message?.rev],
          [null, [], [], at, deleted],
        )
      }
      const socket = await TestSocket.hello(server.url, joon.accessToken)
      const all = [
        await events(1),
        await page(),
        await socket.ok('subscribe', { room, position: { epoch: 1, seq: 0 } }),
      ]
      const overHttp = await joon.call('GET', `/rooms/${room}/events?after=0&epoch=1&limit=1000`)
      const mine = await joon.call('GET', '/me/rooms')
      assert.equal(JSON.stringify([all, overHttp.body, mine.body]).includes(SECRET), false)
      socket.close()
    })

    test('a repeat of a deleted message does not bring it back', async () => {
      const clientMessageId = crypto.randomUUID()
      const first = await hers.ok<SendAnswer>('send', { room, clientMessageId, body: SECRET })
      await hers.ok('delete', { room, seq: first.seq })
      const again = await hers.ok<SendAnswer>('send', { room, clientMessageId, body: SECRET, retry: true })
      assert.deepEqual(again, { ...first, duplicate: true })
      assert.equal((await messageAt(first.seq)).body, null)
    })

    test('others delete with the right to alone', async () => {
      const { seq } = await send(hers, 'hers')
      assert.equal(await his.refused('delete', { room, seq }), 'not_the_sender')
      const moderator = await TestSocket.hello(server.url, owner.accessToken)
      await moderator.ok('delete', { room, seq })
      moderator.close()
      const direct = await newRoom(owner, { kind: 'direct', memberIds: [mina.id] })
      const sent = await post(mina, direct)
      const other = await TestSocket.hello(server.url, owner.accessToken)
      assert.equal(await other.refused('delete', { room: direct, seq: sent.seq }), 'not_the_sender')
      other.close()
    })

    test('reactions count once a user; one that changes nothing is no event', async () => {
      const { seq } = await send(hers, 'react to this')
      const react = (socket: TestSocket, emoji: string, on: boolean) =>
        socket.ok<Changed>('react', { room, seq, emoji, on })
      const first = await react(his, '👍', true)
      assert.deepEqual(await pushed(first.seq), {
        seq: first.seq,
        type: 'reaction',
        at: first.at,
        actor: joon.id,
        target: seq,
        emoji: '👍',
        on: true,
      })
      assert.equal((await react(his, '👍', true)).seq, first.seq)
      assert.equal((await react(hers, '🎉', false)).seq, first.seq)
      await react(hers, '👍', true)
      await react(hers, '여울', true)
      const { seq: last } = await react(hers, '👩‍👩‍👧‍👦', true)
      assert.equal(await his.refused('react', { room, seq, emoji: '🎉', on: true }), 'too_many_reactions')
      assert.equal((await events(1)).head, last)
      const expected = [
        { emoji: '👍', count: 2, users: [joon.id, mina.id] },
        { emoji: '여울', count: 1, users: [mina.id] },
        { emoji: '👩‍👩‍👧‍👦', count: 1, users: [mina.id] },
      ]
      const shown = async () => [
        (await messageAt(seq)).reactions,
        (await page()).find((one) => one.seq === seq)?.reactions,
      ]
      assert.deepEqual(await shown(), [expected, expected])
      await react(his, '👍', false)
      await react(hers, '여울', false)
      const left = [
        { emoji: '👍', count: 1, users: [mina.id] },
        { emoji: '👩‍👩‍👧‍👦', count: 1, users: [mina.id] },
      ]
      assert.deepEqual(await shown(), [left, left])
    })

    test('commands of one room take effect in the order in which they were sent', async () => {
      const { head } = await events(1)
      const target = head + 1
      const commands = [
        { op: 'send', clientMessageId: crypto.randomUUID(), body: 'one' },
        { op: 'edit', seq: target, body: `two @${mina.username}` },
        { op: 'react', seq: target, emoji: '👍', on: true },
        { op: 'send', clientMessageId: crypto.randomUUID(), body: `three @${owner.username}` },
        { op: 'delete', seq: target },
        { op: 'send', clientMessageId: crypto.randomUUID(), body: 'four' },
        { op: 'react', seq: target, emoji: '🎉', on: true },
        { op: 'events', after: head, epoch: 1 },
      ].map((command, i) => ({ ...command, room, id: 5_000 + i }))
      hers.ws.send(JSON.stringify(commands))
      await hers.until(() => hers.items.find((item) => item.re === 5_007), 'the last reply')
      const replies = commands.map(
        ({ id }) => hers.items.find((item) => item.re === id) as { ok?: unknown; err?: unknown },
      )
      assert.deepEqual(
        replies.slice(0, 6).map((reply) => (reply.ok as Changed).seq),
        [0, 1, 2, 3, 4, 5].map((i) => target + i),
      )
      assert.equal((replies[6] as { err: { code: string } }).err.code, 'message_deleted')
      assert.deepEqual(
        (replies[7] as { ok: EventsAnswer }).ok.events.map((event) => event.type),
        ['message', 'edit', 'reaction', 'message', 'delete', 'message'],
      )
    })

    test('a change that names another epoch is refused', async () => {
      const { seq } = await send(hers, 'of epoch 1')
      for (const [op, fields] of [
        ['edit', { body: 'x' }],
        ['delete', {}],
        ['react', { emoji: '👍', on: true }],
        ['read', {}],
      ] as const) {
        assert.equal(await hers.refused(op, { room, seq, epoch: 2, ...fields }), 'epoch_changed')
        await hers.ok(op, { room, seq: op === 'delete' ? (await send(hers, 'x')).seq : seq, epoch: 1, ...fields })
      }
    })

    test('pages go back and forth without a hole', async () => {
      const mine = await openRoom(mina, joon)
      const seqs = (await postMany(mina, mine, 120)).map((answer) => answer.seq).sort((a, b) => a - b)
      await hers.ok('react', { room: mine, seq: 60, emoji: '👍', on: true })
      const get = async (query: string) => {
        const { body } = await mina.call<{ items: Message[] }>('GET', `/rooms/${mine}/messages?limit=50&${query}`)
        return body.items.map((message) => message.seq)
      }
      const newest = await get('')
      const middle = await get(`before=${newest[0]}`)
      const oldest = await get(`before=${middle[0]}`)
      assert.deepEqual([...oldest, ...middle, ...newest], seqs)
      assert.deepEqual(await get(`after=${oldest.at(-1)}`), middle)
      assert.deepEqual(await get(`before=${seqs[0]}`), [])
    })
  })
}
