import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { Parked, retryParked } from '../../src/adapters/sql/postgres/parked.ts'
import { eventually } from '../support/witnesses.ts'
import {
  clean,
  database,
  edit,
  entry,
  erase,
  message,
  messageAt,
  park,
  react,
  room,
  rows,
  store,
  url,
  users,
  withOneRoom,
  write,
} from './write-back-room.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

describe('entries that are parked', () => {
  withOneRoom()

  test('a parked entry leaves a place without content; later changes of it hold when it is written after all', async () => {
    const bad = message(0, 'a', 'text\0')
    await park(bad, 'a reason', 5)
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
    await park(edited)
    const deleted = message(0, 'b', 'secret')
    await park(deleted)
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
    for (const each of [edit(0, first.seq, 'ONE'), react(2, first.seq, '👍', true), erase(1, second.seq)])
      await park(each)
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
    await park(mentioning)
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
    for (const each of [editing, erase(0, deleted.seq)]) await park(each)
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
    await park(entry, 'why', 5)
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
    await park(bad)
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
    for (const each of [message(0, 'a', 'a secret'), message(0, 'b', 'another\0'), message(0, 'c', 'a third')])
      await park(each)
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
})
