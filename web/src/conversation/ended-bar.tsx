import type { LeaveReason, Room } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { useJoin } from '../rooms/join.ts'
import { go, linkTo } from '../route.ts'
import { Button } from '../ui/button.tsx'

interface EndedBarProps {
  room: Room
  ended: LeaveReason | 'not_a_member'
}

/** In the composer's place once the membership is over: why, and where to go from here. */
export function EndedBar({ room, ended }: EndedBarProps) {
  const { t } = useWords()
  const join = useJoin(room.id)
  const opens = room.kind === 'open' && ended !== 'banned' && ended !== 'room_deleted'
  return (
    <div
      role="status"
      className="safe-bottom flex flex-wrap items-center justify-center gap-3 border-t border-line bg-paper px-4 py-3"
    >
      <p className="text-[0.9375rem] text-soft">{t(`ended.${ended}`)}</p>
      {opens && (
        <Button small disabled={join.isPending} onClick={() => join.mutate()}>
          {t('ended.rejoin')}
        </Button>
      )}
      <Button look="quiet" small onClick={() => go(linkTo.home)}>
        {t('rooms.back')}
      </Button>
    </div>
  )
}
