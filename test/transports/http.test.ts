import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { EventsAnswer, SendAnswer } from '../../src/protocol/frames.ts'
import type {
  Ban,
  Member,
  Membership,
  Message,
  Page,
  Room,
  RoomSummary,
  SeenRoom,
  SignedInDevice,
  User,
} from '../../src/protocol/model.ts'
import type { Notice } from '../../src/protocol/notice.ts'
import { newAdmin } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { Contract } from './http-contract.ts'

const API_KEY = 'the key of another service'
const NOBODY = '019b0000-0000-7000-8000-000000000000'

interface Person {
  id: string
  token: string
  username: string
}

let server: TestServer
let api: Contract
let mina: Person
let joon: Person
let sora: Person

async function register(username: string): Promise<Person> {
  const { status, body } = await api.call<{ user: User; accessToken: string }>('POST', '/auth/register', {
    body: { username, password: 'a password of theirs' },
  })
  assert.equal(status, 201)
  return { id: body.user.id, token: body.accessToken, username }
}

async function makeRoom(owner: Person, wanted: object = {}): Promise<Room> {
  const { status, body } = await api.call<Room>('POST', '/rooms', {
    token: owner.token,
    body: { title: '여울 이야기', ...wanted },
  })
  assert.equal(status, 201)
  return body
}

async function send(sender: Person, room: string, body: string, more: object = {}): Promise<SendAnswer> {
  const answer = await api.call<SendAnswer>('POST', `/rooms/${room}/messages`, {
    token: sender.token,
    body: { clientMessageId: crypto.randomUUID(), body, ...more },
  })
  assert.equal(answer.status, 201)
  return answer.body
}

/** The code of an error that a call is answered with. */
async function codeOf(call: Promise<{ body: unknown }>): Promise<string> {
  return ((await call).body as { code: string }).code
}

before(async () => {
  server = await startTestServer({ rateLimit: false, apiKey: API_KEY })
  api = await Contract.of(server.url)
  mina = await register('mina')
  joon = await register('joon')
  sora = await register('sora')
})
after(() => server[Symbol.asyncDispose]())

