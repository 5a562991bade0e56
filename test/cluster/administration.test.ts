/** What an admin changes at one node of a cluster holds on the others, and the figures are those of all. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import type { Message, Page } from '../../src/protocol/model.ts'
import type {
  AdminRoom,
  AdminUser,
  Figures,
  FiguresPoint,
  ParkedItem,
  Summary,
} from '../../src/protocol/model-admin.ts'
import { type ClusterNode, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { newAdmin, newPerson, type Person } from '../support/people.ts'
import { newRoom, openRoom, post } from '../support/rooms.ts'
import { TestSocket } from '../support/socket.ts'
import { eventually } from '../support/witnesses.ts'

let cluster: TestCluster
let admin: Person
let one: ClusterNode
let two: ClusterNode

before(async () => {
  cluster = await startTestCluster({ nodes: 2 })
  ;[one, two] = cluster.nodes as [ClusterNode, ClusterNode]
  admin = await newAdmin(one)
})
after(() => cluster[Symbol.asyncDispose]())

const change = async (user: string, changes: object) => {
  const { status, body } = await admin.call<AdminUser>('PATCH', `/admin/users/${user}`, changes)
  assert.equal(status, 200)
  return body
}
const codeOf = async (who: Person, path: string) => (await who.call<{ code?: string }>('GET', path)).body.code ?? 'ok'

/** Does something while the second node hears nothing of its database, so that only the bus can tell it. */
async function withoutDatabase(work: () => Promise<void>): Promise<void> {
  two.toDatabase.down.frozen = true
  try {
    await work()
  } finally {
    two.toDatabase.heal()
  }
}

/** Does something while the bus of the second node is cut, so that only the database can tell it. */
async function withoutBus(work: () => Promise<void>): Promise<void> {
  two.toRedis.refuse()
  try {
    await work()
  } finally {
    two.toRedis.accept()
    await eventually(
      async () => (await admin.call<{ items: unknown[] }>('GET', '/admin/nodes')).body.items.length === 2,
      () => 'the second node is not back',
    )
  }
}

test('who is disabled at one node loses the connection to another, by the bus alone and by the database alone', async () => {
  const disable = async (person: Person, socket: TestSocket) => {
    await change(person.id, { disabled: true })
    assert.equal(await socket.closeCode(), 4401)
  }
  for (const alone of [withoutDatabase, withoutBus]) {
    const person = await newPerson(two)
    const socket = await TestSocket.hello(two.url, person.accessToken)
    await alone(() => disable(person, socket))
    assert.equal(await codeOf(person, '/me'), 'session_ended')
  }
})

test('a role that is given or taken at one node holds at another, with the bus and without it', async () => {
  const alter = async () => {
    const person = await newPerson(two)
    assert.equal(await codeOf(person, '/admin/summary'), 'forbidden')
    await change(person.id, { role: 'admin' })
    const isExpired = async () => (await codeOf(person, '/admin/summary')) === 'token_expired'
    await eventually(isExpired, () => 'the token that names the old role is still taken')
    const response = await fetch(`${two.url}/api/v1/auth/refresh`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ refreshToken: person.refreshToken }),
    })
    const { accessToken } = (await response.json()) as { accessToken: string }
    const as = (token: string) =>
      fetch(`${two.url}/api/v1/admin/summary`, { headers: { Authorization: `Bearer ${token}` } })
    assert.equal((await as(accessToken)).status, 200)
    await change(person.id, { role: 'user' })
    await eventually(
      async () => (await as(accessToken)).status === 401,
      () => 'who is no admin any more is let in as one',
    )
  }
  await alter()
  await withoutBus(alter)
})

test('the figures of either node sum up both', async () => {
  const [ann, bob] = [await newPerson(one), await newPerson(two)]
  const sockets = [
    await TestSocket.hello(one.url, ann.accessToken),
    await TestSocket.hello(two.url, bob.accessToken),
    await TestSocket.hello(two.url, bob.accessToken),
  ]
  const rooms = [await openRoom(ann, bob.at(one.url)), await openRoom(bob, ann.at(two.url))] as const
  for (const socket of sockets) for (const room of rooms) await socket.ok('subscribe', { room })
  for (const node of [one, two]) {
    let found: FiguresPoint | undefined
    await eventually(
      async () => {
        // At once, so that one look finds both busy: each message is delivered twice at the one node, four times at the other.
        await Promise.all(
          [...rooms].flatMap((room, i) => [post(i === 0 ? ann : bob, room), post(i === 0 ? ann : bob, room)]),
        )
        const { body } = await admin.at(node.url).call<Figures>('GET', '/admin/figures')
        found = body.points.findLast(
          (point) =>
            point.nodes === 2 &&
            point.connections === 3 &&
            point.sessions === 3 &&
            point.messagesPerSecond > 0 &&
            point.deliveryP99Ms !== null &&
            point.ackP99Ms !== null,
        )
        return found !== undefined
      },
      () => 'no point tells of all three connections on both nodes',
    )
    assert.ok(found)
    assert.equal(found.backlog, 0)
    assert.ok(found.deliveriesPerSecond > 0)
    assert.ok(found.memory > 2 * 10_000_000)
  }
  for (const socket of sockets) socket.close()
})

