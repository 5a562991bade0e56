import type { User } from '@yeoul/client'
import type { ComponentType } from 'react'
import { addWords, useWords } from '../i18n/index.ts'
import { account } from '../i18n/words/account.ts'
import { linkTo, SETTINGS_PAGES, type SettingsPage } from '../route.ts'
import type { IconName } from '../ui/icon.tsx'
import { Pages } from '../ui/pages.tsx'
import { AppearancePage } from './appearance-page.tsx'
import { DevicesPage } from './devices-page.tsx'
import { NotificationsPage } from './notifications-page.tsx'
import { PasswordPage } from './password-page.tsx'
import { ProfilePage } from './profile-page.tsx'

addWords(account)

const icons: Record<SettingsPage, IconName> = {
  profile: 'person',
  appearance: 'sun',
  notifications: 'bell',
  password: 'lock',
  devices: 'laptop',
}

const faces: Record<SettingsPage, ComponentType<{ user: User }>> = {
  profile: ProfilePage,
  appearance: AppearancePage,
  notifications: NotificationsPage,
  password: PasswordPage,
  devices: DevicesPage,
}

/** What a person sets for themselves. */
export function SettingsPages({ user, page }: { user: User; page: SettingsPage }) {
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
      <Face user={user} />
    </Pages>
  )
}
