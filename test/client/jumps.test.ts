import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Client, Tuning } from '../../client/src/api.ts'
import { createClient } from '../../client/src/client.ts'
import { YeoulError } from '../../client/src/errors.ts'
import type { Message } from '../../src/protocol/model.ts'
import { ModelRoom } from './model-room.ts'
import { ME, Peer, problem, settled } from './peer.ts'

const ROOM = 'room-1'

interface Opened {
  peer: Peer
  room: ModelRoom
  client: Client
  timeline: ReturnType<Client['openRoom']>
  seqs(): number[]
  /** Not pushed: the node that answers requests knows of it before the push comes. */
  say(count?: number, pushed?: boolean): void
}

async function opened(
  t: { after(fn: () => void): void } | null,
  messages: number,
  tuning: Partial<Tuning> = {},
): Promise<Opened> {
  const peer = new Peer()
  const room = new ModelRoom(peer, ROOM)
  const say = (count = 1, pushed = true) => {
    for (let i = 0; i < count; i++) {
      const message = (base: { seq: number; at: number }, n: number) =>
        ({ ...base, type: 'message', actor: 'you', n: n + 1, clientMessageId: `m${n}`, body: `body ${n + 1}` }) as const
      room.happen(message, pushed)
    }
  }
  room.happen((base) => ({ ...base, type: 'join', actor: ME, user: ME, role: 'owner' }), false)
  say(messages, false)
  const client = createClient({
    url: 'http://peer',
    auth: { session: 'token', refreshToken: 'refresh-0' },
    platform: peer.platform(),
    tuning: { pageSize: 20, ...tuning },
    onError: (error) => assert.fail(error as Error),
  })
  t?.after(() => client.close())
  const timeline = client.openRoom(ROOM)
  await settled()
  return { peer, room, client, timeline, seqs: () => timeline.getSnapshot().messages.map((m) => m.seq), say }
}

const asked = (peer: Peer) => peer.requests.filter((request) => request.path.endsWith('/messages')).length

/** Nobody is told that a message was edited once it is deleted: who hears of both at once hears of the delete alone. */
const asShown = ({ editedAt, ...message }: Message): object =>
  message.deletedAt === undefined && editedAt !== undefined ? { ...message, editedAt } : message

/** What is shown is a run of the database without a hole, with what happened in it told once. */
function isTrue(
  room: ModelRoom,
  { messages, notices, hasOlder, hasNewer, newestN }: ReturnType<Opened['timeline']['getSnapshot']>,
) {
  const all = room.messages()
  const first = messages[0]?.n ?? 1
  assert.deepEqual(messages.map(asShown), all.slice(first - 1, first - 1 + messages.length).map(asShown))
  assert.equal(hasOlder, first > 1)
  if (!hasNewer) assert.equal(messages.at(-1)?.n ?? 0, all.length)
  assert.equal(newestN, all.length)
  const from = first === 1 ? 0 : messages[0]!.seq
  const to = hasNewer ? messages.at(-1)!.seq : room.events.length + 1
  assert.deepEqual(notices, room.notices(from, to))
}

test('a jump shows a message far back with one request; live events go on; the way back needs none', async (t) => {
  const { peer, room, timeline, seqs, say } = await opened(t, 5_000)
  const found = await timeline.goTo({ seq: 1_001 })
  assert.equal(found?.seq, 1_001)
  assert.equal(asked(peer), 1)
  assert.deepEqual([seqs()[0], seqs().at(-1), timeline.getSnapshot().hasNewer], [992, 1_011, true])
  const { jumps } = timeline.getSnapshot()
  say(3)
  room.happen((base) => ({ ...base, type: 'edit', actor: 'you', target: 1_000, body: 'edited far back' }))
  room.happen((base) => ({ ...base, type: 'edit', actor: 'you', target: 5_003, body: 'edited at the end' }))
  await settled()
  assert.equal(timeline.getSnapshot().newestN, 5_003)
  assert.equal(timeline.getSnapshot().messages[8]?.body, 'edited far back')
  isTrue(room, timeline.getSnapshot())
  timeline.toLatest()
  isTrue(room, timeline.getSnapshot())
  assert.equal(timeline.getSnapshot().hasNewer, false)
  assert.equal(timeline.getSnapshot().jumps, jumps + 1)
  assert.equal(asked(peer), 1)
})

