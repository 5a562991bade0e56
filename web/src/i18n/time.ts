import type { Language } from './language.ts'

/** English clocks and dates differ by country: the browser says which. */
export const locales = { ko: 'ko-KR', en: navigator.languages.find((tag) => /^en-/i.test(tag)) ?? 'en-GB' } as const
const formats = new Map<string, Intl.DateTimeFormat>()
const relatives = new Map<Language, Intl.RelativeTimeFormat>()

/** Intl formats are slow to make and are asked for by every row: one of each is kept. */
function format(language: Language, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${name}`
  let made = formats.get(key)
  if (made === undefined) {
    made = new Intl.DateTimeFormat(locales[language], options)
    formats.set(key, made)
  }
  return made
}

export const clock = (at: number, language: Language): string =>
  format(language, 'clock', { hour: 'numeric', minute: '2-digit' }).format(at)

export const clockWithSeconds = (at: number, language: Language): string =>
  format(language, 'seconds', { hour: 'numeric', minute: '2-digit', second: '2-digit' }).format(at)

export const day = (at: number, language: Language): string =>
  format(language, 'day', { year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' }).format(at)

export const shortDay = (at: number, language: Language): string =>
  format(language, 'year', { year: 'numeric', month: 'short', day: 'numeric' }).format(at)

export const moment = (at: number, language: Language): string =>
  format(language, 'moment', { dateStyle: 'long', timeStyle: 'short' }).format(at)

/** Short enough for a list: the time today, the weekday this week, else the date. */
export function when(at: number, language: Language, now = Date.now()): string {
  if (sameDay(at, now)) return clock(at, language)
  if (now - at < 6 * 86_400_000) return format(language, 'weekday', { weekday: 'short' }).format(at)
  if (new Date(at).getFullYear() === new Date(now).getFullYear()) {
    return format(language, 'date', { month: 'short', day: 'numeric' }).format(at)
  }
  return shortDay(at, language)
}

/** How long ago, in words, from a minute on: "3 minutes ago", "3분 전". */
export function ago(at: number, language: Language, now = Date.now()): string {
  let relative = relatives.get(language)
  if (relative === undefined) {
    relative = new Intl.RelativeTimeFormat(locales[language], { numeric: 'always' })
    relatives.set(language, relative)
  }
  const minutes = Math.round((at - now) / 60_000)
  if (minutes > -60) return relative.format(Math.min(minutes, -1), 'minute')
  if (minutes > -60 * 24) return relative.format(Math.round(minutes / 60), 'hour')
  return relative.format(Math.round(minutes / (60 * 24)), 'day')
}

export function sameDay(a: number, b: number): boolean {
  if (Math.abs(a - b) >= 86_400_000) return false
  return new Date(a).getDate() === new Date(b).getDate()
}
