import type { ComponentType } from 'react'
import { addWords, useWords } from '../i18n/index.ts'
import { admin } from '../i18n/words/admin.ts'
import { ADMIN_PAGES, type AdminPage, linkTo } from '../route.ts'
import type { IconName } from '../ui/icon.tsx'
import { Pages } from '../ui/pages.tsx'

addWords(admin)

const icons: Record<AdminPage, IconName> = {
  overview: 'wave',
  users: 'people',
  rooms: 'chat',
  nodes: 'globe',
  config: 'edit',
  parked: 'alert',
}

const faces: Partial<Record<AdminPage, ComponentType>> = {}

/** What an administrator sees and does. */
export default function AdminPages({ page }: { page: AdminPage }) {
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
      {Face && <Face />}
    </Pages>
  )
}
