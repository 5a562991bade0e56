import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { MemoryBus } from '../../src/adapters/memory/bus.ts'
import { openSqlStore, type SqliteStore } from '../../src/adapters/sql/index.ts'
import { type AccountOptions, AccountService, type SignedIn } from '../../src/core/accounts.ts'
import { Passwords } from '../../src/core/passwords.ts'
import { Tokens } from '../../src/core/tokens.ts'
import type { ErrorCode } from '../../src/protocol/errors.ts'

const SECRET = 'a secret of this server, long enough'
const PASSWORD = 'a password of theirs'
const HOUR = 3_600_000
const DAY = 24 * HOUR
const ORIGIN = { device: 'A test', address: '192.0.2.1' }
const FROM = { address: '192.0.2.1', origin: ORIGIN, cookie: false }
const BROWSER = { ...FROM, cookie: true }

let dir: string
let store: SqliteStore
let tokens: Tokens
let now: number
/** Logins whose end was told to every node. */
let told: string[]
/** A user name of its own for each test. */
let username: string
let names = 0

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'yeoul-accounts-'))
  store = await openSqlStore({ path: join(dir, 'yeoul.db') })
})
beforeEach(async () => {
  username = `mina${++names}`
  now = 1_800_000_000_000
  told = []
  tokens = await Tokens.create(
    { secret: SECRET, issuer: 'yeoul', now: () => now },
    { has: (sid) => told.includes(sid) },
  )
})
after(async () => {
  await store.close()
  rmSync(dir, { recursive: true })
})

function service(options: Partial<AccountOptions> = {}): AccountService {
  const bus = new MemoryBus()
  bus.listen({
    missed() {},
    usersMissed() {},
    room() {},
    user(_user, notice) {
      if (notice.kind === 'logins_ended') told.push(...notice.sids)
    },
  })
  return new AccountService(
    {
      accounts: store.accounts,
      logins: store.logins,
      administration: store.administration,
      tokens,
      passwords: new Passwords(),
      bus,
      limits: () => null,
    },
    { secret: SECRET, now: () => now, ...options },
  )
}

const refused = (code: ErrorCode) => (error: unknown) => {
  assert.equal((error as { code?: string }).code, code)
  return true
}
const actorOf = (signedIn: SignedIn) => tokens.verify(signedIn.accessToken)

describe('the set-up link', () => {
  // Each begins on a server that has no admin.
  beforeEach(async () => {
    await store.close()
    store = await openSqlStore({ path: join(dir, `${username}.db`) })
  })

  test('a refused one leaves no account behind', async () => {
    const accounts = service()
    await accounts.offerSetup()
    const guess = accounts.register({ username, password: PASSWORD, setupToken: 'a guess' }, FROM)
    await assert.rejects(guess, refused('setup_token_invalid'))
    assert.equal(await store.accounts.byUsername(username), null)
  })

  test('is good for 24 hours', async () => {
    const accounts = service()
    const setupToken = (await accounts.offerSetup()) as string
    now += DAY
    const late = accounts.register({ username, password: PASSWORD, setupToken }, FROM)
    await assert.rejects(late, refused('setup_token_invalid'))
    const again = (await accounts.offerSetup()) as string
    now += DAY - 1
    const { user } = await accounts.register({ username, password: PASSWORD, setupToken: again }, FROM)
    assert.equal(user.role, 'admin')
  })

  test('is the same from every node of a cluster, another one each day, and works once', async () => {
    const [one, two] = [service(), service()]
    const link = (await one.offerSetup(true)) as string
    assert.equal(await two.offerSetup(true), link)
    const { user } = await one.register({ username, password: PASSWORD, setupToken: link }, FROM)
    assert.equal(user.role, 'admin')
    assert.equal(await two.offerSetup(true), null)
    const again = two.register({ username: `${username}2`, password: PASSWORD, setupToken: link }, FROM)
    await assert.rejects(again, refused('setup_token_invalid'))
    now += DAY
    assert.notEqual(await one.offerSetup(true), link)
  })
})

