import type { ConfigItem, ConfigValue } from '@yeoul/client'
import type { Translate } from '../i18n/index.ts'
import type { Language } from '../i18n/language.ts'
import { options } from '../i18n/words/options.ts'
import { bytes, count, span } from './numbers.ts'

export function nameOf(key: string, language: Language): string {
  return options[key]?.[language] ?? key
}

export function aboutOf({ key, description }: ConfigItem, language: Language): string {
  return language === 'ko' ? (options[key]?.about ?? description) : description.replaceAll('`', '')
}

/** A value as people read it: spans and sizes with their units. */
export function valueText(key: string, value: ConfigValue, t: Translate, language: Language): string {
  if (value === null) return t('admin.config.unset')
  if (typeof value === 'boolean') return t(value ? 'admin.config.on' : 'admin.config.off')
  if (Array.isArray(value)) return value.length === 0 ? t('admin.config.empty') : value.join(', ')
  if (typeof value === 'number') return withUnit(key, value, language) ?? count(value, language)
  return choiceText(key, value, t)
}

/** What may be told of a secret: whether there is one. Without a key for tokens the server makes one itself. */
export function secretText({ key, source }: ConfigItem, t: Translate): string {
  if (source !== 'default') return t('admin.config.secret')
  return t(key === 'jwtSecret' ? 'admin.config.ownSecret' : 'admin.config.unset')
}

/** What a number of this option comes to in everyday units; null where it is only a number. */
export function withUnit(key: string, value: number, language: Language): string | null {
  if (key.endsWith('Ms')) return span(value, language)
  if (key.endsWith('Bytes')) return bytes(value, language)
  return null
}

export function choiceText(key: string, choice: string, t: Translate): string {
  if (key !== 'registration') return choice
  return t(choice === 'open' ? 'admin.config.open' : 'admin.config.closed')
}

/** Where a value came from: `default`, `env NAME`, `flag --name`, `file NAME` or `run time`. */
export function sourceText(source: string, t: Translate): string {
  const [kind, name = ''] = source.split(' ')
  switch (kind) {
    case 'env':
      return t('admin.source.env', { name })
    case 'flag':
      return t('admin.source.flag', { name })
    case 'file':
      return t('admin.source.file', { name })
    case 'run':
      return t('admin.source.here')
    default:
      return t('admin.source.default')
  }
}
