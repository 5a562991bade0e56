/** A checker that cannot fail proves nothing: here it reads a history that keeps the contract, and ones that break it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyEvent, messageOf } from '../../src/protocol/message.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { type Testimony, violations } from '../support/checker.ts'

const ROOM = 'room'
const ANN = 'ann'
const BEN = 'ben'

/** Ann makes a room, Ben joins, they talk; Ben leaves at 8, comes back at 11. Times are seq * 1,000. */
const EVENTS: RoomEvent[] = [
  { seq: 1, type: 'join', at: 1_000, actor: ANN, user: ANN, role: 'owner' },
  { seq: 2, type: 'join', at: 2_000, actor: BEN, user: BEN, role: 'member' },
  { seq: 3, type: 'message', at: 3_000, actor: ANN, n: 1, clientMessageId: 'a1', body: 'edited' },
  { seq: 4, type: 'message', at: 4_000, actor: BEN, n: 2, clientMessageId: 'b1', body: null },
  { seq: 5, type: 'edit', at: 5_000, actor: ANN, target: 3, body: 'edited' },
  { seq: 6, type: 'delete', at: 6_000, actor: BEN, target: 4 },
  { seq: 7, type: 'reaction', at: 7_000, actor: BEN, target: 3, emoji: '👍', on: true },
  { seq: 8, type: 'leave', at: 8_000, actor: ANN, user: BEN, reason: 'kicked' },
  { seq: 9, type: 'message', at: 9_000, actor: ANN, n: 3, clientMessageId: 'a2', body: 'gone?' },
  { seq: 10, type: 'message', at: 10_000, actor: ANN, n: 4, clientMessageId: 'a3', body: 'alone' },
  { seq: 11, type: 'join', at: 11_000, actor: BEN, user: BEN, role: 'member' },
  { seq: 12, type: 'message', at: 12_000, actor: BEN, n: 5, clientMessageId: 'b2', body: 'back' },
]

function messagesOf(events: RoomEvent[]): Map<number, Message> {
  const messages = new Map<number, Message>()
  for (const event of events) {
    if (event.type === 'message') messages.set(event.seq, messageOf(event))
    if (!('target' in event)) continue
    messages.set(event.target, applyEvent(messages.get(event.target) as Message, event))
  }
  return messages
}

function history(): Testimony {
  const events = structuredClone(EVENTS)
  const acknowledged = events
    .filter((event) => event.type === 'message')
    .map(({ actor: user, seq, clientMessageId, body, at }) => ({
      ...{ user, room: ROOM, clientMessageId, seq, durability: 'stored' as const, at },
      body: body ?? 'erased since',
    }))
  return {
    acknowledged,
    changes: [
      { type: 'edit', user: ANN, room: ROOM, target: 3, body: 'edited', seq: 5, at: 5_000 },
      { type: 'delete', user: BEN, room: ROOM, target: 4, seq: 6, at: 6_000 },
      { type: 'reaction', user: BEN, room: ROOM, target: 3, seq: 7, at: 7_000 },
    ],
    followed: [
      { who: ANN, room: ROOM, views: [{ epoch: 1, from: 0, page: null, events: structuredClone(EVENTS) }] },
      { who: 'tablet', room: ROOM, views: [{ epoch: 1, from: 0, page: null, events: structuredClone(EVENTS) }] },
    ],
    deliveries: [
      { user: BEN, room: ROOM, epoch: 1, seq: 7, at: 7_100, by: 'a push' },
      { user: BEN, room: ROOM, epoch: 1, seq: 8, at: 8_100, by: 'a push' },
      // He was out of the room then, and may read it now.
      { user: BEN, room: ROOM, epoch: 1, seq: 10, at: 11_100, by: 'events' },
      { user: BEN, room: ROOM, epoch: 1, seq: 12, at: 12_100, by: 'a push' },
    ],
    stored: new Map([[ROOM, { epoch: 1, events, messages: messagesOf(events) }]]),
  }
}