test('a jump by number finds the first unread message; one to what is loaded asks nothing', async (t) => {
  const { peer, timeline } = await opened(t, 5_000)
  assert.equal((await timeline.goTo({ n: 300 }))?.n, 300)
  assert.equal((await timeline.goTo({ n: 305 }))?.n, 305)
  assert.equal((await timeline.goTo({ n: 4_990 }))?.n, 4_990)
  assert.equal(timeline.getSnapshot().hasNewer, false)
  assert.equal(asked(peer), 1)
})

test('[P2] newer pages lead back to the end, and meet it without a hole or a repeat', async (t) => {
  const { room, timeline, seqs, say } = await opened(t, 400)
  await timeline.goTo({ seq: 200 })
  const { jumps } = timeline.getSnapshot()
  let more = true
  for (let pages = 0; more; pages++) {
    assert.ok(pages < 20)
    say(3)
    more = await timeline.loadNewer()
    isTrue(room, timeline.getSnapshot())
  }
  assert.equal(seqs().at(-1), room.events.length)
  assert.equal(timeline.getSnapshot().jumps, jumps, 'the list grew, and was not replaced')
})

test('a seq that is no message leads to the one before it, a deleted message to its place', async (t) => {
  const { room, timeline, say } = await opened(t, 200)
  room.happen((base) => ({ ...base, type: 'delete', actor: 'you', target: 50 }))
  const join = room.happen((base) => ({ ...base, type: 'join', actor: 'eve', user: 'eve', role: 'member' }))
  say(300)
  assert.equal((await timeline.goTo({ seq: join.seq }))?.seq, 201)
  assert.equal((await timeline.goTo({ seq: 50 }))?.body, null)
  assert.equal((await timeline.goTo({ seq: 1 }))?.n, 1, 'nothing is before it')
  assert.equal((await timeline.goTo({ seq: 90_000 }))?.n, 500)
})

test('of two jumps the later one counts, whichever answer comes first', async (t) => {
  const { peer, room, timeline, seqs } = await opened(t, 3_000)
  const far = timeline.goTo({ seq: 500 })
  const farther = timeline.goTo({ seq: 1_500 })
  assert.equal(await far, null)
  assert.equal((await farther)?.seq, 1_500)
  assert.ok(seqs().includes(1_500) && !seqs().includes(500))

  const back = timeline.goTo({ seq: 100 })
  timeline.toLatest()
  assert.equal(await back, null)
  assert.equal(timeline.getSnapshot().hasNewer, false)
  isTrue(room, timeline.getSnapshot())
  assert.equal(asked(peer), 3)
})

test('a jump while older messages load: what comes late is put nowhere', async (t) => {
  const { room, timeline, seqs } = await opened(t, 3_000)
  const older = timeline.loadOlder()
  await timeline.goTo({ seq: 700 })
  await older
  assert.equal(seqs().length, 20)
  isTrue(room, timeline.getSnapshot())
  assert.equal(await timeline.loadOlder(), true)
  assert.equal(seqs().length, 40)
})

test('a jump that fails changes nothing and says why', async (t) => {
  const { peer, timeline, seqs } = await opened(t, 1_000)
  const before = seqs()
  const path = `GET /rooms/${ROOM}/messages`
  const answer = peer.routes.get(path)!
  peer.routes.set(path, () => 'unreachable')
  await assert.rejects(timeline.goTo({ seq: 3 }), (error) => error instanceof YeoulError && error.code === 'network')
  peer.routes.set(path, () => [503, problem('unavailable', 503, true)])
  await assert.rejects(timeline.goTo({ seq: 3 }), { code: 'unavailable' })
  assert.deepEqual(seqs(), before)
  peer.routes.set(path, answer)
  assert.equal((await timeline.goTo({ seq: 3 }))?.seq, 3)
})

