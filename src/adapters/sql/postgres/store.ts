import type { Head } from '../../../ports/log.ts'
import { YeoulError } from '../../../protocol/errors.ts'
import { accountReads, accountWrites } from '../accounts.ts'
import { administrationReads, administrationWrites } from '../administration.ts'
import { loginReads, loginWrites } from '../logins.ts'
import { membershipReads, membershipWrites } from '../memberships.ts'
import { resetLinkReads, resetLinkWrites } from '../reset-links.ts'
import { roomReads, roomWrites } from '../rooms.ts'
import { settingsReads, settingsWrites } from '../settings.ts'
import type { SqlStats, SqlStore } from '../store.ts'
import type { Snapshot, Transaction } from '../transaction.ts'
import { within } from '../within.ts'
import { Appender } from './append.ts'
import { EventReader } from './event-reader.ts'
import { Keys } from './keys.ts'
import { type Cluster, migrate } from './migrate.ts'
import { outagesTo } from './outages.ts'
import { retryParked } from './parked.ts'
import { type Connection, Pool, type Statement } from './pool.ts'
import { saveProgress } from './progress.ts'
import { Reads } from './reads.ts'
import { Transactions } from './transactions.ts'
import { verifyPostgres } from './verify.ts'

export interface PostgresStoreOptions {
  /** postgres://user:password@host:5432/name */
  url: string
  /** The partitions of the cluster: `WrongCluster` is thrown when the database was made for another number of them. */
  partitions: number
  /** Where this node keeps its log: `WrongCluster` is thrown when the others keep it elsewhere. Commands have none. */
  keepsLogIn?: 'sql' | 'redis'
  /** Whether the events of rooms and members wait in the outbox for the seqs that a log beside the database gives. */
  outbox?: boolean
  /** Told, in one line, of what an operator should know. */
  log?: (message: string) => void
  /** The time that appended events carry, in ms. */
  now?: () => number
  /** How long an access token lives, in ms: ended logins are kept that long. */
  accessTokenLifeMs?: number
  /** The most connections, at least 4. */
  poolSize?: number
}

export interface PostgresStore extends SqlStore {
  cluster: Cluster
  stats(): SqlStats & {
    /** Statements that were sent so far, of all kinds. */
    statements: number
  }
}

const PING_MS = 2_000
/** Connections for batches of messages: one for the batch under way, one for whoever else writes. */
const FOR_APPENDS = 2

