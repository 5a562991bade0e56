import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileMessageOrThrow } from '@lingui/message-utils/compileMessage'
import { ERRORS } from '../../src/protocol/errors.ts'
import { en } from '../../web/src/i18n/en.ts'
import { errorsEn, errorsKo } from '../../web/src/i18n/errors.ts'
import { ko } from '../../web/src/i18n/ko.ts'

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

test('every string of the page exists in both languages, is well formed, and takes the same values', () => {
  assert.deepEqual(Object.keys(ko).sort(), Object.keys(en).sort())
  for (const [key, english] of Object.entries(en)) {
    const korean = ko[key as keyof typeof en]
    assert.ok(english.trim() !== '' && korean.trim() !== '', `${key} is empty`)
    assert.deepEqual([...placeholders(korean)].sort(), [...placeholders(english)].sort(), `${key} takes other values`)
  }
})

test('every error that the server may answer has words in both languages', () => {
  assert.deepEqual(Object.keys(errorsEn).sort(), Object.keys(ERRORS).sort())
  assert.deepEqual(Object.keys(errorsKo).sort(), Object.keys(ERRORS).sort())
  for (const [code, words] of Object.entries(errorsKo)) assert.match(words, /[가-힣]/, `${code} is not Korean`)
})
