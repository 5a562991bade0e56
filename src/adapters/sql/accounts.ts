import { type Insertable, type Kysely, type Selectable, sql } from 'kysely'
import type { Account, Accounts, NewAccount } from '../../ports/accounts.ts'
import { YeoulError } from '../../protocol/errors.ts'
import type { User, UserRole } from '../../protocol/model.ts'
import { nameBegins } from './names.ts'
import type { Tables, UserRow } from './tables.ts'
import type { Snapshot, Transaction } from './transaction.ts'

export const accountWrites = {
  async createAccount({ db }: Transaction, account: NewAccount): Promise<User> {
    const role = account.setupTokenHash === undefined ? account.role : 'admin'
    const user = await insertUser(db, { ...rowOf(account), role })
    if (account.setupTokenHash !== undefined) await claimSetup(db, account.setupTokenHash, account.createdAt, user.id)
    return user
  },

  async updateAccount({ db }: Transaction, id: string, changes: Parameters<Accounts['update']>[1]): Promise<User> {
    const set = {
      ...(changes.displayName !== undefined && { display_name: changes.displayName }),
      ...(changes.passwordHash !== undefined && { password_hash: changes.passwordHash }),
    }
    const row =
      Object.keys(set).length === 0
        ? await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
        : await db.updateTable('users').set(set).where('id', '=', id).returningAll().executeTakeFirst()
    if (row === undefined) throw new YeoulError('user_not_found')
    if (changes.passwordHash !== undefined) {
      await db.deleteFrom('reset_links').where('user_pk', '=', row.pk).execute()
    }
    return { ...userOf(row), role: row.role }
  },

  async offerSetup({ db }: Transaction, tokenHash: string, expiresAt: number): Promise<boolean> {
    const admin = await db.selectFrom('users').select('pk').where('role', '=', 'admin').limit(1).executeTakeFirst()
    if (admin !== undefined) return false
    await db.deleteFrom('setup_tokens').execute()
    await db
      .insertInto('setup_tokens')
      .values({ token_hash: tokenHash, expires_at: expiresAt, spent_at: null })
      .execute()
    return true
  },

  async ensureExternal({ db }: Transaction, externalId: string, account: NewAccount): Promise<User> {
    const known = await db
      .updateTable('users')
      .set({ display_name: account.displayName })
      .where('external_id', '=', externalId)
      .returningAll()
      .executeTakeFirst()
    if (known !== undefined) return { ...userOf(known), role: known.role }
    return insertUser(db, { ...rowOf(account), external_id: externalId })
  },
}

export const accountReads = {
  async accountById({ db }: Snapshot, id: string): Promise<Account | null> {
    const row = await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? null : accountOf(row)
  },

  async accountByUsername({ db }: Snapshot, username: string): Promise<Account | null> {
    const row = await db.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst()
    return row === undefined ? null : accountOf(row)
  },

  async usersByIds({ db }: Snapshot, ids: string[]): Promise<User[]> {
    if (ids.length === 0) return []
    const rows = await db.selectFrom('users').selectAll().where('id', 'in', ids).execute()
    return rows.map(userOf)
  },

  async findUsers({ db }: Snapshot, q: string, limit: number): Promise<User[]> {
    const rows = await db
      .selectFrom('users')
      .selectAll()
      .where('disabled', '=', 0)
      .where(nameBegins('users', q))
      .orderBy(sql`case when username = lower(${q}) then 0 else 1 end`)
      .orderBy('username')
      .limit(limit)
      .execute()
    return rows.map(userOf)
  },

  async idsOfUsernames({ db }: Snapshot, usernames: string[]): Promise<Map<string, string>> {
    if (usernames.length === 0) return new Map()
    const rows = await db.selectFrom('users').select(['username', 'id']).where('username', 'in', usernames).execute()
    return new Map(rows.map((row) => [row.username, row.id]))
  },
}

/** Rejects `username_taken`. */
async function insertUser(db: Kysely<Tables>, row: Insertable<UserRow>): Promise<User & { role: UserRole }> {
  const inserted = await db
    .insertInto('users')
    .values(row)
    .onConflict((conflict) => conflict.column('username').doNothing())
    .returningAll()
    .executeTakeFirst()
  if (inserted === undefined) throw new YeoulError('username_taken')
  return { ...userOf(inserted), role: inserted.role }
}

/** One conditional update spends the token, so of two who come with it one gets it. An admin who came first closes the door too. */
async function claimSetup(db: Kysely<Tables>, tokenHash: string, at: number, claimant: string): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('setup_tokens')
    .set({ spent_at: at })
    .where('token_hash', '=', tokenHash)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', at)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('users').select(sql`1`.as('one')).where('role', '=', 'admin').where('id', '!=', claimant))),
    )
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw new YeoulError('setup_token_invalid')
}

function rowOf(account: NewAccount): Insertable<UserRow> {
  return {
    id: account.id,
    username: account.username,
    display_name: account.displayName,
    password_hash: account.passwordHash,
    role: account.role,
    disabled: 0,
    created_at: account.createdAt,
  }
}

function userOf(row: Selectable<UserRow>): User {
  return { id: row.id, username: row.username, displayName: row.display_name, createdAt: row.created_at }
}

export function accountOf(row: Selectable<UserRow>): Account {
  return { ...userOf(row), role: row.role, passwordHash: row.password_hash, disabled: row.disabled === 1 }
}
