/** What holds when several nodes share one PostgreSQL database. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { openPostgresStore, type PostgresStore, raiseEpochs, WrongCluster } from '../../src/adapters/sql/index.ts'
import { Pool } from '../../src/adapters/sql/postgres/pool.ts'
import { partitionOf } from '../../src/core/partition.ts'
import type { Appended, Draft, MessageDraft } from '../../src/ports/log.ts'
import type { RoomEvent } from '../../src/protocol/model.ts'
import { Random } from '../support/random.ts'
import { allEvents, message, newLogin, newRoom, newUser, newUsers, say } from './store.ts'

const PARTITIONS = 16

describe('nodes that share a PostgreSQL database', () => {
  let postgres: Postgres
  let url: string
  let nodes: [PostgresStore, PostgresStore]

  before(async () => {
    // Whatever an operator has made the default.
    const settings = { default_transaction_isolation: 'repeatable read' }
    postgres = await startPostgres({ fsync: false, settings })
  })
  after(() => postgres.stop())
  beforeEach(async () => {
    url = await postgres.createDatabase()
    const open = () => openPostgresStore({ url, partitions: PARTITIONS })
    nodes = await Promise.all([open(), open()])
  })
  afterEach(() => Promise.all(nodes.map((node) => node.close())))

  test('[P2] [P3] [P5] two nodes append to the same rooms at once while members come and go, and nobody is told of a conflict', async (t) => {
    const users = await newUsers(nodes[0], 12)
    const rooms = await Promise.all(Array.from({ length: 8 }, () => newRoom(nodes[0], users)))
    const { seed } = new Random()
    t.diagnostic(`SEED=${seed}`)
    const stored: { draft: MessageDraft; appended: Appended & { ok: true } }[] = []
    const until = performance.now() + 2_500
    const sender = async (node: PostgresStore, other: PostgresStore, random: Random) => {
      while (performance.now() < until || stored.length <= 300) {
        const drafts = Array.from({ length: random.whole(1, 12) }, (): Draft => {
          const [room, actor, target] = [random.pick(rooms), random.pick(users), random.whole(13, 53)]
          if (random.chance(0.7)) return message(room, actor, `m${random.next()}`)
          if (random.chance(0.3)) return { type: 'edit', room, actor, target, body: 'edited', mentions: [] }
          if (random.chance(0.2)) return { type: 'delete', room, actor, target, moderate: true }
          return {
            type: 'reaction',
            room,
            actor,
            target,
            emoji: random.pick(['👍', '❤️']),
            on: random.chance(0.6),
            most: 5,
          }
        })
        const results = await node.log.append(drafts)
        const sent = drafts.flatMap((draft, i) => {
          const appended = results[i] as Appended
          return draft.type === 'message' && appended.ok ? [{ draft, appended }] : []
        })
        stored.push(...sent)
        if (random.chance(0.7) || sent.length === 0) continue
        // The same again, by way of the other node.
        const again = await other.log.append(sent.map(({ draft }) => ({ ...draft, retry: true })))
        assert.deepEqual(
          again,
          sent.map(({ appended }) => ({ ...appended, duplicate: true })),
        )
      }
    }
    const comings = async (node: PostgresStore, random: Random) => {
      while (performance.now() < until) {
        // The first user stays: a room keeps an owner.
        const [room, user] = [random.pick(rooms), random.pick(users.slice(1))]
        if (random.chance(0.4)) await node.memberships.end(room, user, user, Date.now(), 'left')
        else await node.memberships.join(room, user, user, Date.now())
        const cursors = users.map((each) => ({ room, user: each, seq: 1, n: 0 }))
        if (random.chance(0.2)) await node.memberships.saveProgress(cursors, [{ room, user, at: 5 }])
      }
    }
    await Promise.all([
      ...nodes.flatMap((node, i) =>
        [1, 2, 3].map((k) => sender(node, nodes[1 - i] as PostgresStore, new Random(seed + 10 * i + k))),
      ),
      ...nodes.flatMap((node, i) => [4, 5].map((k) => comings(node, new Random(seed + 10 * i + k)))),
    ])
    for (const node of nodes) assert.deepEqual((await node.verify()).problems, [])
    for (const room of rooms) {
      const events = await allEvents(nodes[0], room, 500)
      assert.deepEqual(
        events.map((event) => event.seq),
        events.map((_, i) => i + 1),
      )
      assertOnlyMembersSpeak(events)
      const sent = stored.filter(({ draft }) => draft.room === room)
      assert.equal(sent.length, events.filter((event) => event.type === 'message').length)
      for (const { draft, appended } of sent) {
        const event = events[appended.seq - 1]
        assert.ok(event?.type === 'message' && event.clientMessageId === draft.clientMessageId)
      }
    }
  })

  test('[P3] a repeat on another node gets the first seq back, also while the first is under way', async () => {
    const ann = await newUser(nodes[0])
    const room = await newRoom(nodes[0], [ann])
    for (let i = 0; i < 30; i++) {
      const draft = message(room, ann, `m${i}`)
      const both = await Promise.all(nodes.map((node) => node.log.append([draft])))
      const [[one], [two]] = both as [[Appended], [Appended]]
      assert.ok(one.ok && two.ok)
      assert.equal(one.seq, two.seq)
      assert.deepEqual([one.duplicate, two.duplicate].toSorted(), [false, true])
    }
    assert.equal((await nodes[0].log.head(room))?.seq, 31)
  })

  test('a crowd that comes through two nodes at once fills a room exactly', async () => {
    const [owner, ...crowd] = (await newUsers(nodes[0], 81)) as [string, ...string[]]
    const room = await newRoom(nodes[0], [owner], { capacity: 20 })
    const outcomes = await Promise.allSettled(
      crowd.map((user, i) => (nodes[i % 2] as PostgresStore).memberships.join(room, user, user, 9)),
    )
    assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 19)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'room_full')
    }
    assert.equal((await nodes[1].rooms.get(room))?.memberCount, 20)
    assert.deepEqual((await nodes[0].verify()).problems, [])
  })

  test('[P5] on every node nobody appends after leaving on another one, and somebody who joined there does', async () => {
    const [ann, bob] = (await newUsers(nodes[0], 2)) as [string, string]
    const room = await newRoom(nodes[0], [ann])
    for (let i = 0; i < 20; i++) {
      await (nodes[i % 2] as PostgresStore).memberships.join(room, bob, bob, 9)
      await say(nodes[(i + 1) % 2] as PostgresStore, room, bob, 'in')
      await (nodes[i % 2] as PostgresStore).memberships.end(room, bob, bob, 9, 'left')
      const [appended] = await (nodes[(i + 1) % 2] as PostgresStore).log.append([message(room, bob, 'out')])
      assert.deepEqual(appended, { ok: false, code: 'not_a_member' })
    }
  })

  test('one name, one direct room, one set-up link, one successor of a token: whichever node is asked at the same instant', async () => {
    const [ann, bob] = (await newUsers(nodes[0], 2)) as [string, string]
    for (let i = 0; i < 10; i++) {
      const names = await Promise.allSettled(nodes.map((node) => newUser(node, `same${i}`)))
      assert.deepEqual(names.map((each) => each.status).toSorted(), ['fulfilled', 'rejected'])
    }
    const rooms = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (nodes[i % 2] as PostgresStore).rooms.create({
          id: crypto.randomUUID(),
          kind: 'direct',
          title: '',
          capacity: null,
          createdBy: ann,
          at: 7,
          memberIds: [bob],
        }),
      ),
    )
    assert.equal(new Set(rooms.map(({ room }) => room.id)).size, 1)
    assert.equal(rooms.filter(({ created }) => created).length, 1)
    await Promise.all(nodes.map((node) => node.accounts.offerSetup('the same link', 99)))
    const login = newLogin({ sid: 'sid', user: ann, createdAt: 1, expiresAt: 1_000 })
    await nodes[0].logins.start(login, 'first')
    const spends = await Promise.all(
      nodes.map((node, i) =>
        node.logins.rotate({
          tokenHash: 'first',
          nextHash: `next${i}`,
          sealed: '',
          at: 2,
          expiresAt: 1_000,
          graceMs: 0,
        }),
      ),
    )
    assert.deepEqual(spends.map(({ ok }) => ok).toSorted(), [false, true])
  })

  test('rooms know their partition; a node of another number of partitions is told so in one line', async () => {
    const ann = await newUser(nodes[0])
    const room = await newRoom(nodes[0], [ann])
    const { rows } = await query(url, 'SELECT partition FROM rooms WHERE id = $1', [room])
    assert.equal(Number(rows[0].partition), partitionOf(room, PARTITIONS))
    assert.deepEqual(nodes[0].cluster, nodes[1].cluster)
    await assert.rejects(openPostgresStore({ url, partitions: 8 }), (error) => {
      assert.ok(error instanceof WrongCluster)
      assert.match(error.message, /^the database belongs to a cluster of 16 partitions.*YEOUL_PARTITIONS=16$/)
      return true
    })
    await query(url, 'UPDATE rooms SET partition = (partition + 1) % 16 WHERE id = $1', [room])
    assert.match((await nodes[0].verify()).problems.join(), /it is kept as of partition/)
  })

  test('all nodes keep their log in one place: one that is set to another refuses to start, until all were stopped and the epochs raised', async () => {
    const own = await postgres.createDatabase()
    const open = (keepsLogIn?: 'sql' | 'redis') => openPostgresStore({ url: own, partitions: PARTITIONS, keepsLogIn })
    const first = await Promise.allSettled([open('redis'), open('sql'), open('redis'), open('sql')])
    const opened = first.filter((each) => each.status === 'fulfilled')
    assert.equal(opened.length, 2, 'of those that start at the same time one kind')
    const refused = first.find((each) => each.status === 'rejected')?.reason
    assert.ok(refused instanceof WrongCluster)
    assert.match(refused.message, /^the nodes of this cluster keep their log in (sql|redis), and this one is set to/)
    await (await open()).close()
    for (const { value } of opened) await value.close()
    const [other, same] = refused.message.includes('in sql') ? (['redis', 'sql'] as const) : (['sql', 'redis'] as const)
    await assert.rejects(open(other), WrongCluster)
    await raiseEpochs(own)
    await (await open(other)).close()
    await assert.rejects(open(same), WrongCluster)
  })

  test('a schema that only grew is no hindrance to the nodes of before; one that did more stops them with a clear message', async () => {
    const from = (incompatible: boolean) =>
      query(url, `INSERT INTO schema_steps VALUES ($1, 'from the future', 0, $2)`, [
        incompatible ? 999 : 998,
        incompatible,
      ])
    await from(false)
    await (await openPostgresStore({ url, partitions: PARTITIONS })).close()
    await from(true)
    await assert.rejects(openPostgresStore({ url, partitions: PARTITIONS }), /schema version 999.*use a newer Yeoul/)
  })

  test('an audit says in plain words what is wrong', async () => {
    const [ann, bob] = (await newUsers(nodes[0], 2)) as [string, string]
    const room = await newRoom(nodes[0], [ann, bob])
    const target = await say(nodes[0], room, ann, 'x')
    await say(nodes[0], room, ann, 'y')
    const reaction = { type: 'reaction', room, actor: bob, target, emoji: '👍', on: true, most: 5 } as const
    await nodes[0].log.append([reaction, { ...reaction, emoji: '❤️' }])
    const damage: [sql: string, told: RegExp][] = [
      ['DELETE FROM events WHERE seq = 4', /the events after 3 go on with 5/],
      ['UPDATE events SET n = 7 WHERE seq = 4', /event 4 counts 7 messages, not 2/],
      ['UPDATE rooms SET seq = 9', /its head is 9, its last event is 6/],
      ['UPDATE rooms SET member_count = 5', /it counts 5 members and has 2/],
      ['UPDATE events SET room_pk = 99 WHERE seq = 6', /Event 6 belongs to a room that does not exist/],
      ['UPDATE events SET target = 2 WHERE seq = 5', /event 5 refers to message 2, which does not exist/],
      ['UPDATE events SET deleted_at = 1 WHERE seq = 4', /deleted message 4 still has content/],
      ['DELETE FROM reactions', /message 3 counts other reactions than it has/],
      ['UPDATE reactions SET target = 4', /message 4 has reactions that it does not show/],
    ]
    for (const [sql, told] of damage) {
      await query(url, `CREATE DATABASE damaged TEMPLATE ${await freed(url, nodes)}`, [], postgres.url)
      const damaged = url.replace(/[^/]+$/, 'damaged')
      await query(damaged, sql)
      const store = await openPostgresStore({ url: damaged, partitions: PARTITIONS })
      const { problems } = await store.verify()
      await store.close()
      await query(url, 'DROP DATABASE damaged', [], postgres.url)
      assert.match(problems.join(' '), told, sql)
    }
  })

  test('however many processes start at once on an empty database, its schema is made once', async () => {
    const empty = await postgres.createDatabase()
    const script = `
      import { openPostgresStore } from ${JSON.stringify(new URL('../../src/adapters/sql/index.ts', import.meta.url).href)}
      const open = () => openPostgresStore({ url: ${JSON.stringify(empty)}, partitions: 16 })
      for (const store of await Promise.all([open(), open()])) await store.close()`
    const codes = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
        return (await once(child, 'exit'))[0]
      }),
    )
    assert.deepEqual(codes, [0, 0, 0])
    assert.equal((await query(empty, 'SELECT 1 FROM cluster')).rows.length, 1)
    const { rows } = await query(empty, 'SELECT count(*)::int AS steps, max(version)::int AS newest FROM schema_steps')
    assert.equal(rows[0].steps, rows[0].newest)
  })

  test('[P5] a standby that was behind takes over, and gives keys that were lost to others: nothing reaches those by them', async () => {
    const [node, other] = nodes
    const [ann, bob] = (await newUsers(node, 2)) as [string, string]
    const name = await freed(url, nodes)
    await query(url, `CREATE DATABASE ${name}_behind TEMPLATE ${name}`, [], postgres.url)
    const lost = await newRoom(node, [ann])
    await say(node, lost, ann, 'before')
    await freed(url, nodes)
    await query(url, `ALTER DATABASE ${name} RENAME TO ${name}_lost`, [], postgres.url)
    await query(url, `ALTER DATABASE ${name}_behind RENAME TO ${name}`, [], postgres.url)
    const next = await newRoom(other, [bob, ann])
    const [answer] = await node.log.append([message(lost, ann, 'for the lost room')])
    assert.deepEqual(answer, { ok: false, code: 'room_not_found' })
    assert.equal((await node.log.read(next, 0, 10)).events.filter(({ type }) => type === 'message').length, 0)
  })

  test('nothing that a node asks while people talk goes through a whole table', async () => {
    const own = await postgres.createDatabase()
    const scans = async () => {
      const { rows } = await query(own, 'SELECT relname, seq_scan::int FROM pg_stat_user_tables')
      return new Map(rows.map(({ relname, seq_scan }) => [relname, seq_scan]))
    }
    const node = await openPostgresStore({ url: own, partitions: PARTITIONS })
    // Making its indexes went through each table.
    const before = await scans()
    const users = (await newUsers(node, 20)) as [string, string, ...string[]]
    const [ann, bob] = users
    const room = await newRoom(node, users)
    for (let i = 0; i < 20; i++) {
      const target = await say(node, room, ann, `m${i}`)
      await node.log.append([
        message(room, bob, 'an answer', { replyTo: target, mentions: [ann] }),
        { type: 'edit', room, actor: ann, target, body: 'edited', mentions: [bob] },
        { type: 'reaction', room, actor: bob, target, emoji: '👍', on: true, most: 5 },
        { type: 'delete', room, actor: ann, target, moderate: false },
      ])
      await node.memberships.end(room, users[3] as string, ann, 9, 'kicked')
      await node.memberships.join(room, users[3] as string, users[3] as string, 9)
      await node.memberships.saveProgress([{ room, user: bob, seq: target, n: 1 }], [{ room, user: ann, at: 9 }])
      await node.history.messages(room, { limit: 5 })
      await node.history.messages(room, { limit: 5, after: 3 })
      await node.history.countUpTo(room, target)
      await node.history.seqOf(room, 1)
      await node.history.notices(room, { after: 0, before: target, limit: 5 })
      await node.log.read(room, 0, 50)
      await node.log.heads([room])
      await node.rooms.access(room, ann)
      await node.rooms.get(room)
      await node.rooms.listOpen('', null, 10)
      await node.memberships.get(room, ann)
      await node.memberships.list(room, null, 5)
      await node.memberships.list(room, null, 5, { among: [ann, bob] })
      await node.memberships.list(room, null, 5, { q: 'a' })
      await node.memberships.bans(room, null, 5)
      await node.memberships.ofUser(ann, null, 5)
      await node.memberships.roomIdsOf(ann, 5)
      await node.accounts.byIds([ann, bob])
      await node.logins.start(newLogin({ sid: `${i}`, user: ann, createdAt: 1, expiresAt: 2 }), `token ${i}`)
      await node.logins.list(ann, null, 5)
      await node.logins.endOwn(ann, `${i}`, 1)
      await node.logins.endAll(ann, 1)
      await node.logins.endedSince(1)
      await node.administration.changedRoles(1)
    }
    // What a connection did is counted for good when it ends.
    await node.close()
    const after = await scans()
    const tables = ['users', 'rooms', 'members', 'bans', 'events', 'reactions', 'mentions', 'logins', 'refresh_tokens']
    for (const table of tables) assert.equal(after.get(table), before.get(table), table)
  })

  test('a few members who are named, and the logins of one user, are found without going through all others', async () => {
    const own = await postgres.createDatabase()
    const node = await openPostgresStore({ url: own, partitions: PARTITIONS })
    const [ann, bob] = (await newUsers(node, 2)) as [string, string]
    const room = await newRoom(node, [ann, bob])
    await query(
      own,
      `INSERT INTO users (id, username, display_name, password_hash, role, disabled, created_at)
         SELECT 'u' || i, 'u' || i, 'One of many', 'x', 'user', 0, 1 FROM generate_series(1, 500) i;
       INSERT INTO members (room_pk, user_pk, role, joined_at, read_seq, read_n)
         SELECT r.pk, u.pk, 2, 1, 0, 0 FROM rooms r, users u WHERE u.id LIKE 'u%';
       INSERT INTO logins (sid, user_pk, created_at, expires_at, cookie)
         SELECT 's' || pk, pk, 1, 9, 0 FROM users;
       ANALYZE`,
    )
    for (let i = 0; i < 10; i++) {
      const { items } = await node.memberships.list(room, null, 5, { among: [bob, ann] })
      assert.deepEqual(
        items.map(({ user }) => user),
        [ann, bob],
      )
      assert.equal((await node.logins.list(ann, null, 5)).items.length, 1)
    }
    await node.close()
    const { rows } = await query(
      own,
      `
      SELECT indexrelname, idx_tup_read::int AS read FROM pg_stat_user_indexes
      WHERE indexrelname IN ('members_by_role', 'logins_pkey')`,
    )
    for (const { indexrelname, read } of rows) assert.ok(read < 100, `${read} entries of ${indexrelname}`)
    assert.equal(rows.length, 2)
  })

  test('a database that cannot be reached stops the start with one line that names no password', async () => {
    await assert.rejects(
      openPostgresStore({ url: 'postgres://me:hidden@127.0.0.1:1/none', partitions: 16 }),
      (error) => {
        assert.match((error as Error).message, /^cannot reach the database: .*ECONNREFUSED/)
        return !(error as Error).message.includes('hidden')
      },
    )
  })

  test('[P1] a commit is synced although the database is set up not to wait for that', async () => {
    const client = new pg.Client(url)
    await client.connect()
    await client.query(`ALTER DATABASE "${new URL(url).pathname.slice(1)}" SET synchronous_commit = off`)
    await client.end()
    const pool = new Pool(url, { size: 1, plannedOnce: true, lost: () => {} })
    const shown = await pool.use((connection) => connection.rows({ name: 'show', text: 'SHOW synchronous_commit' }, []))
    await pool.end()
    assert.deepEqual(shown, [['on']])
  })

  test('[P1] a database that syncs nothing is told of in one line', async () => {
    const lines: string[] = []
    const store = await openPostgresStore({ url, partitions: PARTITIONS, log: (line) => lines.push(line) })
    await store.close()
    assert.deepEqual(lines.length, 1)
    assert.match(lines[0] as string, /fsync is off/)
  })
})

/** Walks a room's events: whoever does something is a member at that place. */
function assertOnlyMembersSpeak(events: RoomEvent[]): void {
  const members = new Set<string>()
  for (const event of events) {
    if (event.type === 'join') members.add(event.user)
    else if (event.type === 'leave') members.delete(event.user)
    else assert.ok(members.has(event.actor), `event ${event.seq} is by somebody who is no member`)
  }
}

/** Ends all connections to a database, which a copy of it needs, and answers its name. */
async function freed(url: string, nodes: PostgresStore[]): Promise<string> {
  const name = new URL(url).pathname.slice(1)
  await query(
    url,
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1',
    [name],
    url.replace(/[^/]+$/, 'postgres'),
  )
  assert.equal(nodes.length, 2)
  return name
}

async function query(url: string, sql: string, values: unknown[] = [], via = url): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: via })
  await client.connect()
  try {
    return await client.query(sql, values)
  } finally {
    await client.end()
  }
}
