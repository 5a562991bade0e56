import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { openRedisLog, type RedisLog } from '../../src/adapters/redis/log.ts'
import { RedisLogSide } from '../../src/adapters/redis/write-back.ts'
import { openPostgresStore, type PostgresStore } from '../../src/adapters/sql/index.ts'
import { openWriteBack } from '../../src/adapters/sql/postgres/write-back.ts'
import { newId } from '../../src/core/ids.ts'
import type { MessageDraft } from '../../src/ports/log.ts'

/** For how long repeats are known, ms. */
export const WINDOW_MS = 600_000

/** A room and its members. */
interface Crowd {
  room: string
  users: string[]
}

/** The log in Redis with no node around it, on a Redis and a PostgreSQL of its own, and people who talk. */
export class LogAlone {
  readonly redis: LocalRedis
  readonly postgres: Postgres
  readonly link: RedisLink
  readonly log: RedisLog
  readonly #database: PostgresStore
  #rooms: Crowd[] = []

  private constructor(redis: LocalRedis, postgres: Postgres, link: RedisLink, log: RedisLog, database: PostgresStore) {
    this.redis = redis
    this.postgres = postgres
    this.link = link
    this.log = log
    this.#database = database
  }

  /** `appendfsync`: when Redis syncs; `fsync`: whether PostgreSQL does. */
  static async start(options: { partitions: number; appendfsync: string; fsync: boolean }): Promise<LogAlone> {
    const { partitions, fsync } = options
    const [postgres, redis] = await Promise.all([
      startPostgres({ fsync }),
      startRedis({ appendonly: true, appendfsync: options.appendfsync as 'everysec' }),
    ])
    const { url } = postgres
    const database = await openPostgresStore({ url, partitions, outbox: true })
    const link = await RedisLink.open({ urls: redis.url })
    const log = await openRedisLog({
      link,
      partitions,
      database: { ...database, url },
      repeatWindowMs: () => WINDOW_MS,
    })
    const alone = new LogAlone(redis, postgres, link, log, database)
    await alone.#adopt()
    return alone
  }

  /** Lets every partition begin its life, as a worker does. */
  async #adopt(): Promise<void> {
    const side = new RedisLogSide({ functions: this.log.functions, windowMs: () => WINDOW_MS })
    const worker = openWriteBack(this.postgres.url)
    for (const lease of await worker.lease('bench', 5_000)) {
      const { instance } = await side.fetch(lease.partition, '0-0', 1)
      const settled = await worker.settle('bench', lease, instance, 0)
      if (settled !== null) await side.adopt(lease.partition, settled.epoch, instance, false)
    }
    await worker.release('bench')
    await worker.close()
  }

  /** Makes rooms of so many members. Every room and member is warm from then on. */
  async furnish(rooms: number, members: number): Promise<void> {
    for (let i = 0; i < rooms; i++) {
      const users = await Promise.all(Array.from({ length: members }, () => this.#makeUser()))
      const [createdBy, ...memberIds] = users as [string, ...string[]]
      const room = newId()
      const made = { kind: 'group' as const, title: `room ${i}`, capacity: null, createdBy, memberIds, at: Date.now() }
      await this.log.rooms.create({ id: room, ...made })
      this.#rooms.push({ room, users })
    }
    await this.log.log.append(this.#rooms.flatMap(({ room, users }) => users.map((user) => draftOf(room, user))))
  }

  async #makeUser(): Promise<string> {
    const id = newId()
    const user = { username: `u${id.slice(-12)}`, displayName: 'x', passwordHash: 'x', role: 'user' as const }
    await this.#database.accounts.create({ id, createdAt: Date.now(), ...user })
    return id
  }

  /** Appends as many messages of anybody. Throws when one is refused. */
  async say(messages: number): Promise<void> {
    const drafts = Array.from({ length: messages }, () => {
      const { room, users } = anyOf(this.#rooms)
      return draftOf(room, anyOf(users))
    })
    const results = await this.log.log.append(drafts)
    const refused = results.find((result) => !result.ok)
    if (refused !== undefined) throw new Error(JSON.stringify(refused))
  }

  /** CPU of Redis in µs, bytes in use, and functions called. */
  async usage(): Promise<{ cpu: number; bytes: number; calls: number }> {
    const [server] = this.link.servers
    const info = String(await server?.call('INFO', ['everything']))
    const value = (name: string) => Number(new RegExp(`^${name}[:=](?:calls=)?([\\d.]+)`, 'm').exec(info)?.[1] ?? 0)
    return {
      cpu: (value('used_cpu_user') + value('used_cpu_sys')) * 1e6,
      bytes: value('used_memory'),
      calls: value('cmdstat_fcall'),
    }
  }

  async stop(): Promise<void> {
    await this.log.close()
    this.link.close()
    await this.#database.close()
    await Promise.all([this.postgres.stop(), this.redis.stop()])
  }
}

function anyOf<T>(all: T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T
}

function draftOf(room: string, actor: string): MessageDraft {
  const body = '물은 낮은 곳으로 흐르고 여울에서는 빨라진다. Water runs downhill, faster here.'
  const nothing = { replyTo: null, mentions: [], files: [], retry: false }
  return { type: 'message', room, actor, clientMessageId: newId(), body, ...nothing }
}
