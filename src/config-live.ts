/** The configuration as admins see and change it while the server runs: its options for core/settings.ts. */
import { type Config, OPTION_ROWS, type OptionRow } from './config-options.ts'
import { YeoulError } from './protocol/errors.ts'
import type { Limits } from './protocol/limits.ts'

const LIMITS = 'limits.'

/** Every option with the value that this process starts with. Secrets have none. */
export function settingOptions(config: Config, origins: Record<string, string>) {
  return OPTION_ROWS.map((row) => ({
    key: row.key,
    start: row.option.secret ? null : optionValue(config, row.key),
    source: origins[row.key] ?? 'default',
    live: row.option.live ?? false,
    read: (given: unknown) => read(row, given),
  }))
}

/** The value of an option by its key, `limits.bodyLength` for one. */
export function optionValue(config: Config, key: string): unknown {
  return key.startsWith(LIMITS) ? config.limits[key.slice(LIMITS.length) as keyof Limits] : config[key as keyof Config]
}

/** Puts a value in force in a configuration that is in use. */
export function putOption(config: Config, key: string, value: unknown): void {
  if (key.startsWith(LIMITS)) Object.assign(config.limits, { [key.slice(LIMITS.length)]: value })
  else Object.assign(config, { [key]: value })
}

/** As the environment has it. */
export function textOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return Array.isArray(value) ? value.join(',') : String(value)
}

/** What JSON gave, checked as the environment's text is. */
function read({ key, option }: OptionRow, given: unknown): unknown {
  // As a text, none is no list but a mistake.
  if (Array.isArray(given) && given.length === 0 && Array.isArray(option.default)) return []
  const parsed = isPlain(given) ? option.schema.safeParse(textOf(given)) : { success: false as const }
  if (!parsed.success) throw new YeoulError('bad_request', `changes.${key}: must be ${option.form}`)
  return parsed.data
}

function isPlain(given: unknown): boolean {
  if (Array.isArray(given)) return given.every((item) => typeof item === 'string' && !item.includes(','))
  return ['string', 'number', 'boolean'].includes(typeof given)
}
