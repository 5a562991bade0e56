import { useState } from 'react'
import { TITLE_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { NextPage, usePaged } from '../ui/paged.tsx'
import { SearchBox } from '../ui/search-box.tsx'
import { Empty, Failed, SkeletonRows } from '../ui/states.tsx'
import { useSettled } from '../ui/use-settled.ts'
import { CreateRoom } from './create-room.tsx'
import { OpenRoom } from './open-room.tsx'

/** All open rooms of the server: search, join, or make one. */
export function FindRooms() {
  const { t } = useWords()
  const { api } = useClient()
  const [query, setQuery] = useState('')
  const [creating, setCreating] = useState(false)
  const q = useSettled(query.trim().slice(0, TITLE_LENGTH.max))
  const { query: found, items: rooms } = usePaged(['open-rooms', q], (page) => api.openRooms({ q, ...page }))

  return (
    <div className="flex min-h-0 flex-1 flex-col bg-paper">
      <header className="flex h-16 shrink-0 items-center gap-1 px-2 wide:px-6">
        <IconButton icon="back" label={t('rooms.back')} onClick={() => go(linkTo.home)} className="wide:hidden" />
        <h2 className="min-w-0 flex-1 text-[1.1875rem] font-bold tracking-tight">{t('find.title')}</h2>
        <Button small className="me-2 wide:me-0" onClick={() => setCreating(true)}>
          <Icon name="plus" className="size-4.5" />
          {t('find.make')}
        </Button>
      </header>
      <div className="px-4 pb-3 wide:px-6">
        <SearchBox label={t('find.placeholder')} value={query} onChange={setQuery} />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-4 pb-6 wide:px-6">
        {found.isPending && <SkeletonRows count={5} label={t('ui.loading')} />}
        {found.isError && rooms.length === 0 && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        {found.isSuccess && rooms.length === 0 && (
          <Empty icon="wave" title={q === '' ? t('find.empty') : t('find.none', { query: q })}>
            <Button small onClick={() => setCreating(true)}>
              {t('find.make')}
            </Button>
          </Empty>
        )}
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(20rem,100%),1fr))] gap-2">
          {rooms.map((room) => (
            <OpenRoom key={room.id} room={room} />
          ))}
        </ul>
        {rooms.length > 0 && <NextPage query={found} />}
      </div>
      {creating && <CreateRoom kind="open" onClose={() => setCreating(false)} />}
    </div>
  )
}
