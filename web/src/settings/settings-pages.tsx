import type { User } from '@yeoul/client'
import type { ComponentType } from 'react'
import { useWords } from '../i18n/index.ts'
import { linkTo, SETTINGS_PAGES, type SettingsPage } from '../route.ts'
import type { IconName } from '../ui/icon.tsx'
import { Pages } from '../ui/pages.tsx'
import { AppearancePage } from './appearance-page.tsx'
import { NotificationsPage } from './notifications-page.tsx'

const icons: Record<SettingsPage, IconName> = {
  profile: 'people',
  appearance: 'sun',
  notifications: 'bell',
  password: 'lock',
  devices: 'globe',
}

const faces: Partial<Record<SettingsPage, ComponentType<{ user: User }>>> = {
  appearance: AppearancePage,
  notifications: NotificationsPage,
}

/** What a person sets for themselves. */
export default function SettingsPages({ user, page }: { user: User; page: SettingsPage }) {
  const { t } = useWords()
  const Face = faces[page]
  return (
    <Pages
      title={t('settings.title')}
      pages={SETTINGS_PAGES.map((each) => ({
        href: linkTo.settings(each),
        label: t(`settings.page.${each}`),
        icon: icons[each],
        current: each === page,
      }))}
    >
      {Face && <Face user={user} />}
    </Pages>
  )
}
