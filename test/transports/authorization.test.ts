/**
 * Who may do what: every operation on a room, by every role, in every kind of room, over HTTP and over WebSocket, against
 * one table that is written here a second time, on purpose. A refused operation must leave the room as it was.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ErrorCode } from '../../src/protocol/errors.ts'
import type { Op } from '../../src/protocol/frames.ts'
import type { Room, RoomKind } from '../../src/protocol/model.ts'
import { newPerson, type Person } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { Contract } from './http-contract.ts'

const KINDS = ['open', 'group', 'direct'] as const
const ROLES = ['owner', 'moderator', 'member', 'former', 'banned', 'stranger', 'admin'] as const
type Role = (typeof ROLES)[number]
type Outcome = 'ok' | ErrorCode

interface Caller extends Person {
  socket: TestSocket
}

/** A room with everybody in their places. */
interface Scene {
  kind: RoomKind
  room: string
  caller: Record<Role, Caller>
  /** seq of a message that each sent while they were members. */
  sentBy: Partial<Record<Role | 'victim', number>>
  /** A member for others to act on; in a direct room the owner. */
  victim: string
  /** Somebody who is in no room. */
  newcomer: string
}

interface Operation {
  name: string
  http?: (scene: Scene, role: Role) => [method: string, template: string, path: string, body?: object]
  ws?: (scene: Scene, role: Role) => [op: Op, fields: object]
  /** What it comes to. Rules that hold for all operations come first; see `expected`. */
  member: (role: 'owner' | 'moderator' | 'member', kind: RoomKind) => Outcome
  /** For those outside, where it is not what it is for all operations. */
  outside?: (role: Role, kind: RoomKind) => Outcome | undefined
}

const anyMember = (): Outcome => 'ok'
/** What owners may do, and moderators where `moderators`; nobody in a direct room. */
const rights = (moderators: boolean) => (role: Role, kind: RoomKind) => {
  if (kind === 'direct') return 'wrong_room_kind'
  return role === 'owner' || (moderators && role === 'moderator') ? 'ok' : 'forbidden'
}
const mine = (scene: Scene, role: Role) => scene.sentBy[role] ?? scene.sentBy.owner ?? 0
const path = (scene: Scene, rest: string) => `/rooms/${scene.room}${rest}`
let sent = 0
const fresh = () => ({ clientMessageId: `m${++sent}`, body: 'x' })

