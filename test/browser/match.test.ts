import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchRank } from '../../web/src/search/match.ts'

test('a name is found by its letters, half a syllable, the initials, and without its blanks', () => {
  const cases = [
    ['여울 개발팀', '여울', 0],
    ['여울 개발팀', '개발', 1],
    ['여울 개발팀', '발팀', 2],
    ['여울 개발팀', '여우', 0],
    ['여울 개발팀', '개바', 1],
    ['가슴', '갓', 0],
    ['여울 개발팀', '여울개발', 0],
    ['여울 개발팀', 'ㅇㅇ', 0],
    ['여울 개발팀', 'ㄱㅂㅌ', 1],
    ['여울 개발팀', 'ㅂㅌ', 2],
    ['까치', 'ㄲ', 0],
    // Some input methods join initials that are typed one after the other.
    ['공사반', 'ㄳㅂ', 0],
    ['Design team', 'TEAM', 1],
    ['Design team', 'sign', 2],
    ['Release-2026', '2026', 1],
    ['여울 개발팀', '', 0],
    ['대화방 7 여울 이야기', '이야기 7', 2],
    ['대화방 7 여울 이야기', 'ㅇㅇㄱ 여우', 2],
    ['대화방 7 여울 이야기', '이야기 8', null],
    ['여울 개발팀', '바다', null],
    ['여울 개발팀', 'ㅂㄱ', null],
    ['여울', 'ㅕ', null],
    ['Team', 'taem', null],
  ] as const
  for (const [name, query, rank] of cases) assert.equal(matchRank(name, query), rank, `${query} in ${name}`)
  assert.equal(matchRank('여울'.normalize('NFD'), '여우'), 0, 'however a keyboard composes it')
})

test('a thousand names are looked through within a tenth of a second', () => {
  const names = Array.from({ length: 1_000 }, (_, i) => `대화방 ${i} 여울 이야기 room ${i}`)
  for (const name of names) matchRank(name, '여')
  const took: number[] = []
  for (let i = 0; i < 10; i++) {
    const start = performance.now()
    const found = names.filter((name) => matchRank(name, '이야') !== null)
    took.push(performance.now() - start)
    assert.equal(found.length, 1_000)
  }
  // The others may have waited for a busy machine.
  assert.ok(Math.min(...took) < 100, `${took} ms`)
})
