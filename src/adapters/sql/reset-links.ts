import type { Account } from '../../ports/accounts.ts'
import { YeoulError } from '../../protocol/errors.ts'
import { accountOf } from './accounts.ts'
import { type Snapshot, type Transaction, userPk } from './transaction.ts'

export const resetLinkWrites = {
  async offerReset({ db }: Transaction, user: string, tokenHash: string, expiresAt: number): Promise<void> {
    const link = { token_hash: tokenHash, expires_at: expiresAt }
    await db
      .insertInto('reset_links')
      .values({ user_pk: await userPk(db, user), ...link })
      .onConflict((conflict) => conflict.column('user_pk').doUpdateSet(link))
      .execute()
  },

  async spendReset({ db }: Transaction, tokenHash: string, at: number, passwordHash: string): Promise<void> {
    const spent = await db
      .deleteFrom('reset_links')
      .where('token_hash', '=', tokenHash)
      .where('expires_at', '>', at)
      .returning('user_pk')
      .executeTakeFirst()
    if (spent === undefined) throw new YeoulError('reset_token_invalid')
    const { numUpdatedRows } = await db
      .updateTable('users')
      .set({ password_hash: passwordHash })
      .where('pk', '=', spent.user_pk)
      .where('disabled', '=', 0)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) throw new YeoulError('account_disabled')
  },
}

export const resetLinkReads = {
  async ownerOfReset({ db }: Snapshot, tokenHash: string, at: number): Promise<Account | null> {
    const row = await db
      .selectFrom('reset_links as l')
      .innerJoin('users as u', 'u.pk', 'l.user_pk')
      .selectAll('u')
      .where('l.token_hash', '=', tokenHash)
      .where('l.expires_at', '>', at)
      .executeTakeFirst()
    return row === undefined ? null : accountOf(row)
  },
}
