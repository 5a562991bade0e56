import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openWriteBack } from '../../src/adapters/sql/postgres/write-back.ts'
import { partitionOf } from '../../src/core/partition.ts'
import { FIRST, type Lease, type LogEntry } from '../../src/ports/write-back.ts'
import { newRoom } from './store.ts'
import {
  type Body,
  clean,
  database,
  edit,
  entry,
  erase,
  holdAgain,
  LIFE_MS,
  lease,
  leaseOf,
  message,
  messageAt,
  n,
  PARTITIONS,
  react,
  room,
  seq,
  store,
  url,
  users,
  withOneRoom,
  write,
} from './write-back-room.ts'

describe('the database of the write-back worker', () => {
  withOneRoom()

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
      await holdAgain()
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