describe('the life of a login', () => {
  test('each refresh begins its 30 days anew, up to 90 days in all', async () => {
    const accounts = service()
    let login = await accounts.register({ username, password: PASSWORD }, FROM)
    const { sid } = await actorOf(login)
    const start = now
    for (const day of [29, 58, 87]) {
      now = start + day * DAY
      login = await accounts.refresh(login.refreshToken)
      assert.equal(login.refreshExpiresAt, Math.min(now + 30 * DAY, start + 90 * DAY))
    }
    now = start + 90 * DAY
    await assert.rejects(accounts.refresh(login.refreshToken), refused('refresh_invalid'))
    assert.deepEqual(told, [sid])
  })

  test('a login that is not used ends after 30 days', async () => {
    const accounts = service()
    const login = await accounts.register({ username, password: PASSWORD }, FROM)
    now += 30 * DAY
    await assert.rejects(accounts.refresh(login.refreshToken), refused('refresh_invalid'))
  })

  test('a cookie token spent 19 s ago gets its successor again, 20 s ago it ends the login', async () => {
    const accounts = service()
    for (const [wait, code] of [
      [19_000, null],
      [20_000, 'refresh_reused'],
    ] as const) {
      const login = await accounts.register({ username: `${username}-${wait}`, password: PASSWORD }, BROWSER)
      const next = await accounts.refresh(login.refreshToken)
      now += wait
      if (code === null) assert.equal((await accounts.refresh(login.refreshToken)).refreshToken, next.refreshToken)
      else await assert.rejects(accounts.refresh(login.refreshToken), refused(code))
    }
  })

  test('a login that sends its token itself gets no second chance', async () => {
    const accounts = service()
    const login = await accounts.register({ username, password: PASSWORD }, FROM)
    await accounts.refresh(login.refreshToken)
    await assert.rejects(accounts.refresh(login.refreshToken), refused('refresh_reused'))
  })

  test('the database holds no token that opens anything', async () => {
    const accounts = service()
    const login = await accounts.register({ username, password: PASSWORD }, BROWSER)
    const next = await accounts.refresh(login.refreshToken)
    await store.backup(join(dir, 'copy.db'))
    const bytes = readFileSync(join(dir, 'copy.db'))
    for (const token of [login.refreshToken, next.refreshToken, login.accessToken, PASSWORD]) {
      assert.equal(bytes.includes(token.split('.').at(-1) as string), false)
    }
  })

  test('a server with another secret cannot unseal the successor of a race', async () => {
    const login = await service().register({ username, password: PASSWORD }, BROWSER)
    await service().refresh(login.refreshToken)
    await assert.rejects(service({ secret: 'another secret' }).refresh(login.refreshToken), refused('refresh_invalid'))
  })
})

