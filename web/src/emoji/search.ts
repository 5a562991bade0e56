import { matchRank } from '../search/match.ts'
import type { Emoji } from './emoji.ts'

/**
 * The emoji that fit what is being typed, the best first: by code, name and tags in both languages; in Korean also while a
 * syllable is half typed (`우스` finds 웃음) and by initial consonants alone (`ㅎㅌ` finds 하트).
 */
export function searchEmoji(all: readonly Emoji[], typed: string, most: number): Emoji[] {
  const query = typed.trim().toLowerCase().replaceAll('_', ' ')
  if (query === '') return []
  const korean = /[ㄱ-ㅎㅏ-ㅣ가-힣]/.test(query)
  const ranks: Emoji[][] = Array.from({ length: 8 }, () => [])
  for (const emoji of all) {
    const rank = rankOf(emoji, query) ?? (korean ? koreanRank(emoji, query) : null)
    if (rank !== null) ranks[rank]!.push(emoji)
  }
  return ranks.flat().slice(0, most)
}

/** The emoji whose code that is, exactly. */
export const emojiByCode = (all: readonly Emoji[], code: string): Emoji | undefined =>
  all.find(({ codes }) => codes.includes(code))

function rankOf({ sign, codes, label, tags }: Emoji, query: string): number | null {
  if (sign === query) return 0
  let best: number | null = null
  const note = (rank: number) => {
    if (best === null || rank < best) best = rank
  }
  for (const code of codes) {
    const words = code.replaceAll('_', ' ')
    if (words === query) note(0)
    else if (words.startsWith(query)) note(2)
    else if (words.includes(` ${query}`)) note(4)
  }
  for (const name of [label.en, label.ko]) {
    if (name === query) note(0)
    else if (name.startsWith(query)) note(2)
    else if (name.includes(` ${query}`)) note(4)
  }
  for (const tag of tags) {
    if (tag === query) note(1)
    else if (tag.startsWith(query)) note(3)
  }
  if (best === null && query.length > 2 && [...codes, label.en].some((name) => name.includes(query))) return 6
  return best
}

const koreanWords = new WeakMap<Emoji, string>()

/** The name and the tags of an emoji are looked through as one text: its words are found wherever they stand. */
function koreanRank(emoji: Emoji, query: string): number | null {
  let words = koreanWords.get(emoji)
  if (words === undefined) {
    words = [emoji.label.ko, ...emoji.tags].filter((word) => /[가-힣]/.test(word)).join(' ')
    koreanWords.set(emoji, words)
  }
  const rank = matchRank(words, query)
  return rank === null ? null : rank < 2 ? 5 : 7
}
