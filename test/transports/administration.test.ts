/** People and rooms as admins see and change them, over HTTP and with live connections. */
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { pino } from 'pino'
import type { Page, Room, User } from '../../src/protocol/model.ts'
import type { AdminRoom, AdminUser, Figures, ResetLink, Summary } from '../../src/protocol/model-admin.ts'
import { newAdmin, newPerson, type Person } from '../support/people.ts'
import { newRoom, post } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { eventually } from '../support/witnesses.ts'

interface SignedIn {
  user: User
  accessToken: string
  refreshToken?: string
  code?: string
}

let server: TestServer
let admin: Person
/** What the server wrote into its log. */
const lines: Record<string, unknown>[] = []

before(async () => {
  const stream = new Writable({
    write(line, _, done) {
      lines.push(JSON.parse(String(line)))
      done()
    },
  })
  server = await startTestServer({}, pino({ level: 'info' }, stream))
  admin = await newAdmin(server)
})
after(() => server[Symbol.asyncDispose]())

const codeOf = (answer: { status: number; body: unknown }) => [
  answer.status,
  (answer.body as { code?: string } | null)?.code,
]
const change = (who: Person, user: string, changes: object) =>
  who.call<AdminUser & { code?: string }>('PATCH', `/admin/users/${user}`, changes)

async function publicCall<T = SignedIn>(path: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as T, cookies: response.headers.getSetCookie() }
}
const login = (username: string, password: string) => publicCall('/auth/login', { username, password })
const register = async (username: string): Promise<SignedIn> =>
  (await publicCall('/auth/register', { username, password: 'their first password' })).body
/** The same person after their client renewed the access token. */
async function renewed(person: Person): Promise<Person> {
  const { body } = await publicCall('/auth/refresh', { refreshToken: person.refreshToken })
  const { accessToken, refreshToken = '' } = body
  return { ...person, accessToken, refreshToken, call: callerWith(accessToken) }
}
function callerWith(accessToken: string): Person['call'] {
  return async <T>(method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${accessToken}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T }
  }
}

describe('people', () => {
  test('who is disabled loses every connection and every token at once, and comes back only when let in', async () => {
    const person = await newPerson(server)
    const socket = await TestSocket.hello(server.url, person.accessToken)
    const changed = await change(admin, person.id, { disabled: true })
    assert.deepEqual([changed.status, changed.body.disabled, changed.body.role], [200, true, 'user'])
    assert.equal(await socket.closeCode(), 4401)
    assert.deepEqual(codeOf(await person.call('GET', '/me')), [401, 'session_ended'])
    const refreshed = await publicCall('/auth/refresh', { refreshToken: person.refreshToken })
    assert.equal(refreshed.body.code, 'account_disabled', 'the page can say why it ended')
    const key = { Authorization: `Bearer ${server.config.apiKey}` }
    const again = () => publicCall('/auth/tokens', { externalId: person.username.replace('ext-', '') }, key)
    assert.equal((await again()).status, 200, 'another person of that service')
    const { body } = await admin.call<Page<AdminUser>>('GET', `/admin/users?q=${person.username}`)
    assert.deepEqual(
      body.items.map(({ id, disabled }) => [id, disabled]),
      [[person.id, true]],
    )
    assert.equal((await change(admin, person.id, { disabled: false })).body.disabled, false)
    assert.deepEqual(codeOf(await person.call('GET', '/me')), [401, 'session_ended'], 'what ended stays ended')
  })

  test('a new role holds at once in both directions, on tokens that are alive, and signs nobody out', async () => {
    let person = await newPerson(server)
    const socket = await TestSocket.hello(server.url, person.accessToken)
    assert.deepEqual(codeOf(await person.call('GET', '/admin/users')), [403, 'forbidden'])
    assert.equal((await change(admin, person.id, { role: 'admin' })).body.role, 'admin')
    assert.deepEqual(codeOf(await person.call('GET', '/admin/users')), [401, 'token_expired'])
    person = await renewed(person)
    assert.equal((await person.call('GET', '/admin/users')).status, 200)
    await change(admin, person.id, { role: 'user' })
    assert.deepEqual(codeOf(await person.call('GET', '/admin/users')), [401, 'token_expired'])
    person = await renewed(person)
    assert.deepEqual(codeOf(await person.call('GET', '/admin/users')), [403, 'forbidden'])
    assert.equal((await person.call<User>('GET', '/me')).body.role, 'user')
    await socket.ok('ping')
    socket.close()
  })

  test('the last admin who can sign in can be neither disabled nor demoted, not even by themselves', async () => {
    assert.deepEqual(codeOf(await change(admin, admin.id, { disabled: true })), [409, 'last_admin'])
    assert.deepEqual(codeOf(await change(admin, admin.id, { role: 'user' })), [409, 'last_admin'])
    const second = await newPerson(server)
    await change(admin, second.id, { role: 'admin', disabled: true })
    assert.deepEqual(codeOf(await change(admin, admin.id, { role: 'user' })), [409, 'last_admin'])
    assert.equal((await admin.call('GET', '/admin/users')).status, 200)
    await change(admin, second.id, { role: 'user' })
  })

  test('who is unknown is not found, and what cannot be said is refused', async () => {
    const nobody = '019b0000-0000-7000-8000-000000000000'
    for (const id of [nobody, 'nobody']) {
      assert.deepEqual(codeOf(await change(admin, id, { disabled: true })), [404, 'user_not_found'])
      assert.deepEqual(codeOf(await admin.call('POST', `/admin/users/${id}/reset`)), [404, 'user_not_found'])
    }
    for (const changes of [{ role: 'owner' }, { disabled: 'yes' }, { disabled: null }])
      assert.deepEqual(codeOf(await change(admin, admin.id, changes)), [400, 'bad_request'])
    for (const query of ['?limit=0', '?limit=999', '?cursor=x', `?q=${'a'.repeat(65)}`])
      assert.deepEqual(codeOf(await admin.call('GET', `/admin/users${query}`)), [400, 'bad_request'], query)
  })
})

