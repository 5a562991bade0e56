import { type Config, OPTION_ROWS, type OptionRow, type Origin } from '../config.ts'

/** One line an option: its variable, the value in force, and where that came from. Secrets are never shown. */
export function printConfig(config: Config, origins: Record<string, Origin>): void {
  const rows = OPTION_ROWS.map((row) => [row.env, shown(row, config), origins[row.key] ?? 'default'] as const)
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => (row[i] as string).length)))
  for (const [env, value, origin] of rows) {
    console.log(`${env.padEnd(widths[0] as number)}  ${value.padEnd(widths[1] as number)}  ${origin}`)
  }
}

function shown({ key, option }: OptionRow, config: Config): string {
  const values: Record<string, unknown> = key.startsWith('limits.') ? { ...config.limits } : { ...config }
  const value = values[key.replace('limits.', '')]
  if (value === null || (Array.isArray(value) && value.length === 0)) return '-'
  if (option.secret) return '********'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return Array.isArray(value) ? value.join(',') : String(value)
}