const OPERATIONS: Operation[] = [
  {
    name: 'see the room',
    http: (s) => ['GET', '', path(s, '')],
    member: anyMember,
    outside: (_, kind) => (kind === 'open' ? 'ok' : undefined),
  },
  {
    name: 'change the room',
    http: (s) => ['PATCH', '', path(s, ''), { title: `title ${++sent}` }],
    member: rights(false),
  },
  {
    name: 'delete the room',
    http: (s) => ['DELETE', '', path(s, '')],
    member: (role, kind) => (role === 'owner' ? 'ok' : kind === 'direct' ? 'wrong_room_kind' : 'forbidden'),
    outside: (role) => (role === 'admin' ? 'ok' : undefined),
  },
  {
    name: 'join',
    http: (s) => ['POST', '/join', path(s, '/join')],
    member: anyMember,
    outside: (role, kind) => (kind !== 'open' ? undefined : role === 'banned' ? 'banned' : 'ok'),
  },
  {
    name: 'leave',
    http: (s) => ['POST', '/leave', path(s, '/leave')],
    member: (role, kind) => (role === 'owner' && kind !== 'direct' ? 'last_owner' : 'ok'),
  },
  { name: 'list members', http: (s) => ['GET', '/members', path(s, '/members')], member: anyMember },
  { name: 'see who is online', ws: (s) => ['presence', { room: s.room }], member: anyMember },
  {
    name: 'choose what to be told',
    http: (s) => ['PUT', '/notify', path(s, '/notify'), { notify: 'none' }],
    member: anyMember,
  },
  { name: 'choose, as /me', http: (s) => ['PATCH', '/me', path(s, '/me'), { notify: 'all' }], member: anyMember },
  {
    name: 'invite',
    http: (s) => ['POST', '/members/{user}', path(s, `/members/${s.newcomer}`)],
    member: (role, kind) => {
      const outcome = rights(true)(role, kind)
      return kind === 'open' && outcome === 'ok' ? 'wrong_room_kind' : outcome
    },
  },
  {
    name: 'kick a member',
    http: (s) => ['DELETE', '/members/{user}', path(s, `/members/${s.victim}`)],
    member: rights(true),
  },
  {
    name: 'kick the owner',
    http: (s) => ['DELETE', '/members/{user}', path(s, `/members/${s.caller.owner.id}`)],
    member: (role, kind) => (kind === 'direct' ? 'wrong_room_kind' : role === 'owner' ? 'bad_request' : 'forbidden'),
  },
  {
    name: 'ban a member',
    http: (s) => ['PUT', '/members/{user}/ban', path(s, `/members/${s.victim}/ban`), { banned: true }],
    member: rights(true),
  },
  {
    name: 'ban the moderator',
    http: (s) => ['PUT', '/members/{user}/ban', path(s, `/members/${s.caller.moderator.id}/ban`), { banned: true }],
    member: (role, kind) => {
      if (kind === 'direct') return 'wrong_room_kind'
      return role === 'owner' ? 'ok' : role === 'moderator' ? 'bad_request' : 'forbidden'
    },
  },
  {
    name: 'lift a ban',
    http: (s) => ['DELETE', '/members/{user}/ban', path(s, `/members/${s.caller.banned.id}/ban`)],
    member: rights(true),
  },
  {
    name: 'make a moderator',
    http: (s) => ['PUT', '/members/{user}/role', path(s, `/members/${s.victim}/role`), { role: 'moderator' }],
    member: rights(false),
  },
  {
    name: 'make oneself owner',
    http: (s, role) => [
      'PUT',
      '/members/{user}/role',
      path(s, `/members/${s.caller[role].id}/role`),
      { role: 'owner' },
    ],
    member: rights(false),
  },
  {
    name: 'read messages',
    http: (s) => ['GET', '/messages', path(s, '/messages')],
    ws: (s) => ['subscribe', { room: s.room }],
    member: anyMember,
  },
  {
    name: 'read events',
    http: (s) => ['GET', '/events', path(s, '/events?after=0&epoch=1')],
    ws: (s) => ['events', { room: s.room, after: 0, epoch: 1 }],
    member: anyMember,
  },
  {
    name: 'send',
    http: (s) => ['POST', '/messages', path(s, '/messages'), fresh()],
    ws: (s) => ['send', { room: s.room, ...fresh() }],
    member: anyMember,
  },
  {
    name: 'edit a message of one’s own',
    http: (s, role) => ['PATCH', '/messages/{seq}', path(s, `/messages/${mine(s, role)}`), { body: 'edited' }],
    ws: (s, role) => ['edit', { room: s.room, seq: mine(s, role), body: 'edited' }],
    member: anyMember,
  },
  {
    name: 'edit another’s message',
    http: (s) => ['PATCH', '/messages/{seq}', path(s, `/messages/${s.sentBy.victim}`), { body: 'edited' }],
    ws: (s) => ['edit', { room: s.room, seq: s.sentBy.victim, body: 'edited' }],
    member: () => 'not_the_sender',
  },
  {
    name: 'delete a message of one’s own',
    http: (s, role) => ['DELETE', '/messages/{seq}', path(s, `/messages/${mine(s, role)}`)],
    ws: (s, role) => ['delete', { room: s.room, seq: mine(s, role) }],
    member: anyMember,
  },
  {
    name: 'delete another’s message',
    http: (s) => ['DELETE', '/messages/{seq}', path(s, `/messages/${s.sentBy.victim}`)],
    ws: (s) => ['delete', { room: s.room, seq: s.sentBy.victim }],
    member: (role, kind) => (kind !== 'direct' && role !== 'member' ? 'ok' : 'not_the_sender'),
  },
  {
    name: 'react',
    http: (s, role) => ['PUT', '/messages/{seq}/reactions/{emoji}', path(s, `/messages/${mine(s, role)}/reactions/x`)],
    ws: (s, role) => ['react', { room: s.room, seq: mine(s, role), emoji: 'x', on: true }],
    member: anyMember,
  },
  {
    name: 'take a reaction back',
    http: (s, role) => [
      'DELETE',
      '/messages/{seq}/reactions/{emoji}',
      path(s, `/messages/${mine(s, role)}/reactions/x`),
    ],
    ws: (s, role) => ['react', { room: s.room, seq: mine(s, role), emoji: 'x', on: false }],
    member: anyMember,
  },
  {
    name: 'say how far one has read',
    http: (s) => ['PUT', '/read', path(s, '/read'), { seq: 1 }],
    ws: (s) => ['read', { room: s.room, seq: 1 }],
    member: anyMember,
  },
  { name: 'say that one types', ws: (s) => ['typing', { room: s.room }], member: anyMember },
]

