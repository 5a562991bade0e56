import { useWords } from '../i18n/index.ts'
import { type TextSize, type Theme, useSettings } from './settings.ts'

interface SwitchProps<T extends string> {
  label: string
  value: T
  choices: readonly { value: T; label: string }[]
  onChoose(value: T): void
}

/** One of a few, all of them in sight. */
export function Switch<T extends string>({ label, value, choices, onChoose }: SwitchProps<T>) {
  return (
    <fieldset className="flex w-fit max-w-full flex-wrap rounded-xl bg-surface/70 p-1">
      <legend className="sr-only">{label}</legend>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={choice.value === value}
          onClick={() => onChoose(choice.value)}
          className="h-8 rounded-lg px-3 text-[0.8125rem] font-medium text-soft transition-colors hover:text-ink aria-pressed:bg-accent aria-pressed:text-on-accent touch:h-11"
        >
          {choice.label}
        </button>
      ))}
    </fieldset>
  )
}

export function TextSizeSwitch() {
  const { t } = useWords()
  const { textSize, setTextSize } = useSettings()
  const sizes = (['small', 'normal', 'large', 'larger'] satisfies TextSize[]).map((value) => {
    return { value, label: t(`settings.textSize.${value}`) }
  })
  return <Switch label={t('settings.textSize')} value={textSize} choices={sizes} onChoose={setTextSize} />
}

export function EnterSwitch() {
  const { t } = useWords()
  const { enterSends, setEnterSends } = useSettings()
  const choices = [
    { value: 'send', label: t('settings.enter.send') },
    { value: 'line', label: t('settings.enter.line') },
  ] as const
  return (
    <Switch
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
  return <Switch label={t('settings.language')} value={language} choices={LANGUAGES} onChoose={setLanguage} />
}

export function ThemeSwitch() {
  const { t } = useWords()
  const { theme, setTheme } = useSettings()
  return <Switch label={t('settings.theme')} value={theme} choices={useThemes()} onChoose={setTheme} />
}
