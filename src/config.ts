/**
 * The configuration of this process: a value comes from its default, is overridden by the environment (`YEOUL_…`; secrets
 * also by `YEOUL_…_FILE`, the path of a file that holds it), and that by a flag. What an admin changes while the server
 * runs goes before all of them: see config-live.ts.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, ConfigError, OPTION_ROWS, type OptionRow, ROLES } from './config-options.ts'

export { type Config, ConfigError, OPTION_ROWS, type OptionRow, type Role } from './config-options.ts'
export { ensureSecrets } from './config-secrets.ts'

/** Where a value came from. */
export type Origin = 'default' | `env ${string}` | `file ${string}` | `flag ${string}`

/**
 * Puts the configuration together. `flags` holds the text of the flags that were given, by option key. Throws `ConfigError`
 * for an unknown `YEOUL_…` variable, a value out of its bounds, and a secret given twice or in a file that cannot be read.
 */
export function loadConfig(sources: {
  env: Record<string, string | undefined>
  flags?: Record<string, string | undefined>
}): { config: Config; origins: Record<string, Origin> } {
  refuseUnknown(sources.env)
  const values: Record<string, unknown> = {}
  const limits: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const row of OPTION_ROWS) {
    const given = sourceOf(row, sources.env, sources.flags ?? {})
    const value = given === null ? row.option.default : parse(row, given.text, given.name)
    origins[row.key] = given === null ? 'default' : given.origin
    if (row.key.startsWith('limits.')) limits[row.key.slice('limits.'.length)] = value
    else values[row.key] = value
  }
  return { config: { ...values, limits } as unknown as Config, origins }
}

/** The defaults, with changes: for tests and for callers that embed the server. */
export function configWith(changes: Partial<Config> = {}): Config {
  return { ...loadConfig({ env: {} }).config, ...changes }
}

function sourceOf(
  row: OptionRow,
  env: Record<string, string | undefined>,
  flags: Record<string, string | undefined>,
): { text: string; name: string; origin: Origin } | null {
  const flag = flags[row.key]
  if (flag !== undefined && row.flag !== null) return { text: flag, name: row.flag, origin: `flag ${row.flag}` }
  // An empty variable counts as none: compose files pass them on like that.
  const text = env[row.env] || undefined
  const fileName = `${row.env}_FILE`
  const file = row.option.secret ? env[fileName] || undefined : undefined
  if (text !== undefined && file !== undefined)
    throw new ConfigError(`${row.env} and ${fileName} are both set; keep one`)
  if (text !== undefined) return { text, name: row.env, origin: `env ${row.env}` }
  if (file !== undefined) return { text: readSecretFile(fileName, file), name: fileName, origin: `file ${fileName}` }
  return null
}

function readSecretFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new ConfigError(`${name}: cannot read ${path} (${(error as NodeJS.ErrnoException).code})`)
  }
}

function parse(row: OptionRow, text: string, name: string): unknown {
  const parsed = row.option.schema.safeParse(text)
  if (parsed.success) return parsed.data
  const shown = row.option.secret ? '' : `, not ${JSON.stringify(text)}`
  throw new ConfigError(`${name} must be ${row.option.form}${shown}`)
}

function refuseUnknown(env: Record<string, string | undefined>): void {
  const known = OPTION_ROWS.flatMap((row) => (row.option.secret ? [row.env, `${row.env}_FILE`] : [row.env]))
  for (const name of Object.keys(env)) {
    if (!name.startsWith('YEOUL_') || known.includes(name)) continue
    const nearest = known.toSorted((a, b) => distance(name, a) - distance(name, b))[0] ?? ''
    const hint = distance(name, nearest) <= 3 ? `; did you mean ${nearest}?` : '; `yeoul config` lists all'
    throw new ConfigError(`${name} is no option of Yeoul${hint}`)
  }
}

/** Levenshtein distance: single-letter changes from one name to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, swap))
    }
    row = next
  }
  return row[b.length]!
}

/** The file of the embedded database. */
export function databaseFile(config: Pick<Config, 'dataDir'>): string {
  return join(config.dataDir, 'yeoul.db')
}

/**
 * Throws `ConfigError` for options that do not go together. A cluster is PostgreSQL and Redis; PostgreSQL alone is one lone
 * node, and with neither everything is in this process.
 */
export function checkConfig(config: Config): void {
  const { databaseUrl, redisUrl, log, jwtSecret, roles } = config
  if (log === 'redis' && redisUrl === null) {
    throw new ConfigError('YEOUL_LOG=redis needs YEOUL_REDIS_URL, the Redis that keeps the log')
  }
  if (redisUrl !== null && databaseUrl === null) {
    throw new ConfigError('YEOUL_REDIS_URL needs YEOUL_DATABASE_URL: the nodes that it joins share one PostgreSQL')
  }
  if (databaseUrl !== null && jwtSecret === null) {
    throw new ConfigError('YEOUL_DATABASE_URL needs YEOUL_JWT_SECRET, the same on every node (openssl rand -base64 33)')
  }
  const absent = ROLES.filter((role) => !roles.includes(role))
  if (redisUrl === null && absent.length > 0) {
    throw new ConfigError(
      `YEOUL_ROLES leaves out ${absent.join(', ')}: without YEOUL_REDIS_URL no other node can do that; leave none out`,
    )
  }
}
