import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthOptions } from '../../client/src/api-http.ts'
import { createClient } from '../../client/src/client.ts'
import { Peer, problem, settled, tokenOf, userOf } from './peer.ts'

function made(t: { after(fn: () => void): void }, auth: AuthOptions) {
  const peer = new Peer()
  const client = createClient({ url: 'http://peer/', auth, platform: peer.platform() })
  t.after(() => client.close())
  return { peer, client }
}

test('a page keeps its refresh token in the cookie alone', async (t) => {
  const { peer, client } = made(t, { session: 'cookie' })
  peer.routes.set('POST /auth/login', () => [200, { user: userOf('user-me'), accessToken: tokenOf(1, 900) }])
  await client.auth.login({ username: 'me', password: 'secret' })
  assert.equal(peer.requests[0]?.body.session, 'cookie')
  await client.auth.logout()
  assert.deepEqual(peer.requests[1]?.body, {})
  assert.equal(peer.requests[1]?.headers.get('x-yeoul'), '1')
  assert.deepEqual(client.auth.getSnapshot(), { state: 'signedOut' })
})

test('a page renews under the lock that all tabs share', async (t) => {
  const held: string[] = []
  const request = (name: string, work: () => Promise<unknown>) => {
    held.push(name)
    return work()
  }
  const navigator = { locks: { request } }
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true })
  t.after(() => Object.defineProperty(globalThis, 'navigator', before!))
  const { client } = made(t, { session: 'cookie' })
  assert.equal(await client.auth.restore(), true)
  assert.deepEqual(held, ['yeoul.refresh'])
})

test('restoring tells whether there is a login, and rejects when nobody can say', async (t) => {
  const { peer, client } = made(t, { session: 'cookie' })
  peer.routes.set('POST /auth/session', () => 'unreachable')
  await assert.rejects(client.auth.restore(), { code: 'network', retryable: true })
  assert.deepEqual(client.auth.getSnapshot(), { state: 'unknown' })
  peer.routes.set('POST /auth/session', () => [204, undefined])
  assert.equal(await client.auth.restore(), false)
  assert.deepEqual(client.auth.getSnapshot(), { state: 'signedOut' })
  assert.equal(peer.requests.at(-1)?.headers.get('x-yeoul'), '1')
})

test('a program restores with the refresh token that it kept, and learns when that is void', async (t) => {
  const { peer, client } = made(t, { session: 'token', refreshToken: 'refresh-0' })
  peer.routes.set('POST /auth/refresh', () => [401, problem('refresh_invalid', 401)])
  assert.equal(await client.auth.restore(), false)
  assert.deepEqual(
    peer.requests.map(({ path, body }) => [path, body]),
    [['/auth/refresh', { refreshToken: 'refresh-0' }]],
  )
})

test('anybody may ask which ways in there are', async (t) => {
  const { peer, client } = made(t, { session: 'cookie' })
  peer.routes.set('GET /auth/options', () => [200, { registration: 'closed' }])
  assert.deepEqual(await client.auth.waysIn(), { registration: 'closed' })
  assert.equal(peer.requests[0]?.headers.has('authorization'), false)
})

test('calls at the same time renew the token once, and a program is given each refresh token', async (t) => {
  const kept: (string | null)[] = []
  const { peer, client } = made(t, {
    session: 'token',
    refreshToken: 'refresh-0',
    onRefreshToken: (token) => kept.push(token),
  })
  peer.routes.set('GET /me', () => [200, userOf('user-me')])
  await Promise.all([client.api.me(), client.api.me(), client.auth.token()])
  assert.equal(peer.logins, 1)
  await client.auth.logout()
  assert.deepEqual(kept, ['refresh-1', null])
  assert.deepEqual(peer.requests.at(-1)?.body, { refreshToken: 'refresh-1' })
})

test('a call that finds its token expired is made again with a new one, once', async (t) => {
  const { peer, client } = made(t, { session: 'token', refreshToken: 'refresh-0' })
  let calls = 0
  peer.routes.set('GET /me', () => (++calls === 1 ? [401, problem('token_expired', 401)] : [200, userOf('user-me')]))
  assert.equal((await client.api.me()).id, 'user-me')
  assert.equal(peer.logins, 2)
  peer.routes.set('GET /me', () => [401, problem('token_expired', 401)])
  await assert.rejects(client.api.me(), { code: 'token_expired' })
})

test('errors carry the code, and whether and when to try again', async (t) => {
  const { peer, client } = made(t, { session: 'token', refreshToken: 'refresh-0' })
  peer.routes.set('GET /rooms', () => [429, { ...problem('rate_limited', 429, true), retryAfterMs: 1_500 }])
  await assert.rejects(client.api.openRooms(), { code: 'rate_limited', retryable: true, retryAfterMs: 1_500 })
  peer.routes.set('GET /rooms', () => [502, 'a page of some proxy'])
  await assert.rejects(client.api.openRooms(), { code: 'bad_answer', retryable: true })
})

test('an answer that does not come is given up', async (t) => {
  const { peer, client } = made(t, { session: 'token', refreshToken: 'refresh-0' })
  await client.auth.token()
  const slow = createClient({
    url: 'http://peer',
    auth: { getToken: async () => tokenOf(1, 900) },
    platform: {
      ...peer.platform(),
      fetch: (_, init) =>
        new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted')))),
    },
  })
  t.after(() => slow.close())
  const answer = assert.rejects(slow.api.me(), { code: 'timeout', retryable: true })
  await peer.clock.advance(10_000)
  await answer
})

test('a service mints the tokens of its own users', async (t) => {
  let minted = 0
  const { peer, client } = made(t, { getToken: async () => tokenOf(++minted, 900) })
  client.connect()
  await settled()
  assert.equal(client.connection.getSnapshot().state, 'online')
  assert.equal(peer.requests.length, 0)
  await peer.clock.advance(730_000)
  assert.equal(peer.link.last('refresh').token, tokenOf(2, 900))
  await assert.rejects(client.auth.login({ username: 'a', password: 'b' }), TypeError)
})

test('a login is taken up again although a renewal of the one before has no answer yet', async (t) => {
  const peer = new Peer()
  const platform = peer.platform()
  const late = Promise.withResolvers<Response>()
  const client = createClient({
    url: 'http://peer',
    auth: { session: 'cookie' },
    platform: {
      ...platform,
      fetch: (input, init) => (String(input).endsWith('/refresh') ? late.promise : platform.fetch(input, init)),
    },
  })
  t.after(() => client.close())
  await client.auth.restore()
  await peer.clock.advance(1_000_000)
  const renewed = assert.rejects(client.auth.token(), { code: 'signed_out' })
  const ended = client.auth.logout()
  const restored = client.auth.restore()
  late.resolve(Response.json({ user: userOf('user-you'), accessToken: tokenOf(9, 900) }))
  assert.deepEqual(await Promise.all([renewed, ended, restored]), [undefined, true, true])
  const auth = client.auth.getSnapshot()
  assert(auth.state === 'signedIn' && auth.user?.id === 'user-me')
})

test('a cookie that became another user’s in another tab signs this one out', async (t) => {
  const { peer, client } = made(t, { session: 'cookie' })
  await client.auth.restore()
  peer.routes.set('POST /auth/refresh', () => [200, { user: userOf('user-you'), accessToken: tokenOf(2, 900) }])
  await peer.clock.advance(1_000_000)
  await assert.rejects(client.auth.token(), { code: 'signed_out' })
  const auth = client.auth.getSnapshot()
  assert(auth.state === 'signedOut' && auth.error?.code === 'signed_out')
})
