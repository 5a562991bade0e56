import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Ban, Member, Membership, Page, SeenRoom } from '../../../src/protocol/model.ts'
import { api, codeOf, joon, makeRoom, mina, NOBODY, type Person, sora } from './town.ts'

describe('members over HTTP', () => {
  test('joining, leaving, and choosing what to be told of', async () => {
    const room = await makeRoom(mina)
    const joined = await api.call<Membership>('POST', `/rooms/${room.id}/join`, { token: joon.token })
    assert.equal(joined.body.role, 'member')
    const again = await api.call<Membership>('POST', `/rooms/${room.id}/join`, { token: joon.token })
    assert.deepEqual(again.body, joined.body)
    for (const [method, path] of [
      ['PUT', 'notify'],
      ['PATCH', 'me'],
    ] as const) {
      const chosen = await api.call<Membership>(method, `/rooms/${room.id}/${path}`, {
        token: joon.token,
        body: { notify: path === 'me' ? 'none' : 'mentions' },
      })
      assert.equal(chosen.body.notify, path === 'me' ? 'none' : 'mentions')
    }
    assert.equal((await api.call('POST', `/rooms/${room.id}/leave`, { token: joon.token })).status, 204)
    assert.equal(await codeOf(api.call('GET', `/rooms/${room.id}/messages`, { token: joon.token })), 'not_a_member')
  })

  test('inviting, roles, and the list of members', async () => {
    const room = await makeRoom(mina, { kind: 'group' })
    const path = `/rooms/${room.id}/members`
    const invited = await api.call<Membership>('POST', `${path}/${joon.id}`, { token: mina.token })
    assert.equal(invited.body.role, 'member')
    assert.equal(await codeOf(api.call('POST', `${path}/${NOBODY}`, { token: mina.token })), 'user_not_found')
    assert.equal(await codeOf(api.call('POST', `${path}/someone`, { token: mina.token })), 'user_not_found')
    const promoted = await api.call('PUT', `${path}/${joon.id}/role`, {
      token: mina.token,
      body: { role: 'moderator' },
    })
    assert.equal(promoted.status, 204)
    await api.call('POST', `${path}/${sora.id}`, { token: joon.token })
    const list = await api.call<Page<Member>>('GET', path, { token: sora.token })
    assert.deepEqual(
      list.body.items.map((member) => [member.user, member.role, member.online]),
      [
        [mina.id, 'owner', false],
        [joon.id, 'moderator', false],
        [sora.id, 'member', false],
      ],
    )
    const online = await api.call<Page<Member>>('GET', `${path}?online=true`, { token: sora.token })
    assert.deepEqual(online.body, { items: [], nextCursor: null })
  })

  test('a kick ends a membership; a ban keeps it ended until it is lifted', async () => {
    const room = await makeRoom(mina)
    const join = () => api.call('POST', `/rooms/${room.id}/join`, { token: joon.token })
    const member = `/rooms/${room.id}/members/${joon.id}`
    await join()
    assert.equal((await api.call('DELETE', member, { token: mina.token })).status, 204)
    assert.equal((await join()).status, 200)
    for (const lift of [
      () => api.call('PUT', `${member}/ban`, { token: mina.token, body: { banned: false } }),
      () => api.call('DELETE', `${member}/ban`, { token: mina.token }),
    ]) {
      assert.equal((await api.call('PUT', `${member}/ban`, { token: mina.token })).status, 204)
      assert.equal(await codeOf(join()), 'banned')
      assert.equal((await lift()).status, 204)
      assert.equal((await join()).status, 200)
    }
  })

  test('members are found by the beginning of a name and by id; bad questions are refused', async () => {
    const room = await makeRoom(mina, { kind: 'group', memberIds: [joon.id, sora.id] })
    const path = `/rooms/${room.id}/members`
    const found = async (query: string) =>
      (await api.call<Page<Member>>('GET', `${path}?${query}`, { token: mina.token })).body.items.map(
        ({ user }) => user,
      )
    const start = encodeURIComponent(` ${joon.username.slice(0, 3).toUpperCase()} `)
    assert.deepEqual(await found(`q=${start}`), [joon.id])
    assert.deepEqual(await found('q=nobody-is-called-so'), [])
    assert.deepEqual(await found(`ids=${sora.id},${NOBODY}`), [sora.id])
    assert.deepEqual(await found(`ids=${sora.id}&q=${start}`), [])
    assert.deepEqual(await found(`ids=${sora.id}&online=true`), [], 'nobody is here')
    for (const query of ['q=', 'q=%20', `q=${'x'.repeat(65)}`, 'ids=', 'ids=someone', 'online=perhaps']) {
      assert.equal(await codeOf(api.call('GET', `${path}?${query}`, { token: mina.token })), 'bad_request', query)
    }
  })

  test('the bans of a room are a list for those who may lift them', async () => {
    const room = await makeRoom(mina)
    const ask = (token: string) => api.call<Page<Ban>>('GET', `/rooms/${room.id}/bans`, { token })
    await api.call('POST', `/rooms/${room.id}/join`, { token: joon.token })
    assert.deepEqual((await ask(mina.token)).body, { items: [], nextCursor: null })
    assert.equal(await codeOf(ask(joon.token)), 'forbidden')
    const before = Date.now()
    await api.call('PUT', `/rooms/${room.id}/members/${sora.id}/ban`, { token: mina.token })
    const [ban, ...more] = (await ask(mina.token)).body.items
    assert.deepEqual([ban?.user, ban?.by, more.length], [sora.id, mina.id, 0])
    assert.ok((ban?.at ?? 0) >= before)
    assert.equal(await codeOf(ask(sora.token)), 'not_a_member')
    const seen = async ({ token }: Person) =>
      (await api.call<SeenRoom>('GET', `/rooms/${room.id}`, { token })).body.banned
    assert.deepEqual([await seen(sora), await seen(joon)], [true, undefined], 'who is banned can know it')
  })

  test('a full room says so, but not to its members and not to those whom it bans', async () => {
    const room = await makeRoom(mina, { capacity: 1 })
    const join = (token: string) => api.call('POST', `/rooms/${room.id}/join`, { token })
    assert.equal(await codeOf(join(joon.token)), 'room_full')
    assert.equal((await join(mina.token)).status, 200)
    const ban = `/rooms/${room.id}/members/${joon.id}/ban`
    await api.call('PUT', ban, { token: mina.token, body: { banned: true } })
    assert.equal(await codeOf(join(joon.token)), 'banned')
  })
})
