import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client, ClientOptions } from '../../client/src/api.ts'
import { createClient } from '../../client/src/client.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { Peer, page, problem, settled, tokenOf } from './peer.ts'

async function online(t: { after(fn: () => void): void }, options: Partial<ClientOptions> = {}, peer = new Peer()) {
  const client: Client = createClient({
    url: 'http://peer',
    auth: { session: 'token', refreshToken: 'refresh-0' },
    platform: peer.platform(),
    onError: (error) => assert.fail(error as Error),
    ...options,
  })
  t.after(() => client.close())
  client.connect()
  await settled()
  assert.equal(client.connection.getSnapshot().state, 'online')
  return { peer, client, state: () => client.connection.getSnapshot() }
}

test('it connects with the login of an earlier visit, and says hello with its token', async (t) => {
  const { peer, state } = await online(t)
  assert.deepEqual(peer.requests[0]?.body, { refreshToken: 'refresh-0' })
  assert.equal(peer.link.last('hello').token, tokenOf(1, 900))
  const now = state()
  assert(now.state === 'online')
  assert.deepEqual([now.user, now.limits.bodyLength], ['user-me', DEFAULT_LIMITS.bodyLength])
})

test('the wait before an attempt is anywhere up to a bound that doubles, and ends at the cap', async (t) => {
  const { peer, state } = await online(t)
  peer.refuse = 1006
  for (const random of [0.01, 0.999]) {
    peer.random = random
    peer.link.cut()
    await settled()
    for (let attempt = 0; attempt < 8; attempt++) {
      const now = state()
      assert(now.state === 'waiting')
      assert.equal(now.retryAt - peer.clock.now(), random * Math.min(5_000, 500 * 2 ** attempt))
      await peer.clock.advance(now.retryAt - peer.clock.now())
    }
    peer.refuse = null
    await peer.clock.advance(20_000)
    assert.equal(state().state, 'online')
    // A connection that held is a good one: the next wait is short again.
    await peer.clock.advance(6_000)
    peer.refuse = 1006
  }
})

for (const code of [1000, 1001, 1006, 4500, 4503, 4508, 4999]) {
  test(`close code ${code} reconnects`, async (t) => {
    const { peer, state } = await online(t)
    peer.link.cut(code)
    assert.equal(state().state, 'waiting')
    await peer.clock.advance(500)
    assert.equal(state().state, 'online')
    assert.equal(peer.links.length, 2)
  })
}

for (const code of [4400, 4403, 4413, 4499]) {
  test(`close code ${code} is final until connect is called`, async (t) => {
    const { peer, client, state } = await online(t)
    peer.link.cut(code)
    await peer.clock.advance(60_000)
    const now = state()
    assert(now.state === 'closed' && now.error?.retryable === false)
    assert.equal(peer.links.length, 1)
    await assert.rejects(client.connection.online())
    client.connect()
    await settled()
    assert.equal(state().state, 'online')
  })
}

test('close codes 4408 and 4429 come back after a pause', async (t) => {
  const { peer, state } = await online(t)
  peer.random = 0.01
  peer.link.cut(4408)
  await peer.clock.advance(10)
  assert.equal(state().state, 'online')
  peer.link.cut(4429)
  await peer.clock.advance(900)
  assert.equal(state().state, 'waiting')
  await peer.clock.advance(200)
  assert.equal(state().state, 'online')
})

test('close code 4401 comes back with a new token, and a second one in a row is final', async (t) => {
  const { peer, state } = await online(t)
  peer.link.cut(4401)
  await peer.clock.advance(500)
  assert.equal(state().state, 'online')
  assert.equal(peer.link.last('hello').token, tokenOf(2, 900))
  peer.on('hello', () => ({ err: { code: 'token_expired', message: '', retryable: false } }))
  peer.link.cut(4401)
  await peer.clock.advance(60_000)
  assert.equal(state().state, 'closed')
  assert.equal(peer.logins, 3)
})

