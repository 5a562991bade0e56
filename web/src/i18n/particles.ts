import { hasBatchim } from 'es-hangul'

/** After a consonant / after a vowel. */
const PARTICLE = /([^\s’”'")\]」』])([’”'")\]」』]*)\[(이\/가|을\/를|은\/는|과\/와|으로\/로)\]/gu

/**
 * Chooses the Korean particles of a text: `‘강’[이/가]` becomes `‘강’이`, `‘바다’[이/가]` becomes `‘바다’가`. What stands in quotes
 * or brackets counts as if they were not there. Where nobody can know how the word ends (most Latin letters, signs), both
 * forms are written, as Korean print does: `Slack을(를)`.
 */
export function withParticles(text: string): string {
  return text.replace(PARTICLE, (_, last: string, closing: string, pair: string) => {
    const [after, before] = pair.split('/') as [string, string]
    return `${last}${closing}${chosen(last, after, before)}`
  })
}

function chosen(last: string, afterConsonant: string, afterVowel: string): string {
  const ending = endingOf(last)
  if (ending === 'unknown') return both(afterConsonant, afterVowel)
  // 으로 follows every consonant but ㄹ: 서울로, 부산으로.
  if (ending === 'rieul' && afterVowel === '로') return afterVowel
  return ending === 'vowel' ? afterVowel : afterConsonant
}

const both = (afterConsonant: string, afterVowel: string) =>
  afterVowel === '로' ? '(으)로' : `${afterConsonant}(${afterVowel})`

/** How a word that ends with this sign ends in speech. Digits are read in Korean: 영 일 이 삼 사 오 육 칠 팔 구. */
function endingOf(sign: string): 'vowel' | 'consonant' | 'rieul' | 'unknown' {
  if (/[가-힣]/u.test(sign)) {
    if (!hasBatchim(sign)) return 'vowel'
    return (sign.charCodeAt(0) - 0xac00) % 28 === 8 ? 'rieul' : 'consonant'
  }
  if (/[178lL]/.test(sign)) return 'rieul'
  if (/[036mMnN]/.test(sign)) return 'consonant'
  return /[2459aAeEiIoOuUyY]/.test(sign) ? 'vowel' : 'unknown'
}
