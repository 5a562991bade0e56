import { closeSync, openSync } from 'node:fs'
import type { Head } from '../../../ports/log.ts'
import { YeoulError } from '../../../protocol/errors.ts'
import type { RoomEvent } from '../../../protocol/model.ts'
import type { SqlStats, SqlStore } from '../store.ts'
import { within } from '../within.ts'
import { Checkpoints } from './checkpoints.ts'
import { flattenDrafts, readResults } from './drafts.ts'
import type { KeeperOperations } from './keeper.ts'
import type { ReadOperations } from './reader.ts'
import { lockForServer } from './server-lock.ts'
import { StoreThread } from './thread.ts'
import type { WriteOperations } from './writer.ts'

export interface SqlStoreOptions {
  /** The database file; made when it does not exist. Its folder must exist. */
  path: string
  /** Whether this process serves: then it is the only one that does, and `DatabaseInUse` is thrown otherwise. */
  server?: boolean
  /** Told, in one line, of what an operator should know. */
  log?: (message: string) => void
  /** The time that appended events carry, in ms. */
  now?: () => number
  /** How long an access token lives, in ms: ended logins are kept that long. */
  accessTokenLifeMs?: number
  /** Memory for pages, in KiB: half for writing, half for reading. */
  cacheKiB?: number
}

export interface SqliteStore extends SqlStore {
  /** A consistent copy in a new file; the server goes on meanwhile. */
  backup(file: string): Promise<void>
  /** Keeps the database from growing beyond so many bytes: what would is `storage_full`. null lifts the limit. */
  limitBytes(bytes: number | null): Promise<void>
  stats(): SqliteStats
}

export interface SqliteStats extends SqlStats {
  /** Bytes in the write-ahead log at the last checkpoint. */
  walBytes: number
}

const PING_MS = 2_000

/**
 * Opens the store on a SQLite database, bringing its schema up to date. Three threads stand behind it: one writes, one reads,
 * one does what takes long. Throws `DatabaseInUse` when another server has the database.
 */
