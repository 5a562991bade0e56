import { useWords } from '../i18n/index.ts'
import { PagePart } from '../ui/pages.tsx'
import { LanguageSwitch, ThemeSwitch } from './switches.tsx'

export function AppearancePage() {
  const { t } = useWords()
  return (
    <>
      <PagePart title={t('settings.language')}>
        <LanguageSwitch />
      </PagePart>
      <PagePart title={t('settings.theme')}>
        <ThemeSwitch />
      </PagePart>
    </>
  )
}
