import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Tokens } from '../../src/core/tokens.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { newPerson, type Person } from '../support/people.ts'
import { openRoom } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

const SECRET = 'a secret of the tests, 32 characters and more'
const NO_ROOM = '019b0000-0000-7000-8000-000000000000'

let server: TestServer
let mina: Person

before(async () => {
  server = await startTestServer({ jwtSecret: SECRET })
  mina = await newPerson(server)
})
after(() => server[Symbol.asyncDispose]())

/** What a connection is answered and closed with when its first frame is this one. */
async function firstFrame(frame: unknown): Promise<{ code: string | undefined; close: number }> {
  const socket = await TestSocket.open(server.url)
  socket.ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  const close = await socket.closeCode()
  return { code: (socket.items[0]?.err as { code: string } | undefined)?.code, close }
}

describe('hello', () => {
  test('says who I am, and what the limits are', async () => {
    const socket = await TestSocket.open(server.url)
    const ok = await socket.ok('hello', { token: mina.accessToken })
    assert.equal(ok.user, mina.id)
    assert.match(ok.sessionId as string, /^[0-9a-f-]{36}$/)
    assert.equal(ok.heartbeatMs, server.config.heartbeatMs)
    assert.deepEqual(ok.limits, { ...DEFAULT_LIMITS, sendsPerSecond: 0 })
    socket.close()
  })

  test('must come first, and complete: 4401', async () => {
    for (const frame of [
      { id: 1, op: 'ping' },
      { id: 1, op: 'hello' },
      { id: 1, op: 'hello', token: 7 },
      { id: 1, op: 'nonsense' },
      { op: 'hello', token: mina.accessToken },
      [
        { id: 1, op: 'ping' },
        { id: 2, op: 'hello', token: mina.accessToken },
      ],
    ])
      assert.deepEqual(await firstFrame(frame), { code: undefined, close: 4401 }, JSON.stringify(frame))
    assert.deepEqual(await firstFrame('hello'), { code: undefined, close: 4400 })
  })

  test('with a token that is not good says why and closes with 4401', async () => {
    const past = await Tokens.create(
      { secret: SECRET, issuer: 'yeoul', now: () => Date.now() - 3_600_000 },
      { has: () => false },
    )
    const stranger = await Tokens.create({ secret: SECRET.toUpperCase(), issuer: 'yeoul' }, { has: () => false })
    const claims = { user: mina.id, sid: NO_ROOM, role: 'user' } as const
    const hello = (token: string) => firstFrame({ id: 1, op: 'hello', token })
    assert.deepEqual(await hello('no token'), { code: 'unauthenticated', close: 4401 })
    assert.deepEqual(await hello(mina.refreshToken), { code: 'unauthenticated', close: 4401 })
    assert.deepEqual(await hello(mina.accessToken.slice(0, -2)), { code: 'unauthenticated', close: 4401 })
    assert.deepEqual(await hello((await stranger.sign(claims)).token), { code: 'unauthenticated', close: 4401 })
    assert.deepEqual(await hello((await past.sign(claims)).token), { code: 'token_expired', close: 4401 })
  })

  test('may come with the first commands in one frame, or one packet: they run after it, in order', async () => {
    const room = await openRoom(mina)
    const send = (id: number) => ({ id, op: 'send', room, clientMessageId: `m${id}`, body: `number ${id}` })
    const hello = { id: 1, op: 'hello', token: mina.accessToken }
    const socket = await TestSocket.open(server.url)
    socket.ws.send(JSON.stringify([hello, { id: 2, op: 'subscribe', room }, send(3), send(4)]))
    socket.ws.send(JSON.stringify(send(5)))
    await socket.until(() => socket.items.find((item) => item.re === 5), 'the last reply')
    assert.equal(socket.items[0]?.re, 1)
    const sent = [3, 4, 5].map((id) => socket.items.find((item) => item.re === id)?.ok as { seq: number })
    assert.deepEqual(
      sent.map((ok) => ok.seq),
      [2, 3, 4],
    )
    await socket.until(() => socket.seqs(room).length === 3, 'the pushes')
    assert.deepEqual(socket.seqs(room), [2, 3, 4])
    socket.close()
  })

  test('that fails takes with it what came in the same frame', async () => {
    const room = await openRoom(mina)
    const send = { id: 2, op: 'send', room, clientMessageId: 'x', body: 'not sent' }
    assert.equal((await firstFrame([{ id: 1, op: 'hello', token: 'bad' }, send])).close, 4401)
    const { body } = await mina.call<{ items: unknown[] }>('GET', `/rooms/${room}/messages`)
    assert.deepEqual(body.items, [])
  })

  test('a second time is a mistake, and the connection goes on', async () => {
    const socket = await TestSocket.hello(server.url, mina.accessToken)
    assert.equal(await socket.refused('hello', { token: mina.accessToken }), 'bad_request')
    await socket.ok('ping')
    socket.close()
  })

  test('a token in the address is not looked at', async () => {
    const socket = await TestSocket.open(`${server.url}/ws?token=${mina.accessToken}&rest=`)
    socket.ws.send('{"id":1,"op":"ping"}')
    assert.equal(await socket.closeCode(), 4401)
  })
})

