import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Mentions } from '../../src/core/mentions.ts'
import type { Accounts } from '../../src/ports/accounts.ts'
import { MENTIONS_MAX } from '../../src/protocol/limits.ts'

/** Mentions over accounts of these user names (the id of `kim` is `id-kim`), and the names that were looked up. */
function mentionsOf(...usernames: string[]) {
  const asked: string[][] = []
  const known = new Set(usernames)
  const accounts = {
    async idsOf(names: string[]) {
      asked.push(names)
      return new Map(names.filter((name) => known.has(name)).map((name) => [name, `id-${name}`]))
    },
  } as unknown as Accounts
  return { mentions: new Mentions(accounts), asked, register: (name: string) => known.add(name) }
}

test('a name is mentioned by @ and the whole of it, in any case, wherever it stands', async () => {
  const { mentions } = mentionsOf('kim', 'lee.min-ho', 'a', 'park_1')
  const cases: [body: string, ids: string[]][] = [
    ['@kim', ['id-kim']],
    ['hello @KIM!', ['id-kim']],
    ['@kim님, @kim씨 안녕', ['id-kim']],
    ['안녕 @kim', ['id-kim']],
    ['(@kim)', ['id-kim']],
    ['"@lee.min-ho".', ['id-lee.min-ho']],
    ['@kim, @a and @park_1', ['id-kim', 'id-a', 'id-park_1']],
    ['@kim @kim @Kim', ['id-kim']],
    ['@nobody', []],
    ['no at sign', []],
    ['@', []],
    ['@@kim', []],
    ['kim@kim', []],
    ['me@kim.example', []],
    ['한@kim', []],
    ['@kimchi', []],
    [`@${'kim'.padEnd(33, 'x')}`, []],
  ]
  for (const [body, ids] of cases) assert.deepEqual(await mentions.in(body), ids, body)
})

test('a name too long to be one mentions nobody, not even whom its beginning names', async () => {
  const longest = 'x'.repeat(32)
  const { mentions } = mentionsOf(longest)
  assert.deepEqual(await mentions.in(`@${longest}`), [`id-${longest}`])
  assert.deepEqual(await mentions.in(`@${longest}y`), [])
})

test('names are looked up once and stay known; then the answer comes without waiting', async () => {
  const { mentions, asked } = mentionsOf('kim', 'lee')
  const first = mentions.in('@kim and @nobody')
  assert.ok(first instanceof Promise)
  assert.deepEqual(await first, ['id-kim'])
  assert.deepEqual(mentions.in('@kim'), ['id-kim'])
  assert.deepEqual(mentions.in('@nobody'), [], 'who is unknown stays so for a while')
  assert.deepEqual(await mentions.in('@kim @lee'), ['id-kim', 'id-lee'])
  assert.deepEqual(asked, [['kim', 'nobody'], ['lee']])
})

test('who registers is found when the answer "unknown" has grown old', async (t) => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const { mentions, register } = mentionsOf()
  assert.deepEqual(await mentions.in('@late'), [])
  register('late')
  now = 29_000
  assert.deepEqual(await mentions.in('@late'), [])
  now = 31_000
  assert.deepEqual(await mentions.in('@late'), ['id-late'])
})

test('[P6] a message mentions a bounded number of people, and only so many names are looked up', async () => {
  const names = Array.from({ length: MENTIONS_MAX + 20 }, (_, i) => `u${i}`)
  const { mentions, asked } = mentionsOf(...names)
  const ids = await mentions.in(names.map((name) => `@${name}`).join(' '))
  assert.equal(ids.length, MENTIONS_MAX)
  assert.equal(asked[0]?.length, MENTIONS_MAX)
})

test('a body full of @ is searched in linear time', () => {
  const { mentions } = mentionsOf()
  const began = performance.now()
  for (const body of ['@'.repeat(60_000), '@a.'.repeat(20_000), `@${'-'.repeat(60_000)}`, 'a@'.repeat(30_000)]) {
    void mentions.in(body)
  }
  assert.ok(performance.now() - began < 2_000)
})
