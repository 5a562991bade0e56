import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Message } from '../../src/protocol/model.ts'
import type { Notice } from '../../src/protocol/notice.ts'
import { itemsOf, placeOf } from '../../web/src/timeline/items.ts'
import { stage } from '../../web/src/timeline/staged.ts'

const MINUTE = 60_000
const NOON = Date.UTC(2026, 10, 21, 3)

function message(seq: number, changes: Partial<Message> = {}): Message {
  return {
    seq,
    n: seq,
    sender: 'a',
    clientMessageId: `c${seq}`,
    body: `message ${seq}`,
    at: NOON + seq,
    mentions: [],
    reactions: [],
    files: [],
    rev: seq,
    ...changes,
  }
}
const run = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i))

test('a change at both ends is shown in two steps, each at one end, however much comes and goes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 })), { minLength: 2 }),
      (windows) => {
        let shown: readonly Message[] = []
        for (const [from, length] of windows) {
          const next = run(from, from + length)
          for (let steps = 0; shown !== next; steps++) {
            assert.ok(steps < 3, 'it comes to an end')
            const step = stage(shown, next) as { items: readonly Message[]; shift: boolean }
            const overlaps = shown.length > 0 && next[0]!.seq <= shown.at(-1)!.seq && shown[0]!.seq <= next.at(-1)!.seq
            if (overlaps && !step.shift) assert.equal(step.items[0]!.seq, shown[0]!.seq, 'the front stays')
            if (overlaps && step.shift && step.items.at(-1)!.seq <= shown.at(-1)!.seq) {
              assert.equal(step.items.at(-1)!.seq, Math.min(shown.at(-1)!.seq, next.at(-1)!.seq), 'the end stays')
            }
            shown = step.items
          }
        }
      },
    ),
  )
})

test('notices stand where they happened; without any the list of messages is taken as it is', () => {
  const messages = run(10, 14).filter(({ seq }) => seq !== 12)
  assert.equal(itemsOf(messages, [], []), messages)
  const line = (seq: number): Notice => ({ seq, at: NOON, n: 0, kind: 'joined', actor: 'a', users: ['a'], count: 1 })
  const items = itemsOf(messages, [line(12), line(20)], [])
  assert.deepEqual(
    items.map((item) => ('seq' in item ? item.seq : null)),
    [10, 11, 12, 13, 14, 20],
  )
})

test('messages of one person within five minutes stand under one name, and each minute shows its time once', () => {
  const items = [
    message(1),
    message(2, { at: NOON + 30_000 }),
    message(3, { at: NOON + MINUTE }),
    message(4, { sender: 'b', at: NOON + MINUTE }),
    message(5, { sender: 'b', at: NOON + 7 * MINUTE }),
    message(6, { sender: 'b', at: NOON + 24 * 60 * MINUTE }),
  ]
  const places = items.map((_, i) => placeOf(items, i, 'me', 4))
  assert.deepEqual(
    places.map((place) => place.opens),
    [true, false, false, true, true, true],
  )
  assert.deepEqual(
    places.map((place) => place.closes),
    [false, true, true, true, true, true],
  )
  assert.deepEqual(
    places.map((place) => place.newDay),
    [true, false, false, false, false, true],
  )
  assert.deepEqual(
    places.map((place) => place.firstUnread),
    [false, false, false, false, true, false],
  )
})
