import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'

const status = async (url: string) => (await fetch(url)).status

test('a node serves what its roles say; what operators ask is always answered', async () => {
  await using gateway = await startTestServer({ roles: ['gateway'] })
  assert.equal(await status(`${gateway.url}/healthz`), 200)
  assert.equal(await status(`${gateway.url}/readyz`), 200)
  assert.equal(await status(`${gateway.url}/api/v1/rooms`), 404)
  assert.equal(await status(`${gateway.url}/`), 404)
  assert.equal(await upgradeStatus(gateway.port), 101)

  await using api = await startTestServer({ roles: ['api'] })
  assert.equal(await status(`${api.url}/healthz`), 200)
  assert.equal(await status(`${api.url}/api/v1/rooms`), 401)
  assert.equal(await upgradeStatus(api.port), 404)
})

test('what is no HTTP, or too much of it, gets a problem document', async () => {
  await using server = await startTestServer()
  for (const [bytes, wanted] of [
    [`GET /api/v1/rooms/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, [431, 'headers_too_large']],
    ['this is not HTTP\r\n\r\n', [400, 'bad_request']],
  ] as const) {
    const [head = '', body = ''] = (await exchange(server.port, bytes)).split('\r\n\r\n')
    assert.match(head, new RegExp(`^HTTP/1.1 ${wanted[0]} `))
    assert.match(head, /content-type: application\/problem\+json/i)
    assert.equal(JSON.parse(body).code, wanted[1])
  }
})

async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  return text(socket)
}

async function upgradeStatus(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  for await (const chunk of socket) return Number(String(chunk).split(' ')[1])
  return 0
}
