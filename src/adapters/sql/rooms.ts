import { type Kysely, type Selectable, sql } from 'kysely'
import type { Change, ListedRoom, NewRoom, RoomRecord, Rooms } from '../../ports/rooms.ts'
import { YeoulError } from '../../protocol/errors.ts'
import { CAPACITY_MAX } from '../../protocol/limits.ts'
import type { LeaveEvent, Page, Room, RoomChangedEvent } from '../../protocol/model.ts'
import { admit, type Known, type Newcomer } from './admission.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { insertEvents, noteRemoval, stepOf } from './sequence.ts'
import { OWNER, ROLES, type RoomRow, type Tables } from './tables.ts'
import { holdRoom, type Snapshot, type Transaction, userPk } from './transaction.ts'

export const roomWrites = {
  async createRoom(tx: Transaction, room: NewRoom): ReturnType<Rooms['create']> {
    const directKey = room.kind === 'direct' ? directKeyOf(room.createdBy, room.memberIds) : null
    if (directKey !== null) {
      const rooms = tx.db.selectFrom('rooms').select(['id', 'pk']).where('direct_key', '=', directKey)
      const known = await tx.holding(rooms).executeTakeFirst()
      if (known !== undefined) return bringBack(tx, known, room)
    }
    const creator = await userPk(tx.db, room.createdBy)
    const { pk } = await tx.db
      .insertInto('rooms')
      .values({
        id: room.id,
        kind: room.kind,
        partition: tx.partitionOf(room.id),
        title: room.title,
        title_key: searchKey(room.title),
        capacity: room.kind === 'direct' ? 2 : room.capacity,
        epoch: 1,
        seq: 0,
        n: 0,
        member_count: 0,
        created_by: creator,
        created_at: room.at,
        last_at: room.at,
        lively_at: room.at,
        direct_key: directKey,
      })
      .returning('pk')
      .executeTakeFirstOrThrow()
    const others = [...new Set(room.memberIds)].filter((id) => id !== room.createdBy)
    const newcomers: Newcomer[] = [
      { id: room.createdBy, pk: creator, role: 'owner' },
      ...(await findUsers(tx.db, others)).map(({ id, pk }) => ({ id, pk, role: 'member' as const })),
    ]
    const change = await admit(tx, { id: room.id, pk }, newcomers, { id: room.createdBy, pk: creator }, room.at)
    return { room: await recordOf(tx.db, pk), created: true, change }
  },

  async updateRoom(
    tx: Transaction,
    id: string,
    actor: string,
    at: number,
    wanted: Parameters<Rooms['update']>[3],
  ): ReturnType<Rooms['update']> {
    const pk = await holdRoom(tx, id)
    const before = await recordOf(tx.db, pk)
    const changes: typeof wanted = {}
    if (wanted.title !== undefined && wanted.title !== before.title) changes.title = wanted.title
    if (wanted.capacity !== undefined && wanted.capacity !== before.capacity) changes.capacity = wanted.capacity
    if (Object.keys(changes).length === 0) {
      return { room: before, change: { epoch: before.position.epoch, events: [] } }
    }
    if ((changes.capacity ?? CAPACITY_MAX) < before.memberCount) throw new YeoulError('capacity_too_small')
    const { epoch, seq, n, member_count } = await tx.db
      .updateTable('rooms')
      .set((eb) => ({
        seq: eb('seq', '+', stepOf(tx, 1)),
        ...(changes.title !== undefined && { title: changes.title, title_key: searchKey(changes.title) }),
        ...(changes.capacity !== undefined && { capacity: changes.capacity }),
      }))
      .where('pk', '=', pk)
      .returning(['epoch', 'seq', 'n', 'member_count'])
      .executeTakeFirstOrThrow()
    tx.roomChanged(id)
    const event: RoomChangedEvent = { type: 'room', seq, at, actor, changes }
    const actorPk = await userPk(tx.db, actor)
    await insertEvents(tx, { room: { id, pk }, n, at, actorPk, memberCount: member_count }, [event])
    return { room: await recordOf(tx.db, pk), change: { epoch, events: [event] } }
  },

  async removeRoom(tx: Transaction, id: string, actor: string, at: number): ReturnType<Rooms['remove']> {
    const pk = await holdRoom(tx, id)
    const members = await tx.db
      .selectFrom('members as m')
      .innerJoin('users as u', 'u.pk', 'm.user_pk')
      .select(['u.pk', 'u.id'])
      .where('m.room_pk', '=', pk)
      .orderBy('m.user_pk')
      .execute()
    await tx.db.deleteFrom('members').where('room_pk', '=', pk).execute()
    await tx.db.deleteFrom('mentions').where('room_pk', '=', pk).execute()
    const { epoch, seq, n } = await tx.db
      .updateTable('rooms')
      .set((eb) => ({
        seq: eb('seq', '+', stepOf(tx, members.length)),
        member_count: 0,
        deleted_at: at,
        direct_key: null,
      }))
      .where('pk', '=', pk)
      .returning(['epoch', 'seq', 'n'])
      .executeTakeFirstOrThrow()
    tx.roomChanged(id)
    const first = seq - members.length + 1
    const events = members.map((member, i): LeaveEvent => {
      return { type: 'leave', seq: first + i, at, actor, user: member.id, reason: 'room_deleted' }
    })
    const room = { id, pk }
    await insertEvents(
      tx,
      { room, n, at, actorPk: await userPk(tx.db, actor), memberCount: 0 },
      events,
      members.map((member) => member.pk),
    )
    await noteRemoval(tx, room, at)
    return { change: { epoch, events }, members: members.map((member) => member.id) }
  },
}