describe('a reset link', () => {
  const offer = async (user: string) => {
    const { status, body } = await admin.call<ResetLink>('POST', `/admin/users/${user}/reset`)
    assert.equal(status, 201)
    return body
  }

  test('sets a new password once, signs in, and ends the logins before', async () => {
    const { user, accessToken } = await register('forgetful')
    const old = callerWith(accessToken)
    const link = await offer(user.id)
    assert.equal(link.url, `${server.url}/#reset=${link.token}`)
    assert.ok(Math.abs(link.expiresAt - Date.now() - 86_400_000) < 60_000)
    assert.equal((await old('GET', '/me')).status, 200, 'an offer alone ends nothing')
    const tooShort = await publicCall('/auth/reset', { token: link.token, password: 'short' })
    assert.equal(tooShort.body.code, 'bad_request')
    const done = await publicCall('/auth/reset', { token: link.token, password: 'their second password' })
    assert.deepEqual([done.status, done.body.user.id], [200, user.id])
    assert.equal((await callerWith(done.body.accessToken)('GET', '/me')).status, 200)
    assert.deepEqual(codeOf(await old('GET', '/me')), [401, 'session_ended'])
    const again = await publicCall('/auth/reset', { token: link.token, password: 'their third password' })
    assert.deepEqual([again.status, again.body.code], [403, 'reset_token_invalid'])
    assert.equal((await login('forgetful', 'their first password')).body.code, 'bad_credentials')
    assert.equal((await login('forgetful', 'their second password')).status, 200)
  })

  test('begins a cookie session where one is asked for, with no refresh token in the body', async () => {
    const { user } = await register('browsing')
    const { token } = await offer(user.id)
    const { body, cookies } = await publicCall('/auth/reset', { token, password: 'a new password', session: 'cookie' })
    assert.equal(body.refreshToken, undefined)
    assert.match(cookies.join(), /HttpOnly/)
  })

  test('is void once there is a newer one, or the password was changed by its owner', async () => {
    const { user, accessToken } = await register('twice')
    const first = await offer(user.id)
    const second = await offer(user.id)
    const use = async ({ token }: ResetLink) =>
      (await publicCall('/auth/reset', { token, password: 'by the link' })).body.code
    assert.equal(await use(first), 'reset_token_invalid')
    const change = { currentPassword: 'their first password', password: 'they remembered it' }
    assert.equal((await callerWith(accessToken)('PATCH', '/me', change)).status, 200)
    assert.equal(await use(second), 'reset_token_invalid')
    assert.equal((await login('twice', 'they remembered it')).status, 200)
  })

  test('does not let in who is disabled', async () => {
    const { user } = await register('shut')
    const { token } = await offer(user.id)
    await change(admin, user.id, { disabled: true })
    const refused = await publicCall('/auth/reset', { token, password: 'a new password' })
    assert.deepEqual([refused.status, refused.body.code], [403, 'account_disabled'])
  })

  test('[P6] is guessed at a limited number of times from one address', async () => {
    await using limited = await startTestServer({ rateLimit: true })
    const guess = async (token: string) => {
      const response = await fetch(`${limited.url}/api/v1/auth/reset`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ token, password: 'a new password' }),
      })
      return ((await response.json()) as { code: string }).code
    }
    let code = await guess('a guess')
    assert.equal(code, 'reset_token_invalid')
    for (let i = 0; i < 1_000 && code === 'reset_token_invalid'; i++) code = await guess(`a guess ${i}`)
    assert.equal(code, 'rate_limited')
  })
})