test('an edit, a delete and a reaction that pass while the page travels are in it', async (t) => {
  const { peer, room, timeline } = await opened(t, 1_000)
  const path = `GET /rooms/${ROOM}/messages`
  const answer = peer.routes.get(path)!
  peer.routes.set(path, (body, url) => {
    const page = answer(body, url)
    room.happen((base) => ({ ...base, type: 'edit', actor: 'you', target: 101, body: 'edited' }))
    room.happen((base) => ({ ...base, type: 'delete', actor: 'you', target: 102 }))
    room.happen((base) => ({ ...base, type: 'reaction', actor: 'eve', target: 103, emoji: '👍', on: true }))
    return page
  })
  await timeline.goTo({ seq: 102 })
  isTrue(room, timeline.getSnapshot())
})

test('offline in between: what happened is caught up with where the reader is', async (t) => {
  const { peer, room, timeline, say } = await opened(t, 1_000)
  await timeline.goTo({ seq: 400 })
  peer.link.cut()
  say(20)
  room.happen((base) => ({ ...base, type: 'delete', actor: 'you', target: 401 }), false)
  await peer.clock.advance(2_000)
  assert.equal(timeline.getSnapshot().state, 'live')
  assert.equal(timeline.getSnapshot().hasNewer, true)
  isTrue(room, timeline.getSnapshot())
})

test('[P4] a hole that cannot be filled and a new epoch begin anew at the end; so does opening again', async (t) => {
  const { peer, room, client, timeline, say } = await opened(t, 1_000)
  await timeline.goTo({ seq: 400 })
  peer.link.cut()
  say(400)
  await peer.clock.advance(2_000)
  assert.deepEqual([timeline.getSnapshot().hasNewer, timeline.getSnapshot().resets], [false, 1])
  isTrue(room, timeline.getSnapshot())

  await timeline.goTo({ seq: 400 })
  room.epoch = 2
  peer.link.push({ push: 'reset', room: ROOM, epoch: 2 })
  await settled()
  assert.deepEqual([timeline.getSnapshot().hasNewer, timeline.getSnapshot().resets], [false, 2])
  isTrue(room, timeline.getSnapshot())

  await timeline.goTo({ seq: 400 })
  timeline.close()
  await settled()
  client.openRoom(ROOM)
  await settled()
  assert.equal(timeline.getSnapshot().hasNewer, false)
  isTrue(room, timeline.getSnapshot())
})

test('who came and went is told between the messages, a crowd in one line, live as in history', async (t) => {
  const { room, timeline, say } = await opened(t, 300)
  for (let i = 0; i < 40; i++) {
    const user = `user-${i}`
    room.happen((base) => ({ ...base, type: 'join', actor: user, user, role: 'member' }))
    if (i % 10 === 0) room.happen((base) => ({ ...base, type: 'leave', actor: user, user, reason: 'left' }))
  }
  room.happen((base) => ({ ...base, type: 'leave', actor: ME, user: 'user-5', reason: 'kicked' }))
  room.happen((base) => ({ ...base, type: 'room', actor: ME, changes: { title: 'Other' } }))
  await settled()
  const told = () => timeline.getSnapshot().notices.map(({ n, kind, users, count }) => [n, kind, users.length, count])
  const lines = [
    [300, 'joined', 20, 40],
    [300, 'left', 4, 4],
    [300, 'kicked', 1, 1],
    [300, 'room', 0, 1],
  ]
  assert.deepEqual(told(), lines)
  say(400)
  await timeline.goTo({ n: 301 })
  assert.deepEqual(told(), lines)
  await timeline.goTo({ n: 5 })
  assert.deepEqual(told(), [[0, 'joined', 1, 1]])
  isTrue(room, timeline.getSnapshot())
})

