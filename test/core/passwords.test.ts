import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_PASSWORD, Passwords } from '../../src/core/passwords.ts'

test('a password opens its own hash and no other', async () => {
  const passwords = new Passwords()
  const hash = await passwords.hash('여울물 소리')
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.equal(await passwords.matches('여울물 소리', hash), true)
  assert.equal(await passwords.matches('여울물 소리 ', hash), false)
})

test('an unknown account and one without a password cost one hash each, as a known one does', async () => {
  const passwords = new Passwords()
  const hash = await passwords.hash('correct horse')
  for (const known of [hash, null, NO_PASSWORD]) {
    const before = passwords.computed
    assert.equal(await passwords.matches('wrong horse', known), false)
    assert.equal(passwords.computed - before, 1)
  }
})

test('not even the password of the hash that nobody owns opens anything', async () => {
  const passwords = new Passwords()
  assert.equal(await passwords.matches('the password of nobody', null), false)
})

test('[P6] a crowd beyond the queue is refused with `overloaded`; the others get their turn', async () => {
  const passwords = new Passwords({ parallel: 1, queue: 3 })
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => passwords.hash('one of a crowd')))
  assert.equal(results.filter((result) => result.status === 'fulfilled').length, 4)
  for (const result of results) {
    if (result.status === 'rejected') assert.equal(result.reason.code, 'overloaded')
  }
  await passwords.hash('there is room again')
})
