import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { RedisLogSide } from '../../src/adapters/redis/write-back.ts'
import { openWriteBack } from '../../src/adapters/sql/postgres/write-back.ts'
import { startPersist } from '../../src/jobs/persist.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { eventually } from '../support/witnesses.ts'
import { historyContract } from './history.contract.ts'
import { logContract } from './log.contract.ts'
import { logModelContract } from './log-model.contract.ts'
import { adopted, dump, flush, type LogNode, openLogNode } from './redis-log-store.ts'
import { message, newRoom, newUsers, type OpenStore, type Store } from './store.ts'

const ASK_MS = 3

/**
 * The suites of the log on what the worker wrote: appended is to the Redis log, read is from the database alone, once the
 * worker has written. The batches are odd and small, so that what belongs together falls into different ones.
 */
describe('what the write-back worker writes', () => {
  let postgres: Postgres
  let redis: LocalRedis
  before(async () => {
    // Only behaviour counts here.
    ;[postgres, redis] = await Promise.all([
      startPostgres({ fsync: false }),
      startRedis({ appendonly: true, appendfsync: 'no' }),
    ])
  })
  after(() => Promise.all([postgres.stop(), redis.stop()]))

  describe('in batches of 5', () => {
    const open = () => openWritten(redis.url, postgres, 5)
    logContract(open)
    logModelContract(open)
  })
  test('a batch is written as soon as it is full, or when the interval is over', async () => {
    await flush(redis.url)
    const url = await postgres.createDatabase()
    const node = await openLogNode(redis.url, url)
    let worker = startWorker(node, url, 50, 30_000)
    try {
      await adopted(node)
      const users = await newUsers(node.store, 2)
      const room = await newRoom(node.store, users)
      const head = async () => (await node.database.log.head(room))?.seq as number
      const send = async (count: number) => {
        const drafts = Array.from({ length: count }, (_, i) => message(room, users[0] as string, `${i}`))
        assert.ok((await node.store.log.append(drafts)).every(({ ok }) => ok))
      }
      await send(47)
      await sleep(1_500)
      assert.equal(await head(), 0, 'with the two joins there are 49')
      await send(1)
      await eventually(
        async () => (await head()) === 50,
        () => 'the full batch is not written',
      )
      await worker.stop()
      worker = startWorker(node, url, 50, 1_000)
      await send(1)
      await eventually(
        async () => (await head()) === 51,
        () => 'the interval is over and nothing is written',
      )
    } finally {
      await worker.stop()
      await node.close()
    }
  })
  describe('in batches of 500', () => {
    historyContract(() => openWritten(redis.url, postgres, 500))
  })
})

async function openWritten(redis: string, postgres: Postgres, batch: number): Promise<OpenStore> {
  await flush(redis)
  const url = await postgres.createDatabase()
  const asked = new pg.Client(url)
  await asked.connect()
  let node = await openLogNode(redis, url)
  let worker = startWorker(node, url, batch)
  await adopted(node)
  const stop = async () => {
    await worker.stop()
    await node.close()
  }
  return {
    store: readFromDatabase(node, asked),
    async reopen() {
      await stop()
      node = await openLogNode(redis, url)
      worker = startWorker(node, url, batch)
      return readFromDatabase(node, asked)
    },
    dump: () => dump(redis, url),
    problems: async () => (await node.database.verify()).problems,
    async close() {
      await stop()
      await asked.end()
    },
  }
}

function startWorker(
  { redisLog }: LogNode,
  url: string,
  batch: number,
  intervalMs = ASK_MS,
): ReturnType<typeof startPersist> {
  const measure = { observe() {} }
  return startPersist({
    worker: 'worker',
    logSide: new RedisLogSide({ functions: redisLog.functions, windowMs: () => 600_000 }),
    database: openWriteBack(url),
    batch: () => batch,
    intervalMs: () => intervalMs,
    tries: () => 2,
    metrics: { batchSize: measure, seconds: measure, read() {} },
    log: { warn() {}, error: (details, message) => console.error(message, details) },
  })
}

/** Everything goes to the log; it is read from the database when all of it is there. */
function readFromDatabase({ store, redisLog, database }: LogNode, asked: pg.Client): Store {
  const side = new RedisLogSide({ functions: redisLog.functions, windowMs: () => 600_000 })
  const written = async () => {
    for (const end = Date.now() + PATIENCE_MS; ; await sleep(ASK_MS)) {
      const { rows } = await asked.query('SELECT pk::int AS pk, position FROM partitions')
      const left = await Promise.all(rows.map(({ pk, position }) => side.fetch(pk, position, 1)))
      if (left.every(({ waiting }) => waiting === 0)) return
      if (Date.now() > end) throw new Error('the log was not written to the database in time')
    }
  }
  const after =
    <Args extends unknown[], T>(read: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await written()
      return read(...args)
    }
  const { log, history, memberships } = database
  return {
    ...store,
    log: withReads(store.log, { read: after(log.read), head: after(log.head), heads: after(log.heads) }),
    history: {
      messages: after(history.messages),
      message: after(history.message),
      countUpTo: after(history.countUpTo),
      seqOf: after(history.seqOf),
      notices: after(history.notices),
    },
    memberships: withReads(store.memberships, { get: after(memberships.get), ofUser: after(memberships.ofUser) }),
  }
}

/** A port whose reads are others. */
function withReads<Port extends object>(port: Port, reads: Partial<Port>): Port {
  return new Proxy(port, {
    get(_, name) {
      const own = reads[name as keyof Port] ?? port[name as keyof Port]
      return typeof own === 'function' ? own.bind(port) : own
    },
  })
}
