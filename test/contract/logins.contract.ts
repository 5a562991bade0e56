import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { Login } from '../../src/ports/logins.ts'
import { code, newLogin, newUser, type OpenEmptyStore, type OpenStore } from './store.ts'

/** What every keeper of logins promises. */
export function loginsContract(open: OpenEmptyStore): void {
  describe('logins', () => {
    let opened: OpenStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())

    const start = async (more: Partial<Login> = {}): Promise<{ login: Login; token: string }> => {
      const user = more.user ?? (await newUser(opened.store))
      const login = newLogin({ ...more, user })
      const token = `hash-${newId()}`
      await opened.store.logins.start(login, token)
      return { login, token }
    }
    const living = async (user: string) => (await opened.store.logins.list(user, null, 50)).items
    const rotate = (tokenHash: string, nextHash: string, at = 2_000) =>
      opened.store.logins.rotate({
        tokenHash,
        nextHash,
        at,
        sealed: `sealed ${nextHash}`,
        expiresAt: 19_000,
        graceMs: 20,
      })

    test('a token is spent for its successor, and the login lives longer by it', async () => {
      const { login, token } = await start()
      const next = `next-${token}`
      assert.deepEqual(await rotate(token, next), {
        ok: true,
        login: { ...login, expiresAt: 19_000, lastUsedAt: 2_000 },
        sealed: `sealed ${next}`,
      })
      assert.deepEqual(await living(login.user), [{ ...login, expiresAt: 19_000, lastUsedAt: 2_000 }])
      assert.ok((await rotate(next, `third-${token}`)).ok)
    })

    test('nobody who is shut out begins a login; one that was asked for meanwhile is refused or among those that end', async () => {
      const { administration, logins } = opened.store
      const shut = await newUser(opened.store)
      await administration.changeUser(shut, { disabled: true }, 1)
      await assert.rejects(start({ user: shut }), code('account_disabled'))
      await assert.rejects(start({ user: newId() }), code('user_not_found'))
      for (let round = 0; round < 20; round++) {
        const user = await newUser(opened.store)
        const [asked] = await Promise.allSettled([
          start({ user }),
          administration.changeUser(user, { disabled: true }, 1).then(() => logins.endAll(user, 5_000)),
        ])
        if (asked.status === 'rejected') assert.equal(asked.reason.code, 'account_disabled')
        assert.deepEqual((await logins.list(user, null, 10)).items, [])
      }
    })

    test('a spent token ends the whole family', async () => {
      const { logins } = opened.store
      const { login, token } = await start()
      const next = `next-${token}`
      await rotate(token, next)
      assert.deepEqual(await rotate(token, 'thief', 2_001), { ok: false, code: 'refresh_reused', sid: login.sid })
      assert.deepEqual(await rotate(next, 'victim', 2_002), { ok: false, code: 'refresh_invalid', sid: login.sid })
      assert.deepEqual(await living(login.user), [])
      assert.ok((await logins.endedSince(2_001)).includes(login.sid))
    })

    test('of two who spend a token at once, one gets a successor', async () => {
      const { token } = await start()
      const outcomes = await Promise.all([rotate(token, `a-${token}`), rotate(token, `b-${token}`)])
      assert.equal(outcomes.filter((outcome) => outcome.ok).length, 1, 'whichever came first')
    })

    test('tabs that race with a cookie get the same successor, for a moment and while it is unused', async () => {
      const { login, token } = await start({ cookie: true })
      const next = `next-${token}`
      await rotate(token, next, 2_000)
      assert.deepEqual(await rotate(token, 'other', 2_019), {
        ok: true,
        login: { ...login, expiresAt: 19_000, lastUsedAt: 2_000 },
        sealed: `sealed ${next}`,
      })
      await rotate(next, `third-${token}`, 2_019)
      const late = await rotate(token, 'other', 2_019)
      assert.deepEqual(late, { ok: false, code: 'refresh_reused', sid: login.sid }, 'the successor was used')

      const slow = await start({ cookie: true })
      await rotate(slow.token, `next-${slow.token}`, 2_000)
      assert.equal((await rotate(slow.token, 'other', 2_020)).ok, false, 'the moment is over')
    })

    test('unknown, expired and ended tokens are invalid', async () => {
      const { logins } = opened.store
      assert.deepEqual(await rotate('nothing', 'x'), { ok: false, code: 'refresh_invalid' })
      const old = await start({ expiresAt: 1_500 })
      assert.deepEqual(await rotate(old.token, 'x'), { ok: false, code: 'refresh_invalid', sid: old.login.sid })
      const ended = await start()
      assert.equal(await logins.end({ sid: ended.login.sid }, 1_700), ended.login.sid)
      assert.deepEqual(await rotate(ended.token, 'x'), { ok: false, code: 'refresh_invalid', sid: ended.login.sid })
    })

    test('a login is ended by its sid or by any token of it, and that is known for a while', async () => {
      const { logins } = opened.store
      const { login, token } = await start()
      await rotate(token, `next-${token}`)
      assert.equal(await logins.end({ tokenHash: token }, 3_000), login.sid)
      assert.equal(await logins.end({ sid: login.sid }, 3_500), login.sid)
      assert.equal(await logins.end({ sid: newId() }, 3_000), null)
      assert.equal(await logins.end({ tokenHash: 'nothing' }, 3_000), null)
      assert.ok((await logins.endedSince(3_000)).includes(login.sid))
      assert.ok(!(await logins.endedSince(3_001)).includes(login.sid), 'it stays ended at the first time')
    })

    test('all logins of a user end but for one', async () => {
      const { store } = opened
      const user = await newUser(store)
      const other = await start()
      const [a, b, c] = [await start({ user }), await start({ user }), await start({ user })]
      const sids = (...of: { login: Login }[]) => of.map(({ login }) => login.sid)
      assert.deepEqual(await living(user), [c.login, b.login, a.login])
      assert.deepEqual(await store.logins.endAll(user, 4_000, b.login.sid), sids(a, c))
      assert.deepEqual(await living(user), [b.login])
      assert.deepEqual(await store.logins.endAll(user, 4_000), sids(b))
      assert.deepEqual(await store.logins.endAll(user, 4_000), [])
      assert.deepEqual(await living(other.login.user), [other.login])
    })

    test('a user ends a login of their own once, and never one of somebody else', async () => {
      const { logins } = opened.store
      const { login } = await start()
      const other = await start()
      assert.equal(await logins.endOwn(login.user, other.login.sid, 4_000), false)
      assert.deepEqual(await living(other.login.user), [other.login])
      assert.equal(await logins.endOwn(login.user, newId(), 4_000), false)
      assert.equal(await logins.endOwn(newId(), login.sid, 4_000), false)
      assert.equal(await logins.endOwn(login.user, login.sid, 4_000), true)
      assert.equal(await logins.endOwn(login.user, login.sid, 4_500), false)
      assert.deepEqual(await living(login.user), [])
      assert.ok((await logins.endedSince(4_000)).includes(login.sid))
      assert.ok(!(await logins.endedSince(4_001)).includes(login.sid))
    })

    test('the logins of a user come in pages, the newest first, also those that nobody knows much of', async () => {
      const { store } = opened
      const user = await newUser(store)
      await start()
      const [a, b, c] = [
        await start({ user, device: null, address: null }),
        await start({ user, device: 'd'.repeat(256), address: '2001:db8::7', cookie: true }),
        await start({ user }),
      ]
      const first = await store.logins.list(user, null, 2)
      assert.deepEqual(first.items, [c.login, b.login])
      const second = await store.logins.list(user, first.nextCursor, 2)
      assert.deepEqual(second, { items: [a.login], nextCursor: null })
      await assert.rejects(store.logins.list(user, 'no cursor', 2), code('bad_request'))
    })

    test('a sweep forgets what expired and what ended long ago', async () => {
      const { store } = opened
      const user = await newUser(store)
      const hour = 3_600_000
      const day = 24 * hour
      const fresh = await start({ user, expiresAt: 9 * day })
      const ended = await start({ user, expiresAt: 9 * day })
      const endedLong = await start({ user, expiresAt: 9 * day })
      await start({ user, expiresAt: 2 * day })
      await store.logins.end({ sid: ended.login.sid }, 2 * day - 1_000)
      await store.logins.end({ sid: endedLong.login.sid }, day)
      assert.ok((await store.logins.sweep(2 * day)) >= 2)
      assert.deepEqual(await living(user), [fresh.login])
      const known = await store.logins.endedSince(0)
      assert.ok(known.includes(ended.login.sid))
      assert.ok(!known.includes(endedLong.login.sid))
    })

    test('nobody logs in who does not exist', async () => {
      await assert.rejects(start({ user: newId() }), code('user_not_found'))
    })
  })
}
