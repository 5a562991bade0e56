import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ERRORS, type ErrorCode } from '../../src/protocol/errors.ts'
import type { Page, Room, RoomKind, RoomSummary } from '../../src/protocol/model.ts'
import { newAdmin, newPerson, type Person } from '../support/people.ts'
import { newRoom, post } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

/** Members first. The admin is a member of nothing here. */
const ROLES = ['owner', 'moderator', 'member', 'outsider', 'former', 'banned', 'admin'] as const
type Role = (typeof ROLES)[number]
type Outcome = 'ok' | 'refused' | ErrorCode
type Rule = (role: Role, kind: RoomKind) => Outcome

interface World {
  room: string
  /** Members to do something to; in a direct room the other one. */
  victim: string
  equal: string
  owner: string
  banned: string
  newcomer: string
  /** A message of the caller's own, as far as they ever sent one, and one of somebody else. */
  own: number
  others: number
}

interface Operation {
  rule: Rule
  /** Whether the room is another one after it: the next one who tries needs a room of their own. */
  spends?: true
  http?: (world: World) => [method: string, path: string, body?: object]
  ws?: (world: World) => [op: string, fields?: object]
}

const NO_ROOM = '019b0000-0000-7000-8000-000000000000'
const isMember = (role: Role) => role === 'owner' || role === 'moderator' || role === 'member'

/** What members may by `inside`, and nobody else: they are not told more than that an open room exists. */
const members =
  (inside: Rule): Rule =>
  (role, kind) =>
    isMember(role) ? inside(role, kind) : kind === 'open' ? 'not_a_member' : 'room_not_found'
const everyMember = members(() => 'ok')
/** Rights over a room and its members: there are none between two people. */
const right = (inside: Rule): Rule =>
  members((role, kind) => (kind === 'direct' ? 'wrong_room_kind' : inside(role, kind)))
const ownerOnly = right((role) => (role === 'owner' ? 'ok' : 'forbidden'))
const moderators = right((role) => (role === 'member' ? 'forbidden' : 'ok'))

const clientMessageId = () => crypto.randomUUID()