export const roomReads = {
  async getRoom({ db }: Snapshot, id: string): Promise<RoomRecord | null> {
    const row = await selectRooms(db).where('r.id', '=', id).where('r.deleted_at', 'is', null).executeTakeFirst()
    return row === undefined ? null : { ...roomOf(row), n: row.n }
  },

  async listOpenRooms({ db }: Snapshot, q: string, cursor: string | null, limit: number): Promise<Page<Room>> {
    const open = selectRooms(db).where('r.kind', '=', sql.lit('open'))
    const rows = await liveliest(open, q, cursor, limit).execute()
    return pageOf(rows, limit, roomOf, livelyKeys)
  },

  async listRooms({ db }: Snapshot, q: string, cursor: string | null, limit: number): Promise<Page<ListedRoom>> {
    const listed = selectRooms(db).where('r.kind', '<>', sql.lit('direct'))
    const rows = await liveliest(listed, q, cursor, limit).execute()
    return pageOf(rows, limit, listedOf, livelyKeys)
  },

  async accessTo({ db }: Snapshot, id: string, user: string): ReturnType<Rooms['access']> {
    const row = await db
      .selectFrom('rooms as r')
      .leftJoin('users as u', (join) => join.on('u.id', '=', user))
      .leftJoin('members as m', (join) => join.onRef('m.room_pk', '=', 'r.pk').onRef('m.user_pk', '=', 'u.pk'))
      .leftJoin('bans as b', (join) => join.onRef('b.room_pk', '=', 'r.pk').onRef('b.user_pk', '=', 'u.pk'))
      .select(['r.kind', 'r.capacity', 'r.member_count', 'm.role', 'b.at as bannedAt'])
      .where('r.id', '=', id)
      .where('r.deleted_at', 'is', null)
      .executeTakeFirst()
    if (row === undefined) return null
    return {
      kind: row.kind,
      role: row.role === null ? null : (ROLES[row.role] ?? null),
      banned: row.bannedAt !== null,
      full: row.member_count >= (row.capacity ?? CAPACITY_MAX),
    }
  },
}

type RoomColumns = Selectable<RoomRow> & { creator: string }

export function selectRooms(db: Kysely<Tables>) {
  return db
    .selectFrom('rooms as r')
    .innerJoin('users as creator', 'creator.pk', 'r.created_by')
    .selectAll('r')
    .select('creator.id as creator')
}