describe('frames', () => {
  test('that are no object and no array of them are 4400', async () => {
    for (const text of [
      '',
      ' ',
      '{',
      'null',
      '7',
      '"ping"',
      '[1]',
      '[[]]',
      '[null]',
      '{"id":1,"op":"ping"}x',
      '\u0000',
    ]) {
      const socket = await TestSocket.hello(server.url, mina.accessToken)
      socket.ws.send(text)
      assert.equal(await socket.closeCode(), 4400, text)
    }
  })

  test('of many commands are answered one by one; an empty one asks nothing', async () => {
    const socket = await TestSocket.hello(server.url, mina.accessToken)
    socket.ws.send('[]')
    const ids = Array.from({ length: 40 }, (_, i) => 100 + i)
    socket.ws.send(JSON.stringify(ids.map((id) => ({ id, op: 'ping' }))))
    await socket.until(() => socket.items.filter((item) => item.ok).length === 41, 'all replies')
    assert.deepEqual(
      socket.items.slice(1).map((item) => item.re),
      ids,
    )
    const { at } = await socket.ok<{ at: number }>('ping')
    assert.ok(Math.abs(at - Date.now()) < 1_000)
    socket.close()
  })

  test('an unknown op, an unknown field, a wrong field: each has its answer and the connection goes on', async () => {
    const socket = await TestSocket.hello(server.url, mina.accessToken)
    const room = await openRoom(mina)
    assert.equal(await socket.refused('teleport'), 'unknown_op')
    assert.equal(await socket.refused('__proto__'), 'unknown_op')
    await socket.ok('ping', { colour: 'red', nested: { deep: [1] } })
    const wrong: [string, Record<string, unknown>, string][] = [
      ['send', { room, clientMessageId: '', body: 'x' }, 'bad_request'],
      ['send', { room, clientMessageId: 'a'.repeat(65), body: 'x' }, 'bad_request'],
      ['send', { room, clientMessageId: 'a', body: 7 }, 'bad_request'],
      ['send', { room, clientMessageId: 'a', body: '  \n' }, 'bad_request'],
      ['send', { room, clientMessageId: 'a', body: 'nul \0' }, 'bad_text'],
      ['send', { room, clientMessageId: 'a', body: 'half \ud800' }, 'bad_text'],
      ['send', { room, clientMessageId: 'a\udc00', body: 'x' }, 'bad_text'],
      ['send', { room, clientMessageId: 'a', body: 'x'.repeat(8_001) }, 'body_too_long'],
      ['send', { room, clientMessageId: 'a', body: 'x', replyTo: 0 }, 'bad_request'],
      ['send', { room, clientMessageId: 'a', body: 'x', replyTo: 999 }, 'message_not_found'],
      ['send', { room, clientMessageId: 'a', body: 'x', fileIds: ['f'] }, 'files_not_supported'],
      ['send', { room, clientMessageId: 'a', body: 'x', retry: 1 }, 'bad_request'],
      ['send', { room: NO_ROOM, clientMessageId: 'a', body: 'x' }, 'room_not_found'],
      ['send', { room: "'; DROP TABLE rooms", clientMessageId: 'a', body: 'x' }, 'room_not_found'],
      ['send', { room: 7, clientMessageId: 'a', body: 'x' }, 'bad_request'],
      ['subscribe', { room, position: { epoch: 1 } }, 'bad_request'],
      ['subscribe', { room, position: { epoch: 1, seq: -1 } }, 'bad_request'],
      ['subscribe', { room: NO_ROOM }, 'room_not_found'],
      ['events', { room, after: 0, epoch: 1, limit: 0 }, 'bad_request'],
      ['edit', { room, seq: 1, body: 'x' }, 'message_not_found'],
      ['edit', { room, seq: 1.5, body: 'x' }, 'bad_request'],
      ['delete', { room, seq: 99 }, 'message_not_found'],
      ['react', { room, seq: 1, emoji: '', on: true }, 'bad_request'],
      ['react', { room, seq: 1, emoji: '👍' }, 'bad_request'],
      ['read', { room, seq: '1' }, 'bad_request'],
      ['watch', { rooms: 'some' }, 'bad_request'],
      ['watch', { rooms: ['no id'] }, 'bad_request'],
      ['typing', { room: NO_ROOM }, 'room_not_found'],
      ['presence', {}, 'bad_request'],
    ]
    for (const [op, fields, code] of wrong)
      assert.equal(await socket.refused(op, fields), code, JSON.stringify([op, fields]))
    for (const id of [undefined, '1', 1.5, 2 ** 53, null]) {
      const before = socket.items.length
      socket.ws.send(JSON.stringify({ id, op: 'ping' }))
      await socket.until(() => socket.items.length > before, 'an answer')
      const { re, err } = socket.items[before] as { re: unknown; err: { code: string } }
      assert.deepEqual([re, err.code], [null, 'bad_request'])
    }
    const err = (await socket.ask('teleport')).err as Record<string, unknown>
    assert.deepEqual(Object.keys(err).sort(), ['code', 'message', 'retryable'])
    assert.equal((await headOf(room)).seq, 1)
    socket.close()
  })

  test('a character may take any place of the longest body', async () => {
    const socket = await TestSocket.hello(server.url, mina.accessToken)
    const room = await openRoom(mina)
    const body = `${'여'.repeat(4_000)}𝄞${'é'.repeat(3_998)}`
    assert.equal(body.length, 8_000)
    await socket.ok('subscribe', { room })
    await socket.ok('send', { room, clientMessageId: '아이디 𝄞', body })
    await socket.until(() => socket.seqs(room).length === 1, 'the push')
    assert.equal(socket.pushes<{ event: { body: string } }>('event')[0]?.event.body, body)
    socket.close()
  })
})