describe('rooms', () => {
  test('are listed with their counts, but for those between two people; reading them stays for members', async () => {
    const [ann, bob] = [await newPerson(server), await newPerson(server)]
    const group = await newRoom(ann, { kind: 'group', title: '관리 모임', memberIds: [bob.id] })
    const two = await newRoom(ann, { kind: 'direct', memberIds: [bob.id] })
    await post(ann, group)
    await post(ann, two)
    const { body } = await admin.call<Page<AdminRoom>>('GET', '/admin/rooms?q=관리')
    assert.deepEqual(
      body.items.map(({ id, kind, memberCount, messageCount }) => [id, kind, memberCount, messageCount]),
      [[group, 'group', 2, 1]],
    )
    assert.ok((body.items[0]?.lastMessageAt as number) > Date.now() - 60_000)
    assert.equal('n' in (body.items[0] ?? {}), false)
    const all = await admin.call<Page<AdminRoom>>('GET', '/admin/rooms?limit=200')
    assert.ok(all.body.items.every((room) => room.id !== two))
    for (const path of ['messages', 'members', 'events?after=0&epoch=1'])
      assert.deepEqual(codeOf(await admin.call('GET', `/rooms/${group}/${path}`)), [404, 'room_not_found'], path)
    assert.deepEqual(codeOf(await admin.call('GET', `/rooms/${group}`)), [404, 'room_not_found'])
  })

  test('a direct room of others is none for an admin who would delete it', async () => {
    const [ann, bob] = [await newPerson(server), await newPerson(server)]
    const room = await newRoom(ann, { kind: 'direct', memberIds: [bob.id] })
    for (const path of [`/admin/rooms/${room}`, `/rooms/${room}`])
      assert.deepEqual(codeOf(await admin.call('DELETE', path)), [404, 'room_not_found'], path)
    assert.equal((await ann.call('GET', `/rooms/${room}`)).status, 200)
  })

  test('a room that an admin deletes is gone for who is in it, as when its owner does', async () => {
    const ann = await newPerson(server)
    const room = await newRoom(ann, { title: 'to go' })
    const socket = await TestSocket.hello(server.url, ann.accessToken)
    await socket.ok('subscribe', { room })
    assert.equal((await admin.call('DELETE', `/admin/rooms/${room}`)).status, 204)
    const push = await socket.until(
      () => socket.pushes<{ room: string; event: { type: string; reason?: string } }>('event')[0],
      'the leave',
    )
    assert.deepEqual([push.event.type, push.event.reason], ['leave', 'room_deleted'])
    await socket.until(() => socket.pushes('room_removed')[0], 'the room is off the list')
    assert.deepEqual(codeOf(await ann.call<Room>('GET', `/rooms/${room}`)), [404, 'room_not_found'])
    assert.deepEqual(codeOf(await admin.call('DELETE', `/admin/rooms/${room}`)), [404, 'room_not_found'])
    socket.close()
  })
})