const OPERATIONS: Record<string, Operation> = {
  'see the room': {
    rule: (role, kind) => (kind === 'open' || isMember(role) ? 'ok' : 'room_not_found'),
    http: () => ['GET', ''],
  },
  'list its members': { rule: everyMember, http: () => ['GET', '/members'] },
  'list who is online': { rule: everyMember, http: () => ['GET', '/members?online=true'], ws: () => ['presence'] },
  'find members by name': { rule: everyMember, http: () => ['GET', '/members?q=a'] },
  'list the bans': { rule: moderators, http: () => ['GET', '/bans'] },
  'read messages': { rule: everyMember, http: () => ['GET', '/messages'], ws: () => ['subscribe'] },
  'read older messages': { rule: everyMember, http: () => ['GET', '/messages?before=5'] },
  'read messages around a message': {
    rule: everyMember,
    http: ({ others }) => ['GET', `/messages?around=${others}&notices=true`],
  },
  'read messages around a number': { rule: everyMember, http: () => ['GET', '/messages?aroundN=1'] },
  'read events': {
    rule: everyMember,
    http: () => ['GET', '/events?after=0&epoch=1'],
    ws: () => ['events', { after: 0, epoch: 1 }],
  },
  'recover from a position': { rule: everyMember, ws: () => ['subscribe', { position: { epoch: 1, seq: 1 } }] },
  watch: { rule: (role) => (isMember(role) ? 'ok' : 'refused'), ws: ({ room }) => ['watch', { rooms: [room] }] },
  unsubscribe: { rule: () => 'ok', ws: () => ['unsubscribe'] },
  send: {
    rule: everyMember,
    http: () => ['POST', '/messages', { clientMessageId: clientMessageId(), body: 'x' }],
    ws: () => ['send', { clientMessageId: clientMessageId(), body: 'x' }],
  },
  'answer a message': {
    rule: everyMember,
    http: ({ others }) => ['POST', '/messages', { clientMessageId: clientMessageId(), body: 'x', replyTo: others }],
    ws: ({ others }) => ['send', { clientMessageId: clientMessageId(), body: 'x', replyTo: others }],
  },
  'edit an own message': {
    rule: everyMember,
    http: ({ own }) => ['PATCH', `/messages/${own}`, { body: 'y' }],
    ws: ({ own }) => ['edit', { seq: own, body: 'y' }],
  },
  "edit another's message": {
    rule: members(() => 'not_the_sender'),
    http: ({ others }) => ['PATCH', `/messages/${others}`, { body: 'y' }],
    ws: ({ others }) => ['edit', { seq: others, body: 'y' }],
  },
  'delete an own message': {
    spends: true,
    rule: everyMember,
    http: ({ own }) => ['DELETE', `/messages/${own}`],
    ws: ({ own }) => ['delete', { seq: own }],
  },
  "delete another's message": {
    spends: true,
    rule: members((role, kind) => (role === 'member' || kind === 'direct' ? 'not_the_sender' : 'ok')),
    http: ({ others }) => ['DELETE', `/messages/${others}`],
    ws: ({ others }) => ['delete', { seq: others }],
  },
  react: {
    rule: everyMember,
    http: ({ others }) => ['PUT', `/messages/${others}/reactions/%F0%9F%91%8D`],
    ws: ({ others }) => ['react', { seq: others, emoji: '👍', on: true }],
  },
  'take a reaction back': {
    rule: everyMember,
    http: ({ others }) => ['DELETE', `/messages/${others}/reactions/%F0%9F%91%8D`],
    ws: ({ others }) => ['react', { seq: others, emoji: '👍', on: false }],
  },
  'say how far I have read': {
    rule: everyMember,
    http: ({ others }) => ['PUT', '/read', { seq: others }],
    ws: ({ others }) => ['read', { seq: others, n: 1 }],
  },
  type: { rule: everyMember, ws: () => ['typing'] },
  'choose what I am told': { rule: everyMember, http: () => ['PUT', '/notify', { notify: 'none' }] },
  join: {
    spends: true,
    rule: (role, kind) => (kind !== 'open' && !isMember(role) ? 'room_not_found' : role === 'banned' ? 'banned' : 'ok'),
    http: () => ['POST', '/join'],
  },
  leave: {
    spends: true,
    rule: members((role, kind) => (role === 'owner' && kind !== 'direct' ? 'last_owner' : 'ok')),
    http: () => ['POST', '/leave'],
  },
  rename: { rule: ownerOnly, http: () => ['PATCH', '', { title: 'renamed' }] },
  'change the capacity': { rule: ownerOnly, http: () => ['PATCH', '', { capacity: 50 }] },
  'delete the room': {
    spends: true,
    rule: (role, kind) =>
      role === 'owner' || (role === 'admin' && kind !== 'direct')
        ? 'ok'
        : members(() => (kind === 'direct' ? 'wrong_room_kind' : 'forbidden'))(role, kind),
    http: () => ['DELETE', ''],
  },
  invite: {
    spends: true,
    rule: right((role, kind) => (role === 'member' ? 'forbidden' : kind === 'open' ? 'wrong_room_kind' : 'ok')),
    http: ({ newcomer }) => ['POST', `/members/${newcomer}`],
  },
  'kick a member': {
    spends: true,
    rule: moderators,
    http: ({ victim }) => ['DELETE', `/members/${victim}`],
  },
  'kick a moderator': {
    spends: true,
    rule: ownerOnly,
    http: ({ equal }) => ['DELETE', `/members/${equal}`],
  },
  'kick the owner': {
    rule: right((role) => (role === 'owner' ? 'bad_request' : 'forbidden')),
    http: ({ owner }) => ['DELETE', `/members/${owner}`],
  },
  'ban a member': {
    spends: true,
    rule: moderators,
    http: ({ victim }) => ['PUT', `/members/${victim}/ban`],
  },
  'ban a moderator': {
    spends: true,
    rule: ownerOnly,
    http: ({ equal }) => ['PUT', `/members/${equal}/ban`, { banned: true }],
  },
  'ban who is no member': {
    spends: true,
    rule: moderators,
    http: ({ newcomer }) => ['PUT', `/members/${newcomer}/ban`],
  },
  'lift a ban': {
    spends: true,
    rule: moderators,
    http: ({ banned }) => ['PUT', `/members/${banned}/ban`, { banned: false }],
  },
  'lift a ban by deleting it': {
    spends: true,
    rule: moderators,
    http: ({ banned }) => ['DELETE', `/members/${banned}/ban`],
  },
  'make a moderator': {
    spends: true,
    rule: ownerOnly,
    http: ({ victim }) => ['PUT', `/members/${victim}/role`, { role: 'moderator' }],
  },
  'make an owner': {
    spends: true,
    rule: ownerOnly,
    http: ({ victim }) => ['PUT', `/members/${victim}/role`, { role: 'owner' }],
  },
}

