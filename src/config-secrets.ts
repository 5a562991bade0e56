import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Config, ConfigError } from './config-options.ts'

export interface Secrets {
  jwtSecret: string
  jwtPreviousSecret: string | null
}

const SecretsFile = z.object({ jwtSecret: z.string().min(32) })

/**
 * The keys that sign tokens: those of the configuration, or, without a database of a cluster, one that is made once and kept
 * in `secrets.json` of the data folder with mode 0600. Makes the folder (mode 0700) when it is missing; a node of a cluster
 * has none. Throws `ConfigError` when the file is damaged, and on a node of a cluster that was given no key.
 */
export function ensureSecrets(
  config: Pick<Config, 'dataDir' | 'databaseUrl' | 'jwtSecret' | 'jwtPreviousSecret'>,
): Secrets {
  if (config.databaseUrl !== null) {
    if (config.jwtSecret === null)
      throw new ConfigError('YEOUL_DATABASE_URL needs YEOUL_JWT_SECRET, the same on every node')
    return { jwtSecret: config.jwtSecret, jwtPreviousSecret: config.jwtPreviousSecret }
  }
  try {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new ConfigError(`YEOUL_DATA_DIR: cannot make ${config.dataDir} (${(error as NodeJS.ErrnoException).code})`)
  }
  const jwtPreviousSecret = config.jwtPreviousSecret
  if (config.jwtSecret !== null) return { jwtSecret: config.jwtSecret, jwtPreviousSecret }
  const path = join(config.dataDir, 'secrets.json')
  return { jwtSecret: readSecrets(path) ?? makeSecrets(path), jwtPreviousSecret }
}

function readSecrets(path: string): string | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new ConfigError(`cannot read ${path} (${(error as NodeJS.ErrnoException).code})`)
  }
  // A copy or a restore may have opened it to others.
  chmodSync(path, 0o600)
  try {
    return SecretsFile.parse(JSON.parse(text)).jwtSecret
  } catch {
    throw new ConfigError(`${path} is damaged; bring it back from a backup, or remove it (everybody signs in anew)`)
  }
}

/** Written beside and renamed: a crash leaves no half file, and a file that is there was never open to others. */
function makeSecrets(path: string): string {
  const jwtSecret = randomBytes(32).toString('base64url')
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  const file = openSync(draft, 'wx', 0o600)
  try {
    writeSync(file, `${JSON.stringify({ jwtSecret }, null, 2)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
  return jwtSecret
}
