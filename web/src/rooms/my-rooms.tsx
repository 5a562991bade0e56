import type { RoomListEntry, User } from '@yeoul/client'
import { useDeferredValue, useMemo, useState } from 'react'
import { VList } from 'virtua'
import { useWords } from '../i18n/index.ts'
import { matchRank } from '../search/match.ts'
import { useClient, useLive } from '../session/client.ts'
import { Choice } from '../ui/choice.tsx'
import { SearchBox } from '../ui/search-box.tsx'
import { Failed, SkeletonRows } from '../ui/states.tsx'
import { NoRooms } from './no-rooms.tsx'
import { useRoomNames } from './room-names.ts'
import { RoomRow } from './room-row.tsx'

/** A search box and a choice earn their place once the list is longer than a screen. */
const MANY = 8
const FILTERS = ['all', 'unread', 'direct'] as const
type Filter = (typeof FILTERS)[number]

interface MyRoomsProps {
  user: User
  current: string | undefined
  onCreate(): void
}

export function MyRooms({ user, current, onCreate }: MyRoomsProps) {
  const { t } = useWords()
  const client = useClient()
  const { state, rooms, error } = useLive(client.rooms)
  const [query, setQuery] = useState('')
  const [filter, setFilter] = useState<Filter>('all')
  const many = rooms.length >= MANY
  // What cannot be seen chooses nothing.
  const words = useDeferredValue(many ? query.trim() : '')
  const shown = useShown(rooms, many ? filter : 'all', words, current)

  if (rooms.length === 0) {
    if (state === 'failed') return <Failed error={error} onRetry={() => void client.rooms.reload()} />
    if (state !== 'ready') return <SkeletonRows count={6} label={t('ui.loading')} />
    return <NoRooms user={user} onCreate={onCreate} />
  }
  return (
    <>
      {many && (
        <div className="flex flex-col gap-2 px-4 pb-2">
          <SearchBox small label={t('rooms.search')} value={query} onChange={setQuery} />
          <Choice
            label={t('rooms.filter')}
            value={filter}
            choices={FILTERS.map((value) => ({ value, label: t(`rooms.filter.${value}`) }))}
            onChoose={(chosen) => setFilter(chosen)}
          />
        </div>
      )}
      <nav aria-label={t('rooms.title')} className="min-h-0 flex-1">
        {shown.length === 0 ? (
          <p className="px-6 py-4 text-[0.9375rem] text-soft">
            {words !== '' ? t('rooms.none', { query: words }) : t(`rooms.filter.none.${filter}`)}
          </p>
        ) : (
          <VList className="safe-bottom" data={shown} itemSize={72}>
            {(entry) => <RoomRow key={entry.room.id} entry={entry} current={entry.room.id === current} />}
          </VList>
        )}
      </nav>
    </>
  )
}

/** The rooms that answer the words and the choice, in the order of the list. The open room stays while it is read. */
function useShown(
  rooms: readonly RoomListEntry[],
  filter: Filter,
  words: string,
  current: string | undefined,
): readonly RoomListEntry[] {
  const nameOf = useRoomNames(rooms)
  return useMemo(() => {
    if (words === '' && filter === 'all') return rooms
    return rooms.filter((entry) => {
      const fits =
        filter === 'all' ||
        (filter === 'direct' ? entry.room.kind === 'direct' : entry.unread > 0 || entry.room.id === current)
      return fits && (words === '' || matchRank(nameOf(entry), words) !== null)
    })
  }, [rooms, filter, words, current, nameOf])
}