/**
 * Opens the store on a PostgreSQL database that many nodes share, bringing its schema up to date. Commits, other writes
 * and reads have connections of their own, so that none waits for another kind. Throws `WrongCluster`, and an error of one
 * line when the database cannot be reached or used.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { url, partitions, log = () => {}, now = Date.now, accessTokenLifeMs = 15 * 60_000, poolSize = 10 } = options
  const cluster = await migrate(url, partitions, options.keepsLogIn)
  const keys = new Keys()
  const told = keys.forgottenWith(outagesTo(log))
  const forWrites = Math.max(1, Math.floor((poolSize - FOR_APPENDS) / 2))
  const appends = new Pool(url, { size: FOR_APPENDS, plannedOnce: true, ...told })
  const others = new Pool(url, { size: forWrites, plannedOnce: false, ...told })
  const forReads = new Pool(url, { size: Math.max(1, poolSize - FOR_APPENDS - forWrites), plannedOnce: false, ...told })
  const pools = [appends, others, forReads]

  const transactions = new Transactions(partitions, options.outbox ?? false)
  const appender = new Appender(appends, transactions, keys)
  const events = new EventReader(keys)
  const reads = new Reads(forReads, events)
  const write = <T>(room: string | null, work: (tx: Transaction) => Promise<T>) =>
    transactions.write(others, room, work)
  const look = <T>(work: (snapshot: Snapshot) => Promise<T>) => reads.look(work)
  const heads = (rooms: string[]): Promise<Map<string, Head>> =>
    rooms.length === 0 ? Promise.resolve(new Map()) : reads.ask((connection) => events.heads(connection, rooms))

  let closed: Promise<void> | undefined

  const [fsync] = await reads.ask((connection) => connection.rows<[string]>(FSYNC, []))
  if (fsync?.[0] === 'off')
    log('database: fsync is off there, so what is acknowledged may be lost when its machine fails')

  return {
    cluster,
    log: {
      level: 'stored',
      publishes: false,
      append: (drafts) => appender.append(now, drafts),
      read: (room, after, limit) => reads.ask((connection) => events.events(connection, room, after, limit)),
      head: async (room) => (await heads([room])).get(room) ?? null,
      heads,
    },
    history: {
      messages: (room, range) => reads.ask((connection) => events.page(connection, room, range)),
      message: (room, seq) => reads.ask((connection) => events.message(connection, room, seq)),
      countUpTo: (room, seq) => reads.ask((connection) => events.countUpTo(connection, room, seq)),
      seqOf: (room, n) => reads.ask((connection) => events.seqOf(connection, room, n)),
      notices: (room, range) => reads.ask((connection) => events.notices(connection, room, range)),
    },
    accounts: {
      create: (account) => write(null, (tx) => accountWrites.createAccount(tx, account)),
      byId: (id) => look((on) => accountReads.accountById(on, id)),
      byUsername: (username) => look((on) => accountReads.accountByUsername(on, username)),
      byIds: (ids) => look((on) => accountReads.usersByIds(on, ids)),
      find: (q, limit) => look((on) => accountReads.findUsers(on, q, limit)),
      idsOf: (usernames) => look((on) => accountReads.idsOfUsernames(on, usernames)),
      update: (id, changes) => write(null, (tx) => accountWrites.updateAccount(tx, id, changes)),
      offerSetup: (tokenHash, expiresAt) => write(null, (tx) => accountWrites.offerSetup(tx, tokenHash, expiresAt)),
      ensureExternal: (externalId, account) =>
        write(null, (tx) => accountWrites.ensureExternal(tx, externalId, account)),
    },
    logins: {
      start: (login, tokenHash) => write(null, (tx) => loginWrites.startLogin(tx, login, tokenHash)),
      rotate: (spend) => write(null, (tx) => loginWrites.rotateToken(tx, spend)),
      end: (which, at) => write(null, (tx) => loginWrites.endLogin(tx, which, at)),
      endOwn: (user, sid, at) => write(null, (tx) => loginWrites.endOwnLogin(tx, user, sid, at)),
      endAll: (user, at, except) => write(null, (tx) => loginWrites.endAllLogins(tx, user, at, except)),
      endedSince: (since) => look((on) => loginReads.loginsEndedSince(on, since)),
      list: (user, cursor, limit) => look((on) => loginReads.listLogins(on, user, cursor, limit)),
      sweep: (at) => write(null, (tx) => loginWrites.sweepLogins(tx, at, at - accessTokenLifeMs)),
    },
    rooms: {
      create: (room) => write(room.id, (tx) => roomWrites.createRoom(tx, room)),
      get: (id) => look((on) => roomReads.getRoom(on, id)),
      listOpen: (q, cursor, limit) => look((on) => roomReads.listOpenRooms(on, q, cursor, limit)),
      list: (q, cursor, limit) => look((on) => roomReads.listRooms(on, q, cursor, limit)),
      update: (id, actor, at, changes) => write(id, (tx) => roomWrites.updateRoom(tx, id, actor, at, changes)),
      remove: (id, actor, at) => write(id, (tx) => roomWrites.removeRoom(tx, id, actor, at)),
      access: (id, user) => look((on) => roomReads.accessTo(on, id, user)),
    },
    memberships: {
      join: (room, user, actor, at) => write(room, (tx) => membershipWrites.join(tx, room, user, actor, at)),
      end: (room, user, actor, at, reason) =>
        write(room, (tx) => membershipWrites.endMembership(tx, room, user, actor, at, reason)),
      unban: (room, user) => write(room, (tx) => membershipWrites.unban(tx, room, user)),
      setRole: (room, user, actor, at, role) =>
        write(room, (tx) => membershipWrites.setRole(tx, room, user, actor, at, role)),
      setNotify: (room, user, notify) => write(room, (tx) => membershipWrites.setNotify(tx, room, user, notify)),
      get: (room, user) => look((on) => membershipReads.getMembership(on, room, user)),
      list: (room, cursor, limit, wanted) => look((on) => membershipReads.listMembers(on, room, cursor, limit, wanted)),
      bans: (room, cursor, limit) => look((on) => membershipReads.listBans(on, room, cursor, limit)),
      ofUser: (user, cursor, limit) => reads.together((on) => membershipReads.roomsOfUser(on, user, cursor, limit)),
      roomIdsOf: (user, limit) => look((on) => membershipReads.roomIdsOfUser(on, user, limit)),
      saveProgress: (cursors, exits) =>
        transactions.run(others, [], async (connection) => {
          return { value: undefined, lastWrites: saveProgress(connection, cursors, exits) }
        }),
    },
    settings: {
      version: () => look((on) => settingsReads.settingsVersion(on)),
      append: (expected, change) => write(null, (tx) => settingsWrites.appendSettings(tx, expected, change)),
      after: (version, limit) => look((on) => settingsReads.settingsAfter(on, version, limit)),
      history: (cursor, limit) => look((on) => settingsReads.settingsHistory(on, cursor, limit)),
    },
    resetLinks: {
      offer: (user, hash, expiresAt) => write(null, (tx) => resetLinkWrites.offerReset(tx, user, hash, expiresAt)),
      ownerOf: (hash, at) => look((on) => resetLinkReads.ownerOfReset(on, hash, at)),
      spend: (hash, at, passwordHash) => write(null, (tx) => resetLinkWrites.spendReset(tx, hash, at, passwordHash)),
    },
    administration: {
      users: (q, cursor, limit) => look((on) => administrationReads.listUsers(on, q, cursor, limit)),
      changeUser: (id, changes, at) => write(null, (tx) => administrationWrites.changeUser(tx, id, changes, at)),
      changedRoles: (since) => look((on) => administrationReads.changedRoles(on, since)),
      counts: () => look((on) => administrationReads.counts(on)),
      parked: (cursor, limit) => look((on) => administrationReads.listParked(on, cursor, limit)),
      retryParked: (id) => retryParked(url, id),
    },
    verify: () => verifyPostgres(url),
    ping: () =>
      within(
        PING_MS,
        reads.ask((connection) => answersAndWrites(connection)),
      ),
    close() {
      closed ??= Promise.all([transactions.close(), reads.close()]).then(async () => {
        await Promise.all(pools.map((pool) => pool.end()))
      })
      return closed
    },
    stats: () => ({
      reads: reads.calls,
      writes: transactions.calls,
      pendingReads: reads.pending,
      pendingWrites: transactions.pending,
      lostAnswers: transactions.lostAnswers,
      statements: pools.reduce((sum, pool) => sum + pool.counts.statements, 0),
    }),
  }
}

const FSYNC: Statement = { name: 'fsync', text: 'SHOW fsync' }

const WRITABLE: Statement = { name: 'ping', text: 'SELECT NOT pg_is_in_recovery()' }

/** A standby answers, and would not take a write. */
async function answersAndWrites(connection: Connection): Promise<void> {
  const [row] = await connection.rows<[boolean]>(WRITABLE, [])
  if (row?.[0] !== true) throw new YeoulError('unavailable', 'The database only reads.')
}