let server: TestServer
const people = {} as Record<Role, Person>
const sockets = {} as Record<Role, TestSocket>
let victim: Person
let equal: Person
let newcomer: Person

before(async () => {
  server = await startTestServer()
  for (const role of ROLES) people[role] = role === 'admin' ? await newAdmin(server) : await newPerson(server)
  for (const role of ROLES) sockets[role] = await TestSocket.hello(server.url, people[role].accessToken)
  ;[victim, equal, newcomer] = await Promise.all([newPerson(server), newPerson(server), newPerson(server)])
})
after(() => server[Symbol.asyncDispose]())

/** A room in which everybody is what their role says. Answers what an operation of a role needs to know of it. */
async function build(kind: RoomKind): Promise<(role: Role) => World> {
  const { owner, moderator, member, former, banned } = people
  const guests = kind === 'direct' ? [member] : [moderator, member, former, banned, victim, equal]
  const memberIds = kind === 'open' ? [] : guests.map((guest) => guest.id)
  const room = await newRoom(owner, { kind, memberIds, ...(kind !== 'direct' && { title: kind }) })
  // What may happen at the same time does: then it shares its commits.
  if (kind === 'open') await Promise.all(guests.map((guest) => guest.call('POST', `/rooms/${room}/join`)))
  const sent = new Map<Person, number>()
  await Promise.all([owner, ...guests].map(async (one) => sent.set(one, (await post(one, room)).seq)))
  if (kind !== 'direct') {
    const { call } = owner
    await Promise.all([
      call('PUT', `/rooms/${room}/members/${moderator.id}/role`, { role: 'moderator' }),
      call('PUT', `/rooms/${room}/members/${equal.id}/role`, { role: 'moderator' }),
      former.call('POST', `/rooms/${room}/leave`),
      call('PUT', `/rooms/${room}/members/${banned.id}/ban`),
    ])
  }
  return (role) => {
    const other = kind !== 'direct' ? victim : role === 'owner' ? member : owner
    return {
      room,
      victim: other.id,
      equal: equal.id,
      owner: owner.id,
      banned: banned.id,
      newcomer: newcomer.id,
      own: sent.get(people[role]) ?? (sent.get(other) as number),
      others: sent.get(other) as number,
    }
  }
}

type Answer = { outcome: Outcome; whole: unknown }

async function overHttp(role: Role, world: World, operation: Operation): Promise<Answer> {
  const [method, path, body] = (operation.http as NonNullable<Operation['http']>)(world)
  const answer = await people[role].call<{ code: ErrorCode } | null>(method, `/rooms/${world.room}${path}`, body)
  if (answer.status < 300) return { outcome: 'ok', whole: answer }
  const code = answer.body?.code as ErrorCode
  assert.equal(answer.status, ERRORS[code]?.status, `${method} ${path}: ${JSON.stringify(answer.body)}`)
  return { outcome: code, whole: answer }
}

async function overWs(role: Role, world: World, operation: Operation): Promise<Answer> {
  const [op, fields] = (operation.ws as NonNullable<Operation['ws']>)(world)
  const { ok, err } = await sockets[role].ask(op, { room: world.room, ...fields })
  if (err !== undefined) return { outcome: (err as { code: ErrorCode }).code, whole: err }
  const refused = (ok as { refused?: string[] }).refused
  return { outcome: refused === undefined ? 'ok' : 'refused', whole: { refused: refused?.length } }
}

const TRANSPORTS = [
  ['http', overHttp],
  ['ws', overWs],
] as const