function isMember(role: Role): role is 'owner' | 'moderator' | 'member' {
  return role === 'owner' || role === 'moderator' || role === 'member'
}

/** Outside an open room one is told that one is no member; outside the others, that there is no such room. */
function expected(operation: Operation, role: Role, kind: RoomKind): Outcome {
  if (isMember(role)) return operation.member(role, kind)
  return operation.outside?.(role, kind) ?? (kind === 'open' ? 'not_a_member' : 'room_not_found')
}

let server: TestServer
let api: Contract
let people: Record<Role | 'victim' | 'newcomer', Caller>

async function withSocket(person: Person): Promise<Caller> {
  return { ...person, socket: await TestSocket.hello(server.url, person.accessToken) }
}

async function makeAdmin(): Promise<Caller> {
  const setupToken = new URL(server.setupUrl ?? '').hash.replace('#setup=', '')
  const made = await api.call<{ user: { id: string }; accessToken: string }>('POST', '/auth/register', {
    body: { username: 'the-admin', password: 'a password of theirs', setupToken },
  })
  const { user, accessToken } = made.body
  return withSocket({ ...(await newPerson(server)), id: user.id, accessToken })
}

before(async () => {
  server = await startTestServer()
  api = await Contract.of(server.url)
  const admin = await makeAdmin()
  const others = await Promise.all(
    [...ROLES.filter((role) => role !== 'admin'), 'victim', 'newcomer'].map(
      async (name) => [name, await withSocket(await newPerson(server))] as const,
    ),
  )
  people = { ...(Object.fromEntries(others) as typeof people), admin }
})
after(() => server[Symbol.asyncDispose]())

