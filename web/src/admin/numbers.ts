import type { Language } from '../i18n/language.ts'
import { locales } from '../i18n/time.ts'

/** Figures as people read them in their language. Nothing measured is a dash. */
const NONE = '–'

const formats = new Map<string, Intl.NumberFormat>()

function format(language: Language, name: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language} ${name}`
  let made = formats.get(key)
  if (made === undefined) {
    made = new Intl.NumberFormat(locales[language], options)
    formats.set(key, made)
  }
  return made
}

export const count = (value: number, language: Language): string => format(language, 'count', {}).format(value)

/** Short enough for an axis: 12K, 1.2만. */
export const short = (value: number, language: Language): string =>
  format(language, 'short', { notation: 'compact', maximumFractionDigits: 1 }).format(value)

/** A second's worth of something: tenths below ten, else whole. */
export const rate = (value: number, language: Language): string =>
  value < 10
    ? format(language, 'tenths', { maximumFractionDigits: 1 }).format(value)
    : count(Math.round(value), language)

/** A time that something took. */
export function took(ms: number | null, language: Language): string {
  if (ms === null) return NONE
  if (ms < 1) return `< ${unit(1, 'millisecond', language)}`
  if (ms < 1_000) return unit(Math.round(ms), 'millisecond', language)
  return unit(Math.round(ms / 10) / 100, 'second', language)
}

export const share = (value: number, language: Language): string =>
  format(language, 'share', { style: 'percent', maximumFractionDigits: 0 }).format(value)

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** In units of 1,024, as programs' memory is told. */
export function bytes(value: number, language: Language): string {
  const power = value < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(value) / 10))
  const scaled = value / 1_024 ** power
  return unit(scaled < 10 ? Math.round(scaled * 10) / 10 : Math.round(scaled), BYTE_UNITS[power]!, language)
}

const SPANS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

/** How long something has run, in whole seconds at least. */
export const age = (ms: number, language: Language, display: 'short' | 'long'): string =>
  span(Math.max(1, Math.floor(ms / 1_000)) * 1_000, language, display)

/** A span in its two largest units: "3 days 4 hours", "3일 4시간"; below a minute to the millisecond. */
export function span(ms: number, language: Language, display: 'short' | 'long' = 'long'): string {
  if (ms < 1_000) return unit(Math.round(ms), 'millisecond', language)
  if (ms < 60_000) return unit(ms / 1_000, 'second', language, display)
  const parts: string[] = []
  let left = ms
  for (const [name, size] of SPANS) {
    const whole = Math.floor(left / size)
    if (whole > 0) parts.push(unit(whole, name, language, display))
    left -= whole * size
    if (parts.length === 2 || (parts.length === 1 && left === 0)) break
  }
  return parts.join(' ')
}

function unit(value: number, name: string, language: Language, display: 'short' | 'long' = 'short'): string {
  return format(language, `${name} ${display}`, {
    style: 'unit',
    unit: name,
    unitDisplay: display,
    maximumFractionDigits: 3,
  }).format(value)
}
