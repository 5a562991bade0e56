import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileMessageOrThrow } from '@lingui/message-utils/compileMessage'
import { OPTION_ROWS } from '../../src/config.ts'
import { ERRORS } from '../../src/protocol/errors.ts'
import { errorsEn, errorsKo } from '../../web/src/i18n/errors.ts'
import { withParticles } from '../../web/src/i18n/particles.ts'
import { account } from '../../web/src/i18n/words/account.ts'
import { admin } from '../../web/src/i18n/words/admin.ts'
import { adminConfig } from '../../web/src/i18n/words/admin-config.ts'
import { emoji } from '../../web/src/i18n/words/emoji.ts'
import { words } from '../../web/src/i18n/words/index.ts'
import { keyboard } from '../../web/src/i18n/words/keyboard.ts'
import { notifications } from '../../web/src/i18n/words/notifications.ts'
import { options } from '../../web/src/i18n/words/options.ts'

const all = { ...words, ...account, ...emoji, ...admin, ...adminConfig, ...notifications, ...keyboard }

/** The names in braces that a message takes, whatever its plural forms. */
function placeholders(message: string): Set<string> {
  const names = new Set<string>()
  const walk = (part: unknown): void => {
    if (!Array.isArray(part)) return
    for (const token of part) {
      if (!Array.isArray(token)) continue
      names.add(String(token[0]))
      if (token[2] !== null && typeof token[2] === 'object') Object.values(token[2]).forEach(walk)
    }
  }
  walk(compileMessageOrThrow(message))
  return new Set([...names].filter((name) => name !== '#'))
}

test('every string of the page is well formed in both languages, and takes the same values in both', () => {
  for (const [key, { en, ko }] of Object.entries(all)) {
    assert.ok(en.trim() !== '' && ko.trim() !== '', `${key} is empty`)
    assert.deepEqual([...placeholders(ko)].sort(), [...placeholders(en)].sort(), `${key} takes other values`)
  }
})

test('no Korean string leaves a particle to chance after a value', () => {
  // 님, quotes and marks may stand between the value and its particle.
  const unsure = /\}[’”'")\]]*(?:이|가|을|를|은|는|과|와|로|으로)(?=[\s.,!?)]|$)|\([가이을를은는과와]\)/u
  for (const [key, { ko }] of Object.entries(all)) {
    assert.doesNotMatch(ko, unsure, `${key}: write [을/를]`)
  }
})

test('a particle fits how the word before it ends', () => {
  const cases = [
    ['‘강’[이/가] 있다', '‘강’이 있다'],
    ['‘바다’[이/가] 있다', '‘바다’가 있다'],
    ['(서울)[으로/로]', '(서울)로'],
    ['부산[으로/로]', '부산으로'],
    ['제주[으로/로]', '제주로'],
    ['방 3[을/를]', '방 3을'],
    ['방 2[을/를]', '방 2를'],
    ['방 7[으로/로]', '방 7로'],
    ['Team[은/는]', 'Team은'],
    ['Cafe[과/와]', 'Cafe와'],
    ['Slack[을/를]', 'Slack을(를)'],
    ['🌊[으로/로]', '🌊(으)로'],
  ] as const
  for (const [before, after] of cases) assert.equal(withParticles(before), after)
})

test('every error that the server may answer has words in both languages', () => {
  assert.deepEqual(Object.keys(errorsEn).sort(), Object.keys(ERRORS).sort())
  assert.deepEqual(Object.keys(errorsKo).sort(), Object.keys(ERRORS).sort())
  for (const [code, words] of Object.entries(errorsKo)) assert.match(words, /[가-힣]/, `${code} is not Korean`)
})

test('every option of the server has a name in both languages and its meaning in Korean', () => {
  assert.deepEqual(Object.keys(options).sort(), OPTION_ROWS.map(({ key }) => key).sort())
  for (const [key, { en, ko, about }] of Object.entries(options)) {
    assert.ok(en.trim() !== '' && ko.trim() !== '', `${key} has no name`)
    assert.match(about, /[가-힣]/, `${key} is not explained in Korean`)
  }
})
