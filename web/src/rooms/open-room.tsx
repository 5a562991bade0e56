import type { Room } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { Avatar } from '../people/avatar.tsx'
import { go, linkTo } from '../route.ts'
import { useClient, useLive } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { isFull } from './full.ts'
import { useJoin } from './join.ts'

/** An open room in a list: what it is, how full, and the way in. */
export function OpenRoom({ room }: { room: Room }) {
  const { t } = useWords()
  const { rooms } = useLive(useClient().rooms)
  const mine = rooms.some((entry) => entry.room.id === room.id)
  const join = useJoin(room.id)
  const count =
    room.capacity === null
      ? t('rooms.members', { count: room.memberCount })
      : t('rooms.membersOf', { count: room.memberCount, capacity: room.capacity })
  return (
    <li className="flex items-center gap-3 rounded-2xl border border-line bg-surface p-3">
      <Avatar id={room.id} name={room.title} />
      <div className="min-w-0 flex-1">
        <p className="truncate font-semibold">{room.title}</p>
        <p className="truncate text-[0.875rem] text-soft">
          {count}
          {mine && <span className="ms-1.5 text-accent">· {t('rooms.inside')}</span>}
        </p>
      </div>
      {mine ? (
        <Button look="quiet" small onClick={() => go(linkTo.room(room.id))}>
          {t('rooms.joined')}
        </Button>
      ) : isFull(room) ? (
        <span className="shrink-0 px-2 text-[0.875rem] font-semibold text-faint">{t('rooms.full')}</span>
      ) : (
        <Button small disabled={join.isPending} onClick={() => join.mutate()}>
          {t('rooms.join')}
        </Button>
      )}
    </li>
  )
}
