import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pino } from 'pino'
import { configWith } from '../../src/config.ts'
import type { User } from '../../src/protocol/model.ts'
import { startServer } from '../../src/server.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { Contract } from './http-contract.ts'

const PASSWORD = 'a password of theirs'

interface SignedIn {
  user: User
  accessToken: string
  refreshToken?: string
  expiresIn: number
}

const codeOf = (answer: { body: unknown }) => (answer.body as { code: string }).code

/** The refresh cookie that an answer sets. */
function cookieOf(answer: { headers: Headers }): { value: string; attributes: string[] } {
  const [pair = '', ...attributes] = (answer.headers.get('set-cookie') ?? '').split('; ')
  return { value: pair, attributes }
}

describe('refresh tokens', () => {
  let server: TestServer
  let api: Contract
  let names = 0

  before(async () => {
    server = await startTestServer({ rateLimit: false })
    api = await Contract.of(server.url)
  })
  after(() => server[Symbol.asyncDispose]())

  const register = (more: object = {}) =>
    api.call<SignedIn>('POST', '/auth/register', {
      body: { username: `user${++names}`, password: PASSWORD, ...more },
    })
  const refresh = (refreshToken: string | undefined) =>
    api.call<SignedIn>('POST', '/auth/refresh', { body: { refreshToken } })
  const byCookie = (path: string, cookie: string, headers: Record<string, string> = { 'X-Yeoul': '1' }) =>
    api.call<SignedIn>('POST', path, { headers: { Cookie: cookie, ...headers } })

  test('each is good once; the access token lives as long as the answer says', async () => {
    const { body } = await register()
    assert.equal(body.expiresIn, 900)
    const first = await refresh(body.refreshToken)
    const second = await refresh(first.body.refreshToken)
    assert.equal(second.status, 200)
    assert.equal(new Set([body, first.body, second.body].map((b) => b.refreshToken)).size, 3)
  })

  test('a spent one ends the whole login: its newest token and its access tokens too', async () => {
    const { body } = await register()
    const next = await refresh(body.refreshToken)
    assert.equal(codeOf(await refresh(body.refreshToken)), 'refresh_reused')
    assert.equal(codeOf(await refresh(next.body.refreshToken)), 'refresh_invalid')
    assert.equal(codeOf(await api.call('GET', '/me', { token: next.body.accessToken })), 'session_ended')
  })

  test('of many who come with the same token at once one gets a successor at most', async () => {
    const { body } = await register()
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(body.refreshToken)))
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1)
    for (const answer of answers) if (answer.status !== 200) assert.equal(answer.status, 401)
  })

  test('what is no token of ours is refused and ends nothing', async () => {
    const { body } = await register()
    const { id } = body.user
    for (const token of ['x', '.', `${id}.`, `${id}.${'A'.repeat(43)}`, `${body.refreshToken}x`, 'ㅁ'.repeat(256)]) {
      assert.equal(codeOf(await refresh(token)), 'refresh_invalid')
      assert.equal((await api.call('POST', '/auth/logout', { body: { refreshToken: token } })).status, 204)
    }
    assert.equal((await refresh(body.refreshToken)).status, 200)
  })

  test('a cookie session keeps the refresh token out of the reach of scripts', async () => {
    const answer = await register({ session: 'cookie' })
    assert.equal('refreshToken' in answer.body, false)
    const { value, attributes } = cookieOf(answer)
    assert.match(value, /^yeoul_refresh=.{80}/)
    for (const wanted of ['HttpOnly', 'SameSite=Strict', 'Path=/api/v1/auth'])
      assert.ok(attributes.includes(wanted), wanted)
    assert.ok(!attributes.includes('Secure'), 'this server is reached by plain HTTP')
    assert.ok(attributes.some((attribute) => attribute.startsWith('Expires=')))
    assert.ok(!attributes.some((attribute) => attribute.startsWith('Domain=')))
  })

  test('a cookie alone, as a foreign page could cause it, neither refreshes nor logs out', async () => {
    const { value } = cookieOf(await register({ session: 'cookie' }))
    for (const path of ['/auth/refresh', '/auth/logout']) {
      for (const headers of [{}, { 'X-Yeoul': '0' }] as Record<string, string>[]) {
        assert.equal(codeOf(await byCookie(path, value, headers)), 'csrf_header_required')
      }
    }
    const renewed = await byCookie('/auth/refresh', value)
    assert.equal(renewed.status, 200)
    assert.equal('refreshToken' in renewed.body, false)
    assert.notEqual(cookieOf(renewed).value, value)
  })

  test('tabs that race get the same successor; once it was used, the old cookie ends the login', async () => {
    const { value } = cookieOf(await register({ session: 'cookie' }))
    const answers = await Promise.all(Array.from({ length: 5 }, () => byCookie('/auth/refresh', value)))
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200, 200, 200, 200, 200],
    )
    const successors = new Set(answers.map((answer) => cookieOf(answer).value))
    assert.equal(successors.size, 1)
    const [successor = ''] = successors
    assert.equal((await byCookie('/auth/refresh', successor)).status, 200)
    assert.equal(codeOf(await byCookie('/auth/refresh', value)), 'refresh_reused')
    assert.equal(codeOf(await byCookie('/auth/refresh', successor)), 'refresh_reused')
    const { accessToken } = answers[0]!.body
    assert.equal(codeOf(await api.call('GET', '/me', { token: accessToken })), 'session_ended')
  })

  test('a browser takes up its cookie session, and having none is no error', async () => {
    const { value } = cookieOf(await register({ session: 'cookie' }))
    const taken = await byCookie('/auth/session', value)
    assert.equal(taken.status, 200)
    assert.equal('refreshToken' in taken.body, false)
    const next = cookieOf(taken).value
    assert.notEqual(next, value)

    const none = await api.call('POST', '/auth/session', { headers: { 'X-Yeoul': '1' } })
    assert.deepEqual([none.status, none.body], [204, null])
    assert.equal((await byCookie('/auth/session', 'yeoul_refresh=nonsense')).status, 204)
    assert.equal(codeOf(await byCookie('/auth/session', next, {})), 'csrf_header_required')
    await byCookie('/auth/logout', next)
    assert.equal((await byCookie('/auth/session', next)).status, 204)
  })

  test('a spent cookie ends the login at this door too', async () => {
    const { value } = cookieOf(await register({ session: 'cookie' }))
    const first = await byCookie('/auth/session', value)
    const second = await byCookie('/auth/session', cookieOf(first).value)
    assert.equal((await byCookie('/auth/session', value)).status, 204)
    assert.equal(codeOf(await api.call('GET', '/me', { token: second.body.accessToken })), 'session_ended')
    assert.equal((await byCookie('/auth/session', cookieOf(second).value)).status, 204)
  })

  test('logging out by cookie takes the cookie back and ends the login', async () => {
    const answer = await register({ session: 'cookie' })
    const { value } = cookieOf(answer)
    const out = await byCookie('/auth/logout', value)
    assert.equal(out.status, 204)
    assert.match(cookieOf(out).attributes.join(), /Max-Age=0/)
    assert.equal(codeOf(await byCookie('/auth/refresh', value)), 'refresh_invalid')
    assert.equal(codeOf(await api.call('GET', '/me', { token: answer.body.accessToken })), 'session_ended')
    assert.equal((await byCookie('/auth/logout', value)).status, 204, 'again is fine')
  })

  test('without any refresh token the answer is 401, as for a wrong one', async () => {
    assert.equal(codeOf(await api.call('POST', '/auth/refresh')), 'refresh_invalid')
    assert.equal(codeOf(await refresh(undefined)), 'refresh_invalid')
    assert.equal((await api.call('POST', '/auth/logout')).status, 204)
  })

  test('an unknown name and a wrong password: the same answer after the same work', async () => {
    const { body } = await register()
    const hashes = async () =>
      Number(/^yeoul_password_hashes\S* (\d+)$/m.exec((await api.call<string>('GET', '/metrics')).body)?.[1])
    for (const username of [body.user.username, 'nobody-here', 'Not a name at all!', '']) {
      const before = await hashes()
      const answer = await api.call('POST', '/auth/login', { body: { username, password: 'a wrong password' } })
      assert.equal(codeOf(answer), 'bad_credentials', username)
      assert.equal((await hashes()) - before, 1, username)
    }
  })
})

