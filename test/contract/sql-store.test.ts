import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import {
  backupStore,
  DatabaseInUse,
  openSqlStore,
  type SqliteStore,
  verifyStore,
} from '../../src/adapters/sql/index.ts'
import { MIGRATIONS, type Migration } from '../../src/adapters/sql/migrations.ts'
import { allEvents, append, code, message, newRoom, newUser, newUsers, say } from './store.ts'

describe('the sql store on SQLite', () => {
  let folder: string
  let path: string
  let store: SqliteStore

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'yeoul-store-'))
    path = join(folder, 'yeoul.db')
    store = await openSqlStore({ path, server: true })
  })
  afterEach(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })

  test('one server at a time has the database; a command may write beside it, and the server sees what it wrote', async () => {
    await assert.rejects(openSqlStore({ path, server: true }), DatabaseInUse)
    const [ann, bob] = (await newUsers(store, 2)) as [string, string]
    const room = await newRoom(store, [ann])
    await say(store, room, ann, 'from the server')
    const command = await openSqlStore({ path })
    await command.memberships.join(room, bob, bob, 9)
    await say(command, room, ann, 'from a command')
    await command.close()
    assert.equal(await say(store, room, bob, 'from the server again'), 5)
    assert.deepEqual((await store.verify()).problems, [])
  })

  test('a server that was killed leaves no lock behind', async () => {
    await store.close()
    const module = new URL('../../src/adapters/sql/index.ts', import.meta.url)
    const script = join(folder, 'server.mjs')
    writeFileSync(
      script,
      `import { openSqlStore } from ${JSON.stringify(module.href)}
       await openSqlStore({ path: ${JSON.stringify(path)}, server: true })
       console.log('open')
       setInterval(() => {}, 1_000)`,
    )
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => assert.fail('it did not start'))])
    await assert.rejects(openSqlStore({ path, server: true }), DatabaseInUse)
    child.kill('SIGKILL')
    await once(child, 'exit')
    store = await openSqlStore({ path, server: true })
    await store.ping()
  })

  test('a full disk is storage_full and leaves nothing of the batch; reading goes on, and writing when there is room', async () => {
    const ann = await newUser(store)
    const room = await newRoom(store, [ann])
    await say(store, room, ann, 'before')
    const fill = () => store.log.append(Array.from({ length: 100 }, () => message(room, ann, 'x'.repeat(4_000))))
    await store.limitBytes(1_000_000)
    let batches = 0
    await assert.rejects(async () => {
      for (; batches < 50; batches++) await fill()
    }, code('storage_full'))
    await assert.rejects(newRoomsUntilFull(store, ann), code('storage_full'))
    const events = await allEvents(store, room, 200)
    assert.equal(events.length, 2 + batches * 100)
    await store.ping()
    assert.deepEqual((await store.verify()).problems, [])
    await store.limitBytes(null)
    await fill()
    assert.equal((await store.log.head(room))?.seq, 102 + batches * 100)
    assert.deepEqual((await store.verify()).problems, [])
  })

  test('of what waits together, what fails fails alone', async () => {
    const [ann, bob] = (await newUsers(store, 2)) as [string, string]
    const room = await newRoom(store, [ann])
    const full = await newRoom(store, [ann], { capacity: 1 })
    const outcomes = await Promise.allSettled([
      say(store, room, ann, 'a'),
      store.memberships.join(full, bob, bob, 9),
      store.memberships.join(room, bob, bob, 9),
      newUser(store, 'same'),
      newUser(store, 'same'),
      say(store, room, bob, 'b'),
    ])
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'ok' : outcome.reason.code)),
      ['ok', 'room_full', 'ok', 'ok', 'username_taken', 'ok'],
    )
    assert.deepEqual((await store.verify()).problems, [])
  })

  test('a thread that dies fails what it was asked with unavailable, and comes back', async () => {
    const lines: string[] = []
    const threads: Worker[] = []
    const remember = (worker: Worker) => threads.push(worker)
    await store.close()
    process.on('worker', remember)
    store = await openSqlStore({ path, server: true, log: (line) => lines.push(line) })
    process.off('worker', remember)
    const ann = await newUser(store)
    const room = await newRoom(store, [ann])
    const [writer, reader] = threads as [Worker, Worker]
    for (const [thread, ask] of [
      [writer, () => append(store, message(room, ann, 'x'))],
      [reader, () => store.log.read(room, 0, 10)],
    ] as const) {
      const asked = Promise.allSettled([ask(), ask()])
      await thread.terminate()
      const outcomes = await asked
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'unavailable')
      }
      await assert.rejects(ask, code('unavailable'))
      await assert.rejects(store.ping(), code('unavailable'))
      await eventually(() => store.ping())
      await ask()
    }
    assert.equal(store.stats().lostAnswers, 2)
    assert.ok(
      lines.every((line) => /^database (writer|reader): went down/.test(line)) && lines.length === 2,
      `${lines}`,
    )
    assert.deepEqual((await store.verify()).problems, [])
  })

  test('verify and backup run beside a server that writes, on one snapshot', async () => {
    const ann = await newUser(store)
    const room = await newRoom(store, [ann])
    let writing = true
    const writer = (async () => {
      for (let i = 0; writing; i++) {
        await store.log.append(Array.from({ length: 20 }, (_, k) => message(room, ann, `${i}-${k}`)))
      }
    })()
    const copy = join(folder, 'copy.db')
    const other = join(folder, 'other.db')
    await sleep(50)
    await backupStore(path, copy)
    assert.deepEqual((await verifyStore(path)).problems, [])
    await store.backup(other)
    assert.deepEqual((await store.verify()).problems, [])
    writing = false
    await writer
    for (const file of [copy, other]) {
      const report = await verifyStore(file)
      assert.deepEqual(report.problems, [])
      assert.ok(report.messages > 0 && report.messages % 20 === 0)
    }
    await assert.rejects(store.backup(copy), /never overwrites/)
    await store.close()
    store = await openSqlStore({ path: copy, server: true })
    await say(store, room, ann, 'the copy goes on')
  })

  test('verify says in plain words what is wrong', async () => {
    const [ann, bob] = (await newUsers(store, 2)) as [string, string]
    const room = await newRoom(store, [ann, bob])
    const target = await say(store, room, ann, 'x')
    await say(store, room, ann, 'y')
    await append(store, { type: 'reaction', room, actor: bob, target, emoji: '👍', on: true, most: 5 })
    await say(store, room, ann, 'z')
    await store.close()
    const damage: [sql: string, told: RegExp][] = [
      ['DELETE FROM events WHERE seq = 4', /the events after 3 go on with 5/],
      ['UPDATE events SET n = 7 WHERE seq = 4', /event 4 counts 7 messages, not 2/],
      ['UPDATE rooms SET seq = 9', /its head is 9, its last event is 6/],
      ['UPDATE rooms SET n = 9', /it counts 9 messages and has 3/],
      ['UPDATE rooms SET last_message_seq = 3', /its last message is said to be 3, and is 6/],
      ['UPDATE rooms SET member_count = 5', /it counts 5 members and has 2/],
      ['UPDATE rooms SET capacity = 1', /more than its capacity 1/],
      ['UPDATE members SET read_seq = 99', /the read cursor of user .* lies beyond the head/],
      ['UPDATE events SET room_pk = 99 WHERE seq = 6', /Event 6 belongs to a room that does not exist/],
      ['UPDATE events SET actor_pk = 99 WHERE seq = 4', /event 4 names a user who does not exist/],
      ['UPDATE events SET target = 2 WHERE seq = 5', /event 5 refers to message 2, which does not exist/],
      ['UPDATE events SET reply_to = 5 WHERE seq = 6', /message 6 answers message 5, which does not exist/],
      ['UPDATE events SET body = NULL WHERE seq = 6', /event 6 lacks what an event of its type has/],
      ['UPDATE events SET deleted_at = 1 WHERE seq = 6', /deleted message 6 still has content/],
      ["UPDATE events SET body = 'x' WHERE seq = 5", /event 5 is no message and has a text/],
      [
        'UPDATE events SET type = 2, detail = NULL WHERE seq = 5',
        /message 3 was deleted by event 5 and is not marked so/,
      ],
      ['UPDATE reactions SET target = 4', /message 4 has reactions that it does not show/],
      ['DELETE FROM reactions', /message 3 counts other reactions than it has/],
      ['UPDATE reactions SET target = 5', /a reaction belongs to message 5, which does not exist or was deleted/],
      ['INSERT INTO bans SELECT room_pk, user_pk, 1, 1 FROM members', /is a member and banned/],
      [
        'PRAGMA foreign_keys = OFF; UPDATE members SET user_pk = 99 WHERE user_pk = 2',
        /refers to a row of users that does not exist/,
      ],
    ]
    for (const [i, [sql, told]] of damage.entries()) {
      const copy = join(folder, `damaged-${i}.db`)
      await backupStore(path, copy)
      const db = new DatabaseSync(copy)
      db.exec(sql)
      db.close()
      const { problems } = await verifyStore(copy)
      assert.ok(
        problems.some((problem) => told.test(problem)),
        `${sql}: ${problems.join(' ')}`,
      )
    }
    store = await openSqlStore({ path, server: true })
  })

  test('a database of a newer version, or one that is none, stops the start with a clear message', async () => {
    await store.close()
    const db = new DatabaseSync(path)
    db.exec("INSERT INTO schema_steps VALUES (999, 'from the future', 0)")
    db.close()
    await assert.rejects(openSqlStore({ path, server: true }), /schema version 999.*use a newer Yeoul/)
    const repaired = new DatabaseSync(path)
    repaired.exec('DELETE FROM schema_steps WHERE version = 999')
    repaired.close()
    const junk = join(folder, 'junk.db')
    writeFileSync(junk, 'this is no database, but long enough to be mistaken for one'.repeat(20))
    await assert.rejects(openSqlStore({ path: junk }), /not a database/)
    store = await openSqlStore({ path, server: true })
  })

  test('a database of the first version is brought up to date, with all that is in it', async () => {
    const old = join(folder, 'old.db')
    const db = new DatabaseSync(old)
    db.exec((MIGRATIONS[0] as Migration).sql)
    db.exec(`
      CREATE TABLE schema_steps (version INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
      INSERT INTO schema_steps VALUES (1, 'the embedded server', 0);
      INSERT INTO users (id, username, display_name, password_hash, role, created_at) VALUES ('ann', 'ann', 'Ann', '', 'user', 1);
      INSERT INTO logins (sid, user_pk, created_at, expires_at, cookie) VALUES ('sid', 1, 5, 9, 1);
      INSERT INTO rooms (id, kind, title, title_key, seq, member_count, created_by, created_at, last_at, lively_at)
      VALUES ('room', 'open', 'old', 'old', 1, 1, 1, 1, 1, 1);
      INSERT INTO members (room_pk, user_pk, role, joined_at, read_seq, read_n) VALUES (1, 1, 0, 1, 1, 0);
      INSERT INTO events (room_pk, seq, type, at, actor_pk, n, subject_pk, detail) VALUES (1, 1, 4, 1, 1, 0, 1, 'owner')`)
    db.close()
    const upgraded = await openSqlStore({ path: old, server: true })
    assert.equal(await say(upgraded, 'room', 'ann', 'after all'), 2)
    assert.deepEqual((await upgraded.verify()).problems, [])
    assert.deepEqual((await upgraded.logins.list('ann', null, 5)).items, [
      {
        sid: 'sid',
        user: 'ann',
        createdAt: 5,
        lastUsedAt: 5,
        expiresAt: 9,
        cookie: true,
        device: null,
        address: null,
      },
    ])
    await upgraded.close()
  })

  test('the database is for its owner alone', () => {
    for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
  })

  test('what was asked before closing is done; what is asked after is unavailable', async () => {
    const ann = await newUser(store)
    const room = await newRoom(store, [ann])
    const asked = Array.from({ length: 50 }, (_, i) => say(store, room, ann, `m${i}`))
    const closed = store.close()
    await assert.rejects(say(store, room, ann, 'too late'), code('unavailable'))
    await assert.rejects(store.log.read(room, 0, 10), code('unavailable'))
    assert.equal((await Promise.all(asked)).at(-1), 51)
    await closed
    await store.close()
    store = await openSqlStore({ path, server: true })
    assert.equal((await store.log.head(room))?.seq, 51)
  })

  test('events carry the time of the injected clock', async () => {
    await store.close()
    store = await openSqlStore({ path, server: true, now: () => 12_345 })
    const ann = await newUser(store)
    const appended = await append(store, message(await newRoom(store, [ann]), ann, 'x'))
    assert.ok(appended.ok && appended.at === 12_345)
  })
})

async function newRoomsUntilFull(store: SqliteStore, owner: string): Promise<void> {
  for (let i = 0; i < 2_000; i++) await newRoom(store, [owner], { title: 'x'.repeat(90) })
}

/** Tries again for some seconds until nothing is thrown. */
async function eventually(attempt: () => Promise<unknown>): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      await attempt()
      return
    } catch (error) {
      if (i === 600) throw error
      await sleep(50)
    }
  }
}