test('an ended login closes the connection and signs out, with the reason', async (t) => {
  const { peer, client, state } = await online(t)
  peer.routes.set('POST /auth/refresh', () => [401, problem('refresh_reused', 401)])
  peer.link.cut(4401)
  await peer.clock.advance(500)
  const now = state()
  assert(now.state === 'closed' && now.error?.code === 'refresh_reused')
  const auth = client.auth.getSnapshot()
  assert(auth.state === 'signedOut' && auth.error?.code === 'refresh_reused')
})

test('no server is waited for, whichever of token and socket fails', async (t) => {
  const { peer, state } = await online(t)
  peer.routes.set('POST /auth/refresh', () => 'unreachable')
  await peer.clock.advance(1_000_000)
  peer.link.cut()
  await peer.clock.advance(100_000)
  assert.match(state().state, /waiting|connecting/)
  peer.routes.set('POST /auth/refresh', () => [200, { user: { id: 'user-me' }, accessToken: tokenOf(9, 900) }])
  await peer.clock.advance(15_000)
  assert.equal(state().state, 'online')
})

test('a socket that opens but never answers hello is given up', async (t) => {
  const { peer, state } = await online(t)
  peer.on('hello', () => undefined)
  peer.link.cut()
  await peer.clock.advance(500)
  assert.equal(state().state, 'connecting')
  await peer.clock.advance(10_000)
  assert.equal(state().state, 'waiting')
  assert.equal(peer.link.closedByClient, true)
})

test('silence is met with a ping, and a half-open connection is noticed within two heartbeats', async (t) => {
  const { peer, state } = await online(t)
  await peer.clock.advance(100_000)
  assert.equal(state().state, 'online')
  assert.equal(peer.link.asked('ping').length, 3)
  peer.link.silent = true
  const half = peer.link
  await peer.clock.advance(2 * peer.heartbeatMs + 1)
  assert.equal(half.closedByClient, true)
  await peer.clock.advance(500)
  assert.equal(state().state, 'online')
  assert.equal(peer.links.length, 2)
})

test('who only listens pings too, so that the server knows of them', async (t) => {
  const { peer } = await online(t)
  for (let i = 0; i < 90; i++) {
    peer.link.push({ push: 'room_added', room: 'r' })
    await peer.clock.advance(1_000)
  }
  assert(peer.link.asked('ping').length >= 2)
})

test('a draining node is left when it says, or comes back to when it says if it closes before', async (t) => {
  const { peer, state } = await online(t)
  peer.link.push({ push: 'reconnect', afterMs: 4_000 })
  await peer.clock.advance(3_900)
  assert.equal(peer.links.length, 1)
  assert.equal(state().state, 'online')
  await peer.clock.advance(200)
  assert.equal(peer.links.length, 2)
  assert.equal(peer.links[0]?.closedByClient, true)

  peer.link.push({ push: 'reconnect', afterMs: 4_000 })
  await peer.clock.advance(1_000)
  peer.link.cut(4503)
  await peer.clock.advance(2_900)
  assert.equal(state().state, 'waiting')
  await peer.clock.advance(200)
  assert.equal(state().state, 'online')
})

test('the token is renewed before it expires, on the live connection', async (t) => {
  const { peer, state } = await online(t)
  await peer.clock.advance(719_000)
  assert.equal(peer.logins, 1)
  await peer.clock.advance(2_000)
  assert.equal(peer.logins, 2)
  assert.equal(peer.link.last('refresh').token, tokenOf(2, 900))
  peer.link.push({ push: 'token_expiring', inMs: 60_000 })
  await settled()
  assert.equal(peer.link.last('refresh').token, tokenOf(3, 900))
  assert.equal(peer.links.length, 1)
  assert.equal(state().state, 'online')
})