describe('who may sign up', () => {
  const tokenOf = (setupUrl: string | null) => new URL(setupUrl ?? '').hash.replace('#setup=', '')

  test('the set-up link makes one admin, also when a crowd comes with it', async () => {
    await using server = await startTestServer({ registration: 'closed' })
    const api = await Contract.of(server.url)
    const setupToken = tokenOf(server.setupUrl)
    const register = (username: string, more: object) =>
      api.call<SignedIn>('POST', '/auth/register', { body: { username, password: PASSWORD, ...more } })
    assert.equal(codeOf(await register('early', {})), 'registration_closed')
    assert.equal(codeOf(await register('guess', { setupToken: 'x'.repeat(43) })), 'setup_token_invalid')
    const crowd = await Promise.all(Array.from({ length: 6 }, (_, i) => register(`admin${i}`, { setupToken })))
    const made = crowd.filter((answer) => answer.status === 201)
    assert.deepEqual(
      made.map((answer) => answer.body.user.role),
      ['admin'],
    )
    for (const answer of crowd) if (answer.status !== 201) assert.equal(codeOf(answer), 'setup_token_invalid')
    const me = await api.call<User>('GET', '/me', { token: made[0]!.body.accessToken })
    assert.equal(me.body.role, 'admin')
    assert.equal(codeOf(await register('late', {})), 'registration_closed')
    assert.deepEqual((await api.call('GET', '/auth/options')).body, { registration: 'closed' })
  })

  test('a restart makes the link before it void, and none is made once there is an admin', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'yeoul-setup-'))
    try {
      const first = await startTestServer({ dataDir })
      await first.close()
      const second = await startTestServer({ dataDir })
      const api = await Contract.of(second.url)
      const register = (username: string, setupUrl: string | null) =>
        api.call('POST', '/auth/register', { body: { username, password: PASSWORD, setupToken: tokenOf(setupUrl) } })
      assert.equal(codeOf(await register('one', first.setupUrl)), 'setup_token_invalid')
      assert.equal((await register('two', second.setupUrl)).status, 201)
      await second.close()
      const third = await startTestServer({ dataDir })
      assert.equal(third.setupUrl, null)
      await third.close()
    } finally {
      rmSync(dataDir, { recursive: true })
    }
  })

  test('without an API key nobody signs in the users of another service', async () => {
    await using server = await startTestServer({ apiKey: null })
    const api = await Contract.of(server.url)
    const answer = await api.call('POST', '/auth/tokens', { token: 'null', body: { externalId: 'x' } })
    assert.equal(codeOf(answer), 'forbidden')
  })
})

