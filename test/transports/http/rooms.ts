import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page, Room, RoomSummary } from '../../../src/protocol/model.ts'
import { api, codeOf, joon, makeRoom, mina, NOBODY, register, sora } from './town.ts'

describe('rooms over HTTP', () => {
  test('an open room is made, found, seen, changed and deleted', async () => {
    const room = await makeRoom(mina, { title: '  조용한 방  ', capacity: 10 })
    assert.deepEqual([room.title, room.capacity, room.memberCount, room.createdBy], ['조용한 방', 10, 1, mina.id])
    const found = await api.call<Page<Room>>('GET', `/rooms?q=${encodeURIComponent('조용')}`, { token: joon.token })
    assert.deepEqual(
      found.body.items.map((r) => r.id),
      [room.id],
    )
    assert.equal((await api.call<Room>('GET', `/rooms/${room.id}`, { token: joon.token })).body.title, '조용한 방')
    const changed = await api.call<Room>('PATCH', `/rooms/${room.id}`, {
      token: mina.token,
      body: { title: '시끄러운 방', capacity: null },
    })
    assert.deepEqual([changed.body.title, changed.body.capacity], ['시끄러운 방', null])
    assert.equal((await api.call('DELETE', `/rooms/${room.id}`, { token: mina.token })).status, 204)
    assert.equal(await codeOf(api.call('GET', `/rooms/${room.id}`, { token: mina.token })), 'room_not_found')
  })

  test('a direct room is one per pair', async () => {
    const room = await makeRoom(mina, { kind: 'direct', title: undefined, memberIds: [joon.id] })
    const again = await api.call<Room>('POST', '/rooms', {
      token: joon.token,
      body: { title: '', kind: 'direct', memberIds: [mina.id] },
    })
    assert.equal(again.status, 200)
    assert.equal(again.body.id, room.id)
  })

  test('a room that I may not see does not exist', async () => {
    const room = await makeRoom(mina, { kind: 'group', memberIds: [joon.id] })
    for (const id of [room.id, NOBODY, 'nonsense', '%00', '..']) {
      for (const [method, path] of [
        ['GET', `/rooms/${id}/messages`],
        ['GET', `/rooms/${id}/members`],
        ['POST', `/rooms/${id}/join`],
        ['DELETE', `/rooms/${id}/messages/1`],
      ] as const) {
        if (id === '..') continue
        assert.equal(await codeOf(api.call(method, path, { token: sora.token })), 'room_not_found', `${method} ${path}`)
      }
    }
  })

  test('pages of rooms follow their cursor to the end', async () => {
    const person = await register('pages')
    for (let i = 0; i < 5; i++) await makeRoom(person, { title: `page ${i}` })
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const page = await api.call<Page<RoomSummary>>('GET', `/me/rooms?limit=2${from}`, { token: person.token })
      seen.push(...page.body.items.map((item) => item.room.title))
      cursor = page.body.nextCursor
    } while (cursor !== null)
    assert.deepEqual(seen.toSorted(), ['page 0', 'page 1', 'page 2', 'page 3', 'page 4'])
  })
})
