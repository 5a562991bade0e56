import type { Kysely, Selectable } from 'kysely'
import type { Memberships, MembersWanted } from '../../ports/memberships.ts'
import type { Change } from '../../ports/rooms.ts'
import { YeoulError } from '../../protocol/errors.ts'
import type {
  Ban,
  LeaveEvent,
  LeaveReason,
  Member,
  MemberEvent,
  MemberRole,
  Membership,
  NotifyLevel,
  Page,
  RoomSummary,
} from '../../protocol/model.ts'
import { admit, type Newcomer } from './admission.ts'
import { aside } from './aside.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { mentionsIn, unreadOf } from './mentions.ts'
import { nameBegins } from './names.ts'
import { peerOf, roomOf, selectRooms } from './rooms.ts'
import { insertEvents, stepOf } from './sequence.ts'
import { type MemberRow, OWNER, ROLES, roleNumber, type Tables } from './tables.ts'
import { holdRoom, roomPk, type Snapshot, type Transaction, userPk } from './transaction.ts'

export const membershipWrites = {
  async join(tx: Transaction, room: string, user: string, actor: string, at: number): ReturnType<Memberships['join']> {
    const pk = await holdRoom(tx, room)
    const who = await userPk(tx.db, user)
    const known = await findMember(tx.db, pk, who)
    if (known !== undefined) {
      return { membership: membershipOf(known), change: { epoch: await epochOf(tx.db, pk), events: [] } }
    }
    const ban = await tx.db
      .selectFrom('bans')
      .select('at')
      .where('room_pk', '=', pk)
      .where('user_pk', '=', who)
      .executeTakeFirst()
    if (ban !== undefined) throw new YeoulError('banned')
    const by = actor === user ? who : await userPk(tx.db, actor)
    const newcomer: Newcomer = { id: user, pk: who, role: 'member' }
    const change = await admit(tx, { id: room, pk }, [newcomer], { id: actor, pk: by }, at)
    const member = await findMember(tx.db, pk, who)
    return { membership: membershipOf(member as Selectable<MemberRow>), change }
  },

  async endMembership(
    tx: Transaction,
    room: string,
    user: string,
    actor: string,
    at: number,
    reason: LeaveReason,
  ): Promise<Change> {
    const pk = await holdRoom(tx, room)
    const who = await userPk(tx.db, user)
    const by = actor === user ? who : await userPk(tx.db, actor)
    const member = await findMember(tx.db, pk, who)
    if (member?.role === OWNER) await refuseLastOwner(tx.db, pk, 'others')
    if (reason === 'banned') {
      await tx.db
        .insertInto('bans')
        .values({ room_pk: pk, user_pk: who, at, actor_pk: by })
        .onConflict((conflict) => conflict.columns(['room_pk', 'user_pk']).doNothing())
        .execute()
    }
    if (member === undefined) return { epoch: await epochOf(tx.db, pk), events: [] }
    await tx.db.deleteFrom('members').where('room_pk', '=', pk).where('user_pk', '=', who).execute()
    await tx.db.deleteFrom('mentions').where('room_pk', '=', pk).where('user_pk', '=', who).execute()
    const { epoch, seq, n, member_count } = await tx.db
      .updateTable('rooms')
      .set((eb) => ({ seq: eb('seq', '+', stepOf(tx, 1)), member_count: eb('member_count', '-', 1) }))
      .where('pk', '=', pk)
      .returning(['epoch', 'seq', 'n', 'member_count'])
      .executeTakeFirstOrThrow()
    tx.roomChanged(room)
    const event: LeaveEvent = { type: 'leave', seq, at, actor, user, reason }
    await insertEvents(tx, { room: { id: room, pk }, n, at, actorPk: by, memberCount: member_count }, [event], [who])
    return { epoch, events: [event] }
  },

  async unban(tx: Transaction, room: string, user: string): Promise<void> {
    await tx.db
      .deleteFrom('bans')
      .where('room_pk', '=', await holdRoom(tx, room))
      .where('user_pk', '=', await userPk(tx.db, user))
      .execute()
  },

  async setRole(
    tx: Transaction,
    room: string,
    user: string,
    actor: string,
    at: number,
    role: MemberRole,
  ): Promise<Change> {
    const pk = await holdRoom(tx, room)
    const who = await memberPk(tx.db, pk, user)
    const member = (await findMember(tx.db, pk, who)) as Selectable<MemberRow>
    if (member.role === roleNumber(role)) return { epoch: await epochOf(tx.db, pk), events: [] }
    if (member.role === OWNER) await refuseLastOwner(tx.db, pk, 'ever')
    await tx.db
      .updateTable('members')
      .set({ role: roleNumber(role) })
      .where('room_pk', '=', pk)
      .where('user_pk', '=', who)
      .execute()
    const { epoch, seq, n, member_count } = await tx.db
      .updateTable('rooms')
      .set((eb) => ({ seq: eb('seq', '+', stepOf(tx, 1)) }))
      .where('pk', '=', pk)
      .returning(['epoch', 'seq', 'n', 'member_count'])
      .executeTakeFirstOrThrow()
    tx.roomChanged(room)
    const by = actor === user ? who : await userPk(tx.db, actor)
    const event: MemberEvent = { type: 'member', seq, at, actor, user, role }
    await insertEvents(tx, { room: { id: room, pk }, n, at, actorPk: by, memberCount: member_count }, [event], [who])
    return { epoch, events: [event] }
  },

  async setNotify({ db }: Transaction, room: string, user: string, notify: NotifyLevel): Promise<void> {
    const pk = await roomPk(db, room)
    const who = await memberPk(db, pk, user)
    await db.updateTable('members').set({ notify }).where('room_pk', '=', pk).where('user_pk', '=', who).execute()
  },
}

