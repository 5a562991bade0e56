import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from '../../../src/protocol/model.ts'
import { newAdmin } from '../../support/people.ts'
import { api, codeOf, makeRoom, mina, send, server, sora } from './town.ts'

describe('administration over HTTP', () => {
  test('an admin reads and changes the configuration, and sees the nodes', async () => {
    const { accessToken: token } = await newAdmin(server)
    const before = await api.call<{ version: number; items: { key: string; value: unknown }[] }>(
      'GET',
      '/admin/config',
      {
        token,
      },
    )
    assert.equal(before.body.version, 0)
    const body = { version: 0, changes: { flushMs: 40, allowedOrigins: ['https://app.example.com'] } }
    const after = await api.call<typeof before.body>('PATCH', '/admin/config', { token, body })
    assert.equal(after.body.version, 1)
    assert.equal(after.body.items.find((item) => item.key === 'flushMs')?.value, 40)
    const late = api.call('PATCH', '/admin/config', { token, body: { version: 0, changes: { flushMs: 30 } } })
    assert.equal(await codeOf(late), 'config_changed')
    const history = await api.call<Page<{ version: number }>>('GET', '/admin/config/history?limit=1', { token })
    assert.equal(history.body.items[0]?.version, 1)
    const nodes = await api.call<{ items: { name: string; state: string }[] }>('GET', '/admin/nodes', { token })
    assert.deepEqual(
      nodes.body.items.map(({ name, state }) => [name, state]),
      [[server.config.nodeName, 'ready']],
    )
  })

  test('an admin sees people and rooms, and hands out a link for a new password', async () => {
    const login = { username: 'admin', password: 'a password of the admin' }
    const { body } = await api.call<{ accessToken: string }>('POST', '/auth/login', { body: login })
    const token = body.accessToken
    const ask = <T>(method: string, path: string, body?: object) => api.call<T>(method, path, { token, body })
    const users = await ask<Page<{ id: string; disabled: boolean }>>('GET', '/admin/users?q=sora&limit=1')
    assert.deepEqual(
      users.body.items.map(({ id, disabled }) => [id, disabled]),
      [[sora.id, false]],
    )
    assert.equal((await ask('PATCH', `/admin/users/${sora.id}`, { disabled: false, role: 'user' })).status, 200)
    const link = await ask<{ token: string }>('POST', `/admin/users/${sora.id}/reset`)
    const reset = { token: link.body.token, password: 'a new password of hers' }
    assert.equal((await api.call('POST', '/auth/reset', { body: reset })).status, 200)
    assert.equal(await codeOf(api.call('POST', '/auth/reset', { body: reset })), 'reset_token_invalid')
    const room = await makeRoom(mina, { title: 'to be deleted' })
    await send(mina, room.id, 'x')
    const rooms = await ask<Page<{ id: string; messageCount: number }>>('GET', '/admin/rooms?q=to%20be')
    assert.deepEqual(
      rooms.body.items.map(({ id, messageCount }) => [id, messageCount]),
      [[room.id, 1]],
    )
    assert.equal((await ask('DELETE', `/admin/rooms/${room.id}`)).status, 204)
    for (const path of ['figures?since=1', 'summary', 'parked'])
      assert.equal((await ask('GET', `/admin/${path}`)).status, 200)
    assert.equal(await codeOf(ask('POST', '/admin/parked/1/retry')), 'parked_not_found')
  })
})
