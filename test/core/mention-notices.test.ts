import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MentionNotices } from '../../src/core/mention-notices.ts'
import type { Bus, UserNotice } from '../../src/ports/bus.ts'
import type { Appended, MessageDraft } from '../../src/ports/log.ts'
import type { Memberships } from '../../src/ports/memberships.ts'
import { YeoulError } from '../../src/protocol/errors.ts'

/** Notices over memberships that answer, by room, as the test says: with the members, or with an error. */
function scene() {
  const answers = new Map<string, Promise<string[]>>()
  const told: [user: string, notice: UserNotice][] = []
  const failures: unknown[] = []
  let asked = 0
  const notices = new MentionNotices({
    memberships: {
      async list(room: string) {
        asked++
        const items = ((await answers.get(room)) as string[]).map((user) => ({ user, readSeq: 0 }))
        return { items, nextCursor: null }
      },
    } as unknown as Memberships,
    bus: { publishToUser: (user: string, notice: UserNotice) => told.push([user, notice]) } as unknown as Bus,
    failed: (error) => failures.push(error),
  })
  const say = (room: string, seq: number) => {
    const draft = { type: 'message', room, actor: 'ann', mentions: ['bob'] } as unknown as MessageDraft
    notices.take([draft], [{ ok: true, duplicate: false, seq, n: seq } as Appended])
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return { answers, told, failures, say, settled, asked: () => asked }
}

test('a database that is away is told of once, however many messages mention somebody; later ones are told again', async () => {
  const { answers, told, failures, say, settled } = scene()
  const away = Promise.reject(new YeoulError('unavailable'))
  away.catch(() => {})
  answers.set('room', away)
  for (let seq = 1; seq <= 20; seq++) say('room', seq)
  await settled()
  assert.equal(failures.length, 1)
  answers.set('room', Promise.resolve(['bob']))
  say('room', 21)
  await settled()
  assert.deepEqual(told, [['bob', { kind: 'mentioned', room: 'room', seq: 21, n: 21, actor: 'ann' }]])
  answers.set('room', away)
  say('room', 22)
  await settled()
  assert.equal(failures.length, 2)
})

test('a room that is gone by then mentions nobody, and is no failure', async () => {
  const { answers, told, failures, say, settled } = scene()
  const gone = Promise.reject(new YeoulError('room_not_found'))
  gone.catch(() => {})
  answers.set('gone', gone).set('room', Promise.resolve(['bob']))
  say('gone', 1)
  say('room', 1)
  await settled()
  assert.deepEqual([told.length, failures], [1, []])
})

test('a crowd of mentions waits: few are looked up at a time, and beyond a thousand nobody is told', async () => {
  const { answers, told, say, settled, asked } = scene()
  const { promise, resolve } = Promise.withResolvers<string[]>()
  answers.set('room', promise)
  for (let seq = 1; seq <= 2_000; seq++) say('room', seq)
  assert.equal(asked(), 4)
  resolve(['bob'])
  await settled()
  assert.equal(told.length, 1_004)
})
