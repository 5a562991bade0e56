import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EventsAnswer, SendAnswer } from '../../../src/protocol/frames.ts'
import type { Message, Page, RoomSummary } from '../../../src/protocol/model.ts'
import type { Notice } from '../../../src/protocol/notice.ts'
import { api, codeOf, joon, makeRoom, mina, send } from './town.ts'

describe('messages over HTTP', () => {
  test('[P3] a repeat gets the first seq back, as 200', async () => {
    const room = await makeRoom(mina)
    const message = { clientMessageId: 'one', body: '안녕하세요' }
    const call = (more: object = {}) =>
      api.call<SendAnswer>('POST', `/rooms/${room.id}/messages`, { token: mina.token, body: { ...message, ...more } })
    const first = await call()
    assert.deepEqual([first.status, first.body.duplicate, first.body.n], [201, false, 1])
    for (const more of [{}, { retry: true }, { body: 'another body', retry: true }]) {
      const again = await call(more)
      assert.deepEqual([again.status, again.body.duplicate, again.body.seq], [200, true, first.body.seq])
    }
  })

  test('a page holds what was said, as it is now', async () => {
    const room = await makeRoom(mina)
    await api.call('POST', `/rooms/${room.id}/join`, { token: joon.token })
    const first = await send(mina, room.id, '첫 말')
    const answer = await send(joon, room.id, `@${mina.username} 대답`, { replyTo: first.seq })
    const third = await send(mina, room.id, '지울 말')
    const at = (seq: number) => `/rooms/${room.id}/messages/${seq}`
    const edited = await api.call('PATCH', at(first.seq), { token: mina.token, body: { body: '고친 말' } })
    assert.equal(edited.status, 200)
    assert.equal((await api.call('DELETE', at(third.seq), { token: mina.token })).status, 200)
    const heart = `${at(answer.seq)}/reactions/${encodeURIComponent('❤️')}`
    const thumb = `${at(answer.seq)}/reactions/${encodeURIComponent('👍')}`
    for (const reaction of [heart, thumb])
      assert.equal((await api.call('PUT', reaction, { token: mina.token })).status, 200)
    assert.equal((await api.call('DELETE', thumb, { token: mina.token })).status, 200)

    const page = await api.call<Page<Message>>('GET', `/rooms/${room.id}/messages`, { token: joon.token })
    assert.deepEqual(
      page.body.items.map(({ seq, body, replyTo, mentions, reactions }) => ({
        seq,
        body,
        replyTo,
        mentions,
        reactions,
      })),
      [
        { seq: first.seq, body: '고친 말', replyTo: undefined, mentions: [], reactions: [] },
        {
          seq: answer.seq,
          body: '@mina 대답',
          replyTo: first.seq,
          mentions: [mina.id],
          reactions: [{ emoji: '❤️', count: 1, users: [mina.id] }],
        },
        { seq: third.seq, body: null, replyTo: undefined, mentions: [], reactions: [] },
      ],
    )
    const middle = await api.call<Page<Message>>('GET', `/rooms/${room.id}/messages?before=${third.seq}&limit=1`, {
      token: joon.token,
    })
    assert.deepEqual(
      middle.body.items.map((message) => message.seq),
      [answer.seq],
    )
    const later = await api.call<Page<Message>>('GET', `/rooms/${room.id}/messages?after=${first.seq}&limit=1`, {
      token: joon.token,
    })
    assert.deepEqual(
      later.body.items.map((message) => message.seq),
      [answer.seq],
    )
  })

  test('a page stands around a message or a number, and tells what happened in between once', async () => {
    const room = await makeRoom(mina)
    const at = (query: string) =>
      api
        .call<Page<Message> & { notices?: Notice[] }>('GET', `/rooms/${room.id}/messages?${query}`, {
          token: mina.token,
        })
        .then(({ body }) => ({ ns: body.items.map((message) => message.n), notices: body.notices }))
    const seqs: number[] = []
    for (let n = 1; n <= 20; n++) {
      seqs.push((await send(mina, room.id, `m${n}`)).seq)
      if (n === 10)
        for (const way of ['join', 'leave', 'join'])
          await api.call('POST', `/rooms/${room.id}/${way}`, { token: joon.token })
    }
    assert.deepEqual(await at(`around=${seqs[9]}&limit=4`), { ns: [9, 10, 11, 12], notices: undefined })
    assert.deepEqual((await at('aroundN=10&limit=4')).ns, [9, 10, 11, 12])
    assert.deepEqual((await at(`around=${(seqs[9] as number) + 2}&limit=4`)).ns, [9, 10, 11, 12], 'a seq of no message')
    assert.deepEqual((await at('around=1&limit=4')).ns, [1, 2])
    assert.deepEqual((await at('aroundN=1&limit=4')).ns, [1, 2, 3])
    assert.deepEqual((await at('around=9000&limit=4')).ns, [19, 20])
    assert.deepEqual((await at('aroundN=9000&limit=4')).ns, [19, 20])
    assert.equal(
      await codeOf(api.call('GET', `/rooms/${room.id}/messages?around=3&before=9`, { token: mina.token })),
      'bad_request',
    )

    const told = async (query: string) =>
      (await at(`${query}&notices=true`)).notices?.map(({ kind, users, count, n }) => [kind, n, users.length, count])
    const crowd = [
      ['joined', 10, 1, 2],
      ['left', 10, 1, 1],
    ]
    assert.deepEqual(await told('limit=3'), [])
    assert.deepEqual(await told('limit=11'), crowd)
    assert.deepEqual(await told(`before=${seqs[10]}&limit=3`), crowd)
    assert.deepEqual(await told(`after=${seqs[9]}&limit=3`), crowd)
    assert.deepEqual(await told(`before=${seqs[3]}&limit=3`), [['joined', 0, 1, 1]])
    assert.deepEqual(await told('aroundN=10&limit=4'), crowd)
  })

  test('[P2] events are contiguous from any position', async () => {
    const room = await makeRoom(mina)
    for (const body of ['하나', '둘', '셋']) await send(mina, room.id, body)
    const { epoch } = room.position
    const all = await api.call<EventsAnswer>('GET', `/rooms/${room.id}/events?after=0&epoch=${epoch}`, {
      token: mina.token,
    })
    assert.equal(all.body.recovered, true)
    assert.deepEqual(
      all.body.events.map((event) => event.seq),
      all.body.events.map((_, i) => i + 1),
    )
    assert.equal(all.body.events.at(-1)?.seq, all.body.head)
    const other = await api.call<EventsAnswer>('GET', `/rooms/${room.id}/events?after=0&epoch=${epoch + 1}`, {
      token: mina.token,
    })
    assert.deepEqual([other.body.recovered, other.body.events], [false, []])
    const beyond = await api.call<EventsAnswer>('GET', `/rooms/${room.id}/events?after=999&epoch=${epoch}`, {
      token: mina.token,
    })
    assert.equal(beyond.body.recovered, false)
  })

  test('unread counts fall as the read cursor moves, which is only forward', async () => {
    const room = await makeRoom(mina)
    await api.call('POST', `/rooms/${room.id}/join`, { token: joon.token })
    const sent = [await send(mina, room.id, 'a'), await send(mina, room.id, 'b')]
    const unread = async () => {
      const page = await api.call<Page<RoomSummary>>('GET', '/me/rooms', { token: joon.token })
      return page.body.items.find((item) => item.room.id === room.id)?.unread
    }
    const read = (seq: number) => api.call('PUT', `/rooms/${room.id}/read`, { token: joon.token, body: { seq } })
    assert.equal(await unread(), 2)
    assert.equal((await read(sent[0]!.seq)).status, 204)
    assert.equal(await unread(), 1)
    await read(sent[1]!.seq)
    await read(1)
    assert.equal(await unread(), 0)
  })

  test('what a message may not hold has a code of its own', async () => {
    const room = await makeRoom(mina)
    const path = `/rooms/${room.id}/messages`
    const refused = async (message: object) =>
      codeOf(api.call('POST', path, { token: mina.token, body: { clientMessageId: 'x', body: 'x', ...message } }))
    assert.equal(await refused({ body: 'a\0b' }), 'bad_text')
    assert.equal(await refused({ body: '\ud800' }), 'bad_text')
    assert.equal(await refused({ clientMessageId: '\udc00' }), 'bad_text')
    assert.equal(await refused({ body: 'a'.repeat(8_001) }), 'body_too_long')
    assert.equal(await refused({ fileIds: ['f'] }), 'files_not_supported')
    assert.equal(await refused({ body: '' }), 'bad_request')
    assert.equal(await refused({ replyTo: 999 }), 'message_not_found')
    assert.equal(await codeOf(api.call('POST', path, { token: mina.token, raw: '{"body":' })), 'bad_request')
  })

  test('a command with another epoch changes nothing', async () => {
    const room = await makeRoom(mina)
    const { seq } = await send(mina, room.id, 'x')
    const epoch = room.position.epoch + 1
    const at = `/rooms/${room.id}/messages/${seq}`
    const { token } = mina
    assert.equal(await codeOf(api.call('PATCH', at, { token, body: { body: 'y', epoch } })), 'epoch_changed')
    assert.equal(await codeOf(api.call('DELETE', `${at}?epoch=${epoch}`, { token })), 'epoch_changed')
    assert.equal(await codeOf(api.call('PUT', `${at}/reactions/x?epoch=${epoch}`, { token })), 'epoch_changed')
    assert.equal(
      await codeOf(api.call('PUT', `/rooms/${room.id}/read`, { token, body: { seq, epoch } })),
      'epoch_changed',
    )
  })
})