describe('limits', () => {
  test('[P6] guesses at a password are limited, and the answer says for how long', async () => {
    await using server = await startTestServer({ rateLimit: true })
    const api = await Contract.of(server.url)
    await api.call('POST', '/auth/register', { body: { username: 'mina', password: PASSWORD } })
    const login = (password: string) => api.call('POST', '/auth/login', { body: { username: 'mina', password } })
    const answers = []
    for (let i = 0; i < 12; i++) answers.push(await login('a wrong password'))
    assert.deepEqual(answers.map(codeOf).slice(0, 10), Array(10).fill('bad_credentials'))
    const refused = answers.at(-1)!
    assert.equal(codeOf(refused), 'rate_limited')
    const { retryAfterMs } = refused.body as { retryAfterMs: number }
    assert.ok(retryAfterMs > 0)
    assert.equal(Number(refused.headers.get('retry-after')), Math.ceil(retryAfterMs / 1_000))
    assert.equal(codeOf(await login(PASSWORD)), 'rate_limited', 'not even the right one, from here, now')
  })

  test('[P6] one user’s requests are limited without another’s being', async () => {
    await using server = await startTestServer({ rateLimit: true })
    const api = await Contract.of(server.url)
    const tokens = []
    for (const username of ['eager', 'calm']) {
      const { body } = await api.call<SignedIn>('POST', '/auth/register', { body: { username, password: PASSWORD } })
      tokens.push(body.accessToken)
    }
    const [eager, calm] = tokens
    const answers = await Promise.all(
      Array.from({ length: 800 }, () => api.call('GET', '/users?ids=x', { token: eager })),
    )
    const refused = answers.filter((answer) => answer.status === 429)
    assert.ok(refused.length > 0 && refused.length <= 600, `${refused.length} refused`)
    assert.equal((await api.call('GET', '/me', { token: calm })).status, 200)
  })

  test('registrations from one address are limited; proxies that are trusted tell the address', async () => {
    await using server = await startTestServer({ rateLimit: true, trustedProxies: ['127.0.0.0/8', '::1'] })
    const api = await Contract.of(server.url)
    const register = (i: number, address: string) =>
      api.call('POST', '/auth/register', {
        body: { username: `user${i}`, password: PASSWORD },
        headers: { 'X-Forwarded-For': `6.6.6.${i}, ${address}` },
      })
    let made = 0
    while (made < 130 && (await register(made, '203.0.113.5')).status === 201) made++
    assert.ok(made >= 100 && made < 130, `${made} registrations`)
    assert.equal((await register(200, '203.0.113.6')).status, 201)
  })
})