export const membershipReads = {
  async getMembership({ db }: Snapshot, room: string, user: string): Promise<Membership | null> {
    const row = await db
      .selectFrom('members as m')
      .innerJoin('rooms as r', 'r.pk', 'm.room_pk')
      .innerJoin('users as u', 'u.pk', 'm.user_pk')
      .selectAll('m')
      .where('r.id', '=', room)
      .where('u.id', '=', user)
      .executeTakeFirst()
    return row === undefined ? null : membershipOf(row)
  },

  /** A name is looked for along the room's own index: a page costs its room at most, however many users there are. */
  async listMembers(
    { db }: Snapshot,
    room: string,
    cursor: string | null,
    limit: number,
    { q, among }: MembersWanted = {},
  ): Promise<Page<Member>> {
    const pk = await roomPk(db, room)
    if (among?.length === 0) return { items: [], nextCursor: null }
    let query = selectMembers(db).where('m.room_pk', '=', pk)
    if (among !== undefined) query = query.where('u.id', 'in', among)
    if (q !== undefined) query = query.where(nameBegins('u', q))
    if (cursor !== null) {
      const [role, joinedAt, user] = decodeCursor(cursor, 3) as [number, number, number]
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('m.role', 'm.joined_at', 'm.user_pk'), '>', tuple(role, joinedAt, user)),
      )
    }
    const rows =
      among === undefined
        ? await query
            .orderBy('m.role')
            .orderBy('m.joined_at')
            .orderBy('m.user_pk')
            .limit(limit + 1)
            .execute()
        : await aside(db, query)
            .orderBy('role')
            .orderBy('joined_at')
            .orderBy('user_pk')
            .limit(limit + 1)
            .execute()
    return pageOf(rows, limit, memberOf, (row) => [row.role, row.joined_at, row.user_pk])
  },

  async listBans({ db }: Snapshot, room: string, cursor: string | null, limit: number): Promise<Page<Ban>> {
    let query = db
      .selectFrom('bans as b')
      .innerJoin('users as u', 'u.pk', 'b.user_pk')
      .innerJoin('users as actor', 'actor.pk', 'b.actor_pk')
      .select(['b.at', 'b.user_pk', 'u.id as user', 'actor.id as by'])
      .where('b.room_pk', '=', await roomPk(db, room))
    if (cursor !== null) {
      const [at, user] = decodeCursor(cursor, 2) as [number, number]
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('b.at', 'b.user_pk'), '<', tuple(at, user)))
    }
    const rows = await query
      .orderBy('b.at', 'desc')
      .orderBy('b.user_pk', 'desc')
      .limit(limit + 1)
      .execute()
    return pageOf(
      rows,
      limit,
      ({ user, at, by }) => ({ user, at, by }),
      (row) => [row.at, row.user_pk],
    )
  },

  async roomsOfUser(
    { db, messagesAt }: Snapshot,
    user: string,
    cursor: string | null,
    limit: number,
  ): Promise<Page<RoomSummary>> {
    let query = selectRooms(db)
      .innerJoin('members as m', 'm.room_pk', 'r.pk')
      .innerJoin('users as u', 'u.pk', 'm.user_pk')
      .select(['m.user_pk', 'm.role', 'm.joined_at', 'm.read_seq', 'm.read_n', 'm.notify', 'm.last_exit_at'])
      .where('u.id', '=', user)
    if (cursor !== null) {
      const [lastAt, pk] = decodeCursor(cursor, 2) as [number, number]
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('r.last_at', 'r.pk'), '<', tuple(lastAt, pk)))
    }
    const rows = await query
      .orderBy('r.last_at', 'desc')
      .orderBy('r.pk', 'desc')
      .limit(limit + 1)
      .execute()
    const places = rows.flatMap(({ pk, last_message_seq: seq }) => (seq === null ? [] : [{ pk, seq }]))
    const found = await messagesAt(places)
    const mentions = await mentionsIn(db, rows)
    const lastMessages = new Map(places.map(({ pk }, i) => [pk, found[i] ?? null]))
    return pageOf(
      rows,
      limit,
      (row) => ({
        room: roomOf(row),
        membership: membershipOf(row),
        unread: Math.max(0, row.n - row.read_n),
        unreadMentions: unreadOf(mentions.get(row.pk), row.read_n),
        lastMessage: lastMessages.get(row.pk) ?? null,
        ...peerOf(row, user),
      }),
      (row) => [row.last_at, row.pk],
    )
  },

  async roomIdsOfUser({ db }: Snapshot, user: string, limit: number): Promise<string[]> {
    const rows = await db
      .selectFrom('members as m')
      .innerJoin('rooms as r', 'r.pk', 'm.room_pk')
      .innerJoin('users as u', 'u.pk', 'm.user_pk')
      .select('r.id')
      .where('u.id', '=', user)
      .orderBy('r.last_at', 'desc')
      .orderBy('r.pk', 'desc')
      .limit(limit)
      .execute()
    return rows.map((row) => row.id)
  },
}

