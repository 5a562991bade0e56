import { PASSWORD_LENGTH } from '../../../src/protocol/limits.ts'

export type Strength = 'weak' | 'fair' | 'strong'

/**
 * A rough word on how hard a password is to guess; length counts most (NIST SP 800-63B). Names, runs and repeats add little.
 * Null for what is too short to be taken at all.
 */
export function strengthOf(password: string, names: readonly string[]): Strength | null {
  if (password.length < PASSWORD_LENGTH.min) return null
  let rest = password.toLowerCase()
  for (const name of [...names, ...COMMON]) if (name.length > 2) rest = rest.replaceAll(name.toLowerCase(), '')
  const signs = [...rest]
  const worth = signs.filter((_, i) => !(goesOn(signs, i) && goesOn(signs, i - 1))).length
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /\p{Lo}/u, /[^\p{L}\p{N}]/u].filter((kind) =>
    kind.test(password),
  ).length
  const score = worth + 2 * (kinds - 1)
  if (score < 10) return 'weak'
  return score < 15 ? 'fair' : 'strong'
}

const COMMON = ['password', 'qwerty', 'asdf', 'zxcv', 'letmein', 'welcome', 'admin', 'yeoul', '여울', '비밀번호']

/** Whether a sign repeats the one before it or is its neighbour; two in a row make a run, as in 1111 and 1234. */
function goesOn(signs: readonly string[], i: number): boolean {
  const [before, sign] = [signs[i - 1]?.codePointAt(0), signs[i]?.codePointAt(0)]
  return before !== undefined && sign !== undefined && Math.abs(sign - before) <= 1
}
