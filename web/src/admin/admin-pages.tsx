import type { ComponentType } from 'react'
import { addWords, useWords } from '../i18n/index.ts'
import { admin } from '../i18n/words/admin.ts'
import { adminConfig } from '../i18n/words/admin-config.ts'
import { ADMIN_PAGES, type AdminPage, linkTo } from '../route.ts'
import type { IconName } from '../ui/icon.tsx'
import { Pages } from '../ui/pages.tsx'
import { ConfigPage } from './config-page.tsx'
import { NodesPage } from './nodes-page.tsx'
import { OverviewPage } from './overview-page.tsx'
import { ParkedPage } from './parked-page.tsx'
import { RoomsPage } from './rooms-page.tsx'
import { UsersPage } from './users-page.tsx'

addWords(admin)
addWords(adminConfig)

const icons: Record<AdminPage, IconName> = {
  overview: 'wave',
  users: 'people',
  rooms: 'chat',
  nodes: 'globe',
  config: 'edit',
  parked: 'alert',
}

const faces: Record<AdminPage, ComponentType> = {
  overview: OverviewPage,
  users: UsersPage,
  rooms: RoomsPage,
  nodes: NodesPage,
  config: ConfigPage,
  parked: ParkedPage,
}

/** What an administrator sees and does. */
export function AdminPages({ page }: { page: AdminPage }) {
  const { t } = useWords()
  const Face = faces[page]
  return (
    <Pages
      title={t('admin.title')}
      pages={ADMIN_PAGES.map((each) => ({
        href: linkTo.admin(each),
        label: t(`admin.page.${each}`),
        icon: icons[each],
        current: each === page,
      }))}
    >
      <Face />
    </Pages>
  )
}
