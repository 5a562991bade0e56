import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { Parked, retryParked } from '../../src/adapters/sql/postgres/parked.ts'
import { openPostgresStore, type PostgresStore } from '../../src/adapters/sql/postgres/store.ts'
import { openWriteBack } from '../../src/adapters/sql/postgres/write-back.ts'
import { partitionOf } from '../../src/core/partition.ts'
import { FIRST, type Lease, type LogEntry, type WriteBackDatabase } from '../../src/ports/write-back.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { eventually } from '../support/witnesses.ts'
import { newRoom, newUsers } from './store.ts'

const PARTITIONS = 4
const LIFE_MS = 60_000
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

type Body = Partial<RoomEvent> & { type: RoomEvent['type']; actor: string }

describe('the database of the write-back worker', () => {
  let postgres: Postgres
  let url: string
  let store: PostgresStore
  let database: WriteBackDatabase
  let users: string[]
  let room: string
  /** Of the room's partition. */
  let lease: Lease
  /** The room's head. */
  let seq: number
  let n: number
  let entries = 0

  before(async () => {
    postgres = await startPostgres({ fsync: false })
  })
  after(() => postgres.stop())

  beforeEach(async () => {
    url = await postgres.createDatabase()
    store = await openPostgresStore({ url, partitions: PARTITIONS })
    database = openWriteBack(url)
    users = await newUsers(store, 3)
    room = await newRoom(store, users)
    seq = users.length
    n = 0
    lease = await leaseOf(room)
  })

  afterEach(async () => {
    await database.close()
    await store.close()
  })

  async function leaseOf(id: string, worker = 'w'): Promise<Lease> {
    const leases = await database.lease(worker, LIFE_MS)
    const found = leases.find(({ partition }) => partition === partitionOf(id, PARTITIONS))
    assert.ok(found)
    return found
  }

  /** The next entry of the room. */
  function entry(event: Body, raw?: string): LogEntry {
    seq++
    if (event.type === 'message') n++
    const whole = { seq, at: 1_000 + seq, ...(event.type === 'message' && { n }), ...event }
    return { id: `${++entries}-0`, at: Date.now(), room, seq, n, event: raw ?? JSON.stringify(whole) }
  }

  const message = (user: number, clientMessageId: string, body: string | null, more: object = {}): LogEntry =>
    entry({ type: 'message', actor: users[user] as string, clientMessageId, body, ...more } as Body)
  const edit = (user: number, target: number, body: string | null): LogEntry =>
    entry({ type: 'edit', actor: users[user] as string, target, body } as Body)
  const erase = (user: number, target: number): LogEntry =>
    entry({ type: 'delete', actor: users[user] as string, target } as Body)
  const react = (user: number, target: number, emoji: string, on: boolean): LogEntry =>
    entry({ type: 'reaction', actor: users[user] as string, target, emoji, on } as Body)

  /** Writes entries as the holder of the lease. */
  async function write(...written: LogEntry[]): Promise<void> {
    assert.deepEqual(await database.persist('w', [{ lease, entries: written }]), {
      state: 'written',
      entries: written.length,
    })
    lease = { ...lease, position: (written.at(-1) as LogEntry).id }
  }

  async function rows<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client(url)
    await client.connect()
    try {
      return (await client.query<Row>(text, values)).rows
    } finally {
      await client.end()
    }
  }

  const messageAt = async (at: number): Promise<Message> => (await store.history.message(room, at)) as Message
  const clean = async (): Promise<void> => assert.deepEqual((await store.verify()).problems, [])

  test('a batch is in the database with its counters, cursors and all that happened to a message in it', async () => {
    const first = message(0, 'a', 'one', { mentions: [users[1]] })
    const second = message(1, 'b', 'two', { replyTo: first.seq })
    await write(
      first,
      second,
      edit(0, first.seq, 'one!'),
      react(1, first.seq, '👍', true),
      react(2, first.seq, '👍', true),
      react(1, first.seq, '👍', false),
      react(2, second.seq, '❤️', true),
      erase(1, second.seq),
    )
    const { messages, head } = await store.history.messages(room, { limit: 10 })
    assert.equal(head, seq)
    assert.deepEqual(
      messages.map(({ body, rev, editedAt, deletedAt, reactions, mentions }) => {
        return { body, rev, edited: editedAt !== undefined, deleted: deletedAt !== undefined, reactions, mentions }
      }),
      [
        {
          body: 'one!',
          rev: first.seq + 5,
          edited: true,
          deleted: false,
          reactions: [{ emoji: '👍', count: 1, users: [users[2]] }],
          mentions: [],
        },
        { body: null, rev: seq, edited: false, deleted: true, reactions: [], mentions: [] },
      ],
    )
    const { events } = await store.log.read(room, first.seq - 1, 100)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['message', 'message', 'edit', 'reaction', 'reaction', 'reaction', 'reaction', 'delete'],
    )
    assert.equal((await store.memberships.get(room, users[1] as string))?.readSeq, second.seq)
    assert.equal((await store.memberships.ofUser(users[0] as string, null, 5)).items[0]?.lastMessage?.seq, second.seq)
    await clean()
  })

  test('later batches change messages of earlier ones', async () => {
    const first = message(0, 'a', 'one')
    const second = message(1, 'b', 'two')
    await write(first, second, react(2, first.seq, '👍', true), react(2, second.seq, '👍', true))
    await write(
      react(1, first.seq, '👍', true),
      react(1, first.seq, '❤️', true),
      react(2, first.seq, '👍', false),
      edit(0, first.seq, 'one!'),
      react(0, second.seq, '❤️', true),
      erase(1, second.seq),
    )
    await write(edit(0, first.seq, 'one!!'), react(2, first.seq, '👍', true))
    const now = await messageAt(first.seq)
    assert.equal(now.body, 'one!!')
    assert.equal(now.rev, seq)
    assert.deepEqual(now.reactions, [
      { emoji: '👍', count: 2, users: [users[1], users[2]] },
      { emoji: '❤️', count: 1, users: [users[1]] },
    ])
    const gone = await messageAt(second.seq)
    assert.equal(gone.body, null)
    assert.ok(gone.deletedAt !== undefined)
    assert.deepEqual(gone.reactions, [])
    await clean()
  })

  test('a text that was erased before it was written stays erased, also when the delete is lost', async () => {
    const first = message(0, 'a', null)
    await write(first)
    assert.ok((await messageAt(first.seq)).deletedAt !== undefined)
    await clean()
    await write(edit(0, first.seq, null), react(1, first.seq, '👍', true))
    await clean()
    const last = erase(0, first.seq)
    await write(last)
    assert.equal((await messageAt(first.seq)).deletedAt, 1_000 + last.seq)
    await clean()
  })

  test('joins, leaves, roles and changes of the room are written as they are', async () => {
    const user = users[1] as string
    const actor = users[0] as string
    await write(
      entry({ type: 'member', actor, user, role: 'moderator' } as Body),
      entry({ type: 'leave', actor, user, reason: 'kicked' } as Body),
      entry({ type: 'join', actor: user, user, role: 'member' } as Body),
      entry({ type: 'room', actor, changes: { title: 'new' } } as Body),
    )
    const { events } = await store.log.read(room, users.length, 10)
    assert.deepEqual(
      events.map(({ seq: _, at: __, ...rest }) => rest),
      [
        { type: 'member', actor, user, role: 'moderator' },
        { type: 'leave', actor, user, reason: 'kicked' },
        { type: 'join', actor: user, user, role: 'member' },
        { type: 'room', actor, changes: { title: 'new' } },
      ],
    )
    assert.equal((await store.memberships.get(room, user))?.readSeq, seq - 1)
    await clean()
  })

  test('[P2] what another worker wrote, what is of an old epoch and what was robbed is not written', async () => {
    const mine = { lease, entries: [message(0, 'a', 'one')] }
    const nothing = async (why: string, worker: string, piece: typeof mine) => {
      assert.deepEqual(await database.persist(worker, [piece]), { state: 'lost' }, why)
      assert.equal((await store.log.head(room))?.seq, users.length, why)
    }
    await nothing('another worker', 'v', mine)
    await nothing('an old epoch', 'w', { ...mine, lease: { ...lease, epoch: lease.epoch - 1 } })
    await nothing('another place', 'w', { ...mine, lease: { ...lease, position: '7-7' } })
    await write(...mine.entries)
    assert.deepEqual(await database.persist('w', [mine]), {
      state: 'refused',
      ...brokenAt(mine.entries[0] as LogEntry),
    })
    await clean()
  })

  test('[P2] a partition that comes back after another worker had it goes on where that one stopped', async () => {
    await write(message(0, 'a', 'one'))
    const other = openWriteBack(url)
    try {
      const second = message(0, 'b', 'two')
      await database.release('w')
      const theirs = (await other.lease('v', LIFE_MS)).find(({ partition }) => partition === lease.partition) as Lease
      assert.equal((await other.persist('v', [{ lease: theirs, entries: [second] }])).state, 'written')
      await other.release('v')
      lease = await leaseOf(room)
      await write(message(0, 'c', 'three'))
      await clean()
    } finally {
      await other.close()
    }
  })

  const brokenAt = (first: LogEntry) => ({
    partition: partitionOf(room, PARTITIONS),
    why: `room ${room} goes on with event ${first.seq} (message 1) after event ${first.seq} (message 1)`,
    broken: true,
  })

  test('[P2] of several partitions all is written or nothing', async () => {
    let other = room
    while (partitionOf(other, PARTITIONS) === partitionOf(room, PARTITIONS)) other = await newRoom(store, users)
    const there = await leaseOf(other)
    const event = { type: 'message', actor: users[0], at: 1, n: 1, clientMessageId: 'x', body: 'there' }
    const elsewhere: LogEntry = { id: '1-0', at: 1, room: other, seq: seq + 1, n: 1, event: JSON.stringify(event) }
    const pieces = [
      { lease, entries: [message(0, 'a', 'one')] },
      { lease: { ...there, epoch: 9 }, entries: [elsewhere] },
    ]
    assert.deepEqual(await database.persist('w', pieces), { state: 'lost' })
    assert.equal((await store.log.head(room))?.seq, users.length)
    const right = [pieces[0] as (typeof pieces)[0], { lease: there, entries: [elsewhere] }]
    assert.deepEqual(await database.persist('w', right), { state: 'written', entries: 2 })
    await clean()
  })

  test('[P3] a client message id that the room has already is written under a name of its own', async () => {
    const [first, again] = [message(0, 'a', 'one'), message(0, 'a', 'in the same batch')]
    await write(first, again)
    await write(message(0, 'a', 'in a later batch'), message(1, 'a', 'of somebody else'))
    const { messages } = await store.history.messages(room, { limit: 10 })
    assert.deepEqual(
      messages.map((each) => each.clientMessageId),
      ['a', `a#${first.seq + 1}`, `a#${first.seq + 2}`, 'a'],
    )
    await clean()
  })

  test('what the database cannot hold is refused, and nothing else with it', async () => {
    const good = message(0, 'a', 'one')
    const bad = message(1, 'b', 'two\0')
    const outcome = await database.persist('w', [{ lease, entries: [good, bad] }])
    assert.equal(outcome.state, 'refused')
    assert.equal((await store.log.head(room))?.seq, users.length)
    await write(good)
    for (const [event, why] of [
      ['{', /no JSON/],
      ['{"type":"message"}', /lacks/],
      ['{"type":"message","actor":"nobody","at":1}', /no user/],
      ['{"type":"message","actor":"nobody","at":1,"body":["\\""]}', /odd body/],
      ['{"type":"message","actor":"nobody","at":1,"replyTo":"1,2"}', /odd replyTo/],
    ] as const) {
      const refused = await database.persist('w', [{ lease, entries: [{ ...bad, event }] }])
      assert.equal(refused.state, 'refused')
      assert.match(refused.state === 'refused' ? refused.why : '', why)
    }
  })

  test('a parked entry leaves a place without content; later changes of it hold when it is written after all', async () => {
    const bad = message(0, 'a', 'text\0')
    await database.park('w', lease, bad, 'a reason', 5)
    lease = { ...lease, position: bad.id }
    assert.equal((await messageAt(bad.seq)).body, '')
    await write(message(1, 'b', 'goes on'), react(1, bad.seq, '👍', true))
    await clean()

    const parked = await Parked.open(url)
    try {
      const [listed] = await parked.list()
      assert.equal(listed?.seq, bad.seq)
      assert.equal(listed?.why, 'a reason')
      assert.equal(await database.parkedCount(), 1)
      const id = listed?.id as number
      assert.match(JSON.stringify(await parked.retry(id)), /"ok":false/)
      assert.equal((await parked.list())[0]?.tries, 6)
      await rows(`UPDATE parked SET payload = replace(payload, '\\u0000', '')`)
      assert.deepEqual(await parked.retry(id), { ok: true })
      const now = await messageAt(bad.seq)
      assert.equal(now.body, 'text')
      assert.equal(now.clientMessageId, 'a')
      assert.equal(now.reactions[0]?.count, 1)
      assert.equal(await database.parkedCount(), 0)
      await clean()
    } finally {
      await parked.close()
    }
  })

  test('a parked message that was edited since keeps the edit; one that was deleted stays erased', async () => {
    const edited = message(0, 'a', 'first text')
    await database.park('w', lease, edited, 'why', 1)
    lease = { ...lease, position: edited.id }
    const deleted = message(0, 'b', 'secret')
    await database.park('w', lease, deleted, 'why', 1)
    lease = { ...lease, position: deleted.id }
    await write(edit(0, edited.seq, 'second text'), erase(0, deleted.seq))
    const parked = await Parked.open(url)
    try {
      const listed = await parked.list()
      assert.deepEqual(
        listed.map((each) => each.seq),
        [edited.seq],
      )
      assert.deepEqual(await parked.retry(listed[0]?.id as number), { ok: true })
      assert.equal((await messageAt(edited.seq)).body, 'second text')
      assert.equal((await messageAt(deleted.seq)).body, null)
      assert.deepEqual(await rows(`SELECT 1 FROM parked`), [])
      await clean()
    } finally {
      await parked.close()
    }
  })

  test('a parked edit, reaction or delete takes effect when it is written after all, in its place', async () => {
    const first = message(0, 'a', 'one')
    const second = message(1, 'b', 'two')
    await write(first, second)
    for (const each of [edit(0, first.seq, 'ONE'), react(2, first.seq, '👍', true), erase(1, second.seq)]) {
      await database.park('w', lease, each, 'why', 1)
      lease = { ...lease, position: each.id }
    }
    await write(message(1, 'c', 'goes on'))
    await clean()
    const parked = await Parked.open(url)
    try {
      for (const { id } of await parked.list()) assert.deepEqual(await parked.retry(id), { ok: true })
    } finally {
      await parked.close()
    }
    const now = await messageAt(first.seq)
    assert.equal(now.body, 'ONE')
    assert.equal(now.reactions[0]?.count, 1)
    assert.equal((await messageAt(second.seq)).body, null)
    const { events } = await store.log.read(room, second.seq, 3)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['edit', 'reaction', 'delete'],
    )
    await clean()
  })

  test('who is mentioned in what was parked finds it unread once it is written; in what is deleted nobody does', async () => {
    const [, bob, cyd] = users as [string, string, string]
    const mentioning = message(0, 'a', '@bob', { mentions: [bob] })
    await database.park('w', lease, mentioning, 'why', 1)
    lease = { ...lease, position: mentioning.id }
    const edited = message(0, 'b', '@bob', { mentions: [bob] })
    const deleted = message(0, 'c', '@bob @cyd', { mentions: [bob, cyd] })
    await write(edited, deleted)
    const editing = entry({
      type: 'edit',
      actor: users[0] as string,
      target: edited.seq,
      body: '@cyd',
      mentions: [cyd],
    })
    for (const each of [editing, erase(0, deleted.seq)]) {
      await database.park('w', lease, each, 'why', 1)
      lease = { ...lease, position: each.id }
    }
    const unread = async (user: string) => (await store.memberships.ofUser(user, null, 1)).items[0]?.unreadMentions
    assert.deepEqual([await unread(bob), await unread(cyd)], [[2, 3], [3]])
    const parked = await Parked.open(url)
    try {
      for (const { id } of await parked.list()) assert.deepEqual(await parked.retry(id), { ok: true })
    } finally {
      await parked.close()
    }
    assert.deepEqual([await unread(bob), await unread(cyd)], [[1], [2]])
  })

  test('a connection that is lost while a parked entry is written ends in `unavailable`, and the entry stays', async () => {
    const entry = message(0, 'a', 'text')
    await database.park('w', lease, entry, 'why', 5)
    lease = { ...lease, position: entry.id }
    const parked = async () => rows<{ pk: number; tries: number }>('SELECT pk::int, tries FROM parked')
    const [before] = await parked()
    const holder = new pg.Client(url)
    await holder.connect()
    try {
      await holder.query('BEGIN')
      await holder.query('SELECT 1 FROM rooms WHERE id = $1 FOR UPDATE', [room])
      const refused = assert.rejects(retryParked(url, before?.pk as number), { code: 'unavailable' })
      const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'yeoul parked' AND wait_event_type = 'Lock'`
      await eventually(
        async () => (await rows(cut)).length > 0,
        () => 'nobody waits for the room',
      )
      await refused
    } finally {
      await holder.end()
    }
    assert.deepEqual(await parked(), [before])
  })

  test('an entry that nobody can read is parked too, and what is dropped is gone', async () => {
    const bad = entry({ type: 'message', actor: 'x' }, '{"type":')
    await database.park('w', lease, bad, 'why', 1)
    lease = { ...lease, position: bad.id }
    await write(message(1, 'c', 'goes on'))
    await clean()
    const parked = await Parked.open(url)
    try {
      const [listed] = await parked.list()
      assert.equal(await parked.drop(listed?.id as number), true)
      assert.equal(await parked.drop(listed?.id as number), false)
      assert.equal((await messageAt(bad.seq)).body, '')
    } finally {
      await parked.close()
    }
  })

  test('yeoul parked lists, retries and drops what was set aside, and never prints what it holds', async () => {
    for (const each of [message(0, 'a', 'a secret'), message(0, 'b', 'another\0'), message(0, 'c', 'a third')]) {
      await database.park('w', lease, each, 'why', 1)
      lease = { ...lease, position: each.id }
    }
    const parked = (...args: string[]) =>
      spawnSync(process.execPath, [MAIN, 'parked', ...args], {
        env: { PATH: process.env.PATH, YEOUL_DATABASE_URL: url },
        encoding: 'utf8',
      })
    const listed = parked('list')
    assert.match(listed.stdout, /3 parked\./)
    assert.ok(!listed.stdout.includes('secret'))
    const ids = [...listed.stdout.matchAll(/^(\d+) /gm)].map(([, id]) => id as string)
    assert.equal(parked('retry', ids[0] as string).status, 0)
    const refused = parked('retry', 'all')
    assert.equal(refused.status, 1)
    assert.match(refused.stdout, /is refused again/)
    assert.match(parked('drop', ids[1] as string).stdout, /is dropped/)
    assert.equal(parked('list').stdout, 'No entry is parked.\n')
    assert.match(parked('drop', '999').stderr, /^yeoul: No parked entry 999/)
    const { messages } = await store.history.messages(room, { limit: 3 })
    assert.deepEqual(
      messages.map(({ body }) => body),
      ['a secret', '', 'a third'],
    )
    await clean()
  })

  test('partitions are shared evenly, come free when their holder goes silent, and go back to who comes anew', async () => {
    const held = async (worker: string, lifeMs = LIFE_MS) => (await database.lease(worker, lifeMs)).length
    assert.equal(await held('w'), PARTITIONS)
    assert.equal(await held('v'), PARTITIONS / 2)
    assert.equal(await held('w'), PARTITIONS / 2)
    assert.equal(await held('u'), 1, 'three workers: the third takes what one had too many')
    assert.deepEqual([await held('w'), await held('v'), await held('u')].sort(), [1, 1, 2])

    assert.equal((await held('v', 100)) > 0, true)
    await database.release('u')
    await sleep(150)
    assert.equal(await held('w'), PARTITIONS, 'one went silent and one gave back')
  })

  test('[P4] a settled partition is in a new epoch with its rooms, and no other one is', async () => {
    await write(message(0, 'a', 'one'))
    let other = room
    while (partitionOf(other, PARTITIONS) === partitionOf(room, PARTITIONS)) other = await newRoom(store, users)
    const first = await database.settle('w', lease, 'instance 1', 1)
    assert.deepEqual(
      first,
      { ...lease, owner: 'instance 1', position: FIRST },
      'no log had it before: nothing was lost',
    )
    await store.memberships.saveProgress([{ room, user: users[2] as string, seq: 99, n: 50 }], [])

    const second = await database.settle('w', first as Lease, 'instance 2', 1)
    assert.equal(second?.epoch, lease.epoch + 1)
    assert.equal((await store.log.head(room))?.epoch, 2)
    assert.equal((await store.log.head(other))?.epoch, 1)
    const cursor = await store.memberships.get(room, users[2] as string)
    assert.deepEqual([cursor?.readSeq, cursor?.readN], [seq, n], 'nobody has read what is lost')
    assert.equal(await database.settle('w', first as Lease, 'instance 3', 1), null, 'somebody was here before')
    assert.deepEqual(await database.persist('w', [{ lease: first as Lease, entries: [message(0, 'b', 'late')] }]), {
      state: 'lost',
    })
    await clean()
  })
})
