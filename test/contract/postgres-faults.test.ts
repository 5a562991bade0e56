/** The store while PostgreSQL hangs, dies, fills up, or the way to it is cut. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { openPostgresStore, type PostgresStore } from '../../src/adapters/sql/index.ts'
import { Pool } from '../../src/adapters/sql/postgres/pool.ts'
import { Transactions } from '../../src/adapters/sql/postgres/transactions.ts'
import type { Appended } from '../../src/ports/log.ts'
import { TcpProxy } from '../support/proxy.ts'
import { allEvents, append, code, message, newRoom, newUser, say } from './store.ts'

const PARTITIONS = 16
/** The longest that any call may take, in ms: a connection that does not come, or an answer; twice that on a busy machine. */
const LONGEST = 18_000

interface Scene {
  url: string
  proxy: TcpProxy
  /** Its way to the database leads through the proxy. */
  store: PostgresStore
  ann: string
  room: string
  /** What the store told the operator. */
  lines: string[]
}

describe('a PostgreSQL database that fails', () => {
  let postgres: Postgres
  before(async () => {
    postgres = await startPostgres({ fsync: false })
  })
  after(() => postgres.stop())

  /** A database with one room of one member, whose keys the store knows: an append is two round trips from here on. */
  async function scene(t: TestContext): Promise<Scene> {
    const url = await postgres.createDatabase()
    const proxy = await TcpProxy.to(postgres.port)
    const lines: string[] = []
    const through = url.replace(/:\d+\//, `:${proxy.port}/`)
    const store = await openPostgresStore({ url: through, partitions: PARTITIONS, log: (line) => lines.push(line) })
    // That this database syncs nothing.
    lines.length = 0
    t.after(async () => {
      await store.close()
      proxy.close()
    })
    const ann = await newUser(store)
    const room = await newRoom(store, [ann])
    await say(store, room, ann, 'before')
    return { url, proxy, store, ann, room, lines }
  }

  describe('in ways that take time', { concurrency: true }, () => {
    test('[P1] [P2] [P3] connections that are cut again and again: what was acknowledged is there once, and a retry settles the rest', async (t) => {
      const { proxy, store, ann, room } = await scene(t)
      const bob = await newUser(store)
      const drafts = Array.from({ length: 150 }, (_, i) => message(room, ann, `m${i}`))
      const acknowledged = new Map<string, number>()
      let cuts = 0
      let done = false
      const cutting = (async () => {
        for (; !done && cuts < 40; cuts++) {
          await sleep(5 + Math.random() * 40)
          proxy.cutAll()
        }
      })()
      for (let i = 0; i < drafts.length; i += 5) {
        const batch = drafts.slice(i, i + 5)
        const results = await stubborn(() => store.log.append(batch))
        results.forEach((result, k) => {
          assert.ok(result.ok)
          acknowledged.set((batch[k] as (typeof batch)[0]).clientMessageId, result.seq)
        })
        const coming = i % 10 === 0
        await stubborn<unknown>(() =>
          coming ? store.memberships.join(room, bob, bob, 9) : store.memberships.end(room, bob, bob, 9, 'left'),
        )
      }
      done = true
      await cutting
      assert.ok(cuts > 5)
      const events = await allEvents(store, room, 100)
      assert.deepEqual(
        events.flatMap((event) => (event.type === 'message' ? [[event.clientMessageId, event.seq]] : [])).slice(1),
        [...acknowledged],
      )
      assert.deepEqual((await store.verify()).problems, [])
    })

    test('ways that were lost without a word cost one call its time, not one for each connection', async (t) => {
      const { proxy, store, ann, room } = await scene(t)
      await Promise.all([...Array(8)].map(() => store.log.read(room, 0, 10)))
      await Promise.all([...Array(2)].map(async () => append(store, message(await newRoom(store, [ann]), ann, 'x'))))
      proxy.loseAll()
      const lost = [append(store, message(room, ann, 'x')), store.log.read(room, 0, 10)]
      await Promise.all(lost.map((asked) => assert.rejects(asked, code('unavailable'))))
      const began = performance.now()
      await say(store, room, ann, 'y')
      for (let i = 0; i < 8; i++) await store.log.read(room, 0, 10)
      assert.ok(performance.now() - began < 4_000)
    })

    test('a call that is given up because another one was lost gives up nobody else', async (t) => {
      const { url } = await scene(t)
      const pool = new Pool(url, { size: 3, plannedOnce: false, lost() {} })
      t.after(() => pool.end())
      const transactions = new Transactions(PARTITIONS, false)
      const ask = (room: string, sql: string) =>
        transactions.run(pool, [room], async (connection) => ({ value: await connection.command(sql), lastWrites: [] }))
      const first = ask('a', 'SELECT pg_sleep(2)')
      const behind = ask('a', 'SELECT 1')
      const refused = assert.rejects(behind, code('unavailable'))
      await assert.rejects(ask('b', 'SELECT pg_terminate_backend(pg_backend_pid())'), code('unavailable'))
      await sleep(100)
      const later = [ask('c', 'SELECT pg_sleep(3)'), ask('c', 'SELECT 1')]
      await Promise.all([first, refused])
      assert.deepEqual(await Promise.all(later), ['SELECT', 'SELECT'])
    })

    test('a node that stops in the middle of a transaction keeps a room from the others for some seconds, not for good', async (t) => {
      const { url, proxy, store, ann, room } = await scene(t)
      const other = await openPostgresStore({ url, partitions: PARTITIONS })
      // The first round trip goes through and holds the room; its answer never comes.
      proxy.down.frozen = true
      const hanging = assert.rejects(append(store, message(room, ann, 'hangs')), code('unavailable'))
      await until(() => isHeld(url, room))
      const began = performance.now()
      assert.equal(await say(other, room, ann, 'goes on'), 3)
      const waited = performance.now() - began
      assert.ok(waited > 1_000 && waited < 15_000, `it took ${waited} ms`)
      proxy.cutAll()
      await hanging
      await other.close()
    })

    test('a table that somebody has locked: unavailable in time, nothing is stored, and it goes on after', async (t) => {
      const { url, store, ann, room } = await scene(t)
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query('BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE')
      const began = performance.now()
      await assert.rejects(append(store, message(room, ann, 'x')), code('unavailable'))
      assert.ok(performance.now() - began < LONGEST)
      await client.end()
      assert.equal(await say(store, room, ann, 'y'), 3)
      assert.equal(store.stats().lostAnswers, 0)
    })
  })

  test('[P1] [P3] a connection that is cut after the commit and before its answer: unavailable, counted, and a retry gets the first seq', async (t) => {
    const { url, proxy, store, ann, room } = await scene(t)
    let committing = false
    proxy.up.holds = (piece) => {
      committing ||= piece.includes('COMMIT')
      return false
    }
    proxy.down.holds = (piece) => committing && piece.includes('COMMIT')
    const draft = message(room, ann, 'perhaps')
    const asked = append(store, draft)
    await Promise.all([
      assert.rejects(asked, code('unavailable')),
      (async () => {
        await until(async () => (await headIn(url, room)) === 3)
        proxy.cutAll()
      })(),
    ])
    proxy.heal()
    assert.equal(store.stats().lostAnswers, 1)
    const again = await append(store, { ...draft, retry: true })
    assert.deepEqual(again.ok && [again.seq, again.duplicate], [3, true])
    assert.equal((await allEvents(store, room)).length, 3)
  })

  test('[P3] a connection that is cut before the commit leaves nothing, and no answer is counted as lost', async (t) => {
    const { proxy, store, ann, room } = await scene(t)
    const held = new Promise<void>((resolve) => {
      proxy.up.holds = (piece) => {
        if (!piece.includes('COMMIT')) return false
        resolve()
        return true
      }
    })
    const draft = message(room, ann, 'no')
    const asked = append(store, draft)
    await Promise.all([assert.rejects(asked, code('unavailable')), held.then(() => proxy.cutAll())])
    proxy.heal()
    assert.equal(store.stats().lostAnswers, 0)
    const again = await append(store, { ...draft, retry: true })
    assert.deepEqual(again.ok && [again.seq, again.duplicate], [3, false])
  })

  test('a database that is stopped in its tracks: every call ends with unavailable in time, and all goes on when it does', async (t) => {
    const { url, store, ann, room } = await scene(t)
    const bob = await newUser(store)
    const idle = await openPostgresStore({ url, partitions: PARTITIONS })
    await idle.ping()
    postgres.pause()
    const began = performance.now()
    const timed = async (asked: Promise<unknown>) => {
      await assert.rejects(asked, code('unavailable'))
      return performance.now() - began
    }
    try {
      const [ping, ...others] = await Promise.all([
        timed(store.ping()),
        timed(append(store, message(room, ann, 'meanwhile'))),
        timed(store.memberships.join(room, bob, bob, 9)),
        timed(store.log.read(room, 0, 10)),
        ...Array.from({ length: 20 }, () => timed(store.rooms.access(room, ann))),
      ])
      assert.ok((ping as number) < 6_000, `a ping took ${ping} ms`)
      const closing = performance.now()
      await idle.close()
      assert.ok(performance.now() - closing < 6_000, 'a store on it is not closed')
      assert.ok(Math.max(...others) < LONGEST, `a call took ${Math.max(...others)} ms`)
    } finally {
      postgres.resume()
    }
    await until(() => store.ping().then(() => true))
    await stubborn(() => append(store, message(room, ann, 'after')))
    await store.memberships.join(room, bob, bob, 9)
    assert.deepEqual((await store.verify()).problems, [])
  })

  test('[P1] a database that is killed: unavailable at once; when it is back the store is too, with all that was acknowledged', async (t) => {
    const { store, ann, room, lines } = await scene(t)
    const acknowledged: number[] = []
    let killed = false
    const writing = (async () => {
      for (let i = 0; !killed; i++) {
        const seq = await say(store, room, ann, `m${i}`).catch(() => null)
        if (seq !== null) acknowledged.push(seq)
      }
    })()
    await until(async () => acknowledged.length > 10)
    await postgres.kill()
    const began = performance.now()
    await assert.rejects(store.ping(), code('unavailable'))
    await assert.rejects(append(store, message(room, ann, 'x')), (error: Error) => {
      assert.deepEqual([(error as { code?: string }).code, /\d\.\d|ECONN/.test(error.message)], ['unavailable', false])
      return true
    })
    await assert.rejects(store.log.head(room), code('unavailable'))
    assert.ok(performance.now() - began < 4_000)
    killed = true
    await writing
    await postgres.restart()
    await until(() => store.ping().then(() => true))
    await say(store, room, ann, 'after')
    const seqs = new Set((await allEvents(store, room, 500)).map((event) => event.seq))
    for (const seq of acknowledged) assert.ok(seqs.has(seq), `event ${seq} was acknowledged and is gone`)
    assert.deepEqual((await store.verify()).problems, [])
    assert.match(lines[0] as string, /^database: a connection was lost \([^\n]+\)$/)
    assert.deepEqual(lines.slice(1), ['database: it answers'])
  })

  test('a full disk is storage_full and leaves nothing of the batch; reading goes on, and writing when there is room', async (t) => {
    const { url, store, ann, room } = await scene(t)
    const disk = smallDisk(t, 4)
    if (disk === null) return t.skip('only root can mount a small disk')
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`CREATE TABLESPACE small LOCATION '${disk}'`)
    await client.query('ALTER TABLE events SET TABLESPACE small')
    const fill = () => store.log.append(Array.from({ length: 100 }, () => message(room, ann, 'x'.repeat(1_500))))
    let batches = 0
    await assert.rejects(async () => {
      for (; batches < 100; batches++) await fill()
    }, code('storage_full'))
    assert.equal((await allEvents(store, room, 500)).length, 2 + batches * 100)
    await store.ping()
    assert.deepEqual((await store.verify()).problems, [])
    await client.query('ALTER TABLE events SET TABLESPACE pg_default')
    await client.query('DROP TABLESPACE small')
    await client.end()
    await fill()
    assert.equal((await store.log.head(room))?.seq, 102 + batches * 100)
  })

  test('what was asked before closing is done; what is asked after is unavailable', async (t) => {
    const { url, store, ann, room } = await scene(t)
    const asked = Array.from({ length: 50 }, (_, i) => say(store, room, ann, `m${i}`))
    const closed = store.close()
    await assert.rejects(say(store, room, ann, 'too late'), code('unavailable'))
    await assert.rejects(store.log.read(room, 0, 10), code('unavailable'))
    assert.equal((await Promise.all(asked)).at(-1), 52)
    await closed
    const again = await openPostgresStore({ url, partitions: PARTITIONS })
    assert.equal((await again.log.head(room))?.seq, 52)
    await again.close()
  })
})

