import type { RoomListEntry, User } from '@yeoul/client'
import { useMemo, useState } from 'react'
import { VList } from 'virtua'
import { Wordmark } from '../brand/mark.tsx'
import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { useClient, useLive } from '../session/client.ts'
import { AccountMenu } from '../settings/account-menu.tsx'
import { Button } from '../ui/button.tsx'
import { inputLook } from '../ui/field.tsx'
import { Icon } from '../ui/icon.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { Empty, Failed, SkeletonRows } from '../ui/states.tsx'
import { type CreateKind, CreateRoom } from './create-room.tsx'
import { RoomRow } from './room-row.tsx'

/** A search box earns its place once the list is longer than a screen. */
const SEARCHABLE = 8

export function RoomsPane({ user, current }: { user: User; current: string | undefined }) {
  const { t } = useWords()
  const [creating, setCreating] = useState<CreateKind | null>(null)
  return (
    <>
      <header className="flex h-16 shrink-0 items-center justify-between ps-5 pe-3">
        <h1>
          <Wordmark />
        </h1>
        <AccountMenu user={user} />
      </header>
      <div className="flex gap-2 px-4 pb-3">
        <Button look="quiet" small className="min-w-0 flex-1" onClick={() => go(linkTo.find)}>
          <Icon name="search" className="size-4.5" />
          {t('rooms.find')}
        </Button>
        <Menu
          trigger={
            <Button small className="min-w-0 flex-1">
              <Icon name="plus" className="size-4.5" />
              {t('rooms.new')}
            </Button>
          }
        >
          <MenuItem icon="wave" onSelect={() => setCreating('open')}>
            {t('rooms.new.open')}
          </MenuItem>
          <MenuItem icon="lock" onSelect={() => setCreating('group')}>
            {t('rooms.new.group')}
          </MenuItem>
          <MenuItem icon="chat" onSelect={() => setCreating('direct')}>
            {t('rooms.new.direct')}
          </MenuItem>
        </Menu>
      </div>
      <MyRooms current={current} onCreate={() => setCreating('open')} />
      {creating !== null && <CreateRoom kind={creating} onClose={() => setCreating(null)} />}
    </>
  )
}

function MyRooms({ current, onCreate }: { current: string | undefined; onCreate(): void }) {
  const { t } = useWords()
  const client = useClient()
  const { state, rooms, error } = useLive(client.rooms)
  const [query, setQuery] = useState('')
  const shown = useMemo(() => filter(rooms, query), [rooms, query])

  if (rooms.length === 0) {
    if (state === 'failed') return <Failed error={error} onRetry={() => void client.rooms.reload()} />
    if (state !== 'ready') return <SkeletonRows count={6} label={t('ui.loading')} />
    return (
      <Empty icon="chat" title={t('rooms.empty.title')} body={t('rooms.empty.body')}>
        <Button small onClick={() => go(linkTo.find)}>
          {t('rooms.find')}
        </Button>
        <Button look="quiet" small onClick={onCreate}>
          {t('find.make')}
        </Button>
      </Empty>
    )
  }
  return (
    <>
      {rooms.length >= SEARCHABLE && (
        <div className="px-4 pb-2">
          <input
            type="search"
            value={query}
            onChange={(event) => setQuery(event.target.value)}
            aria-label={t('rooms.search')}
            placeholder={t('rooms.search')}
            className={`${inputLook} h-10 text-[0.9375rem]`}
          />
        </div>
      )}
      <nav aria-label={t('rooms.title')} className="min-h-0 flex-1">
        {shown.length === 0 ? (
          <p className="px-6 py-4 text-[0.9375rem] text-soft">{t('rooms.none', { query })}</p>
        ) : (
          <VList className="safe-bottom" data={shown} itemSize={72}>
            {(entry) => <RoomRow key={entry.room.id} entry={entry} current={entry.room.id === current} />}
          </VList>
        )}
      </nav>
    </>
  )
}

function filter(rooms: readonly RoomListEntry[], query: string): readonly RoomListEntry[] {
  const words = query.trim().toLocaleLowerCase()
  return words === '' ? rooms : rooms.filter(({ room }) => room.title.toLocaleLowerCase().includes(words))
}