const must = async (who: Person, method: string, to: string, body?: object) => {
  const answer = await api.call<Record<string, unknown>>(method, to, { token: who.accessToken, body })
  assert.ok(answer.status < 300, `${method} ${to}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

async function makeScene(kind: RoomKind): Promise<Scene> {
  const scene: Scene = {
    kind,
    room: '',
    caller: people,
    sentBy: {},
    victim: people.victim.id,
    newcomer: people.newcomer.id,
  }
  const inside =
    kind === 'direct'
      ? (['owner', 'member'] as const)
      : (['owner', 'moderator', 'member', 'former', 'banned', 'victim'] as const)
  const memberIds = inside.filter((name) => name !== 'owner').map((name) => people[name].id)
  const made = await must(people.owner, 'POST', '/rooms', { title: 'x', kind, ...(kind !== 'open' && { memberIds }) })
  scene.room = made.id as string
  await Promise.all(
    inside.map(async (name) => {
      if (kind === 'open' && name !== 'owner') await must(people[name], 'POST', path(scene, '/join'))
      scene.sentBy[name] = (await must(people[name], 'POST', path(scene, '/messages'), fresh())).seq as number
    }),
  )
  if (kind === 'direct') return scene
  await Promise.all([
    must(people.owner, 'PUT', path(scene, `/members/${people.moderator.id}/role`), { role: 'moderator' }),
    must(people.owner, 'PUT', path(scene, `/members/${people.banned.id}/ban`), { banned: true }),
    must(people.former, 'POST', path(scene, '/leave')),
  ])
  return scene
}

/** In a direct room the victim is the other one of the two. */
function turned(scene: Scene, role: Role): Scene {
  if (scene.kind !== 'direct') return scene
  const other = role === 'owner' ? 'member' : 'owner'
  return { ...scene, victim: people[other].id, sentBy: { ...scene.sentBy, victim: scene.sentBy[other] } }
}

async function outcomeOf(wire: 'http' | 'ws', operation: Operation, scene: Scene, role: Role): Promise<Outcome> {
  const caller = people[role]
  if (wire === 'http') {
    const [method, , to, body] = operation.http!(scene, role)
    const answer = await api.call(method, to, { token: caller.accessToken, body })
    return answer.status < 300 ? 'ok' : (answer.body as { code: ErrorCode }).code
  }
  const [op, fields] = operation.ws!(scene, role)
  const reply = await caller.socket.ask(op, { ...fields })
  return reply.err === undefined ? 'ok' : (reply.err as { code: ErrorCode }).code
}

/** Where the room is, as an admin's eye outside of it cannot tell: asked of its owner. */
async function headOf(scene: Scene): Promise<number> {
  const room = (await must(people.owner, 'GET', path(scene, ''))) as unknown as Room
  return room.position.seq
}

describe('who may do what in a room', () => {
  for (const kind of KINDS) {
    for (const wire of ['http', 'ws'] as const) {
      const roles =
        kind === 'direct' ? ROLES.filter((role) => !['moderator', 'former', 'banned'].includes(role)) : ROLES
      for (const role of roles) {
        test(`${role}, ${kind} room, over ${wire}`, async () => {
          let scene: Scene | null = null
          for (const operation of OPERATIONS) {
            if (operation[wire] === undefined) continue
            scene ??= await makeScene(kind)
            const wanted = expected(operation, role, kind)
            const before = await headOf(scene)
            const outcome = await outcomeOf(wire, operation, turned(scene, role), role)
            assert.equal(outcome, wanted, operation.name)
            if (outcome !== 'ok') {
              assert.equal(await headOf(scene), before, `${operation.name}: refused, yet the room changed`)
            } else {
              if (kind === 'direct' && operation.name !== 'delete the room') {
                await must(people.owner, 'DELETE', path(scene, '')).catch(() => {})
              }
              scene = null
            }
          }
          if (scene !== null && kind === 'direct') await must(people.owner, 'DELETE', path(scene, ''))
        })
      }
    }
  }

  test('the table names every documented operation on a room', () => {
    const scene: Scene = {
      kind: 'open',
      room: '{room}',
      caller: people,
      sentBy: {},
      victim: '{user}',
      newcomer: '{user}',
    }
    const named = new Set(
      OPERATIONS.flatMap(({ http }) => {
        if (http === undefined) return []
        const [method, template] = http(scene, 'owner')
        return [`${method} /api/v1/rooms/{room}${template}`]
      }),
    )
    const documented = api.operations
      .filter((operation) => operation.template.includes('{room}'))
      .map((operation) => `${operation.method} ${operation.template}`)
    assert.deepEqual([...named].sort(), documented.sort())
    const overSocket = new Set(OPERATIONS.flatMap(({ ws }) => (ws === undefined ? [] : [ws(scene, 'owner')[0]])))
    const all: Op[] = ['delete', 'edit', 'events', 'presence', 'react', 'read', 'send', 'subscribe', 'typing']
    assert.deepEqual([...overSocket].sort(), all)
  })

  test('watching refuses each room that one is no member of, in one and the same way', async () => {
    const rooms = [
      (await makeScene('open')).room,
      (await makeScene('group')).room,
      '019b0000-0000-7000-8000-000000000000',
    ]
    const stranger = await people.stranger.socket.ok<{ heads: unknown[]; refused: string[] }>('watch', { rooms })
    assert.deepEqual([stranger.heads, stranger.refused], [[], rooms])
    const member = await people.member.socket.ok<{ heads: { room: string }[]; refused: string[] }>('watch', { rooms })
    assert.deepEqual(member.heads.map((head) => head.room).sort(), rooms.slice(0, 2).sort())
    assert.deepEqual(member.refused, rooms.slice(2))
  })

  test('a room that one may not know of is answered exactly as one that does not exist', async () => {
    const { room } = await makeScene('group')
    const { accessToken: token } = people.stranger
    const ask = async (id: string) => {
      const answer = await api.call('GET', `/rooms/${id}/messages`, { token })
      return [answer.status, JSON.stringify(answer.body)]
    }
    assert.deepEqual(await ask(room), await ask('019b0000-0000-7000-8000-000000000000'))
    const list = await api.call<{ items: Room[] }>('GET', '/rooms?limit=200', { token })
    assert.ok(list.body.items.every((open) => open.kind === 'open'))
    assert.equal(
      list.body.items.some((open) => open.id === room),
      false,
    )
  })
})