/** The rooms among these whose titles hold `q`, those after the cursor, the liveliest first; one more than `limit`. */
function liveliest(rooms: ReturnType<typeof selectRooms>, q: string, cursor: string | null, limit: number) {
  let query = rooms.where('r.deleted_at', 'is', null)
  const key = searchKey(q)
  if (key !== '') {
    const pattern = `%${key.replace(/[\\%_]/g, '\\$&')}%`
    query = query.where(sql<boolean>`r.title_key LIKE ${pattern} ESCAPE '\\'`)
  }
  if (cursor !== null) {
    const [livelyAt, pk] = decodeCursor(cursor, 2) as [number, number]
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('r.lively_at', 'r.pk'), '<', tuple(livelyAt, pk)))
  }
  return query
    .orderBy('r.lively_at', 'desc')
    .orderBy('r.pk', 'desc')
    .limit(limit + 1)
}

function livelyKeys(row: RoomColumns): number[] {
  return [row.lively_at, row.pk]
}

function listedOf(row: RoomColumns): ListedRoom {
  return { ...roomOf(row), n: row.n, lastMessageAt: row.last_message_seq === null ? null : row.last_at }
}

export function roomOf(row: RoomColumns): Room {
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    capacity: row.capacity,
    memberCount: row.member_count,
    createdBy: row.creator,
    createdAt: row.created_at,
    position: { epoch: row.epoch, seq: row.seq },
  }
}

async function recordOf(db: Kysely<Tables>, pk: number): Promise<RoomRecord> {
  const row = await selectRooms(db).where('r.pk', '=', pk).executeTakeFirstOrThrow()
  return { ...roomOf(row), n: row.n }
}

/** A direct room that exists already: whoever of the two had left is a member again. */
async function bringBack(tx: Transaction, { id, pk }: Known, wanted: NewRoom): ReturnType<Rooms['create']> {
  const pair = await findUsers(tx.db, [...new Set([wanted.createdBy, ...wanted.memberIds])])
  const present = await tx.db.selectFrom('members').select(['user_pk', 'role']).where('room_pk', '=', pk).execute()
  let owned = present.some((member) => member.role === OWNER)
  const newcomers: Newcomer[] = []
  for (const user of pair) {
    if (present.some((member) => member.user_pk === user.pk)) continue
    newcomers.push({ ...user, role: owned ? 'member' : 'owner' })
    owned = true
  }
  const actor = pair.find((user) => user.id === wanted.createdBy) as Known
  let change: Change
  if (newcomers.length > 0) change = await admit(tx, { id, pk }, newcomers, actor, wanted.at)
  else change = { epoch: (await recordOf(tx.db, pk)).position.epoch, events: [] }
  return { room: await recordOf(tx.db, pk), created: false, change }
}

/** The users in the order of `ids`. Rejects `user_not_found` when one is missing. */
async function findUsers(db: Kysely<Tables>, ids: string[]): Promise<Known[]> {
  if (ids.length === 0) return []
  const found = await db.selectFrom('users').select(['id', 'pk']).where('id', 'in', ids).execute()
  const pks = new Map(found.map((user) => [user.id, user.pk]))
  return ids.map((id) => {
    const pk = pks.get(id)
    if (pk === undefined) throw new YeoulError('user_not_found')
    return { id, pk }
  })
}

function directKeyOf(creator: string, others: string[]): string {
  return [creator, others[0] ?? creator].sort().join(' ')
}

/** The other user of a direct room. */
export function peerOf({ direct_key: key }: Pick<RoomColumns, 'direct_key'>, user: string): { peer?: string } {
  return key === null ? {} : { peer: key.split(' ').find((id) => id !== user) ?? user }
}

/** Titles are compared without regard to case, and to how a keyboard composes Hangul. */
function searchKey(text: string): string {
  return text.normalize('NFC').toLowerCase()
}