describe('tokens on a live connection', { concurrency: true }, () => {
  test('are said to expire, are renewed, and end the connection with 4401 when they are not', async () => {
    await using short = await startTestServer({ accessTokenMs: 6_000 })
    const joon = await newPerson(short)
    const renewed = await TestSocket.hello(short.url, joon.accessToken)
    const left = await TestSocket.hello(short.url, joon.accessToken)
    const expiring = await renewed.until(() => renewed.pushes<{ inMs: number }>('token_expiring')[0], 'the warning')
    assert.ok(expiring.inMs > 0 && expiring.inMs <= 6_000)
    // A token's times are whole seconds.
    await sleep(1_100)
    const { body } = await joon.call<{ accessToken: string }>('POST', '/auth/refresh', {
      refreshToken: joon.refreshToken,
    })
    const { expiresAt } = await renewed.ok<{ expiresAt: number }>('refresh', { token: body.accessToken })
    assert.ok(expiresAt > Date.now())
    assert.equal(await left.closeCode(), 4401)
    assert.equal(left.closed?.reason, 'token_expired')
    assert.equal(left.pushes('token_expiring').length, 1)
    assert.equal(renewed.closed, null)
    assert.equal(await renewed.closeCode(), 4401)
    assert.ok(Date.now() >= expiresAt - 50, 'the renewed token counted')
  })

  test('of somebody else, or bad ones, are refused and change nothing', async () => {
    const socket = await TestSocket.hello(server.url, mina.accessToken)
    const other = await newPerson(server)
    assert.equal(await socket.refused('refresh', { token: other.accessToken }), 'forbidden')
    assert.equal(await socket.refused('refresh', { token: 'nonsense' }), 'unauthenticated')
    await socket.ok('ping')
    socket.close()
  })

  test('of a login that ends close its connections with 4401 at once, and no others', async () => {
    const joon = await newPerson(server, 'has two logins')
    const again = await newPerson(server, 'has two logins')
    assert.equal(again.id, joon.id)
    const gone = await TestSocket.hello(server.url, joon.accessToken)
    const stays = await TestSocket.hello(server.url, again.accessToken)
    const moved = await TestSocket.hello(server.url, joon.accessToken)
    await moved.ok('refresh', { token: again.accessToken })
    await joon.call('POST', '/auth/logout', { refreshToken: joon.refreshToken })
    assert.equal(await gone.closeCode(), 4401)
    assert.equal(gone.closed?.reason, 'session_ended')
    await stays.ok('ping')
    await moved.ok('ping')
    assert.deepEqual(await firstFrame({ id: 1, op: 'hello', token: joon.accessToken }), {
      code: 'session_ended',
      close: 4401,
    })
    assert.equal(await stays.refused('refresh', { token: joon.accessToken }), 'session_ended')
    await again.call('POST', '/auth/logout', { refreshToken: again.refreshToken })
    assert.equal(await moved.closeCode(), 4401)
    assert.equal(await stays.closeCode(), 4401)
  })

  test('a change of password closes the other logins', async () => {
    const credentials = { username: 'dana', password: 'a password of hers' }
    const login = async (path: string) => {
      const { body } = await mina.call<{ accessToken: string }>('POST', `/auth/${path}`, credentials)
      return body.accessToken
    }
    const first = await login('register')
    const [kept, closed] = await Promise.all(
      [first, await login('login')].map((token) => TestSocket.hello(server.url, token)),
    )
    const changed = await fetch(`${server.url}/api/v1/me/password`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${first}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ currentPassword: credentials.password, newPassword: 'another password' }),
    })
    assert.equal(changed.status, 204)
    assert.equal(await closed?.closeCode(), 4401)
    await kept?.ok('ping')
    kept?.close()
  })

  test('a login that ended stays ended when the server comes back', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'yeoul-'))
    try {
      const first = await startTestServer({ dataDir })
      const [ended, alive] = [await newPerson(first), await newPerson(first)]
      await ended.call('POST', '/auth/logout', { refreshToken: ended.refreshToken })
      await first.close()
      const second = await startTestServer({ dataDir })
      const socket = await TestSocket.open(second.url)
      assert.equal(await socket.refused('hello', { token: ended.accessToken }), 'session_ended')
      assert.equal(await socket.closeCode(), 4401)
      ;(await TestSocket.hello(second.url, alive.accessToken)).close()
      await second.close()
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})

describe('a heartbeat', () => {
  test('is a command or a ping; two missed ones close with 4408', async () => {
    await using quick = await startTestServer({ heartbeatMs: 800 })
    const joon = await newPerson(quick)
    const [silent, pings, commands] = await Promise.all(
      [0, 1, 2].map(() => TestSocket.hello(quick.url, joon.accessToken)),
    )
    const beat = setInterval(() => {
      pings?.ws.ping()
      commands?.ws.send('{"id":900,"op":"ping"}')
    }, 200)
    assert.equal(await silent?.closeCode(), 4408)
    await sleep(500)
    clearInterval(beat)
    assert.equal(pings?.closed, null)
    assert.equal(commands?.closed, null)
  })
})

async function headOf(room: string): Promise<{ seq: number }> {
  const { body } = await mina.call<{ position: { seq: number } }>('GET', `/rooms/${room}`)
  return body.position
}