describe('what an operator does', () => {
  test('a user who is shut out loses every login at once, and comes back only when let in', async () => {
    const accounts = service()
    const first = await accounts.register({ username, password: PASSWORD }, FROM)
    const second = await accounts.login({ username, password: PASSWORD }, BROWSER)
    const sids = [(await actorOf(first)).sid, (await actorOf(second)).sid]
    await accounts.disable(username.toUpperCase())
    assert.deepEqual(told.toSorted(), sids.toSorted())
    for (const login of [first, second]) {
      await assert.rejects(tokens.verify(login.accessToken), refused('session_ended'))
      await assert.rejects(accounts.refresh(login.refreshToken), refused('account_disabled'))
      // Whoever makes a token up learns nothing.
      const madeUp = login.refreshToken.replace(/[^.]+$/, 'x'.repeat(43))
      await assert.rejects(accounts.refresh(madeUp), refused('refresh_invalid'))
    }
    const right = { username, password: PASSWORD }
    await assert.rejects(accounts.login(right, FROM), refused('account_disabled'))
    const wrong = { username, password: 'a wrong password' }
    await assert.rejects(
      accounts.login(wrong, FROM),
      refused('bad_credentials'),
      'only its owner learns that it is shut',
    )
    await accounts.disable(username, false)
    assert.equal((await accounts.login(right, FROM)).user.username, username)
    await assert.rejects(accounts.disable('nobody'), refused('user_not_found'))
  })

  test('a new password ends the logins made with the old one', async () => {
    const accounts = service()
    const login = await accounts.register({ username, password: PASSWORD }, FROM)
    const { sid } = await actorOf(login)
    await accounts.setPassword(username, 'a new password')
    assert.deepEqual(told, [sid])
    await assert.rejects(accounts.login({ username, password: PASSWORD }, FROM), refused('bad_credentials'))
    await accounts.login({ username, password: 'a new password' }, FROM)
  })

  test('accounts can be made where registration is closed, admins too', async () => {
    const accounts = service({ registration: () => 'closed' })
    const admin = await accounts.createUser({ username: 'Chief', password: PASSWORD, admin: true })
    assert.deepEqual([admin.username, admin.displayName, admin.role], ['chief', 'chief', 'admin'])
    const { accessToken } = await accounts.login({ username: 'chief', password: PASSWORD }, FROM)
    assert.equal((await tokens.verify(accessToken)).role, 'admin')
    assert.equal(await accounts.offerSetup(), null, 'there is an admin')
    await assert.rejects(accounts.createUser({ username: 'chief', password: PASSWORD }), refused('username_taken'))
  })

  test('names, display names and passwords out of their bounds are refused by core itself', async () => {
    const accounts = service()
    const make = (more: object) => accounts.createUser({ username, password: PASSWORD, ...more })
    for (const username of ['', '-a', 'a-', 'a b', '미나', 'a'.repeat(33), 'a\0', '../a', 'a\n']) {
      await assert.rejects(make({ username }), refused('bad_request'), JSON.stringify(username))
    }
    for (const password of ['', 'seven..', 'x'.repeat(257)])
      await assert.rejects(make({ password }), refused('bad_request'))
    for (const displayName of ['', '  ', 'x'.repeat(65)])
      await assert.rejects(make({ displayName }), refused('bad_request'))
    await assert.rejects(make({ displayName: 'a\0' }), refused('bad_text'))
  })
})

test('a device shows when it was last used and when it ends; one that can no longer be renewed is not shown', async () => {
  const accounts = service({ refreshLifeMs: () => 3 * DAY, loginLifeMs: 4 * DAY })
  const login = await accounts.register({ username, password: PASSWORD }, FROM)
  const actor = await actorOf(login)
  const shown = async () => (await accounts.devices.list(actor, null, 5)).items
  const begun = now
  const device = { id: actor.sid, current: true, device: 'A test', address: '192.0.2.1', createdAt: begun }
  assert.deepEqual(await shown(), [{ ...device, lastUsedAt: begun, expiresAt: begun + 3 * DAY }])
  now += 2 * DAY
  await accounts.refresh(login.refreshToken)
  assert.deepEqual(await shown(), [{ ...device, lastUsedAt: now, expiresAt: begun + 4 * DAY }])
  now = begun + 4 * DAY
  assert.deepEqual(await shown(), [])
})

test('nothing is kept of a device that does not say what it is', async () => {
  const accounts = service()
  for (const [i, device] of [undefined, '', ' \u0007 '].entries()) {
    const name = `${username}-${i}`
    const login = await accounts.register(
      { username: name, password: PASSWORD },
      { ...FROM, origin: { device, address: '' } },
    )
    const [shown] = (await accounts.devices.list(await actorOf(login), null, 5)).items
    assert.deepEqual([shown?.device, shown?.address], [null, null])
  }
})

test('a person of another service who chose a display name keeps it when the service names none', async () => {
  const accounts = service({ apiKey: 'the key of a service' })
  const login = await accounts.exchange('the key of a service', { externalId: 'customer 7' }, ORIGIN)
  await accounts.updateMe(await actorOf(login), { displayName: '미나' })
  const again = await accounts.exchange('the key of a service', { externalId: 'customer 7' }, ORIGIN)
  assert.deepEqual([again.user.id, again.user.displayName], [login.user.id, '미나'])
  await accounts.disable(login.user.username)
  const shut = accounts.exchange('the key of a service', { externalId: 'customer 7' }, ORIGIN)
  await assert.rejects(shut, refused('account_disabled'))
})
