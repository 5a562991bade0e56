import type { Kysely } from 'kysely'
import type { Login, Logins } from '../../ports/logins.ts'
import { YeoulError } from '../../protocol/errors.ts'
import type { Page } from '../../protocol/model.ts'
import { aside } from './aside.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import type { Tables } from './tables.ts'
import type { Snapshot, Transaction } from './transaction.ts'

export const loginWrites = {
  async startLogin(tx: Transaction, login: Login, tokenHash: string): Promise<void> {
    const { db } = tx
    const users = db.selectFrom('users').select(['pk', 'disabled']).where('id', '=', login.user)
    // Held: whoever disables the account meanwhile waits, and then ends this login too.
    const user = await tx.holding(users).executeTakeFirst()
    if (user === undefined) throw new YeoulError('user_not_found')
    if (user.disabled === 1) throw new YeoulError('account_disabled')
    const { pk } = await db
      .insertInto('logins')
      .values({
        sid: login.sid,
        user_pk: user.pk,
        created_at: login.createdAt,
        expires_at: login.expiresAt,
        cookie: login.cookie ? 1 : 0,
        ended_at: null,
        device: login.device,
        address: login.address,
        last_used_at: login.lastUsedAt,
      })
      .returning('pk')
      .executeTakeFirstOrThrow()
    await keepToken(db, pk, tokenHash)
  },

  async rotateToken(tx: Transaction, spend: Parameters<Logins['rotate']>[0]): ReturnType<Logins['rotate']> {
    const { db } = tx
    // Of two that come with one token at once, the second finds it spent.
    await tx
      .holding(db.selectFrom('refresh_tokens').select('login_pk').where('token_hash', '=', spend.tokenHash))
      .execute()
    const token = await db
      .selectFrom('refresh_tokens as t')
      .innerJoin('logins as l', 'l.pk', 't.login_pk')
      .innerJoin('users as u', 'u.pk', 'l.user_pk')
      .leftJoin('refresh_tokens as next', 'next.token_hash', 't.next_hash')
      .select([
        't.login_pk as loginPk',
        't.spent_at as spentAt',
        't.sealed',
        'next.spent_at as nextSpentAt',
        'l.ended_at as endedAt',
        ...LOGIN_COLUMNS,
      ])
      .where('t.token_hash', '=', spend.tokenHash)
      .executeTakeFirst()
    if (token === undefined) return { ok: false, code: 'refresh_invalid' }
    const login = loginOf(token)
    if (token.spentAt !== null) {
      const racing = login.cookie && spend.at - token.spentAt < spend.graceMs && token.nextSpentAt === null
      if (racing && token.endedAt === null && token.sealed !== null) return { ok: true, login, sealed: token.sealed }
      await endLogins(db, [token.loginPk], spend.at)
      return { ok: false, code: 'refresh_reused', sid: login.sid }
    }
    if (token.endedAt !== null || token.expiresAt <= spend.at) {
      return { ok: false, code: 'refresh_invalid', sid: login.sid }
    }
    await db
      .updateTable('refresh_tokens')
      .set({ spent_at: spend.at, next_hash: spend.nextHash, sealed: spend.sealed })
      .where('token_hash', '=', spend.tokenHash)
      .execute()
    await keepToken(db, token.loginPk, spend.nextHash)
    // Its predecessor's race is over.
    await db
      .updateTable('refresh_tokens')
      .set({ sealed: null })
      .where('login_pk', '=', token.loginPk)
      .where('next_hash', '=', spend.tokenHash)
      .execute()
    await db
      .updateTable('logins')
      .set({ expires_at: spend.expiresAt, last_used_at: spend.at })
      .where('pk', '=', token.loginPk)
      .execute()
    return { ok: true, login: { ...login, expiresAt: spend.expiresAt, lastUsedAt: spend.at }, sealed: spend.sealed }
  },

  async endLogin({ db }: Transaction, which: Parameters<Logins['end']>[0], at: number): Promise<string | null> {
    const query =
      'sid' in which
        ? db.selectFrom('logins as l').where('l.sid', '=', which.sid)
        : db
            .selectFrom('refresh_tokens as t')
            .innerJoin('logins as l', 'l.pk', 't.login_pk')
            .where('t.token_hash', '=', which.tokenHash)
    const login = await query.select(['l.pk', 'l.sid']).executeTakeFirst()
    if (login === undefined) return null
    await endLogins(db, [login.pk], at)
    return login.sid
  },

  async endOwnLogin({ db }: Transaction, user: string, sid: string, at: number): Promise<boolean> {
    const { numUpdatedRows } = await db
      .updateTable('logins')
      .set({ ended_at: at })
      .where('sid', '=', sid)
      .where('user_pk', '=', ({ selectFrom }) => selectFrom('users').select('pk').where('id', '=', user))
      .where('ended_at', 'is', null)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  },

  async endAllLogins({ db }: Transaction, user: string, at: number, except?: string): Promise<string[]> {
    let query = db
      .selectFrom('logins as l')
      .innerJoin('users as u', 'u.pk', 'l.user_pk')
      .select(['l.pk', 'l.sid'])
      .where('u.id', '=', user)
      .where('l.ended_at', 'is', null)
    if (except !== undefined) query = query.where('l.sid', '!=', except)
    const logins = await query.execute()
    await endLogins(
      db,
      logins.map((login) => login.pk),
      at,
    )
    return logins.map((login) => login.sid)
  },

  async sweepLogins({ db }: Transaction, at: number, endedBefore: number): Promise<number> {
    const { numDeletedRows } = await db
      .deleteFrom('logins')
      .where(({ or, eb }) => or([eb('expires_at', '<=', at), eb('ended_at', '<', endedBefore)]))
      .executeTakeFirst()
    return Number(numDeletedRows)
  },
}

