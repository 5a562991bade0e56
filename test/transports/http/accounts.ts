import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page, SignedInDevice, User } from '../../../src/protocol/model.ts'
import { API_KEY, api, codeOf, joon, mina, NOBODY, register, sora } from './town.ts'

describe('accounts over HTTP', () => {
  test('a user name is taken whatever its case, and comes back in lower case', async () => {
    const { body } = await api.call<{ user: User }>('POST', '/auth/register', {
      body: { username: 'Big.Fish', password: 'a password', displayName: '  큰 물고기  ' },
    })
    assert.equal(body.user.username, 'big.fish')
    assert.equal(body.user.displayName, '큰 물고기')
    assert.equal(body.user.role, 'user')
    const again = api.call('POST', '/auth/register', { body: { username: 'BIG.FISH', password: 'a password' } })
    assert.equal(await codeOf(again), 'username_taken')
  })

  test('logging in, renewing and logging out', async () => {
    const credentials = { username: 'MINA', password: 'a password of theirs' }
    const { body } = await api.call<{ refreshToken: string }>('POST', '/auth/login', { body: credentials })
    const renewed = await api.call<{ refreshToken: string; accessToken: string }>('POST', '/auth/refresh', {
      body: { refreshToken: body.refreshToken },
    })
    assert.notEqual(renewed.body.refreshToken, body.refreshToken)
    const { refreshToken, accessToken } = renewed.body
    assert.equal((await api.call('GET', '/me', { token: accessToken })).status, 200)
    assert.equal((await api.call('POST', '/auth/logout', { body: { refreshToken } })).status, 204)
    assert.equal(await codeOf(api.call('GET', '/me', { token: accessToken })), 'session_ended')
    assert.equal(await codeOf(api.call('POST', '/auth/refresh', { body: { refreshToken } })), 'refresh_invalid')
  })

  test('users are asked for by id or found by name, never both or neither', async () => {
    const token = sora.token
    const found = await api.call<{ items: User[] }>('GET', '/users?q=JOON', { token })
    assert.equal(found.body.items[0]?.id, joon.id)
    assert.equal(found.body.items[0]?.role, undefined)
    for (const query of ['', '?q=', '?q=%20', `?q=${'a'.repeat(65)}`, `?q=a&ids=${joon.id}`])
      assert.equal((await api.call('GET', `/users${query}`, { token })).status, 400, query)
    assert.equal(await codeOf(api.call('GET', '/users?q=a%00', { token })), 'bad_text')
    assert.equal((await api.call('GET', '/users?q=a')).status, 401)
  })

  test('I see my role; of others nobody sees it', async () => {
    const me = await api.call<User>('GET', '/me', { token: mina.token })
    assert.equal(me.body.role, 'user')
    const ids = [joon.id, NOBODY, mina.id].join(',')
    const others = await api.call<{ items: User[] }>('GET', `/users?ids=${ids}`, { token: sora.token })
    assert.deepEqual(
      others.body.items.map((user) => [user.id, user.role]),
      [
        [joon.id, undefined],
        [mina.id, undefined],
      ],
    )
  })

  test('a display name changes, and is trimmed', async () => {
    const { body } = await api.call<User>('PATCH', '/me', { token: sora.token, body: { displayName: ' 소라 ' } })
    assert.equal(body.displayName, '소라')
    const blank = api.call('PATCH', '/me', { token: sora.token, body: { displayName: '   ' } })
    assert.equal(await codeOf(blank), 'bad_request')
  })

  test('a change of password ends the other logins, not this one', async () => {
    const { token } = await register('dana')
    const old = { username: 'dana', password: 'a password of theirs' }
    const other = await api.call<{ accessToken: string; refreshToken: string }>('POST', '/auth/login', { body: old })
    const wrong = api.call('POST', '/me/password', {
      token,
      body: { currentPassword: 'not this one', newPassword: 'a new password' },
    })
    assert.equal(await codeOf(wrong), 'bad_credentials')
    const changed = await api.call('POST', '/me/password', {
      token,
      body: { currentPassword: old.password, newPassword: 'a new password' },
    })
    assert.equal(changed.status, 204)
    assert.equal((await api.call('GET', '/me', { token })).status, 200)
    assert.equal(await codeOf(api.call('GET', '/me', { token: other.body.accessToken })), 'session_ended')
    const { refreshToken } = other.body
    assert.equal(await codeOf(api.call('POST', '/auth/refresh', { body: { refreshToken } })), 'refresh_invalid')
    assert.equal(await codeOf(api.call('POST', '/auth/login', { body: old })), 'bad_credentials')
    const back = await api.call('PATCH', '/me', {
      token,
      body: { password: old.password, currentPassword: 'a new password' },
    })
    assert.equal(back.status, 200)
    assert.equal((await api.call('POST', '/auth/login', { body: old })).status, 200)
  })

  test('I see where I am signed in, and end one of them or all others', async () => {
    const { token } = await register('nari')
    const login = async (agent: string) => {
      const { body } = await api.call<{ accessToken: string }>('POST', '/auth/login', {
        body: { username: 'nari', password: 'a password of theirs' },
        headers: { 'User-Agent': agent },
      })
      return body.accessToken
    }
    const devices = async (token: string, query = '') =>
      (await api.call<Page<SignedInDevice>>('GET', `/me/sessions${query}`, { token })).body
    const phone = await login(`Phone\t${'x'.repeat(300)}`)
    const tablet = await login('Tablet')

    const { items } = await devices(token)
    assert.deepEqual(
      items.map(({ device, current }) => [device?.slice(0, 6), current]),
      [
        ['Tablet', false],
        ['Phone ', false],
        ['node', true],
      ],
    )
    assert.equal(items[1]?.device?.length, 256)
    for (const { address, createdAt, lastUsedAt, expiresAt } of items) {
      assert.equal(address, '127.0.0.1')
      assert.ok(createdAt <= lastUsedAt && lastUsedAt <= Date.now() && expiresAt > Date.now() + 86_400_000)
    }
    const first = await devices(token, '?limit=2')
    const rest = await devices(token, `?limit=2&cursor=${first.nextCursor}`)
    assert.deepEqual([...first.items, ...rest.items], items)

    const [, second] = items
    const gone = (id: string, by = token) => api.call('DELETE', `/me/sessions/${id}`, { token: by })
    assert.equal(await codeOf(gone(second!.id, mina.token)), 'session_not_found', 'somebody else cannot')
    assert.equal((await api.call('GET', '/me', { token: phone })).status, 200)
    assert.equal((await gone(second!.id)).status, 204)
    assert.equal(await codeOf(api.call('GET', '/me', { token: phone })), 'session_ended')
    assert.equal(await codeOf(gone(second!.id)), 'session_not_found', 'once is enough')
    assert.equal(await codeOf(gone(NOBODY)), 'session_not_found')
    assert.equal(await codeOf(gone('no-id')), 'session_not_found')

    assert.equal((await api.call('DELETE', '/me/sessions', { token: tablet })).status, 204)
    assert.equal(await codeOf(api.call('GET', '/me', { token })), 'session_ended')
    const left = (await devices(tablet)).items
    assert.deepEqual(
      left.map(({ device, current }) => [device, current]),
      [['Tablet', true]],
    )
    assert.equal((await gone(left[0]!.id, tablet)).status, 204, 'the one that asks may end itself')
    assert.equal(await codeOf(api.call('GET', '/me', { token: tablet })), 'session_ended')
    assert.equal(await codeOf(api.call('GET', '/me/sessions')), 'unauthenticated')
  })

  test('a page takes up its cookie session, and anybody may ask which ways in there are', async () => {
    const login = await api.call('POST', '/auth/login', {
      body: { username: 'mina', password: 'a password of theirs', session: 'cookie' },
    })
    const [Cookie = ''] = (login.headers.get('set-cookie') ?? '').split(';')
    const taken = await api.call<{ user: User }>('POST', '/auth/session', { headers: { Cookie, 'X-Yeoul': '1' } })
    assert.equal(taken.body.user.id, mina.id)
    assert.deepEqual((await api.call('GET', '/auth/options')).body, { registration: 'open' })
  })

  test('a service signs in its own users, the same account each time', async () => {
    const exchange = (body: object, key = API_KEY) =>
      api.call<{ user: User }>('POST', '/auth/tokens', { token: key, body })
    const first = await exchange({ externalId: 'customer 7', displayName: '고객 7' })
    assert.equal(first.status, 200)
    const second = await exchange({ externalId: 'customer 7' })
    assert.deepEqual(second.body.user, first.body.user)
    const renamed = await exchange({ externalId: 'customer 7', displayName: '단골' })
    assert.equal(renamed.body.user.displayName, '단골')
    assert.notEqual((await exchange({ externalId: 'customer 8' })).body.user.id, first.body.user.id)
    assert.equal(await codeOf(exchange({ externalId: 'customer 7' }, 'another key')), 'unauthenticated')
    assert.equal(await codeOf(api.call('POST', '/auth/tokens', { body: { externalId: 'x' } })), 'unauthenticated')
    const { username } = first.body.user
    for (const password of ['!', 'password', '']) {
      assert.equal(await codeOf(api.call('POST', '/auth/login', { body: { username, password } })), 'bad_credentials')
    }
    const squat = api.call('POST', '/auth/register', {
      body: { username: `ext-${'0'.repeat(24)}`, password: 'a password' },
    })
    assert.equal(await codeOf(squat), 'username_taken')
  })
})
