import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, test } from 'node:test'
import { api, codeOf, mina, NOBODY, server } from './town.ts'

describe('what every request meets', () => {
  test('the server says that it runs, that it is ready, and what it is', async () => {
    assert.deepEqual((await api.call('GET', '/healthz')).body, { status: 'ok' })
    assert.deepEqual((await api.call('GET', '/readyz')).body, { ready: true })
    assert.equal((await api.call('GET', '/version')).status, 200)
    assert.match((await api.call<string>('GET', '/metrics')).body, /^# HELP /m)
  })

  test('every operation but the public ones asks for a token', async () => {
    for (const { method, template, security } of api.operations) {
      if (!template.startsWith('/api/') || template.startsWith('/api/v1/auth/')) continue
      assert.ok(security, template)
      const path = template.replaceAll(/\{.+?\}/g, NOBODY)
      const attempts = ['Bearer x', 'Bearer ', 'Basic eDp5', ''].map((Authorization) => ({
        headers: { Authorization },
      }))
      for (const options of [...attempts, {}]) {
        const answer = await api.call(method, path, options)
        assert.equal((answer.body as { code: string }).code, 'unauthenticated', `${method} ${template}`)
      }
    }
  })

  test('an address that is none, and a method that it does not take', async () => {
    assert.equal(await codeOf(api.call('GET', '/nothing')), 'not_found')
    const answer = await api.call('PUT', '/me', { token: mina.token })
    assert.equal((answer.body as { code: string }).code, 'method_not_allowed')
    assert.equal(answer.headers.get('allow'), 'GET, PATCH, HEAD')
    assert.equal(await codeOf(api.call('POST', '/healthz')), 'method_not_allowed')
  })

  test('[P6] a body that is too large, announced or not, and one that is no JSON', async () => {
    const large = 'x'.repeat(300 * 1_024)
    const login = (options: object) => codeOf(api.call('POST', '/auth/login', options))
    assert.equal(await login({ raw: large }), 'payload_too_large')
    assert.equal(
      await login({ raw: 'username=mina', headers: { 'Content-Type': 'text/plain' } }),
      'unsupported_media_type',
    )
    assert.equal(await login({ raw: 'username=mina' }), 'bad_request')
    const streamed = await fetch(`${server.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit)
    assert.equal(((await streamed.json()) as { code: string }).code, 'payload_too_large')
  })

  test('the documents need no script and load nothing from elsewhere', async () => {
    for (const path of ['/docs', '/docs/errors']) {
      const page = await fetch(server.url + path)
      const html = await page.text()
      assert.equal(page.status, 200)
      assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'; style-src 'self'/)
      assert.doesNotMatch(html, /<script|(src|href)="(https?:)?\/\//)
    }
    const errors = await (await fetch(`${server.url}/docs/errors`)).text()
    assert.match(errors, /id="room_full"/)
    const { body } = await api.call<{ type: string }>('GET', '/nothing')
    assert.match(body.type, /^http.*\/docs\/errors#not_found$/)
  })

  test('a request that is no request is a problem document, or the end of its connection', async () => {
    const raw = (path: string, headers: Record<string, string>) =>
      new Promise<{ status: number; type: string | undefined; body: string }>((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port: server.port, path, headers, setHost: false }, (answer) => {
          let body = ''
          answer.on('data', (chunk) => {
            body += chunk
          })
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'], body }),
          )
        })
        sent.on('error', reject)
        sent.end()
      })
    for (const [path, host] of [
      ['/api/v1/me', 'a b'],
      ['/api/v1/me', 'host/with/path'],
      ['/api/v1/me', 'user@host'],
      ['//', 'localhost'],
      ['/api/v1/rooms/%ff%fe', 'localhost'],
      ['http://[/', 'localhost'],
    ] as const) {
      const answer = await raw(path, { Host: host })
      assert.ok(answer.status >= 400 && answer.status < 500, `${path} ${host}: ${answer.status}`)
      assert.equal(answer.type, 'application/problem+json', `${path} ${host}`)
    }
  })
})
