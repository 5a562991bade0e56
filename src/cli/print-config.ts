import { existsSync } from 'node:fs'
import { type Config, databaseFile, OPTION_ROWS, type Origin } from '../config.ts'
import { optionValue, settingOptions, textOf } from '../config-live.ts'
import { readSettings } from '../core/settings.ts'
import type { ConfigValue } from '../protocol/model-admin.ts'
import { withStore } from './data.ts'

/**
 * One line an option: its variable, the value in force, and where that came from; what admins set at run time among them,
 * when there is a database to ask. Secrets are never shown.
 */
export async function printConfig(config: Config, origins: Record<string, Origin>): Promise<void> {
  const set = await setAtRunTime(config, origins)
  const rows = OPTION_ROWS.map(({ key, env, option }) => {
    const value = set.get(key) ?? optionValue(config, key)
    return [env, option.secret ? hidden(value) : shown(value), set.has(key) ? 'run time' : (origins[key] ?? 'default')]
  })
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => (row[i] as string).length)))
  for (const row of rows) console.log(row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '))
}

async function setAtRunTime(config: Config, origins: Record<string, Origin>): Promise<Map<string, ConfigValue>> {
  // Looking must not make a database where there is none.
  if (config.databaseUrl === null && !existsSync(databaseFile(config))) return new Map()
  const options = new Map(settingOptions(config, origins).map((option) => [option.key, option]))
  const failed = (error: unknown) => console.error(`yeoul: a value of the database is passed over: ${reason(error)}`)
  try {
    return (await withStore(config, (store) => readSettings(store.settings, options, failed))).set
  } catch (error) {
    console.error(`yeoul: what was set at run time cannot be read, and is not shown: ${reason(error)}`)
    return new Map()
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function hidden(value: ConfigValue): string {
  return value === null ? '-' : '********'
}

function shown(value: ConfigValue): string {
  return value === null || (Array.isArray(value) && value.length === 0) ? '-' : textOf(value)
}