/** The log lost 10 to 12 and went on in epoch 2: Ben's join, done again, and another message. */
function historyWithLoss(): Testimony {
  const told = history()
  const events: RoomEvent[] = [
    ...structuredClone(EVENTS.slice(0, 9)),
    { seq: 10, type: 'join', at: 20_000, actor: BEN, user: BEN, role: 'member' },
    { seq: 11, type: 'message', at: 21_000, actor: ANN, n: 4, clientMessageId: 'a4', body: 'again' },
  ]
  const stored = { epoch: 2, events, messages: messagesOf(events) }
  told.stored.set(ROOM, stored)
  for (const ack of told.acknowledged) ack.durability = 'logged'
  told.acknowledged.push({ ...told.acknowledged[0]!, clientMessageId: 'a4', body: 'again', seq: 11, at: 21_000 })
  for (const { views } of told.followed) {
    const page = [...stored.messages.values()].filter(({ seq }) => seq <= 10)
    views.push({ epoch: 2, from: 10, page, events: structuredClone(events.slice(10)) })
  }
  told.deliveries.pop()
  told.deliveries.pop()
  told.losses = [{ from: 10_000, to: 15_000 }]
  return told
}

test('a history that keeps the contract has no violation', () => {
  assert.deepEqual(violations(history()), [])
  assert.deepEqual(violations(historyWithLoss()), [])
})

const room = (told: Testimony) => told.stored.get(ROOM)!
const seen = (told: Testimony) => told.followed[0]!.views

