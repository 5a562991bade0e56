import { disassemble } from 'es-hangul'

/** A text taken apart for looking things up in it, without its blanks: Korean is spaced as the writer pleases. */
interface Hay {
  /** Every letter; a Hangul syllable as the letters that it is typed with. */
  letters: string
  /** Where in `letters` each sign begins. */
  starts: number[]
  /** The first letter of each sign. */
  initials: string
  /** Whether a word begins at this sign. */
  opens: boolean[]
}

/** How well a name answers: 0 it begins so, 1 a word of it does, 2 it has that somewhere inside. */
export type Rank = 0 | 1 | 2

const KEPT = 10_000
const hays = new Map<string, Hay>()

/**
 * Looks for what is being typed in a name, from any sign on: as it stands, half a syllable (`여우` finds 여울), a final that is
 * to become the next initial (`갓` finds 가슴), or initials alone (`ㄳㅂ`, `ㄱㅅㅂ` find 공사반). Several words may stand
 * anywhere, in any order. Null when it is not there.
 */
export function matchRank(name: string, query: string): Rank | null {
  const hay = hayOf(name)
  const whole = rankOf(hay, lettersOf(query))
  if (whole !== null) return whole
  const words = query.trim().split(/\s+/)
  return words.length > 1 && words.every((word) => rankOf(hay, lettersOf(word)) !== null) ? 2 : null
}

function rankOf(hay: Hay, needle: string): Rank | null {
  if (needle === '') return 0
  const initialsOnly = /^[ㄱ-ㅎ]+$/.test(needle)
  let best: Rank | null = null
  for (const [i, start] of hay.starts.entries()) {
    const here = hay.letters.startsWith(needle, start) || (initialsOnly && hay.initials.startsWith(needle, i))
    if (!here) continue
    if (i === 0) return 0
    if (hay.opens[i]) best = 1
    best ??= 2
  }
  return best
}

/** The better of two ranks. */
export function bestRank(a: Rank | null, b: Rank | null): Rank | null {
  if (a === null) return b
  return b === null || a < b ? a : b
}

const plain = (text: string) => text.normalize('NFC').toLocaleLowerCase()
const lettersOf = (text: string) => disassemble(plain(text).replaceAll(/\s/g, ''))

function hayOf(name: string): Hay {
  let hay = hays.get(name)
  if (hay === undefined) {
    if (hays.size >= KEPT) hays.clear()
    hay = takeApart(name)
    hays.set(name, hay)
  }
  return hay
}

function takeApart(name: string): Hay {
  const hay: Hay = { letters: '', starts: [], initials: '', opens: [] }
  let opens = true
  for (const sign of plain(name)) {
    if (/\s/.test(sign)) {
      opens = true
      continue
    }
    const letters = disassemble(sign)
    hay.starts.push(hay.letters.length)
    hay.letters += letters
    // One unit for each sign, so that initials are found by the sign's number.
    hay.initials += letters[0]
    hay.opens.push(opens)
    opens = /[^\p{L}\p{N}]/u.test(sign)
  }
  return hay
}
