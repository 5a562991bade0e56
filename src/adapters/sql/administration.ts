import { type Selectable, sql } from 'kysely'
import type { Administration, UserChanges } from '../../ports/administration.ts'
import { YeoulError } from '../../protocol/errors.ts'
import type { Page, UserRole } from '../../protocol/model.ts'
import type { AdminUser, ParkedItem } from '../../protocol/model-admin.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { nameBegins } from './names.ts'
import type { UserRow } from './tables.ts'
import type { Snapshot, Transaction } from './transaction.ts'

export const administrationWrites = {
  async changeUser(tx: Transaction, id: string, changes: UserChanges, at: number): Promise<AdminUser> {
    // Held all together, in one order: two admins who demote each other come one after the other.
    const admins = await tx
      .holding(
        tx.db.selectFrom('users').select('id').where('role', '=', 'admin').where('disabled', '=', 0).orderBy('pk'),
      )
      .execute()
    const users = tx.db.selectFrom('users').selectAll().where('id', '=', id)
    const before = await tx.holding(users).executeTakeFirst()
    if (before === undefined) throw new YeoulError('user_not_found')
    const role = changes.role ?? before.role
    const disabled = changes.disabled ?? before.disabled === 1
    const isLast = admins.length === 1 && admins[0]?.id === id
    if (isLast && (role !== 'admin' || disabled)) throw new YeoulError('last_admin')
    const after = await tx.db
      .updateTable('users')
      .set({ role, disabled: disabled ? 1 : 0, ...(role !== before.role && { role_changed_at: at }) })
      .where('pk', '=', before.pk)
      .returningAll()
      .executeTakeFirstOrThrow()
    return adminUserOf(after)
  },
}

export const administrationReads = {
  async listUsers({ db }: Snapshot, q: string, cursor: string | null, limit: number): Promise<Page<AdminUser>> {
    let query = db.selectFrom('users').selectAll()
    if (q !== '') query = query.where(nameBegins('users', q))
    if (cursor !== null) {
      const [pk] = decodeCursor(cursor, 1) as [number]
      query = query.where('username', '>', ({ selectFrom }) =>
        selectFrom('users as last').select('last.username').where('last.pk', '=', pk),
      )
    }
    const rows = await query
      .orderBy('username')
      .limit(limit + 1)
      .execute()
    return pageOf(rows, limit, adminUserOf, (row) => [row.pk])
  },

  async changedRoles({ db }: Snapshot, since: number): Promise<[user: string, role: UserRole][]> {
    const rows = await db.selectFrom('users').select(['id', 'role']).where('role_changed_at', '>=', since).execute()
    return rows.map(({ id, role }) => [id, role])
  },

  async counts({ db }: Snapshot): ReturnType<Administration['counts']> {
    return db
      .selectNoFrom(({ selectFrom }) => [
        selectFrom('users').select(sql<number>`count(*)`.as('n')).as('users'),
        selectFrom('users').select(sql<number>`count(*)`.as('n')).where('disabled', '=', 1).as('disabledUsers'),
        selectFrom('rooms').select(sql<number>`count(*)`.as('n')).where('deleted_at', 'is', null).as('rooms'),
        selectFrom('rooms')
          .select(sql<number>`cast(coalesce(sum(n), 0) AS bigint)`.as('n'))
          .where('deleted_at', 'is', null)
          .as('messages'),
        selectFrom('parked').select(sql<number>`count(*)`.as('n')).as('parked'),
      ])
      .$narrowType<{ users: number; disabledUsers: number; rooms: number; messages: number; parked: number }>()
      .executeTakeFirstOrThrow()
  },

  async listParked({ db }: Snapshot, cursor: string | null, limit: number): Promise<Page<ParkedItem>> {
    let query = db.selectFrom('parked').select(['pk as id', 'partition', 'room', 'seq', 'error as why', 'tries', 'at'])
    if (cursor !== null) query = query.where('pk', '>', decodeCursor(cursor, 1)[0] as number)
    const rows = await query
      .orderBy('pk')
      .limit(limit + 1)
      .execute()
    return pageOf(
      rows,
      limit,
      (row) => row,
      (row) => [row.id],
    )
  },
}

function adminUserOf(row: Selectable<UserRow>): AdminUser {
  return {
    id: row.id,
    username: row.username,
    displayName: row.display_name,
    role: row.role,
    createdAt: row.created_at,
    disabled: row.disabled === 1,
  }
}