export const loginReads = {
  async loginsEndedSince({ db }: Snapshot, since: number): Promise<string[]> {
    const rows = await db.selectFrom('logins').select('sid').where('ended_at', '>=', since).execute()
    return rows.map((row) => row.sid)
  },

  async listLogins({ db }: Snapshot, user: string, cursor: string | null, limit: number): Promise<Page<Login>> {
    let query = db
      .selectFrom('logins as l')
      .innerJoin('users as u', 'u.pk', 'l.user_pk')
      .select(['l.pk as pk', ...LOGIN_COLUMNS])
      .where('u.id', '=', user)
      .where('l.ended_at', 'is', null)
    if (cursor !== null) query = query.where('l.pk', '<', decodeCursor(cursor, 1)[0] as number)
    const rows = await aside(db, query)
      .orderBy('pk', 'desc')
      .limit(limit + 1)
      .execute()
    return pageOf(rows, limit, loginOf, (row) => [row.pk])
  },
}

const LOGIN_COLUMNS = [
  'l.sid as sid',
  'u.id as user',
  'l.created_at as createdAt',
  'l.expires_at as expiresAt',
  'l.cookie as cookie',
  'l.device as device',
  'l.address as address',
  'l.last_used_at as lastUsedAt',
] as const

function loginOf(row: {
  sid: string
  user: string
  createdAt: number
  expiresAt: number
  cookie: number
  device: string | null
  address: string | null
  lastUsedAt: number | null
}): Login {
  const { sid, user, createdAt, expiresAt, device, address } = row
  const lastUsedAt = row.lastUsedAt ?? createdAt
  return { sid, user, createdAt, expiresAt, lastUsedAt, cookie: row.cookie === 1, device, address }
}

async function keepToken(db: Kysely<Tables>, loginPk: number, tokenHash: string): Promise<void> {
  await db
    .insertInto('refresh_tokens')
    .values({ token_hash: tokenHash, login_pk: loginPk, spent_at: null, next_hash: null, sealed: null })
    .execute()
}

/** A login that ended before stays ended at that time. */
async function endLogins(db: Kysely<Tables>, pks: number[], at: number): Promise<void> {
  if (pks.length === 0) return
  await db.updateTable('logins').set({ ended_at: at }).where('pk', 'in', pks).where('ended_at', 'is', null).execute()
}
