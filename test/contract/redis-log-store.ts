import { Redis } from 'ioredis'
import pg from 'pg'
import type { Postgres } from '../../deploy/local/postgres.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { openRedisLog, type RedisLog } from '../../src/adapters/redis/log.ts'
import { RedisLogSide } from '../../src/adapters/redis/write-back.ts'
import { openPostgresStore, type PostgresStore } from '../../src/adapters/sql/postgres/store.ts'
import { openWriteBack } from '../../src/adapters/sql/postgres/write-back.ts'
import { type PersistOptions, startPersist } from '../../src/jobs/persist.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import type { OpenStore, Store } from './store.ts'

export const PARTITIONS = 8

/** One node on the Redis log, with what stands behind it. */
export interface LogNode {
  store: Store
  redisLog: RedisLog
  database: PostgresStore
  link: RedisLink
  close(): Promise<void>
}

export async function openLogNode(redis: string, url: string, repeatWindowMs = 600_000): Promise<LogNode> {
  const database = await openPostgresStore({ url, partitions: PARTITIONS, outbox: true })
  const link = await RedisLink.open({ urls: redis })
  const failed = (error: unknown) => {
    throw error
  }
  const redisLog = await openRedisLog({
    link,
    partitions: PARTITIONS,
    database: { ...database, url },
    repeatWindowMs: () => repeatWindowMs,
    failed,
  })
  const { log, history, rooms, memberships } = redisLog
  return {
    store: { ...database, log, history, rooms, memberships },
    redisLog,
    database,
    link,
    async close() {
      await redisLog.close()
      link.close()
      await database.close()
    },
  }
}

/** Lets the log of every partition begin a life, as a worker does that has nothing to write yet. */
export async function adoptAll({ redisLog }: LogNode, url: string): Promise<void> {
  const side = logSide(redisLog)
  const database = openWriteBack(url)
  try {
    for (const lease of await database.lease('nobody', 60_000)) {
      const { instance, epoch } = await side.fetch(lease.partition, '0-0', 1)
      const settled = await database.settle('nobody', lease, instance, epoch + 1)
      if (settled === null) throw new Error(`partition ${lease.partition} was not settled`)
      await side.adopt(lease.partition, settled.epoch, instance, false)
    }
    await database.release('nobody')
  } finally {
    await database.close()
  }
}

function logSide({ functions }: RedisLog): RedisLogSide {
  return new RedisLogSide({ functions, windowMs: () => 600_000 })
}

export function startWorker(
  { redisLog }: LogNode,
  url: string,
  options: Partial<Pick<PersistOptions, 'intervalMs' | 'worker'>> = {},
): ReturnType<typeof startPersist> {
  const measure = { observe() {} }
  return startPersist({
    worker: 'worker',
    logSide: logSide(redisLog),
    database: openWriteBack(url),
    batch: () => 500,
    intervalMs: () => 50,
    tries: () => 5,
    metrics: { batchSize: measure, seconds: measure, read() {} },
    log: { warn() {}, error: (details, message) => console.error(message, details) },
    ...options,
  })
}

/** Resolves when everything of the log is in the database, and not in the log any more. */
export async function drain(node: LogNode, url: string): Promise<void> {
  await write(node, url)
  await trimAll(node, url)
}

/** Resolves when everything of the log is in the database too. */
export async function write(node: LogNode, url: string): Promise<void> {
  const worker = startWorker(node, url)
  const side = logSide(node.redisLog)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const end = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
      const { rows } = await client.query('SELECT pk::int AS pk, position FROM partitions ORDER BY pk')
      const left = await Promise.all(rows.map(({ pk, position }) => side.fetch(pk, position, 1)))
      if (left.every(({ waiting }) => waiting === 0)) break
      if (Date.now() > end) throw new Error('the log was not written to the database in time')
    }
  } finally {
    await worker.stop()
    await client.end()
  }
}

