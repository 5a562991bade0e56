import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import { code, HASH, newUser, type OpenEmptyStore, type OpenStore } from './store.ts'

/** What every keeper of reset links promises. */
export function resetLinksContract(open: OpenEmptyStore): void {
  describe('reset links', () => {
    let opened: OpenStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())

    const offered = async (): Promise<{ user: string; hash: string }> => {
      const [user, hash] = [await newUser(opened.store), `hash-${newId()}`]
      await opened.store.resetLinks.offer(user, hash, 2_000)
      return { user, hash }
    }
    const passwordOf = async (user: string) => (await opened.store.accounts.byId(user))?.passwordHash

    test('a link is good once and until it expires, also when a crowd comes with it', async () => {
      const { resetLinks } = opened.store
      const { user, hash } = await offered()
      assert.equal((await resetLinks.ownerOf(hash, 1_999))?.id, user)
      assert.equal(await resetLinks.ownerOf(hash, 2_000), null)
      await assert.rejects(resetLinks.spend(hash, 2_000, 'late'), code('reset_token_invalid'))
      await assert.rejects(resetLinks.spend('a guess', 1_000, 'guessed'), code('reset_token_invalid'))
      assert.equal(await passwordOf(user), HASH)
      const crowd = await Promise.allSettled(
        Array.from({ length: 10 }, (_, i) => resetLinks.spend(hash, 1_000, `password ${i}`)),
      )
      const won = crowd.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []))
      assert.equal(won.length, 1)
      assert.equal(await passwordOf(user), `password ${won[0]}`)
      for (const outcome of crowd)
        if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'reset_token_invalid')
      assert.equal(await resetLinks.ownerOf(hash, 1_000), null)
    })

    test('a new link replaces the one before; nobody else’s', async () => {
      const { resetLinks } = opened.store
      const { user, hash } = await offered()
      const other = await offered()
      await resetLinks.offer(user, `newer ${hash}`, 3_000)
      await assert.rejects(resetLinks.spend(hash, 1_000, 'x'), code('reset_token_invalid'))
      await resetLinks.spend(`newer ${hash}`, 2_999, 'by the newer')
      assert.equal(await passwordOf(user), 'by the newer')
      assert.equal((await resetLinks.ownerOf(other.hash, 1_000))?.id, other.user)
      await assert.rejects(resetLinks.offer(newId(), 'x', 2_000), code('user_not_found'))
    })

    test('a password that is set in another way ends the link; another name does not', async () => {
      const { accounts, resetLinks } = opened.store
      const { user, hash } = await offered()
      await accounts.update(user, { displayName: '새 이름' })
      assert.equal((await resetLinks.ownerOf(hash, 1_000))?.id, user)
      await accounts.update(user, { passwordHash: 'changed' })
      await assert.rejects(resetLinks.spend(hash, 1_000, 'x'), code('reset_token_invalid'))
      assert.equal(await passwordOf(user), 'changed')
    })

    test('who is shut out is not let in by a link, which stays good for when they are', async () => {
      const { administration, resetLinks } = opened.store
      const { user, hash } = await offered()
      await administration.changeUser(user, { disabled: true }, 1)
      await assert.rejects(resetLinks.spend(hash, 1_000, 'x'), code('account_disabled'))
      assert.equal(await passwordOf(user), HASH)
      await administration.changeUser(user, { disabled: false }, 2)
      await resetLinks.spend(hash, 1_000, 'let in')
      assert.equal(await passwordOf(user), 'let in')
    })
  })
}