test('a token that lives shortly is not renewed at every warning', async (t) => {
  const peer = new Peer()
  peer.routes.set('POST /auth/refresh', () => [
    200,
    { user: { id: 'user-me' }, accessToken: tokenOf(++peer.logins, 30) },
  ])
  await online(t, {}, peer)
  for (let second = 0; second < 60; second++) {
    peer.link.push({ push: 'token_expiring', inMs: 30_000 - ((second * 1_000) % 24_000) })
    await peer.clock.advance(1_000)
  }
  assert.equal(peer.logins, 3)
})

test('a connection that the server ends says why', async (t) => {
  const { peer, state } = await online(t)
  peer.link.cut(4403, 'account_disabled')
  const now = state()
  assert(now.state === 'closed' && now.error?.code === 'account_disabled')
})

test('a renewal that fails is tried again while the connection lasts', async (t) => {
  const { peer } = await online(t)
  const answer = peer.routes.get('POST /auth/refresh')
  let fails = 2
  peer.routes.set('POST /auth/refresh', (body, url) => (fails-- > 0 ? 'unreachable' : answer!(body, url)))
  await peer.clock.advance(721_000)
  assert.equal(peer.logins, 1)
  await peer.clock.advance(10_000)
  assert.equal(peer.logins, 2)
})

test('a changed limit is known, and many commands of one turn travel in frames of the allowed size', async (t) => {
  const { peer, client, state } = await online(t, { tuning: { sendWindow: 100 } })
  peer.link.push({ push: 'limits', limits: { ...DEFAULT_LIMITS, frameBytes: 2_000 } })
  const now = state()
  assert(now.state === 'online' && now.limits.frameBytes === 2_000)
  const before = peer.link.frames.length
  for (let i = 0; i < 20; i++) client.send('room-1', `message ${i}`)
  await settled()
  const frames = peer.link.frames.slice(before)
  assert(frames.length > 1 && frames.length < 20, `${frames.length} frames`)
  assert(frames.every((frame) => Buffer.byteLength(frame) <= 2_000))
  assert.deepEqual(
    peer.link.asked('send').map((command) => command.body),
    Array.from({ length: 20 }, (_, i) => `message ${i}`),
  )
})

test('signs of a changed network shorten the wait, and question a live connection', async (t) => {
  const host = new EventTarget()
  const add = (type: string, handler: () => void) => host.addEventListener(type, handler)
  const remove = (type: string, handler: () => void) => host.removeEventListener(type, handler)
  Object.assign(globalThis, { addEventListener: add, removeEventListener: remove })
  t.after(() => {
    for (const name of ['addEventListener', 'removeEventListener']) Reflect.deleteProperty(globalThis, name)
  })
  const { peer, state } = await online(t)
  peer.refuse = 1006
  peer.random = 0.999
  peer.link.cut()
  await peer.clock.advance(30_000)
  assert.equal(state().state, 'waiting')
  peer.refuse = null
  host.dispatchEvent(new Event('online'))
  await settled()
  assert.equal(state().state, 'online')
  peer.link.silent = true
  host.dispatchEvent(new Event('offline'))
  await peer.clock.advance(5_001)
  assert.equal(state().state, 'waiting')
})

test('closing leaves no timer behind, whatever has no answer yet', async (t) => {
  const { peer, client } = await online(t)
  for (const op of ['watch', 'read', 'send']) peer.on(op, () => undefined)
  peer.on('subscribe', () => page(3))
  client.rooms.subscribe(() => {})
  client.send('room-1', 'hello')
  const timeline = client.openRoom('room-1')
  timeline.subscribe(() => {})
  timeline.members.subscribe(() => {})
  client.users.get('somebody')
  await settled()
  timeline.markRead()
  await peer.clock.advance(1_500)
  for (const op of ['watch', 'read', 'send'] as const) assert.equal(peer.link.asked(op).length, 1)
  assert(peer.clock.timers > 0)
  client.close()
  await settled()
  assert.equal(peer.clock.timers, 0)
  assert.throws(() => client.send('room-1', 'x'), { code: 'closed' })
})
