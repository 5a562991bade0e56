import type { Member } from '@yeoul/client'
import type { Translate } from '../i18n/index.ts'
import type { Language } from '../i18n/language.ts'
import { ago } from '../i18n/time.ts'

const JUST_NOW_MS = 60_000

/** Whether a member is here, or when they were last. */
export function seenWords({ online, lastExitAt }: Member, t: Translate, language: Language): string {
  if (online) return t('people.now')
  if (lastExitAt === null) return t('people.never')
  if (Date.now() - lastExitAt < JUST_NOW_MS) return t('people.justLeft')
  return t('people.lastSeen', { when: ago(lastExitAt, language) })
}