/** The head of a room as the database has it. */
async function headIn(url: string, room: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('SELECT seq::int FROM rooms WHERE id = $1', [room])
  await client.end()
  return rows[0].seq
}

/** Whether a transaction holds a room that waits for its client. */
async function isHeld(url: string, room: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('SELECT 1 FROM rooms WHERE id = $1 FOR UPDATE NOWAIT', [room])
    return false
  } catch {
    return true
  } finally {
    await client.end()
  }
}

/** Asks again for some seconds while the answer is `unavailable`. */
async function stubborn<T>(ask: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await ask()
    } catch (error) {
      if ((error as Partial<Appended & { ok: false }>).code !== 'unavailable' || tried === 2_000) throw error
      await sleep(5)
    }
  }
}

/** Waits for some seconds until it holds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; !(await holds().catch(() => false)); i++) {
    assert.ok(i < 1_200, 'it did not come to hold in time')
    await sleep(25)
  }
}

/** A disk of `mebibytes` of its own that PostgreSQL may write to, or null where this user may not mount one. */
function smallDisk(t: TestContext, mebibytes: number): string | null {
  if (process.getuid?.() !== 0) return null
  const folder = mkdtempSync(join(tmpdir(), 'yeoul-disk-'))
  const run = (...command: string[]) => spawnSync(command[0] as string, command.slice(1)).status === 0
  const mounted = run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=700,uid=postgres`, 'tmpfs', folder)
  t.after(() => {
    if (mounted) run('umount', '-l', folder)
    rmSync(folder, { recursive: true, force: true })
  })
  return mounted ? folder : null
}
