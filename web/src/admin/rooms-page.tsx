import { useQueryClient } from '@tanstack/react-query'
import type { AdminRoom } from '@yeoul/client'
import { useState } from 'react'
import { TITLE_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { moment, when } from '../i18n/time.ts'
import { Avatar } from '../people/avatar.tsx'
import { useJoin } from '../rooms/join.ts'
import { isFull, sizeWords } from '../rooms/size.ts'
import { go, linkTo } from '../route.ts'
import { useClient, useLive } from '../session/client.ts'
import { IconButton } from '../ui/button.tsx'
import { Menu, MenuItem, MenuLine } from '../ui/menu.tsx'
import { usePaged } from '../ui/paged.tsx'
import { SearchBox } from '../ui/search-box.tsx'
import { Empty } from '../ui/states.tsx'
import { useSettled } from '../ui/use-settled.ts'
import { DeleteRoom } from './delete-room.tsx'
import { count } from './numbers.ts'
import { Chip, PageHead } from './page-head.tsx'
import { PagedList, Row } from './paged-list.tsx'

/** Every open room and group: how many are in it, how much is said. What is said stays with the members. */
export function RoomsPage() {
  const { t } = useWords()
  const { api } = useClient()
  const [query, setQuery] = useState('')
  const q = useSettled(query.trim().slice(0, TITLE_LENGTH.max))
  const rooms = usePaged(['admin', 'rooms', q], (page) => api.admin.rooms({ ...page, ...(q !== '' && { q }) }))
  return (
    <div className="max-w-[56rem]">
      <PageHead title={t('admin.page.rooms')} lead={t('admin.rooms.lead')} />
      <div className="mb-4">
        <SearchBox className="max-w-[28rem]" label={t('admin.rooms.search')} value={query} onChange={setQuery} />
      </div>
      <PagedList
        list={rooms}
        label={t('admin.page.rooms')}
        empty={<Empty icon="chat" title={q === '' ? t('admin.rooms.none') : t('admin.none', { query: q })} />}
      >
        {(room) => <RoomRow key={room.id} room={room} />}
      </PagedList>
    </div>
  )
}

function RoomRow({ room }: { room: AdminRoom }) {
  const { t, language } = useWords()
  const queries = useQueryClient()
  const { rooms } = useLive(useClient().rooms)
  const join = useJoin(room.id)
  const [deleting, setDeleting] = useState(false)
  const mine = rooms.some((entry) => entry.room.id === room.id)
  const joinable = !mine && room.kind === 'open'
  return (
    <Row>
      <Avatar id={room.id} name={room.title} />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-1.5 gap-y-0.5">
          <span className="min-w-0 truncate font-semibold">{room.title}</span>
          <Chip tone="still">{t(room.kind === 'open' ? 'admin.room.open' : 'admin.room.group')}</Chip>
          {isFull(room) && <Chip>{t('rooms.full')}</Chip>}
        </p>
        <p className="flex flex-wrap gap-x-3 text-[0.8125rem] text-faint tabular-nums">
          <span>{sizeWords(room, t)}</span>
          <span>
            {t('admin.room.messages', { count: room.messageCount, shown: count(room.messageCount, language) })}
          </span>
          {room.lastMessageAt !== null && (
            <span title={moment(room.lastMessageAt, language)}>
              {t('admin.room.last', { when: when(room.lastMessageAt, language) })}
            </span>
          )}
        </p>
      </div>
      <Menu trigger={<IconButton icon="more" label={t('admin.room.actions', { title: room.title })} />}>
        {mine && (
          <MenuItem icon="chat" onSelect={() => go(linkTo.room(room.id))}>
            {t('admin.room.enter')}
          </MenuItem>
        )}
        {joinable && (
          <MenuItem icon="chat" onSelect={() => join.mutate()}>
            {t('admin.room.join')}
          </MenuItem>
        )}
        {(mine || joinable) && <MenuLine />}
        <MenuItem icon="trash" danger onSelect={() => setDeleting(true)}>
          {t('room.delete')}
        </MenuItem>
      </Menu>
      {deleting && (
        <DeleteRoom
          room={room}
          onDeleted={() => void queries.invalidateQueries({ queryKey: ['admin', 'rooms'] })}
          onClose={() => setDeleting(false)}
        />
      )}
    </Row>
  )
}
