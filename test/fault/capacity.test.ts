import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { verifyStore } from '../../src/adapters/sql/index.ts'
import type { Member, Room, RoomEvent } from '../../src/protocol/model.ts'
import { newPerson, type Person } from '../support/people.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { wholeRun } from '../support/witnesses.ts'

const CROWD = 500
const CAPACITY = 50

async function crowdOf(server: TestServer, size: number): Promise<Person[]> {
  const people: Person[] = []
  while (people.length < size) {
    people.push(...(await Promise.all(Array.from({ length: 50 }, () => newPerson(server)))))
  }
  return people.slice(0, size)
}

async function roomFor(owner: Person, capacity: number): Promise<string> {
  const { status, body } = await owner.call<Room>('POST', '/rooms', { title: 'a small room', capacity })
  assert.equal(status, 201)
  return body.id
}

async function membersOf(person: Person, room: string): Promise<string[]> {
  const members: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { body } = await person.call<{ items: Member[]; nextCursor: string | null }>(
      'GET',
      `/rooms/${room}/members?limit=20${query}`,
    )
    members.push(...body.items.map((member) => member.user))
    cursor = body.nextCursor
  }
  return members
}

/** Who is in by the room's own events, which must never have held more than `capacity`. */
function membersByEvents(run: RoomEvent[], capacity: number): string[] {
  const inside = new Set<string>()
  for (const event of run) {
    if (event.type === 'join') {
      assert.ok(!inside.has(event.user), 'a join event is of somebody who was out')
      inside.add(event.user)
    } else if (event.type === 'leave') assert.ok(inside.delete(event.user), 'a leave event is of somebody who was in')
    assert.ok(inside.size <= capacity, `at seq ${event.seq} there are ${inside.size} members`)
  }
  return [...inside]
}

/** The room's count, its pages, its events and what a subscriber saw live all name the same members. */
async function assertMembers(owner: Person, room: string, watcher: TestSocket, expected: number): Promise<string[]> {
  const { body } = await owner.call<Room>('GET', `/rooms/${room}`)
  assert.equal(body.memberCount, expected)
  const listed = await membersOf(owner, room)
  assert.equal(listed.length, expected)
  assert.equal(new Set(listed).size, expected, 'nobody is listed twice')
  const run = await wholeRun(owner, room)
  assert.deepEqual(membersByEvents(run, body.capacity as number).sort(), [...listed].sort())
  await watcher.until(() => watcher.seqs(room).at(-1) === run.length, 'the last event')
  assert.deepEqual(
    watcher.seqs(room),
    run.slice(1).map((event) => event.seq),
  )
  return listed
}

test(`${CROWD} people join a room for ${CAPACITY} at the same instant: exactly ${CAPACITY} are in`, async () => {
  await using server = await startTestServer()
  const [owner, ...crowd] = (await crowdOf(server, CROWD + 1)) as [Person, ...Person[]]
  const room = await roomFor(owner, CAPACITY)
  const watcher = await TestSocket.hello(server.url, owner.accessToken)
  await watcher.ok('subscribe', { room })

  const answers = await Promise.all(
    crowd.map((person) => person.call<{ code?: string }>('POST', `/rooms/${room}/join`)),
  )
  const joined = crowd.filter((_, i) => answers[i]?.status === 200)
  const refused = answers.filter(({ status }) => status !== 200)
  assert.equal(joined.length, CAPACITY - 1, 'the owner is in already')
  assert.deepEqual([...new Set(refused.map(({ status, body }) => `${status} ${body.code}`))], ['409 room_full'])
  const listed = await assertMembers(owner, room, watcher, CAPACITY)
  assert.deepEqual([...listed].sort(), [owner, ...joined].map((person) => person.id).sort())

  // Who is in joins again: nothing changes, and nobody is pushed out.
  const again = await Promise.all(joined.map((person) => person.call('POST', `/rooms/${room}/join`)))
  assert.ok(again.every(({ status }) => status === 200))
  await assertMembers(owner, room, watcher, CAPACITY)
  watcher.close()
  assert.deepEqual((await verifyStore(join(server.config.dataDir, 'yeoul.db'))).problems, [])
})

test('a crowd that joins and leaves a full room all the time never exceeds its capacity, and the room fills to the last place', async () => {
  await using server = await startTestServer()
  const [owner, ...crowd] = (await crowdOf(server, 100)) as [Person, ...Person[]]
  const room = await roomFor(owner, 10)
  const watcher = await TestSocket.hello(server.url, owner.accessToken)
  await watcher.ok('subscribe', { room })
  let joins = 0
  await Promise.all(
    crowd.map(async (person) => {
      for (let turn = 0; turn < 6; turn++) {
        const { status, body } = await person.call<{ code?: string }>('POST', `/rooms/${room}/join`)
        if (status === 200) {
          joins++
          assert.equal((await person.call('POST', `/rooms/${room}/leave`)).status, 204)
        } else assert.equal(body.code, 'room_full')
      }
    }),
  )
  assert.ok(joins > 20, `places are taken again and again: ${joins}`)
  await assertMembers(owner, room, watcher, 1)
  const last = await Promise.all(crowd.map((person) => person.call('POST', `/rooms/${room}/join`)))
  assert.equal(last.filter(({ status }) => status === 200).length, 9)
  await assertMembers(owner, room, watcher, 10)

  // A capacity below the members is refused; one above lets exactly that many more in.
  const smaller = await owner.call<{ code: string }>('PATCH', `/rooms/${room}`, { capacity: 9 })
  assert.deepEqual([smaller.status, smaller.body.code], [409, 'capacity_too_small'])
  await owner.call('PATCH', `/rooms/${room}`, { capacity: 12 })
  const more = await Promise.all(crowd.map((person) => person.call('POST', `/rooms/${room}/join`)))
  assert.equal(more.filter(({ status }) => status === 200).length, 11, 'nine are in already')
  await assertMembers(owner, room, watcher, 12)
  watcher.close()
})