const BROKEN: { what: string; finds: RegExp; make?: () => Testimony; break: (told: Testimony) => void }[] = [
  {
    what: 'an acknowledged message is gone',
    finds: /^\[P1\] a9 was stored at 13 and is gone/,
    break: (told) => told.acknowledged.push({ ...told.acknowledged[0]!, clientMessageId: 'a9', seq: 13 }),
  },
  {
    what: 'an acknowledged message has another text',
    finds: /^\[P1\] a2 was sent as "another" and is "gone\?"/,
    break: (told) => {
      told.acknowledged.find((ack) => ack.clientMessageId === 'a2')!.body = 'another'
    },
  },
  {
    what: 'an acknowledged message is in no page',
    finds: /^\[P1\] .* message 9 is among the events and in no page/,
    break: (told) => room(told).messages.delete(9),
  },
  {
    what: 'a page holds what is no event',
    finds: /^\[P2\] .* 1 messages of pages are no events/,
    break: (told) => room(told).messages.set(11, { ...room(told).messages.get(12)!, seq: 11 }),
  },
  {
    what: 'an acknowledged edit did not happen',
    finds: /^\[P1\] the edit of 3 in room is not at 7/,
    break: (told) => {
      told.changes[0]!.seq = 7
    },
  },
  {
    what: 'an acknowledged edit has another text',
    finds: /^\[P1\] 3 in room was edited to "edited" and is "other"/,
    break: (told) => {
      const { events, messages } = room(told)
      Object.assign(events[2]!, { body: 'other' })
      Object.assign(events[4]!, { body: 'other' })
      messages.get(3)!.body = 'other'
    },
  },
  {
    what: 'an erased text comes back',
    finds: /^\[P1\] .* message 4 is not erased/,
    break: (told) => {
      Object.assign(room(told).events[3]!, { body: 'secret' })
      room(told).messages.get(4)!.body = 'secret'
    },
  },
  {
    what: 'a reaction is lost',
    finds: /^\[P1\] .* message 3 shows 0 reactions, its events say 1/,
    break: (told) => {
      room(told).messages.get(3)!.reactions = []
    },
  },
  {
    what: 'the sequence has a hole',
    finds: /^\[P2\] .* stored event 9 has seq 10/,
    break: (told) => void room(told).events.splice(8, 1),
  },
  {
    what: 'messages are counted wrong',
    finds: /^\[P2\] .* message 10 counts 5, not 4/,
    break: (told) => Object.assign(room(told).events[9]!, { n: 5 }),
  },
  {
    what: 'a message is stored twice',
    finds: /^\[P3\] room ann a2 is stored at 9 and at 10/,
    break: (told) => {
      Object.assign(room(told).events[9]!, { clientMessageId: 'a2' })
    },
  },
  {
    what: 'a message was acknowledged at another seq than it is at',
    finds: /^\[P3\] a3 was acknowledged at 9 and is at 10/,
    break: (told) => {
      told.acknowledged.find((ack) => ack.clientMessageId === 'a3')!.seq = 9
    },
  },
  {
    what: 'two clients saw two orders',
    finds: /^\[P2\] ann in room: saw 9 message ann 10000 a3/,
    break: (told) => {
      const { events } = seen(told)[0]!
      const [nine, ten] = [events[8]!, events[9]!]
      events[8] = { ...ten, seq: 9 }
      events[9] = { ...nine, seq: 10 }
    },
  },
  {
    what: 'a delivery has a hole',
    finds: /^\[P4\] ann in room: got 10 where 9 was next/,
    break: (told) => void seen(told)[0]!.events.splice(8, 1),
  },
  {
    what: 'an event came twice',
    finds: /^\[P4\] ann in room: got 9 where 10 was next/,
    break: (told) => void seen(told)[0]!.events.splice(9, 0, seen(told)[0]!.events[8]!),
  },
  {
    what: 'the newest events never came',
    finds: /^\[P4\] ann in room: ended at 11 of 12/,
    break: (told) => void seen(told)[0]!.events.pop(),
  },
  {
    what: 'a position was not recovered though nothing was lost',
    finds: /^\[P4\] ann in room: a page of epoch 1 after epoch 1/,
    break: (told) => {
      const { events } = seen(told)[0]!
      seen(told).push({
        epoch: 1,
        from: 11,
        page: [...room(told).messages.values()].slice(0, 4),
        events: events.splice(11),
      })
    },
  },
  {
    what: 'the page that begins a new epoch misses a message',
    finds: /^\[P4\] ann in room: the page at 10 shows 3,9, the newest messages are 4,9/,
    make: historyWithLoss,
    break: (told) => {
      seen(told)[1]!.page = seen(told)[1]!.page!.filter(({ seq }) => seq !== 4)
    },
  },
  {
    what: 'what was stored is lost with the log',
    finds: /^\[P1\] a3 was stored at 10 and is gone/,
    make: historyWithLoss,
    break: (told) => {
      told.acknowledged.find((ack) => ack.clientMessageId === 'a3')!.durability = 'stored'
    },
  },
  {
    what: 'what was logged is lost though the log was not',
    finds: /^\[P1\] a3 was logged at 10 and is gone/,
    make: historyWithLoss,
    break: (told) => {
      told.losses = [{ from: 10_500, to: 15_000 }]
    },
  },
  {
    what: 'two devices saw two events at one seq of an epoch that was lost',
    finds: /^\[P2\] at room 1 12 ann saw .* b2 .*, tablet saw .* b3 /,
    make: historyWithLoss,
    break: (told) => Object.assign(told.followed[1]!.views[0]!.events[11]!, { clientMessageId: 'b3' }),
  },
  {
    what: 'a client stays in an epoch that has ended',
    finds: /^\[P4\] ann in room: ended in epoch 1 of 2/,
    make: historyWithLoss,
    break: (told) => void seen(told).pop(),
  },
  {
    what: 'something reaches a user who has left',
    finds: /^\[P5\] ben left room at 8 and got 9 by a push, 1500 ms later/,
    break: (told) => told.deliveries.push({ user: BEN, room: ROOM, epoch: 1, seq: 9, at: 9_500, by: 'a push' }),
  },
  {
    what: 'something of a later membership is delivered before it',
    finds: /^\[P5\] ben left room at 8 and got 10 by heads/,
    break: (told) => told.deliveries.push({ user: BEN, room: ROOM, epoch: 1, seq: 10, at: 10_900, by: 'heads' }),
  },
]

for (const { what, finds, make = history, break: breakIt } of BROKEN) {
  test(`the checker sees when ${what}`, () => {
    const told = make()
    breakIt(told)
    const found = violations(told)
    assert.ok(
      found.some((violation) => finds.test(violation)),
      `found only: ${found.join('\n')}`,
    )
  })
}
