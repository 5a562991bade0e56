import type { Language } from '../i18n/language.ts'

/**
 * One emoji as the build makes it (web/emoji-data.ts): the sign, its group, its names and search words in English and Korean, the
 * codes that are typed between colons, the Unicode Emoji version that brought it, and its five skin tones.
 */
export type EmojiRow = [
  sign: string,
  group: number,
  en: string,
  ko: string,
  tags: string,
  codes: string,
  version: number,
  tones?: string[],
]

export interface Emoji {
  sign: string
  group: number
  label: Record<Language, string>
  /** Words to find it by, in both languages. */
  tags: readonly string[]
  /** What is typed between colons: `smile`, `+1`. */
  codes: readonly string[]
  /** The sign in each of the five skin tones; empty where it has none. */
  tones: readonly string[]
}

/** What is shown: nothing newer than the system's fonts draw. */
export function emojiOf(rows: readonly EmojiRow[], newest: number): Emoji[] {
  return rows
    .filter(([, , , , , , version]) => version <= newest)
    .map(([sign, group, en, ko, tags, codes, , tones = []]) => ({
      sign,
      group,
      label: { en, ko },
      tags: tags.split('|'),
      codes: codes === '' ? [] : codes.split(' '),
      tones,
    }))
}
