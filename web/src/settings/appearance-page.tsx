import { useWords } from '../i18n/index.ts'
import { keyText } from '../keyboard/keys.ts'
import { PagePart } from '../ui/pages.tsx'
import { EnterSwitch, LanguageSwitch, TextSizeSwitch, ThemeSwitch } from './switches.tsx'

/** How the page looks and writes, in this browser. */
export function AppearancePage() {
  const { t } = useWords()
  return (
    <>
      <PagePart title={t('settings.language')}>
        <LanguageSwitch />
      </PagePart>
      <PagePart title={t('settings.theme')} lead={t('settings.theme.lead')}>
        <ThemeSwitch />
      </PagePart>
      <PagePart title={t('settings.textSize')}>
        <TextSizeSwitch />
        <p className="mt-4 w-fit max-w-full rounded-2xl rounded-ss-md bg-surface px-3.5 py-2">
          {t('settings.textSize.sample')}
        </p>
      </PagePart>
      <PagePart
        title={t('settings.enter')}
        lead={t('settings.enter.lead', { line: keyText('shift', 'enter'), send: keyText('mod', 'enter') })}
      >
        <EnterSwitch />
      </PagePart>
    </>
  )
}
