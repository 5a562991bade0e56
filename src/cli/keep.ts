import { existsSync } from 'node:fs'
import {
  backupStore,
  DatabaseInUse,
  NodesConnected,
  raiseEpochs as raiseAllEpochs,
  restoreStore,
  type VerifyReport,
  verifyPostgres,
  verifyStore,
} from '../adapters/sql/index.ts'
import { type Config, databaseFile, ensureSecrets } from '../config.ts'
import { Failure } from './failure.ts'

/** `yeoul verify`: prints what is wrong; exit code 1 when something is. */
export async function verify(config: Config): Promise<void> {
  const report = await audit(config)
  for (const problem of report.problems) console.log(problem)
  const { rooms, events, messages, problems } = report
  const verdict = problems.length === 0 ? 'all is well' : `${problems.length} problems`
  console.log(`${rooms} rooms, ${events} events, ${messages} messages: ${verdict}.`)
  if (problems.length > 0) process.exitCode = 1
}

async function audit(config: Config): Promise<VerifyReport> {
  const { databaseUrl } = config
  if (databaseUrl === null) return verifyStore(existing(config))
  return verifyPostgres(databaseUrl).catch((error: Error) => {
    throw new Failure(`The database cannot be audited: ${error.message}`)
  })
}

/** `yeoul backup FILE` */
export async function backup(config: Config, file: string): Promise<void> {
  if (config.databaseUrl !== null) throw new Failure('PostgreSQL has tools of its own for this: use pg_dump.')
  if (existsSync(file)) throw new Failure(`${file} is there already; a backup never overwrites.`)
  await backupStore(existing(config), file)
  console.log(`The database is copied to ${file}.`)
}

function existing(config: Config): string {
  const path = databaseFile(config)
  if (!existsSync(path)) throw new Failure(`There is no database in ${config.dataDir}; see --data-dir.`)
  return path
}

/** `yeoul restore FILE` */
export function restore(config: Config, file: string, flags: { replace?: boolean }): void {
  if (config.databaseUrl !== null) {
    throw new Failure(
      'PostgreSQL has tools of its own for this: stop all nodes, use pg_restore, then `yeoul raise-epochs`.',
    )
  }
  const path = databaseFile(config)
  if (!existsSync(file)) throw new Failure(`There is no file ${file}.`)
  if (existsSync(path) && flags.replace !== true) {
    throw new Failure(`There is a database in ${config.dataDir} already; --replace sets it aside.`)
  }
  ensureSecrets(config)
  const { setAside } = restoreOrExplain(file, path)
  if (setAside !== null) console.log(`The database that was there is now ${setAside}.`)
  console.log(`The database is restored from ${file}. Start the server; clients load their rooms anew.`)
}

function restoreOrExplain(file: string, path: string): { setAside: string | null } {
  try {
    return restoreStore(file, path)
  } catch (error) {
    if (error instanceof DatabaseInUse) throw new Failure('The server runs on this database; stop it first.')
    throw new Failure(`${file} cannot be restored: ${(error as Error).message}`)
  }
}

/** `yeoul raise-epochs`: after an older copy of a PostgreSQL database was put in place. */
export async function raiseEpochs(config: Config): Promise<void> {
  if (config.databaseUrl === null) throw new Failure('`yeoul restore` does this by itself; it is for PostgreSQL alone.')
  const rooms = await raiseAllEpochs(config.databaseUrl).catch((error: Error) => {
    throw new Failure(
      error instanceof NodesConnected ? `${error.message}.` : `The epochs cannot be raised: ${error.message}`,
    )
  })
  console.log(`${rooms} rooms begin a new epoch. Start the nodes; clients load their rooms anew.`)
}
