import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deriveKey, hashToken, newOpaqueToken, sameSecret, seal, unseal } from '../../src/core/secrets.ts'

const key = deriveKey('the secret of a server', 'a test')

test('what is sealed opens with the same key and context only, and unchanged only', () => {
  const sealed = seal(key, 'the successor', 'its predecessor')
  assert.equal(unseal(key, sealed, 'its predecessor'), 'the successor')
  assert.equal(unseal(key, sealed, 'another one'), null)
  assert.equal(unseal(deriveKey('the secret of a server', 'another test'), sealed, 'its predecessor'), null)
  const bytes = Buffer.from(sealed, 'base64url')
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes)
    changed[i] = (changed[i] as number) ^ 1
    assert.equal(unseal(key, changed.toString('base64url'), 'its predecessor'), null)
  }
  for (const broken of ['', 'x', sealed.slice(0, 20)]) assert.equal(unseal(key, broken, 'its predecessor'), null)
})

test('the same text is never sealed to the same bytes twice', () => {
  assert.notEqual(seal(key, 'text', ''), seal(key, 'text', ''))
})

test('opaque tokens have 256 bits and need no escaping; their hashes tell them apart', () => {
  const tokens = Array.from({ length: 100 }, newOpaqueToken)
  for (const token of tokens) assert.match(token, /^[A-Za-z0-9_-]{43}$/)
  assert.equal(new Set(tokens.map(hashToken)).size, 100)
})

test('secrets of any lengths can be compared', () => {
  assert.equal(sameSecret('abc', 'abc'), true)
  assert.equal(sameSecret('abc', 'abcd'), false)
  assert.equal(sameSecret('', 'a'), false)
})