test('a newest page that came without notices gets them with one request, none twice', async (t) => {
  const peer = new Peer()
  const room = new ModelRoom(peer, ROOM)
  const client = createClient({
    url: 'http://peer',
    auth: { session: 'token', refreshToken: 'refresh-0' },
    platform: peer.platform(),
    onError: (error) => assert.fail(error as Error),
  })
  t.after(() => client.close())
  const join = (user: string) => (base: { seq: number; at: number }) =>
    ({ ...base, type: 'join', actor: user, user, role: 'member' }) as const
  const say = (base: { seq: number; at: number }, n: number) =>
    ({ ...base, type: 'message', actor: 'you', n: n + 1, clientMessageId: `m${n}`, body: 'x' }) as const
  for (const make of [join(ME), join('ann'), say, join('bob'), say]) room.happen(make, false)
  peer.on('subscribe', () => {
    const { notices: _, ...answer } = (room.newest() as { ok: { notices: object } }).ok
    return { ok: answer }
  })
  const timeline = client.openRoom(ROOM)
  await settled()
  room.happen(join('eve'))
  await settled()
  assert.equal(asked(peer), 1)
  isTrue(room, timeline.getSnapshot())
})

test('[P2] [P4] whatever is jumped to and loaded while the room lives, what is shown is a run of the database', async () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('say' as const),
        count: fc.integer({ min: 1, max: 9 }),
        pushed: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('change' as const),
        which: fc.nat(),
        how: fc.nat(3),
        pushed: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('member' as const), who: fc.nat(5) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('goTo' as const), where: fc.nat(), by: fc.constantFrom('seq', 'n') }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('older' as const, 'newer' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('latest' as const, 'reopen' as const, 'settle' as const) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), missed: fc.integer({ min: 0, max: 400 }) }) },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 50 }),
      fc.integer({ min: 0, max: 300 }),
      async (steps, start) => {
        const { peer, room, client, timeline, say } = await opened(null, start, { timelineMessages: 60, pageSize: 20 })
        try {
          const left: Promise<unknown>[] = []
          const members = new Set([ME])
          for (const each of steps) {
            if (each.do === 'say') say(each.count, each.pushed)
            else if (each.do === 'change') {
              // Mostly of what is shown.
              const all = each.which % 4 === 0 ? room.messages() : timeline.getSnapshot().messages
              const alive = all.filter((message) => message.deletedAt === undefined)
              const target = alive[each.which % alive.length]?.seq
              if (target === undefined) continue
              room.happen((base): never => {
                const change = { ...base, actor: 'you', target }
                if (each.how === 0) return { ...change, type: 'delete' } as never
                if (each.how === 1) return { ...change, type: 'edit', body: `edit ${base.seq}` } as never
                return { ...change, type: 'reaction', actor: `u${base.seq}`, emoji: '👍', on: true } as never
              }, each.pushed)
            } else if (each.do === 'member') {
              const user = `user-${each.who}`
              const gone = members.delete(user)
              if (!gone) members.add(user)
              room.happen((base) =>
                gone
                  ? { ...base, type: 'leave', actor: user, user, reason: 'left' }
                  : { ...base, type: 'join', actor: user, user, role: 'member' },
              )
            } else if (each.do === 'goTo') {
              const value = 1 + (each.where % (room.events.length + 5))
              left.push(timeline.goTo(each.by === 'seq' ? { seq: value } : { n: value }))
              if (each.where % 2 === 0) await settled()
            } else if (each.do === 'older') left.push(timeline.loadOlder())
            else if (each.do === 'newer') left.push(timeline.loadNewer())
            else if (each.do === 'latest') timeline.toLatest()
            else if (each.do === 'reopen') {
              timeline.close()
              client.openRoom(ROOM)
            } else if (each.do === 'cut') {
              peer.link.cut()
              say(each.missed)
              do await peer.clock.advance(1_000)
              while (timeline.getSnapshot().state !== 'live')
            } else {
              say(1)
              await settled()
              await Promise.all(left)
              isTrue(room, timeline.getSnapshot())
            }
            const { messages } = timeline.getSnapshot()
            for (const [i, message] of messages.entries())
              assert.equal(message.n, messages[0]!.n + i, 'a run without a hole')
            assert.ok(messages.length <= 60 * 4 + 60, `${messages.length} are kept`)
          }
          say(1)
          await Promise.all(left)
          await settled()
          isTrue(room, timeline.getSnapshot())
          timeline.toLatest()
          isTrue(room, timeline.getSnapshot())
        } finally {
          client.close()
        }
      },
    ),
    { numRuns: 150 },
  )
})