test('an admin sees what the database refused and has it written in its place', async () => {
  const ann = await newPerson(one)
  const room = await newRoom(ann, { title: '여울' })
  const { seq, n } = await post(ann, room, 'in its place')
  const payload = (actor: string) =>
    JSON.stringify({ seq, n, at: 1_000, type: 'message', actor, clientMessageId: 'parked', body: 'the parked text' })
  const database = new pg.Client(cluster.postgres.url)
  await database.connect()
  try {
    const park = (text: string) =>
      database.query(
        `INSERT INTO parked (partition, entry, room, seq, payload, error, tries, at) VALUES (3, '1-0', $1, $2, $3, 'why', 5, 7)`,
        [room, seq, text],
      )
    await park(payload(room))
    await park(payload(ann.id))
    const list = async (query = '') => (await admin.call<Page<ParkedItem>>('GET', `/admin/parked${query}`)).body
    const [wrong, right] = (await list()).items
    assert.deepEqual(wrong, { id: wrong?.id, partition: 3, room, seq, why: 'why', tries: 5, at: 7 })
    const page = await list('?limit=1')
    assert.deepEqual(
      [page.items[0]?.id, (await list(`?cursor=${page.nextCursor}`)).items[0]?.id],
      [wrong?.id, right?.id],
    )
    assert.equal((await admin.call<Summary>('GET', '/admin/summary')).body.parked, 2)

    const refused = await admin.call<{ code: string; detail: string }>('POST', `/admin/parked/${wrong?.id}/retry`)
    assert.deepEqual([refused.status, refused.body.code], [409, 'parked_refused'])
    assert.match(refused.body.detail, /there is no user/)
    assert.equal((await list()).items[0]?.tries, 6)

    assert.equal((await admin.call('POST', `/admin/parked/${right?.id}/retry`)).status, 204)
    const { body } = await ann.call<{ items: Message[] }>('GET', `/rooms/${room}/messages`)
    assert.equal(body.items.find((message) => message.seq === seq)?.body, 'the parked text')
    const again = await admin.call<{ code: string }>('POST', `/admin/parked/${right?.id}/retry`)
    assert.deepEqual([again.status, again.body.code], [404, 'parked_not_found'])
    assert.equal((await list()).items.length, 1)
  } finally {
    await database.end()
  }
})

test('what waits for a database that is away shows as backlog, and admins are answered meanwhile', async () => {
  await using cluster = await startTestCluster({ nodes: 1, config: { log: 'redis' } })
  const node = cluster.nodes[0] as ClusterNode
  const chief = await newAdmin(node)
  const ann = await newPerson(node)
  const room = await newRoom(ann, { title: '여울' })
  const socket = await TestSocket.hello(node.url, ann.accessToken)
  await socket.ok('subscribe', { room })
  const backlog = async () => {
    const { status, body } = await chief.call<Figures>('GET', '/admin/figures')
    assert.equal(status, 200)
    return body.points.at(-1)?.backlog
  }
  /** Sends some; perhaps the room's first event waits with them. */
  const grows = async (from: number, to: number) => {
    for (let i = from; i < to; i++) await socket.ok('send', { room, clientMessageId: crypto.randomUUID(), body: 'x' })
    let told: number | undefined
    const isTold = async () => {
      told = await backlog()
      return told === to || told === to + 1
    }
    await eventually(isTold, () => `of ${to} messages that wait ${told} are told`)
  }
  node.toDatabase.refuse()
  await grows(0, 5)
  await grows(5, 20)
  node.toDatabase.accept()
  await eventually(
    async () => (await backlog()) === 0,
    () => 'the backlog does not go away',
  )
  const { body } = await chief.call<Page<AdminRoom>>('GET', '/admin/rooms')
  assert.deepEqual(
    body.items.map(({ id, messageCount }) => [id, messageCount]),
    [[room, 20]],
  )
  socket.close()
})