for (const kind of ['open', 'group', 'direct'] as const) {
  describe(`in a room that is ${kind}`, () => {
    // Between two people there is nobody else to be.
    const roles = ROLES.filter((role) => kind !== 'direct' || !['moderator', 'former', 'banned'].includes(role))

    let shared: (role: Role) => World
    before(async () => {
      shared = await build(kind)
    })

    for (const [name, operation] of Object.entries(OPERATIONS)) {
      test(`who may ${name}`, async () => {
        // A pair has one room: what happened to it has happened to all tests.
        let world = operation.spends || kind === 'direct' ? await build(kind) : shared
        const found: Record<string, Outcome> = {}
        const expected: Record<string, Outcome> = {}
        for (const role of roles) {
          for (const [transport, ask] of TRANSPORTS) {
            if (operation[transport] === undefined) continue
            const answer = await ask(role, world(role), operation)
            found[`${role} over ${transport}`] = answer.outcome
            expected[`${role} over ${transport}`] = operation.rule(role, kind)
            if (answer.outcome === 'ok' && operation.spends) world = await build(kind)
            if (answer.outcome !== 'ok' && kind !== 'open' && !isMember(role)) {
              // To who may not know of it, the room is exactly as one that does not exist.
              const nothing = await ask(role, { ...world(role), room: NO_ROOM }, operation)
              assert.deepEqual(answer.whole, nothing.whole)
            }
          }
        }
        assert.deepEqual(found, expected)
      })
    }

    test('nobody may do anything without a token', async () => {
      const world = shared('owner')
      for (const { http } of Object.values(OPERATIONS)) {
        if (http === undefined) continue
        const [method, path, body] = http(world)
        const response = await fetch(`${server.url}/api/v1/rooms/${world.room}${path}`, {
          method,
          ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
        })
        const { code } = (await response.json()) as { code: string }
        assert.deepEqual([response.status, code], [401, 'unauthenticated'], `${method} ${path}`)
      }
      for (const { ws } of Object.values(OPERATIONS)) {
        if (ws === undefined) continue
        const [op, fields] = ws(world)
        const socket = await TestSocket.open(server.url)
        socket.ws.send(JSON.stringify({ id: 1, op, room: world.room, ...fields }))
        assert.equal(await socket.closeCode(), 4401)
        assert.deepEqual(socket.items, [])
      }
    })
  })
}

describe('administration', () => {
  const operations: [method: string, path: string, body?: object][] = [
    ['GET', '/admin/config'],
    ['PATCH', '/admin/config', { changes: { 'limits.presenceNames': 100 } }],
    ['GET', '/admin/config/history'],
    ['GET', '/admin/nodes'],
    ['GET', '/admin/users'],
    ['PATCH', '/admin/users/USER', { disabled: true, role: 'admin' }],
    ['POST', '/admin/users/USER/reset'],
    ['GET', '/admin/rooms'],
    ['DELETE', '/admin/rooms/ROOM'],
    ['GET', '/admin/figures'],
    ['GET', '/admin/summary'],
    ['GET', '/admin/parked'],
    ['POST', '/admin/parked/1/retry'],
  ]
  test('is for admins alone, and for nobody without a token', async () => {
    const target = await newPerson(server)
    const room = await newRoom(target, { title: 'theirs' })
    for (const [method, template, body] of operations) {
      const path = template.replace('USER', target.id).replace('ROOM', room)
      // Everybody else first: what they are refused must not have happened when the admin comes.
      const outcomes: string[] = []
      for (const role of ROLES) {
        const answer = await people[role].call<{ code?: ErrorCode } | null>(method, path, body)
        outcomes.push(answer.body?.code ?? 'ok')
      }
      const inside = path.startsWith('/admin/parked/') ? 'parked_not_found' : 'ok'
      const expected = ROLES.map((role) => (role === 'admin' ? inside : 'forbidden'))
      assert.deepEqual(outcomes, expected, `${method} ${path}`)
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
      })
      assert.equal(response.status, 401, `${method} ${path}`)
    }
    const { body } = await people.admin.call<Page<{ actor: string }>>('GET', '/admin/config/history')
    assert.deepEqual(
      body.items.map((item) => item.actor),
      [people.admin.id],
      'what was refused changed nothing',
    )
  })
})

describe('lists', () => {
  test('name open rooms to everybody, and others to their members alone', async () => {
    const rooms = await Promise.all(
      (['open', 'group', 'direct'] as const).map(async (kind) => (await build(kind))('owner').room),
    )
    for (const role of ROLES) {
      const open = await people[role].call<Page<Room>>('GET', '/rooms?limit=200')
      const seen = rooms.map((room) => open.body.items.some((item) => item.id === room))
      assert.deepEqual(seen, [true, false, false], role)
      const mine = await people[role].call<Page<RoomSummary>>('GET', '/me/rooms?limit=200')
      const member = isMember(role)
      const own = rooms.map((room) => mine.body.items.some((item) => item.room.id === room))
      assert.deepEqual(own, [member, member, member && role !== 'moderator'], role)
    }
  })
})
