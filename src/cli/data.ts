/** The database as commands reach it: without a server, or beside those that run (SQLite too lets both write). */
import { openPostgresStore, openSqlStore, type SqlStore } from '../adapters/sql/index.ts'
import { type Config, databaseFile, ensureSecrets } from '../config.ts'
import { AccountService } from '../core/accounts.ts'
import { PasswordResets } from '../core/password-resets.ts'
import { Passwords } from '../core/passwords.ts'
import { Tokens } from '../core/tokens.ts'
import type { Administration } from '../ports/administration.ts'
import type { Bus } from '../ports/bus.ts'
import { Failure } from './failure.ts'

/** Opens the store for the time of `work`; makes an empty one where there is none. Messages get their time from `now`. */
export async function withStore<T>(
  config: Config,
  work: (store: SqlStore) => Promise<T>,
  now: () => number = Date.now,
): Promise<T> {
  ensureSecrets(config)
  const store = await openStore(config, now)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** A command needs few connections, and leaves the rest to the nodes. */
const CONNECTIONS = 4

async function openStore(config: Config, now: () => number): Promise<SqlStore> {
  const { databaseUrl: url, partitions } = config
  if (url === null) return openSqlStore({ path: databaseFile(config), now })
  try {
    return await openPostgresStore({ url, partitions, poolSize: CONNECTIONS, now })
  } catch (error) {
    throw new Failure(`It cannot start: ${(error as Error).message}`)
  }
}

export function withAccounts<T>(
  config: Config,
  work: (deps: { administration: Administration; service: AccountService; resets: PasswordResets }) => Promise<T>,
): Promise<T> {
  const { jwtSecret } = ensureSecrets(config)
  return withStore(config, async (store) => {
    const tokens = await Tokens.create({ secret: jwtSecret, issuer: 'yeoul' }, { has: () => false })
    const { accounts, logins, administration } = store
    const passwords = new Passwords()
    const service = new AccountService(
      { accounts, logins, administration, tokens, passwords, bus: NO_BUS, limits: () => null },
      { secret: jwtSecret },
    )
    const resets = new PasswordResets({
      links: store.resetLinks,
      accounts,
      logins: service,
      passwords,
      limits: () => null,
      audit() {},
    })
    return work({ administration, service, resets })
  })
}

/** A command reaches no session: a running server learns of ended logins from the store, within 2 s. */
const NO_BUS: Bus = {
  publish() {},
  publishToUser() {},
  listen() {},
  addInterest() {},
  dropInterest() {},
}
