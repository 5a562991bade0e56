/** The configuration as admins see and change it while the server runs: its options for core/settings.ts. */
import { type Config, OPTION_ROWS, type OPTIONS, type OptionRow } from './config-options.ts'
import { YeoulError } from './protocol/errors.ts'
import type { Limits } from './protocol/limits.ts'

const LIMITS = 'limits.'

/** What an option can be; null: nothing. */
type Value = string | number | boolean | string[] | null

interface LiveOption {
  key: string
  start: Value
  source: string
  live: boolean
  read(given: Value): Value
}

/** Every option with the value that this process starts with. Secrets have none. */
export function settingOptions(config: Config, origins: Record<string, string>): LiveOption[] {
  return OPTION_ROWS.map((row) => ({
    key: row.key,
    start: row.option.secret ? null : optionValue(config, row.key),
    source: origins[row.key] ?? 'default',
    live: row.option.live ?? false,
    read: (given: Value) => read(row, given),
  }))
}

/** The value of an option by its key, `limits.bodyLength` for one. */
export function optionValue(config: Config, key: string): Value {
  return key.startsWith(LIMITS)
    ? config.limits[key.slice(LIMITS.length) as keyof Limits]
    : (config[key as keyof typeof OPTIONS] as Value)
}

/** Puts a value in force in a configuration that is in use. */
export function putOption(config: Config, key: string, value: Value): void {
  if (key.startsWith(LIMITS)) Object.assign(config.limits, { [key.slice(LIMITS.length)]: value })
  else Object.assign(config, { [key]: value })
}

/** As the environment has it. */
export function textOf(value: Value): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return Array.isArray(value) ? value.join(',') : String(value)
}

/** What JSON gave, checked as the environment's text is. */
function read({ key, option }: OptionRow, given: Value): Value {
  const parsed = option.schema.safeParse(isList(given) && !isList(option.default) ? '' : textOf(given))
  // As a text, an item with a comma is two items, and no item at all a mistake.
  const asList = isList(given) && isList(option.default)
  if (asList && given.length === 0) return []
  if (!parsed.success || (asList && given.some((item) => item.includes(',')))) {
    throw new YeoulError('bad_request', `changes.${key}: must be ${option.form}`)
  }
  return parsed.data as Value
}

const isList = (value: unknown): value is string[] => Array.isArray(value)
