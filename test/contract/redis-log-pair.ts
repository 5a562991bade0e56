import assert from 'node:assert/strict'
import { after, before, beforeEach } from 'node:test'
import { Redis } from 'ioredis'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { adoptAll, flush, type LogNode, openLogNode } from './redis-log-store.ts'
import { code, newRoom } from './store.ts'

export const WINDOW_MS = 1_000

export let postgres: Postgres
export let redis: LocalRedis
/** For a look at what Redis holds. */
export let client: Redis
export let url: string
export let node: LogNode
export let other: LogNode

/** In a suite: gives each test a log of its own with two nodes, whose partitions are adopted. */
export function withTwoNodes(): void {
  before(async () => {
    ;[postgres, redis] = await Promise.all([
      startPostgres({ fsync: false }),
      startRedis({ appendonly: true, appendfsync: 'always' }),
    ])
    client = new Redis(redis.url)
    client.on('error', () => {})
  })
  after(async () => {
    client.disconnect()
    await closeNodes()
    await Promise.all([postgres.stop(), redis.stop()])
  })
  beforeEach(async () => {
    await closeNodes()
    await flush(redis.url)
    url = await postgres.createDatabase()
    await openFirst()
    await openSecond()
    await assert.rejects(node.redisLog.ping(), code('log_fenced'))
    await adoptAll(node, url)
    await node.redisLog.ping()
  })
}

export async function closeNodes(): Promise<void> {
  await Promise.all([node?.close(), other?.close()])
}

export async function openFirst(): Promise<void> {
  node = await openLogNode(redis.url, url, WINDOW_MS)
}

export async function openSecond(): Promise<void> {
  other = await openLogNode(redis.url, url, WINDOW_MS)
}

export const roomOf = (users: string[]): Promise<string> => newRoom(node.store, users)