/** Takes all that is in the database now out of the log, `afterMs` later. */
export async function trimAll({ redisLog }: LogNode, url: string, afterMs = 0): Promise<void> {
  const side = logSide(redisLog)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const asked = client.query('SELECT pk::int AS pk, epoch::int AS epoch, position FROM partitions')
  const { rows } = await asked.finally(() => client.end())
  if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs))
  for (const { pk, epoch, position } of rows) if (position !== '0-0') await side.trim(pk, epoch, position)
}

/** Nobody writes the log to the database: all that is appended stays in it, until all of it is written at the end. */
export async function openWithoutWorker(redis: string, postgres: Postgres): Promise<OpenStore> {
  await flush(redis)
  const url = await postgres.createDatabase()
  let node = await openLogNode(redis, url)
  await adoptAll(node, url)
  return {
    store: node.store,
    async reopen() {
      await node.close()
      node = await openLogNode(redis, url)
      return node.store
    },
    dump: () => dump(redis, url),
    problems: async () => (await node.database.verify()).problems,
    async close() {
      try {
        await drain(node, url)
        const { problems } = await node.database.verify()
        if (problems.length > 0) throw new Error(`after all was written: ${problems.join('; ')}`)
      } finally {
        await node.close()
      }
    },
  }
}

/** A worker writes and trims as fast as it can meanwhile. */
export async function openWithWorker(redis: string, postgres: Postgres): Promise<OpenStore> {
  await flush(redis)
  const url = await postgres.createDatabase()
  let node = await openLogNode(redis, url)
  let worker = startWorker(node, url, { intervalMs: () => 5 })
  let trimming = true
  let trimmer: Promise<void>
  const startTrimming = () => {
    trimming = true
    trimmer = (async () => {
      while (trimming) {
        await trimAll(node, url)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    })()
  }
  const stopTrimming = () => {
    trimming = false
    return trimmer
  }
  startTrimming()
  await adopted(node)
  return {
    store: node.store,
    async reopen() {
      await stopTrimming()
      await worker.stop()
      await node.close()
      node = await openLogNode(redis, url)
      worker = startWorker(node, url, { intervalMs: () => 5 })
      startTrimming()
      return node.store
    },
    dump: () => dump(redis, url),
    problems: async () => (await node.database.verify()).problems,
    async close() {
      await stopTrimming()
      await worker.stop()
      await node.close()
    },
  }
}

/** Resolves when a worker has adopted every partition. */
export async function adopted({ redisLog }: LogNode, epoch = 1): Promise<void> {
  const side = logSide(redisLog)
  for (const end = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const states = await Promise.all(Array.from({ length: PARTITIONS }, (_, p) => side.fetch(p, '0-0', 1)))
    if (states.every((state) => state.owner === state.instance && state.epoch >= epoch)) return
    if (Date.now() > end) throw new Error('no worker adopted the log in time')
  }
}

export async function flush(redis: string): Promise<void> {
  for (const url of redis.split(',')) await ask(url, (client) => client.flushall())
}

/** Everything that PostgreSQL and Redis keep, as text. */
export async function dump(redis: string, url: string): Promise<string> {
  const texts = await Promise.all(redis.split(',').map((each) => ask(each, dumpOfRedis)))
  return [...texts, await dumpOfPostgres(url)].join('\n')
}

/** Every key with all that it holds. */
export async function dumpOfRedis(client: Redis): Promise<string> {
  const texts: string[] = []
  const read: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => client.get(key),
    hash: (key) => client.hgetall(key),
    zset: (key) => client.zrange(key, '0', '-1'),
    stream: (key) => client.xrange(key, '-', '+'),
  }
  for (const key of await client.keys('*')) {
    const type = await client.type(key)
    const value = await read[type]?.(key)
    if (value === undefined && type !== 'none') throw new Error(`${key} is a ${type}, which this test cannot read`)
    texts.push(`${key} ${JSON.stringify(value)}`)
  }
  return texts.join('\n')
}

async function ask<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url)
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

async function dumpOfPostgres(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows: tables } = await client.query("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    const texts: string[] = []
    for (const { name } of tables) texts.push(JSON.stringify((await client.query(`SELECT * FROM "${name}"`)).rows))
    return texts.join('\n')
  } finally {
    await client.end()
  }
}
