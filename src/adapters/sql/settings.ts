import { YeoulError } from '../../protocol/errors.ts'
import type { Page } from '../../protocol/model.ts'
import type { ConfigChange } from '../../protocol/model-admin.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import type { Snapshot, Transaction } from './transaction.ts'

export const settingsWrites = {
  /** Two at once have the same primary key: the one that loses is tried again, and finds the newer version. */
  async appendSettings({ db }: Transaction, expected: number, change: Omit<ConfigChange, 'version'>): Promise<void> {
    if ((await newest(db)) !== expected) throw new YeoulError('config_changed')
    const { changes, actor, at } = change
    await db
      .insertInto('settings')
      .values({ version: expected + 1, changes: JSON.stringify(changes), actor, at })
      .execute()
  },
}

export const settingsReads = {
  settingsVersion: ({ db }: Snapshot): Promise<number> => newest(db),

  async settingsAfter({ db }: Snapshot, version: number, limit: number): Promise<ConfigChange[]> {
    const rows = await db
      .selectFrom('settings')
      .selectAll()
      .where('version', '>', version)
      .orderBy('version')
      .limit(limit)
      .execute()
    return rows.map(changeOf)
  },

  async settingsHistory({ db }: Snapshot, cursor: string | null, limit: number): Promise<Page<ConfigChange>> {
    let query = db.selectFrom('settings').selectAll().orderBy('version', 'desc')
    if (cursor !== null) query = query.where('version', '<', decodeCursor(cursor, 1)[0] as number)
    const rows = await query.limit(limit + 1).execute()
    return pageOf(rows, limit, changeOf, (row) => [row.version])
  },
}

async function newest(db: Snapshot['db']): Promise<number> {
  const row = await db.selectFrom('settings').select('version').orderBy('version', 'desc').limit(1).executeTakeFirst()
  return row?.version ?? 0
}

function changeOf(row: { version: number; changes: string; actor: string | null; at: number }): ConfigChange {
  const { version, at, actor } = row
  return { version, at, actor, changes: JSON.parse(row.changes) }
}