describe('accounts over HTTP', () => {
  test('a user name is taken whatever its case, and comes back in lower case', async () => {
    const { body } = await api.call<{ user: User }>('POST', '/auth/register', {
      body: { username: 'Big.Fish', password: 'a password', displayName: '  큰 물고기  ' },
    })
    assert.equal(body.user.username, 'big.fish')
    assert.equal(body.user.displayName, '큰 물고기')
    assert.equal(body.user.role, 'user')
    const again = api.call('POST', '/auth/register', { body: { username: 'BIG.FISH', password: 'a password' } })
    assert.equal(await codeOf(again), 'username_taken')
  })

  test('logging in, renewing and logging out', async () => {
    const credentials = { username: 'MINA', password: 'a password of theirs' }
    const { body } = await api.call<{ refreshToken: string }>('POST', '/auth/login', { body: credentials })
    const renewed = await api.call<{ refreshToken: string; accessToken: string }>('POST', '/auth/refresh', {
      body: { refreshToken: body.refreshToken },
    })
    assert.notEqual(renewed.body.refreshToken, body.refreshToken)
    const { refreshToken, accessToken } = renewed.body
    assert.equal((await api.call('GET', '/me', { token: accessToken })).status, 200)
    assert.equal((await api.call('POST', '/auth/logout', { body: { refreshToken } })).status, 204)
    assert.equal(await codeOf(api.call('GET', '/me', { token: accessToken })), 'session_ended')
    assert.equal(await codeOf(api.call('POST', '/auth/refresh', { body: { refreshToken } })), 'refresh_invalid')
  })

  test('users are asked for by id or found by name, never both or neither', async () => {
    const token = sora.token
    const found = await api.call<{ items: User[] }>('GET', '/users?q=JOON', { token })
    assert.equal(found.body.items[0]?.id, joon.id)
    assert.equal(found.body.items[0]?.role, undefined)
    for (const query of ['', '?q=', '?q=%20', `?q=${'a'.repeat(65)}`, `?q=a&ids=${joon.id}`])
      assert.equal((await api.call('GET', `/users${query}`, { token })).status, 400, query)
    assert.equal(await codeOf(api.call('GET', '/users?q=a%00', { token })), 'bad_text')
    assert.equal((await api.call('GET', '/users?q=a')).status, 401)
  })

  test('I see my role; of others nobody sees it', async () => {
    const me = await api.call<User>('GET', '/me', { token: mina.token })
    assert.equal(me.body.role, 'user')
    const ids = [joon.id, NOBODY, mina.id].join(',')
    const others = await api.call<{ items: User[] }>('GET', `/users?ids=${ids}`, { token: sora.token })
    assert.deepEqual(
      others.body.items.map((user) => [user.id, user.role]),
      [
        [joon.id, undefined],
        [mina.id, undefined],
      ],
    )
  })

  test('a display name changes, and is trimmed', async () => {
    const { body } = await api.call<User>('PATCH', '/me', { token: sora.token, body: { displayName: ' 소라 ' } })
    assert.equal(body.displayName, '소라')
    const blank = api.call('PATCH', '/me', { token: sora.token, body: { displayName: '   ' } })
    assert.equal(await codeOf(blank), 'bad_request')
  })

  test('a change of password ends the other logins, not this one', async () => {
    const { token } = await register('dana')
    const old = { username: 'dana', password: 'a password of theirs' }
    const other = await api.call<{ accessToken: string; refreshToken: string }>('POST', '/auth/login', { body: old })
    const wrong = api.call('POST', '/me/password', {
      token,
      body: { currentPassword: 'not this one', newPassword: 'a new password' },
    })
    assert.equal(await codeOf(wrong), 'bad_credentials')
    const changed = await api.call('POST', '/me/password', {
      token,
      body: { currentPassword: old.password, newPassword: 'a new password' },
    })
    assert.equal(changed.status, 204)
    assert.equal((await api.call('GET', '/me', { token })).status, 200)
    assert.equal(await codeOf(api.call('GET', '/me', { token: other.body.accessToken })), 'session_ended')
    const { refreshToken } = other.body
    assert.equal(await codeOf(api.call('POST', '/auth/refresh', { body: { refreshToken } })), 'refresh_invalid')
    assert.equal(await codeOf(api.call('POST', '/auth/login', { body: old })), 'bad_credentials')
    const back = await api.call('PATCH', '/me', {
      token,
      body: { password: old.password, currentPassword: 'a new password' },
    })
    assert.equal(back.status, 200)
    assert.equal((await api.call('POST', '/auth/login', { body: old })).status, 200)
  })

  test('I see where I am signed in, and end one of them or all others', async () => {
    const { token } = await register('nari')
    const login = async (agent: string) => {
      const { body } = await api.call<{ accessToken: string }>('POST', '/auth/login', {
        body: { username: 'nari', password: 'a password of theirs' },
        headers: { 'User-Agent': agent },
      })
      return body.accessToken
    }
    const devices = async (token: string, query = '') =>
      (await api.call<Page<SignedInDevice>>('GET', `/me/sessions${query}`, { token })).body
    const phone = await login(`Phone\t${'x'.repeat(300)}`)
    const tablet = await login('Tablet')

    const { items } = await devices(token)
    assert.deepEqual(
      items.map(({ device, current }) => [device?.slice(0, 6), current]),
      [
        ['Tablet', false],
        ['Phone ', false],
        ['node', true],
      ],
    )
    assert.equal(items[1]?.device?.length, 256)
    for (const { address, createdAt, lastUsedAt, expiresAt } of items) {
      assert.equal(address, '127.0.0.1')
      assert.ok(createdAt <= lastUsedAt && lastUsedAt <= Date.now() && expiresAt > Date.now() + 86_400_000)
    }
    const first = await devices(token, '?limit=2')
    const rest = await devices(token, `?limit=2&cursor=${first.nextCursor}`)
    assert.deepEqual([...first.items, ...rest.items], items)

    const [, second] = items
    const gone = (id: string, by = token) => api.call('DELETE', `/me/sessions/${id}`, { token: by })
    assert.equal(await codeOf(gone(second!.id, mina.token)), 'session_not_found', 'somebody else cannot')
    assert.equal((await api.call('GET', '/me', { token: phone })).status, 200)
    assert.equal((await gone(second!.id)).status, 204)
    assert.equal(await codeOf(api.call('GET', '/me', { token: phone })), 'session_ended')
    assert.equal(await codeOf(gone(second!.id)), 'session_not_found', 'once is enough')
    assert.equal(await codeOf(gone(NOBODY)), 'session_not_found')
    assert.equal(await codeOf(gone('no-id')), 'session_not_found')

    assert.equal((await api.call('DELETE', '/me/sessions', { token: tablet })).status, 204)
    assert.equal(await codeOf(api.call('GET', '/me', { token })), 'session_ended')
    const left = (await devices(tablet)).items
    assert.deepEqual(
      left.map(({ device, current }) => [device, current]),
      [['Tablet', true]],
    )
    assert.equal((await gone(left[0]!.id, tablet)).status, 204, 'the one that asks may end itself')
    assert.equal(await codeOf(api.call('GET', '/me', { token: tablet })), 'session_ended')
    assert.equal(await codeOf(api.call('GET', '/me/sessions')), 'unauthenticated')
  })

  test('a page takes up its cookie session, and anybody may ask which ways in there are', async () => {
    const login = await api.call('POST', '/auth/login', {
      body: { username: 'mina', password: 'a password of theirs', session: 'cookie' },
    })
    const [Cookie = ''] = (login.headers.get('set-cookie') ?? '').split(';')
    const taken = await api.call<{ user: User }>('POST', '/auth/session', { headers: { Cookie, 'X-Yeoul': '1' } })
    assert.equal(taken.body.user.id, mina.id)
    assert.deepEqual((await api.call('GET', '/auth/options')).body, { registration: 'open' })
  })

  test('a service signs in its own users, the same account each time', async () => {
    const exchange = (body: object, key = API_KEY) =>
      api.call<{ user: User }>('POST', '/auth/tokens', { token: key, body })
    const first = await exchange({ externalId: 'customer 7', displayName: '고객 7' })
    assert.equal(first.status, 200)
    const second = await exchange({ externalId: 'customer 7' })
    assert.deepEqual(second.body.user, first.body.user)
    const renamed = await exchange({ externalId: 'customer 7', displayName: '단골' })
    assert.equal(renamed.body.user.displayName, '단골')
    assert.notEqual((await exchange({ externalId: 'customer 8' })).body.user.id, first.body.user.id)
    assert.equal(await codeOf(exchange({ externalId: 'customer 7' }, 'another key')), 'unauthenticated')
    assert.equal(await codeOf(api.call('POST', '/auth/tokens', { body: { externalId: 'x' } })), 'unauthenticated')
    const { username } = first.body.user
    for (const password of ['!', 'password', '']) {
      assert.equal(await codeOf(api.call('POST', '/auth/login', { body: { username, password } })), 'bad_credentials')
    }
    const squat = api.call('POST', '/auth/register', {
      body: { username: `ext-${'0'.repeat(24)}`, password: 'a password' },
    })
    assert.equal(await codeOf(squat), 'username_taken')
  })
})

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

  test('every operation of the document has succeeded in these tests', () => {
    // Entries are parked where a log stands before the database; test/cluster/administration.test.ts has one written.
    const elsewhere = ['POST /api/v1/admin/parked/{entry}/retry']
    const missing = api.operations.map((o) => `${o.method} ${o.template}`).filter((name) => !api.succeeded.has(name))
    assert.deepEqual(missing, elsewhere)
  })
})
