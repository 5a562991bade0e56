import type { ConfigItem, ConfigValue } from '@yeoul/client'

/** What kind of control an option needs: its present and default values tell. */
export function kindOf({
  value,
  default: standard,
  choices,
}: ConfigItem): 'switch' | 'choice' | 'number' | 'list' | 'text' {
  const example = value ?? standard
  if (choices !== undefined) return 'choice'
  if (typeof example === 'boolean') return 'switch'
  if (typeof example === 'number') return 'number'
  return Array.isArray(example) ? 'list' : 'text'
}

/** A value as it is edited: a list has one item a line. */
export function textOf(value: ConfigValue): string {
  if (value === null) return ''
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return Array.isArray(value) ? value.join('\n') : String(value)
}

/** The value of an edited text; undefined when it cannot be one. The server has the last word. */
export function readValue(item: ConfigItem, text: string): ConfigValue | undefined {
  switch (kindOf(item)) {
    case 'switch':
      return text === 'on'
    case 'number': {
      const value = Number(text.trim())
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = item
      return /^\s*\d+\s*$/.test(text) && value >= min && value <= max ? value : undefined
    }
    case 'list':
      return text
        .split(/[\n,]/)
        .map((line) => line.trim())
        .filter((line) => line !== '')
    default:
      return text.trim() === '' ? undefined : text.trim()
  }
}
