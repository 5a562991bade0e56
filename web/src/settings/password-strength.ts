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
  const worth = [...rest].filter((sign, i, all) => i === 0 || !follows(all[i - 1] as string, sign)).length
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /\p{Lo}/u, /[^\p{L}\p{N}]/u].filter((kind) =>
    kind.test(password),
  ).length
  const score = worth + 2 * (kinds - 1)
  if (score < 10) return 'weak'
  return score < 15 ? 'fair' : 'strong'
}

const COMMON = ['password', 'qwerty', 'asdf', 'zxcv', 'letmein', 'welcome', 'admin', 'yeoul', '여울', '비밀번호']

/** The same sign again, or its neighbour, as in 1111 and 1234. */
function follows(before: string, sign: string): boolean {
  return Math.abs((sign.codePointAt(0) ?? 0) - (before.codePointAt(0) ?? 0)) <= 1
}