describe('the installation', () => {
  test('the summary counts what there is', async () => {
    const before = (await admin.call<Summary>('GET', '/admin/summary')).body
    const ann = await newPerson(server)
    const room = await newRoom(ann, { title: 'counted' })
    for (let i = 0; i < 3; i++) await post(ann, room)
    const after = (await admin.call<Summary>('GET', '/admin/summary')).body
    assert.deepEqual(
      [after.users - before.users, after.rooms - before.rooms, after.messages - before.messages],
      [1, 1, 3],
    )
    assert.deepEqual([after.storageLevel, after.parked], ['stored', 0])
    assert.ok(after.uptimeMs >= before.uptimeMs)
  })

  test('the figures come every two seconds with what was sent and delivered; `since` leaves out what is known', async () => {
    const ann = await newPerson(server)
    const room = await newRoom(ann, { title: 'busy' })
    const socket = await TestSocket.hello(server.url, ann.accessToken)
    await socket.ok('subscribe', { room })
    const figures = async (since = 0) => (await admin.call<Figures>('GET', `/admin/figures?since=${since}`)).body
    let busy: Figures['points'][number] | undefined
    await eventually(
      async () => {
        for (let i = 0; i < 20; i++) await post(ann, room)
        // What is sent in one second may be delivered, and so told of, in the next.
        busy = (await figures()).points.findLast(
          (point) => point.messagesPerSecond > 0 && point.deliveryP99Ms !== null && point.ackP99Ms !== null,
        )
        return busy !== undefined
      },
      () => 'no point tells of the messages and their delivery',
    )
    assert.ok(busy)
    assert.deepEqual([busy.nodes, busy.backlog], [1, 0])
    assert.ok(busy.connections >= 1 && busy.sessions >= 1)
    assert.ok(busy.deliveriesPerSecond > 0 && busy.memory > 10_000_000 && busy.load > 0 && busy.load <= 1)
    assert.ok(busy.deliveryP99Ms !== null && busy.deliveryP99Ms < 6_000)
    assert.ok(busy.ackP99Ms !== null && busy.ackP99Ms > 0)
    const { points, everyMs } = await figures(busy.at)
    assert.equal(everyMs, 2_000)
    assert.ok(points.every((point) => point.at > (busy?.at as number)))
    assert.deepEqual((await figures(Date.now() + 60_000)).points, [])
    socket.close()
  })

  test('nothing is parked where no log stands before the database', async () => {
    assert.deepEqual((await admin.call('GET', '/admin/parked')).body, { items: [], nextCursor: null })
    for (const id of ['1', '0', 'x', '99999999999999999999'])
      assert.deepEqual(codeOf(await admin.call('POST', `/admin/parked/${id}/retry`)), [404, 'parked_not_found'], id)
  })
})

test('what admins did stands in the log of the server: who, what, to whom; and no secret', async () => {
  const person = await newPerson(server)
  const room = await newRoom(person, { title: 'a title that is nobody’s business' })
  const from = lines.length
  await change(admin, person.id, { role: 'admin' })
  await change(admin, person.id, { role: 'user', disabled: true })
  const { body } = await admin.call<ResetLink>('POST', `/admin/users/${person.id}/reset`)
  await admin.call('DELETE', `/admin/rooms/${room}`)
  await change(admin, admin.id, { role: 'user' })
  const told = lines.slice(from).filter((line) => 'did' in line)
  const by = { admin: admin.id }
  assert.deepEqual(
    told.map(({ level: _, time: __, pid: ___, hostname: ____, msg: _____, ...action }) => action),
    [
      { ...by, did: 'set_role', user: person.id, role: 'admin' },
      { ...by, did: 'disable', user: person.id },
      { ...by, did: 'set_role', user: person.id, role: 'user' },
      { ...by, did: 'offer_reset', user: person.id },
      { ...by, did: 'delete_room', room },
    ],
    'what was refused did not happen',
  )
  const written = JSON.stringify(lines)
  for (const secret of [body.token, admin.accessToken, 'nobody’s business']) assert.ok(!written.includes(secret))
})
