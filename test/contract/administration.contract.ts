import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { Page, UserRole } from '../../src/protocol/model.ts'
import type { AdminUser } from '../../src/protocol/model-admin.ts'
import { code, HASH, newRoom, newUser, newUsers, type OpenEmptyStore, type OpenStore, say } from './store.ts'

/** What every store promises to admins. */
export function administrationContract(open: OpenEmptyStore): void {
  describe('administration', () => {
    let opened: OpenStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())

    const make = async (username: string, role: UserRole = 'user', displayName = 'Somebody'): Promise<string> => {
      const account = { id: newId(), username, displayName, passwordHash: HASH, role, createdAt: 1_000 }
      return (await opened.store.accounts.create(account)).id
    }
    const newAdmin = () => make(`admin${newId().slice(-12)}`, 'admin')
    const change = (id: string, changes: { disabled?: boolean; role?: UserRole }, at = 5_000) =>
      opened.store.administration.changeUser(id, changes, at)
    const isAdmin = async (id: string): Promise<boolean> => {
      const account = await opened.store.accounts.byId(id)
      return account?.role === 'admin' && !account.disabled
    }

    // First, while there is no admin but these.
    test('of admins who demote or disable each other at the same time, one stays', async () => {
      let left: string | undefined
      for (let round = 0; round < 10; round++) {
        const [ann, bob, eve] = [await newAdmin(), await newAdmin(), await newAdmin()]
        if (left !== undefined) await change(left, { role: 'user' })
        const outcomes = await Promise.allSettled([
          change(ann, { role: 'user' }),
          change(bob, { disabled: true }),
          change(eve, { role: 'user', disabled: true }),
        ])
        const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
        assert.deepEqual(refused, ['last_admin'])
        const admins: string[] = []
        for (const id of [ann, bob, eve]) if (await isAdmin(id)) admins.push(id)
        assert.equal(admins.length, 1)
        left = admins[0]
      }
      const last = left as string
      await assert.rejects(change(last, { role: 'user' }), code('last_admin'))
      await assert.rejects(change(last, { disabled: true }), code('last_admin'))
      assert.equal(
        (await change(last, { role: 'admin', disabled: false })).role,
        'admin',
        'what changes nothing is fine',
      )
      const user = await newUser(opened.store)
      assert.equal((await change(user, { disabled: true })).disabled, true, 'others are disabled as ever')
      await change(user, { role: 'admin' })
      await assert.rejects(change(last, { disabled: true }), code('last_admin'), 'one who is disabled does not count')
      await change(user, { disabled: false })
      await change(last, { disabled: true, role: 'user' })
    })

    test('a change names what it changes and leaves the rest, and its answer is the user', async () => {
      const id = await make('changed', 'user', '바뀌는 이')
      const before = {
        id,
        username: 'changed',
        displayName: '바뀌는 이',
        createdAt: 1_000,
        role: 'user',
        disabled: false,
      }
      assert.deepEqual(await change(id, {}), before)
      assert.deepEqual(await change(id, { disabled: true }), { ...before, disabled: true })
      assert.deepEqual(await change(id, { role: 'admin' }), { ...before, disabled: true, role: 'admin' })
      assert.equal((await opened.store.accounts.byId(id))?.disabled, true)
      await assert.rejects(change(newId(), { disabled: true }), code('user_not_found'))
    })

    test('roles that became others are told from then on, with the role of now; what stays is not told', async () => {
      const { administration } = opened.store
      const [ann, bob, eve] = (await newUsers(opened.store, 3)) as [string, string, string]
      await change(ann, { role: 'admin' }, 1_000_000)
      await change(bob, { role: 'user' }, 1_000_001)
      await change(eve, { role: 'admin' }, 1_000_001)
      await change(eve, { role: 'user' }, 1_000_002)
      assert.deepEqual(
        new Map(await administration.changedRoles(1_000_000)),
        new Map([
          [ann, 'admin'],
          [eve, 'user'],
        ]),
      )
      assert.deepEqual(await administration.changedRoles(1_000_001), [[eve, 'user']])
      assert.deepEqual(await administration.changedRoles(1_000_003), [])
    })

    test('accounts are listed by user name, page by page, each once, disabled ones and roles too', async () => {
      const { administration } = opened.store
      const made = await newUsers(opened.store, 12)
      const shut = await make('shut.out')
      await change(shut, { disabled: true })
      const listed: AdminUser[] = []
      let cursor: string | null = null
      do {
        const page: Page<AdminUser> = await administration.users('', cursor, 5)
        assert.ok(page.items.length <= 5)
        listed.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null)
      const names = listed.map((user) => user.username)
      assert.deepEqual(names, [...new Set(names)].toSorted())
      const ids = listed.map((user) => user.id)
      assert.ok([...made, shut].every((id) => ids.includes(id)))
      const found = listed.find((user) => user.id === shut)
      const expected = { id: shut, username: 'shut.out', displayName: 'Somebody', createdAt: 1_000 }
      assert.deepEqual(found, { ...expected, role: 'user', disabled: true })
      await assert.rejects(administration.users('', 'x', 5), code('bad_request'))
    })

    test('a search finds the beginnings of names, literally, through all pages, disabled ones too', async () => {
      const { administration } = opened.store
      for (const name of ['quill', 'quinn', 'quota_a', 'quota.b']) await make(name)
      await make('zz1', 'user', 'Anna QUinby')
      await make('zz2', 'user', '김 퀸')
      const gone = await make('quit')
      await change(gone, { disabled: true })
      const all = async (q: string): Promise<string[]> => {
        const names: string[] = []
        let cursor: string | null = null
        do {
          const page: Page<AdminUser> = await administration.users(q, cursor, 2)
          names.push(...page.items.map((user) => user.username))
          cursor = page.nextCursor
        } while (cursor !== null)
        return names
      }
      assert.deepEqual(await all('Qui'), ['quill', 'quinn', 'quit', 'zz1'])
      assert.deepEqual(await all('quota_'), ['quota_a'])
      assert.deepEqual(await all('퀸'), ['zz2'])
      assert.deepEqual(await all('uin'), [])
      assert.deepEqual(await all('%'), [])
    })

    test('the counts are those of the rows: users, rooms that are there, messages of these', async () => {
      const { administration, rooms } = opened.store
      const before = await administration.counts()
      const [ann, bob] = (await newUsers(opened.store, 2)) as [string, string]
      await change(bob, { disabled: true })
      const room = await newRoom(opened.store, [ann])
      const gone = await newRoom(opened.store, [ann])
      for (const body of ['a', 'b', 'c']) await say(opened.store, room, ann, body)
      await say(opened.store, gone, ann, 'a')
      await rooms.remove(gone, ann, 9)
      assert.deepEqual(await administration.counts(), {
        users: before.users + 2,
        disabledUsers: before.disabledUsers + 1,
        rooms: before.rooms + 1,
        messages: before.messages + 3,
        parked: 0,
      })
    })

    test('where nothing was set aside, nothing is parked', async () => {
      const { administration } = opened.store
      assert.deepEqual(await administration.parked(null, 10), { items: [], nextCursor: null })
      await assert.rejects(administration.retryParked(1), code('parked_not_found'))
    })
  })
}