function findMember(db: Kysely<Tables>, room: number, user: number): Promise<Selectable<MemberRow> | undefined> {
  return db.selectFrom('members').selectAll().where('room_pk', '=', room).where('user_pk', '=', user).executeTakeFirst()
}

/** The key of a user who is a member. Rejects `not_a_member`. */
async function memberPk(db: Kysely<Tables>, room: number, user: string): Promise<number> {
  const row = await db
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.pk', 'm.user_pk')
    .select('m.user_pk')
    .where('m.room_pk', '=', room)
    .where('u.id', '=', user)
    .executeTakeFirst()
  if (row === undefined) throw new YeoulError('not_a_member')
  return row.user_pk
}

/**
 * Rejects `last_owner` when the room has one owner, and for 'others' when it has other members besides. Of a direct room
 * either may go: it comes back when one of the two makes it again.
 */
async function refuseLastOwner(db: Kysely<Tables>, room: number, when: 'others' | 'ever'): Promise<void> {
  const owners = await db
    .selectFrom('members')
    .select('user_pk')
    .where('room_pk', '=', room)
    .where('role', '=', OWNER)
    .limit(2)
    .execute()
  if (owners.length > 1) return
  if (when === 'others') {
    const { member_count, kind } = await db
      .selectFrom('rooms')
      .select(['member_count', 'kind'])
      .where('pk', '=', room)
      .executeTakeFirstOrThrow()
    if (member_count <= 1 || kind === 'direct') return
  }
  throw new YeoulError('last_owner')
}

async function epochOf(db: Kysely<Tables>, room: number): Promise<number> {
  const { epoch } = await db.selectFrom('rooms').select('epoch').where('pk', '=', room).executeTakeFirstOrThrow()
  return epoch
}

function selectMembers(db: Kysely<Tables>) {
  return db
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.pk', 'm.user_pk')
    .selectAll('m')
    .select('u.id as user')
}

function memberOf(row: Selectable<MemberRow> & { user: string }): Member {
  const { role, joinedAt, lastExitAt, readSeq, readN } = membershipOf(row)
  return { user: row.user, role, joinedAt, online: false, lastExitAt, readSeq, readN }
}

export function membershipOf(row: Omit<Selectable<MemberRow>, 'room_pk' | 'user_pk'>): Membership {
  return {
    role: ROLES[row.role] as MemberRole,
    joinedAt: row.joined_at,
    readSeq: row.read_seq,
    readN: row.read_n,
    notify: row.notify,
    lastExitAt: row.last_exit_at,
  }
}