describe('browsers', () => {
  const ORIGIN = 'https://app.example'

  test('only listed origins are let in, and only they see answers', async () => {
    await using server = await startTestServer({ allowedOrigins: [ORIGIN] })
    const preflight = (origin: string) =>
      fetch(`${server.url}/api/v1/me`, {
        method: 'OPTIONS',
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'PATCH',
          'Access-Control-Request-Headers': 'x-yeoul',
        },
      })
    const listed = await preflight(ORIGIN)
    assert.equal(listed.status, 204)
    assert.equal(listed.headers.get('access-control-allow-origin'), ORIGIN)
    assert.match(listed.headers.get('access-control-allow-methods') ?? '', /PATCH/)
    assert.match(listed.headers.get('access-control-allow-headers') ?? '', /X-Yeoul/)
    for (const origin of ['https://evil.example', 'https://app.example.evil.example', 'null', 'http://app.example']) {
      const headers = (await preflight(origin)).headers
      assert.equal(headers.get('access-control-allow-origin'), null, origin)
      const answer = await fetch(`${server.url}/api/v1/me`, { headers: { Origin: origin } })
      assert.equal(answer.headers.get('access-control-allow-origin'), null, origin)
    }
    const refused = await fetch(`${server.url}/api/v1/me`, { headers: { Origin: ORIGIN } })
    assert.equal(refused.status, 401)
    assert.equal(refused.headers.get('access-control-allow-origin'), ORIGIN, 'errors can be read too')
    assert.equal(refused.headers.get('vary'), 'Origin')
  })

  test('behind HTTPS cookies are Secure and browsers are told to stay with HTTPS', async () => {
    await using server = await startTestServer({ publicUrl: 'https://chat.example' })
    const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/auth/register`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'mina', password: PASSWORD, session: 'cookie' }),
    })
    assert.ok(cookieOf(answer).attributes.includes('Secure'))
    assert.match(answer.headers.get('strict-transport-security') ?? '', /max-age=/)
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  })
})

test('metrics answer whoever has their token, or else this machine only', async () => {
  await using server = await startTestServer({ metricsToken: 'the token of metrics' })
  const api = await Contract.of(server.url)
  assert.equal(codeOf(await api.call('GET', '/metrics')), 'unauthenticated')
  assert.equal(codeOf(await api.call('GET', '/metrics', { token: 'another one' })), 'unauthenticated')
  assert.equal((await api.call('GET', '/metrics', { token: 'the token of metrics' })).status, 200)
  await using open = await startTestServer()
  const other = await Contract.of(open.url)
  assert.equal((await other.call('GET', '/metrics')).status, 200)
  const proxied = await other.call('GET', '/metrics', { headers: { 'X-Forwarded-For': '203.0.113.5' } })
  assert.equal(codeOf(proxied), 'forbidden')
})

test('logs hold no token, no password and no message', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'yeoul-logs-'))
  const file = join(dataDir, 'log')
  const destination = pino.destination({ dest: file, sync: true })
  const config = configWith({ port: 0, dataDir, rateLimit: false, drainMs: 100, apiKey: 'the-key-of-another-service' })
  const server = await startServer(config, pino({ level: 'trace' }, destination))
  try {
    const api = await Contract.of(server.url)
    const secrets: string[] = ['the-key-of-another-service', 'a-password-to-look-for', 'a message to look for']
    const { body } = await api.call<SignedIn>('POST', '/auth/register', {
      body: { username: 'mina', password: 'a-password-to-look-for' },
    })
    const token = body.accessToken
    const cookie = cookieOf(
      await api.call('POST', '/auth/login', {
        body: { username: 'mina', password: 'a-password-to-look-for', session: 'cookie' },
      }),
    ).value.replace('yeoul_refresh=', '')
    secrets.push(token, body.refreshToken ?? '', cookie, new URL(server.setupUrl ?? '').hash.replace('#setup=', ''))
    const room = await api.call<{ id: string }>('POST', '/rooms', { token, body: { title: 'logs' } })
    const message = { clientMessageId: 'x', body: 'a message to look for' }
    await api.call('POST', `/rooms/${room.body.id}/messages`, { token, body: message })
    await api.call('POST', '/auth/tokens', { token: 'the-key-of-another-service', body: { externalId: 'x' } })
    await api.call('POST', '/auth/tokens', { token: 'wrong', body: { externalId: 'x' } })
    await api.call('POST', '/auth/login', { raw: '{"password":"a-password-to-look-for"' })
    await api.call('POST', '/auth/refresh', { body: { refreshToken: body.refreshToken } })
    await api.call('POST', '/auth/refresh', { body: { refreshToken: body.refreshToken } })
    await api.call('GET', `/me?token=${token}`, { token })
    await server.close()
    destination.flushSync()
    const log = readFileSync(file, 'utf8')
    assert.match(log, /serving/)
    for (const secret of secrets) {
      assert.ok(secret.length > 10)
      assert.ok(!log.includes(secret), `the log holds ${secret}`)
    }
  } finally {
    await server.close().catch(() => {})
    rmSync(dataDir, { recursive: true })
  }
})
