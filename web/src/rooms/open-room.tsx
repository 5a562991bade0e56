import type { Room } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { Avatar } from '../people/avatar.tsx'
import { go, linkTo } from '../route.ts'
import { useClient, useLive } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { useJoin } from './join.ts'
import { isFull, sizeWords } from './size.ts'

/** An open room in a list: what it is, how full, and the way in. */
export function OpenRoom({ room }: { room: Room }) {
  const { t } = useWords()
  const { rooms } = useLive(useClient().rooms)
  const mine = rooms.some((entry) => entry.room.id === room.id)
  const join = useJoin(room.id)
  return (
    <li className="card flex items-center gap-3 p-3">
      <Avatar id={room.id} name={room.title} />
      <div className="min-w-0 flex-1">
        <p className="truncate font-semibold">{room.title}</p>
        <p className="truncate text-[0.875rem] text-soft">
          {sizeWords(room, t)}
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
