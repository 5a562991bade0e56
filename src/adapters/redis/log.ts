import type { History } from '../../ports/history.ts'
import type { Log } from '../../ports/log.ts'
import type { Memberships } from '../../ports/memberships.ts'
import type { Rooms } from '../../ports/rooms.ts'
import { YeoulError } from '../../protocol/errors.ts'
import { LogLoads } from '../sql/postgres/log-loads.ts'
import { Outbox } from '../sql/postgres/outbox.ts'
import { Turns } from '../sql/postgres/turns.ts'
import type { RedisLink } from './connection.ts'
import { RedisHistory } from './history.ts'
import { Appender } from './log-append.ts'
import { AppendCall } from './log-call.ts'
import { Changes } from './log-changes.ts'
import { FactFinder } from './log-facts.ts'
import { LogFunctions } from './log-functions.ts'
import { LogReads } from './log-reads.ts'
import { Relay } from './log-relay.ts'
import { LogMemberships, LogRooms } from './log-rooms.ts'
import type { RedisServer } from './server.ts'
import { UserRooms } from './user-rooms.ts'

export interface RedisLogOptions {
  link: RedisLink
  partitions: number
  /** The database that workers write the log to: its store, opened with `outbox`, and where it is. */
  database: { log: Log; history: History; rooms: Rooms; memberships: Memberships; url: string }
  /** For how long repeats are recognised without a mark, in ms. */
  repeatWindowMs: () => number
  /** Told, in one line, of what an operator should know. */
  log?: (message: string) => void
  /** Told of a failure that no code names. */
  failed?: (error: unknown) => void
}

/** The ports of a cluster whose log is in Redis; all others are the database's own. */
export interface RedisLog {
  log: Log
  history: History
  rooms: Rooms
  memberships: Memberships
  /** What the worker's side of the log stands on. */
  functions: LogFunctions
  /**
   * Rejects `unavailable` when Redis cannot be reached, and `log_fenced` until a worker has let every partition begin its
   * life: a cluster that was just made takes no message before. Later a fence passes by itself within seconds.
   */
  ping(): Promise<void>
  close(): Promise<void>
}

/** Redis is not set up to keep a log. */
export class UnsafeRedis extends Error {}

/**
 * Opens the log in Redis: acknowledged is `logged`, kept by Redis and written to the database by workers. Throws
 * `UnsafeRedis`, in one line, when Redis would forget what it acknowledged.
 */
export async function openRedisLog(options: RedisLogOptions): Promise<RedisLog> {
  const { link, partitions, database, log = () => {}, failed = () => {} } = options
  await Promise.all(link.servers.map(checkKeeps))
  const functions = new LogFunctions(link, partitions)
  const loads = new LogLoads(database.url, log)
  const call = new AppendCall(functions, options.repeatWindowMs)
  const relay = new Relay({ call, outbox: new Outbox(loads), loads, failed })
  // The database may have been put back to an older copy: then nothing is acknowledged that would be thrown away (P1).
  for (const [partition, epoch] of await loads.epochs()) await functions.call(partition, 'fence', [epoch])
  const turns = new Turns()
  const appender = new Appender(call, new FactFinder(loads, relay), turns)
  const reads = new LogReads(functions, database.log)
  const parts = { functions, changes: new Changes(relay, turns), relay }
  /** Partitions that have not taken an append since the start, as far as this node knows. */
  const unseen = new Set(Array.from({ length: partitions }, (_, partition) => partition))
  return {
    log: {
      level: 'logged',
      publishes: true,
      append: (drafts) => appender.append(drafts),
      read: (room, after, limit) => reads.read(room, after, limit),
      head: async (room) => (await reads.heads([room])).get(room) ?? null,
      heads: (rooms) => reads.heads(rooms),
    },
    history: new RedisHistory(functions, reads, database.history),
    rooms: new LogRooms(parts, database.rooms),
    memberships: new LogMemberships(parts, database.memberships, new UserRooms(functions, loads)),
    functions,
    async ping() {
      if (!link.up) throw new YeoulError('unavailable', 'Redis cannot be reached.')
      const look = async (partition: number) => {
        if ((await call.call(partition, 0, '', [])).state !== 'fenced') unseen.delete(partition)
      }
      await Promise.all([...unseen].map(look))
      if (unseen.size > 0) throw new YeoulError('log_fenced')
    },
    async close() {
      await relay.stop()
      await loads.close()
    },
  }
}

/** By INFO rather than CONFIG, which many who run Redis for others forbid. */
async function checkKeeps(server: RedisServer): Promise<void> {
  const info = String(await server.call('INFO', ['everything']))
  const value = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
  if (value('aof_enabled') !== '1')
    throw new UnsafeRedis(`Redis at ${server.name} would lose the log with its process: it needs appendonly yes`)
  if (value('maxmemory_policy') !== 'noeviction')
    throw new UnsafeRedis(`Redis at ${server.name} would drop parts of the log: it needs maxmemory-policy noeviction`)
}
