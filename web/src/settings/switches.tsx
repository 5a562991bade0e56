import { useWords } from '../i18n/index.ts'
import { Choice } from '../ui/choice.tsx'
import { type TextSize, type Theme, useSettings } from './settings.ts'

export function TextSizeSwitch() {
  const { t } = useWords()
  const { textSize, setTextSize } = useSettings()
  const sizes = (['small', 'normal', 'large', 'larger'] satisfies TextSize[]).map((value) => {
    return { value, label: t(`settings.textSize.${value}`) }
  })
  return <Choice label={t('settings.textSize')} value={textSize} choices={sizes} onChoose={setTextSize} />
}

export function EnterSwitch() {
  const { t } = useWords()
  const { enterSends, setEnterSends } = useSettings()
  const choices = [
    { value: 'send', label: t('settings.enter.send') },
    { value: 'line', label: t('settings.enter.line') },
  ] as const
  return (
    <Choice
      label={t('settings.enter')}
      value={enterSends ? 'send' : 'line'}
      choices={choices}
      onChoose={(value) => setEnterSends(value === 'send')}
    />
  )
}

export const LANGUAGES = [
  { value: 'ko', label: '한국어' },
  { value: 'en', label: 'English' },
] as const

export function useThemes(): { value: Theme; label: string }[] {
  const { t } = useWords()
  return [
    { value: 'system', label: t('settings.theme.system') },
    { value: 'light', label: t('settings.theme.light') },
    { value: 'dark', label: t('settings.theme.dark') },
  ]
}

export function LanguageSwitch() {
  const { t, language } = useWords()
  const setLanguage = useSettings((settings) => settings.setLanguage)
  return <Choice label={t('settings.language')} value={language} choices={LANGUAGES} onChoose={setLanguage} />
}

export function ThemeSwitch() {
  const { t } = useWords()
  const { theme, setTheme } = useSettings()
  return <Choice label={t('settings.theme')} value={theme} choices={useThemes()} onChoose={setTheme} />
}
