import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { NewAccount } from '../../src/ports/accounts.ts'
import { code, HASH, newUser, newUsers, type OpenEmptyStore, type OpenStore } from './store.ts'

/** What every keeper of accounts promises. */
export function accountsContract(open: OpenEmptyStore): void {
  describe('accounts', () => {
    let opened: OpenStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())

    const account = (username: string, more: Partial<NewAccount> = {}): NewAccount => {
      return { id: newId(), username, displayName: '앤', passwordHash: HASH, role: 'user', createdAt: 1_000, ...more }
    }

    // First, while there is no admin yet.
    test('a set-up token makes one admin, however many come with it at once', async () => {
      const { store } = opened
      const { accounts, administration } = store
      const claim = (setupTokenHash: string, createdAt: number) =>
        accounts.create(account(`a${newId().slice(-12)}`, { setupTokenHash, createdAt }))
      assert.equal(await accounts.offerSetup('replaced', 2_000), true)
      assert.equal(await accounts.offerSetup('offered', 2_000), true)
      await assert.rejects(claim('replaced', 1_000), code('setup_token_invalid'))
      await assert.rejects(claim('unknown', 1_000), code('setup_token_invalid'))
      await assert.rejects(claim('offered', 2_000), code('setup_token_invalid'))
      const before = (await administration.counts()).users
      const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => claim('offered', 1_999)))
      const made = outcomes.filter((outcome) => outcome.status === 'fulfilled')
      assert.equal(made.length, 1)
      assert.equal((await accounts.byId(made[0]?.value.id as string))?.role, 'admin')
      assert.equal((await administration.counts()).users, before + 1, 'the others made no account')
      assert.equal(await accounts.offerSetup('late', 9_000), false)
      await assert.rejects(claim('late', 1_000), code('setup_token_invalid'))
    })

    test('an account is found by id and by user name', async () => {
      const { accounts } = opened.store
      const made = account('ann')
      const user = await accounts.create(made)
      assert.deepEqual(user, { id: made.id, username: 'ann', displayName: '앤', createdAt: 1_000, role: 'user' })
      const found = { ...user, role: 'user', passwordHash: HASH, disabled: false }
      assert.deepEqual(await accounts.byId(made.id), found)
      assert.deepEqual(await accounts.byUsername('ann'), found)
      assert.equal(await accounts.byId(newId()), null)
      assert.equal(await accounts.byUsername('nobody'), null)
    })

    test('a user name is taken once, also by a crowd', async () => {
      const { accounts } = opened.store
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => accounts.create(account('crowd'))))
      assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'username_taken')
      }
    })

    test('others are seen without their role', async () => {
      const { store } = opened
      const [a, b] = (await newUsers(store, 2)) as [string, string]
      const users = await store.accounts.byIds([a, newId(), b])
      assert.deepEqual(new Set(users.map((user) => user.id)), new Set([a, b]))
      assert.deepEqual(Object.keys(users[0] ?? {}).toSorted(), ['createdAt', 'displayName', 'id', 'username'])
      assert.deepEqual(await store.accounts.byIds([]), [])
      const name = users[0]?.username as string
      assert.deepEqual(await store.accounts.idsOf([name, 'nobody']), new Map([[name, users[0]?.id]]))
      assert.deepEqual(await store.accounts.idsOf([]), new Map())
    })

    test('people are found by the beginning of a name, disabled ones left out', async () => {
      const { accounts } = opened.store
      const make = (username: string, displayName: string) => accounts.create(account(username, { displayName }))
      await make('findable', 'Zed')
      await make('find', 'Yan')
      await make('other1', 'Ann FINDER')
      await make('other2', '여울 김하나')
      await make('wild_card', '100% sure')
      const gone = await make('findgone', 'Gone')
      await opened.store.administration.changeUser(gone.id, { disabled: true }, 1)
      const names = async (q: string, limit = 20) => (await accounts.find(q, limit)).map((user) => user.username)
      assert.deepEqual(await names('Find'), ['find', 'findable', 'other1'])
      assert.deepEqual(await names('find', 1), ['find'])
      assert.deepEqual(await names('김하'), ['other2'])
      assert.deepEqual(await names('inder'), [])
      assert.deepEqual(await names('%'), [])
      assert.deepEqual(await names('wild_'), ['wild_card'])
      assert.deepEqual(await names('wil_'), [])
      assert.deepEqual(await names("'"), [])
      const [user] = await accounts.find('find', 1)
      assert.deepEqual(Object.keys(user ?? {}).toSorted(), ['createdAt', 'displayName', 'id', 'username'])
    })

    test('an update changes what it names and nothing else', async () => {
      const { store } = opened
      const id = await newUser(store)
      const before = await store.accounts.byId(id)
      const renamed = await store.accounts.update(id, { displayName: '새 이름' })
      assert.equal(renamed.displayName, '새 이름')
      await store.accounts.update(id, { passwordHash: 'other' })
      await store.accounts.update(id, {})
      assert.deepEqual(await store.accounts.byId(id), {
        ...before,
        displayName: '새 이름',
        passwordHash: 'other',
      })
      await assert.rejects(store.accounts.update(newId(), { passwordHash: 'x' }), code('user_not_found'))
      await assert.rejects(store.accounts.update(newId(), {}), code('user_not_found'))
    })

    test('a person of another service is one account, made when first seen', async () => {
      const { accounts } = opened.store
      const external = `shop:${newId()}`
      const crowd = await Promise.all(
        Array.from({ length: 10 }, () => accounts.ensureExternal(external, account(`x${newId().slice(-12)}`))),
      )
      assert.equal(new Set(crowd.map((user) => user.id)).size, 1)
      const later = await accounts.ensureExternal(external, account('ignored', { displayName: '바뀐 이름' }))
      assert.equal(later.id, crowd[0]?.id)
      assert.equal(later.displayName, '바뀐 이름')
      assert.equal(await accounts.byUsername('ignored'), null)
      await accounts.create(account('occupied'))
      await assert.rejects(accounts.ensureExternal('shop:other', account('occupied')), code('username_taken'))
    })
  })
}
