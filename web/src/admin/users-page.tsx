import { type InfiniteData, useQueryClient } from '@tanstack/react-query'
import type { AdminUser, Page } from '@yeoul/client'
import { useState } from 'react'
import { DISPLAY_NAME_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { shortDay } from '../i18n/time.ts'
import { Avatar } from '../people/avatar.tsx'
import { useClient, useMe } from '../session/client.ts'
import { IconButton } from '../ui/button.tsx'
import { Menu, MenuItem, MenuLine } from '../ui/menu.tsx'
import { usePaged } from '../ui/paged.tsx'
import { SearchBox } from '../ui/search-box.tsx'
import { Empty } from '../ui/states.tsx'
import { useSettled } from '../ui/use-settled.ts'
import { ChangeUser, type UserChange } from './change-user.tsx'
import { Chip, PageHead } from './page-head.tsx'
import { PagedList, Row } from './paged-list.tsx'
import { ResetPassword } from './reset-password.tsx'

/** Every account of the server: who may sign in, who is an administrator. */
export function UsersPage() {
  const { t } = useWords()
  const { api } = useClient()
  const [query, setQuery] = useState('')
  const q = useSettled(query.trim().slice(0, DISPLAY_NAME_LENGTH.max))
  const users = usePaged(['admin', 'users', q], (page) => api.admin.users({ ...page, ...(q !== '' && { q }) }))
  return (
    <div className="max-w-[56rem]">
      <PageHead title={t('admin.page.users')} lead={t('admin.users.lead')} />
      <div className="mb-4">
        <SearchBox className="max-w-[28rem]" label={t('admin.users.search')} value={query} onChange={setQuery} />
      </div>
      <PagedList
        list={users}
        label={t('admin.page.users')}
        empty={<Empty icon="people" title={t('admin.none', { query: q })} />}
      >
        {(user) => <UserRow key={user.id} user={user} />}
      </PagedList>
    </div>
  )
}

function UserRow({ user }: { user: AdminUser }) {
  const { t, language } = useWords()
  const me = useMe()
  const queries = useQueryClient()
  const [asking, setAsking] = useState<UserChange | 'reset' | null>(null)

  /** The row shows what the server answered, in its place, whatever was searched for. */
  const changed = (now: AdminUser) => {
    queries.setQueriesData<InfiniteData<Page<AdminUser>>>({ queryKey: ['admin', 'users'] }, (known) =>
      known === undefined
        ? undefined
        : {
            ...known,
            pages: known.pages.map((page) => ({
              ...page,
              items: page.items.map((each) => (each.id === now.id ? now : each)),
            })),
          },
    )
  }

  return (
    <Row>
      <span className={user.disabled ? 'opacity-50 grayscale' : ''}>
        <Avatar id={user.id} name={user.displayName} />
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-1.5 gap-y-0.5">
          <span className={`min-w-0 truncate font-semibold ${user.disabled ? 'text-soft' : ''}`}>
            {user.displayName}
          </span>
          {user.role === 'admin' && <Chip>{t('admin.user.admin')}</Chip>}
          {user.disabled && <Chip tone="danger">{t('admin.user.disabled')}</Chip>}
        </p>
        <p className="flex flex-wrap gap-x-3 text-[0.8125rem] text-faint">
          <span className="truncate">@{user.username}</span>
          <span>{t('admin.user.since', { day: shortDay(user.createdAt, language) })}</span>
        </p>
        {user.id === me && <p className="text-[0.8125rem] text-faint">{t('admin.user.you')}</p>}
      </div>
      {user.id !== me && (
        <Menu trigger={<IconButton icon="more" label={t('people.actions', { name: user.displayName })} />}>
          <MenuItem icon="lock" onSelect={() => setAsking('reset')}>
            {t('admin.user.reset')}
          </MenuItem>
          <MenuItem icon="people" onSelect={() => setAsking(user.role === 'admin' ? 'demote' : 'promote')}>
            {t(user.role === 'admin' ? 'admin.user.demote' : 'admin.user.promote')}
          </MenuItem>
          <MenuLine />
          <MenuItem
            icon={user.disabled ? 'check' : 'close'}
            danger={!user.disabled}
            onSelect={() => setAsking(user.disabled ? 'enable' : 'disable')}
          >
            {t(user.disabled ? 'admin.user.enable' : 'admin.user.disable')}
          </MenuItem>
        </Menu>
      )}
      {asking === 'reset' && <ResetPassword user={user} onClose={() => setAsking(null)} />}
      {asking !== null && asking !== 'reset' && (
        <ChangeUser user={user} change={asking} onChanged={changed} onClose={() => setAsking(null)} />
      )}
    </Row>
  )
}