export async function openSqlStore(options: SqlStoreOptions): Promise<SqliteStore> {
  const { path, log = () => {}, now = Date.now, accessTokenLifeMs = 15 * 60_000, cacheKiB = 65_536 } = options
  // Password hashes are in it: for this user alone. SQLite gives its other files the same mode.
  closeSync(openSync(path, 'a', 0o600))
  const unlock = options.server === true ? lockForServer(path) : () => {}
  const data = { path, cacheKiB: Math.ceil(cacheKiB / 2) }
  const writer = new StoreThread<WriteOperations>('writer', data, log)
  const reader = new StoreThread<ReadOperations>('reader', data, log)
  const keeper = new StoreThread<KeeperOperations>('keeper', { path, cacheKiB: 2_048 }, log)
  const closeThreads = async () => {
    // The last to close folds the write-ahead log into the database.
    await writer.close(Promise.all([keeper.close(), reader.close()]))
    unlock()
  }
  try {
    await writer.start()
    await Promise.all([reader.start(), keeper.start()])
  } catch (error) {
    await closeThreads()
    throw error
  }
  const checkpoints = new Checkpoints(writer, keeper, log)

  return {
    log: {
      level: 'stored',
      publishes: false,
      async append(drafts) {
        return readResults(await writer.call('append', now(), flattenDrafts(drafts)))
      },
      async read(room, after, limit) {
        const answer: { head: Head; events: RoomEvent[] } = JSON.parse(
          await reader.call('readEvents', room, after, limit),
        )
        return answer
      },
      head: async (room) => (await reader.call('heads', [room]))[0]?.[1] ?? null,
      heads: async (rooms) => new Map(await reader.call('heads', rooms)),
    },
    history: {
      async messages(room, range) {
        return JSON.parse(await reader.call('pageOfMessages', room, range))
      },
      message: (room, seq) => reader.call('oneMessage', room, seq),
      countUpTo: (room, seq) => reader.call('countMessagesUpTo', room, seq),
      seqOf: (room, n) => reader.call('seqOfMessage', room, n),
      async notices(room, range) {
        return JSON.parse(await reader.call('noticesOfRoom', room, range))
      },
    },
    accounts: {
      create: (account) => writer.call('createAccount', account),
      byId: (id) => reader.call('accountById', id),
      byUsername: (username) => reader.call('accountByUsername', username),
      byIds: (ids) => reader.call('usersByIds', ids),
      find: (q, limit) => reader.call('findUsers', q, limit),
      idsOf: (usernames) => reader.call('idsOfUsernames', usernames),
      update: (id, changes) => writer.call('updateAccount', id, changes),
      offerSetup: (tokenHash, expiresAt) => writer.call('offerSetup', tokenHash, expiresAt),
      ensureExternal: (externalId, account) => writer.call('ensureExternal', externalId, account),
    },
    logins: {
      start: (login, tokenHash) => writer.call('startLogin', login, tokenHash),
      rotate: (spend) => writer.call('rotateToken', spend),
      end: (which, at) => writer.call('endLogin', which, at),
      endOwn: (user, sid, at) => writer.call('endOwnLogin', user, sid, at),
      endAll: (user, at, except) => writer.call('endAllLogins', user, at, except),
      endedSince: (since) => reader.call('loginsEndedSince', since),
      list: (user, cursor, limit) => reader.call('listLogins', user, cursor, limit),
      sweep: (at) => writer.call('sweepLogins', at, at - accessTokenLifeMs),
    },
    rooms: {
      create: (room) => writer.call('createRoom', room),
      get: (id) => reader.call('getRoom', id),
      listOpen: (q, cursor, limit) => reader.call('listOpenRooms', q, cursor, limit),
      list: (q, cursor, limit) => reader.call('listRooms', q, cursor, limit),
      update: (id, actor, at, changes) => writer.call('updateRoom', id, actor, at, changes),
      remove: (id, actor, at) => writer.call('removeRoom', id, actor, at),
      access: (id, user) => reader.call('accessTo', id, user),
    },
    memberships: {
      join: (room, user, actor, at) => writer.call('join', room, user, actor, at),
      end: (room, user, actor, at, reason) => writer.call('endMembership', room, user, actor, at, reason),
      unban: (room, user) => writer.call('unban', room, user),
      setRole: (room, user, actor, at, role) => writer.call('setRole', room, user, actor, at, role),
      setNotify: (room, user, notify) => writer.call('setNotify', room, user, notify),
      get: (room, user) => reader.call('getMembership', room, user),
      list: (room, cursor, limit, wanted) => reader.call('listMembers', room, cursor, limit, wanted),
      bans: (room, cursor, limit) => reader.call('listBans', room, cursor, limit),
      ofUser: (user, cursor, limit) => reader.call('roomsOfUser', user, cursor, limit),
      roomIdsOf: (user, limit) => reader.call('roomIdsOfUser', user, limit),
      saveProgress: (cursors, exits) => writer.call('saveProgress', cursors, exits),
    },
    settings: {
      version: () => reader.call('settingsVersion'),
      append: (expected, change) => writer.call('appendSettings', expected, change),
      after: (version, limit) => reader.call('settingsAfter', version, limit),
      history: (cursor, limit) => reader.call('settingsHistory', cursor, limit),
    },
    resetLinks: {
      offer: (user, hash, expiresAt) => writer.call('offerReset', user, hash, expiresAt),
      ownerOf: (hash, at) => reader.call('ownerOfReset', hash, at),
      spend: (hash, at, passwordHash) => writer.call('spendReset', hash, at, passwordHash),
    },
    administration: {
      users: (q, cursor, limit) => reader.call('listUsers', q, cursor, limit),
      changeUser: (id, changes, at) => writer.call('changeUser', id, changes, at),
      changedRoles: (since) => reader.call('changedRoles', since),
      counts: () => reader.call('counts'),
      // There is no log before this database, so nothing of one can be refused.
      parked: (cursor, limit) => reader.call('listParked', cursor, limit),
      async retryParked() {
        throw new YeoulError('parked_not_found')
      },
    },
    verify: () => keeper.call('verify'),
    backup: (file) => keeper.call('backup', file),
    limitBytes: (bytes) => writer.call('limitBytes', bytes),
    ping: () => within(PING_MS, Promise.all([writer.ping(), reader.ping()])),
    async close() {
      checkpoints.stop()
      await closeThreads()
    },
    stats: () => ({
      reads: reader.calls,
      writes: writer.calls,
      pendingWrites: writer.pending,
      pendingReads: reader.pending,
      walBytes: checkpoints.walBytes,
      lostAnswers: writer.deaths + reader.deaths + keeper.deaths,
    }),
  }
}
