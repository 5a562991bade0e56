import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ChangedRoles } from '../../src/core/changed-roles.ts'
import { Tokens } from '../../src/core/tokens.ts'
import type { UserRole } from '../../src/protocol/model.ts'

const TOKEN_MS = 60_000

/** Roles over a database in which they changed at these times of the wall clock. */
function scene(t: TestContext) {
  const database = new Map<string, { role: UserRole; at: number }>()
  const state = { failing: false }
  const roles = new ChangedRoles({
    administration: {
      async changedRoles(since) {
        if (state.failing) throw new Error('the database is down')
        return [...database].filter(([, { at }]) => at >= since).map(([user, { role }]) => [user, role])
      },
    },
    accessTokenMs: TOKEN_MS,
  })
  t.mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => roles.stop())
  const look = async () => {
    t.mock.timers.tick(2_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { roles, database, state, look }
}

test('what changed before the start is known at the start, what the bus lost at the next look', async (t) => {
  const { roles, database, look } = scene(t)
  database.set('before', { role: 'user', at: Date.now() - TOKEN_MS / 2 })
  database.set('long ago', { role: 'admin', at: Date.now() - TOKEN_MS * 3 })
  await roles.start(2_000)
  assert.deepEqual([roles.of('before'), roles.of('long ago'), roles.of('nobody')], ['user', undefined, undefined])
  database.set('lost', { role: 'admin', at: Date.now() })
  await look()
  assert.equal(roles.of('lost'), 'admin')
})

test('two who change one role at once: whatever the bus tells last, the database decides', async (t) => {
  const { roles, database, look } = scene(t)
  await roles.start(2_000)
  database.set('somebody', { role: 'user', at: Date.now() })
  roles.changed('somebody', 'admin')
  assert.equal(roles.of('somebody'), 'admin')
  await look()
  assert.equal(roles.of('somebody'), 'user')
})

test('while the database is away what is known holds, and afterwards nothing that changed is missed', async (t) => {
  const { roles, database, state, look } = scene(t)
  await roles.start(2_000)
  roles.changed('known', 'user')
  state.failing = true
  database.set('meanwhile', { role: 'user', at: Date.now() })
  await look()
  assert.deepEqual([roles.of('known'), roles.of('meanwhile')], ['user', undefined])
  state.failing = false
  await look()
  assert.equal(roles.of('meanwhile'), 'user')
})

test('a token that names another role than the user has now is expired; one that names it is good, known before or not', async (t) => {
  const { roles } = scene(t)
  const tokens = await Tokens.create(
    { secret: 'a secret of this server', issuer: 'yeoul' },
    { has: () => false },
    roles,
  )
  const sign = async (role: UserRole) => (await tokens.sign({ user: 'u', sid: 's', role })).token
  const [asAdmin, asUser] = [await sign('admin'), await sign('user')]
  assert.equal((await tokens.verify(asAdmin)).role, 'admin')
  roles.changed('u', 'user')
  await assert.rejects(tokens.verify(asAdmin), { code: 'token_expired' })
  await assert.rejects(tokens.verify(asAdmin), { code: 'token_expired' })
  assert.equal((await tokens.verify(asUser)).role, 'user')
  roles.changed('u', 'admin')
  await assert.rejects(tokens.verify(asUser), { code: 'token_expired' })
  assert.equal((await tokens.verify(asAdmin)).role, 'admin')
})
