import { type I18n, setupI18n } from '@lingui/core'
import { compileMessage } from '@lingui/message-utils/compileMessage'
import { useLingui } from '@lingui/react'
import { YeoulError } from '@yeoul/client'
import { useMemo } from 'react'
import { errorsEn, errorsKo } from './errors.ts'
import type { Language } from './language.ts'
import { withParticles } from './particles.ts'
import { type MessageKey, type Words as Strings, words } from './words/index.ts'

const errors = { en: errorsEn, ko: errorsKo }

export const i18n: I18n = setupI18n()
i18n.setMessagesCompiler(compileMessage)
/** Keys whose Korean words hold a particle to be chosen. */
const withPairs = new Set<string>()
addWords(words)

/** Adds the strings of a part of the page; once is enough. */
export function addWords(strings: Strings): void {
  for (const language of ['en', 'ko'] as const) {
    i18n.load(language, Object.fromEntries(Object.entries(strings).map(([key, each]) => [key, each[language]])))
  }
  for (const [key, { ko }] of Object.entries(strings)) if (/\[[가-힣]+\/[가-힣]+\]/.test(ko)) withPairs.add(key)
}

/** The language that the browser asks for, Korean or English. */
export function detectLanguage(): Language {
  const first = navigator.languages.find((tag) => /^(ko|en)\b/i.test(tag))
  return first?.toLowerCase().startsWith('ko') ? 'ko' : 'en'
}

export function activateLanguage(language: Language): void {
  document.documentElement.lang = language
  i18n.activate(language)
  document.querySelector<HTMLMetaElement>('meta[name=description]')!.content = i18n._('app.description')
}

export type Translate = (key: MessageKey, values?: Record<string, string | number>) => string

export interface Words {
  t: Translate
  language: Language
  /** What went wrong, in plain words, whatever was thrown. */
  problem(error: unknown): string
}

/** The page's words in the chosen language; a component that uses them renders anew when it changes. */
export function useWords(): Words {
  const { i18n } = useLingui()
  const language = i18n.locale as Language
  return useMemo(() => {
    const t: Translate = (key, values) => {
      const text = i18n._(key, values)
      return language === 'ko' && withPairs.has(key) ? withParticles(text) : text
    }
    return { t, language, problem: (error) => problem(error, language, t) }
  }, [i18n, language])
}

function problem(error: unknown, language: Language, t: Translate): string {
  if (!(error instanceof YeoulError)) return errors[language].internal
  const words = (errors[language] as Record<string, string>)[error.code] ?? t('error.network')
  if (error.retryAfterMs === undefined || error.retryAfterMs < 1000) return words
  return `${words} ${t('error.retryAfter', { seconds: Math.ceil(error.retryAfterMs / 1000) })}`
}
