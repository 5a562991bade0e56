import type { RoomListEntry } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { Icon } from '../ui/icon.tsx'

const badge =
  'inline-flex h-5 min-w-5 items-center justify-center rounded-full px-1.5 text-[0.75rem] font-bold tabular-nums'

/** How much of a room is unread, and how much of that calls the user by name. A muted room says it quietly. */
export function RoomBadges({ entry }: { entry: RoomListEntry }) {
  const { t } = useWords()
  const { unread, mentions, membership } = entry
  const muted = membership.notify === 'none'
  return (
    <>
      {mentions > 0 && (
        <span className={`${badge} bg-accent text-on-accent`}>
          <span aria-hidden="true">@{mentions > 1 && upTo(99, mentions)}</span>
          <span className="sr-only">{t('rooms.mentions', { count: mentions })}</span>
        </span>
      )}
      {unread > 0 && (
        <span className={`${badge} ${muted ? 'bg-sunk text-faint' : 'bg-spark text-on-spark'}`}>
          <span aria-hidden="true">{upTo(999, unread)}</span>
          <span className="sr-only">{t('rooms.unread', { count: unread })}</span>
        </span>
      )}
    </>
  )
}

/** A number that keeps its badge small. */
export const upTo = (most: number, count: number): string => (count > most ? `${most}+` : String(count))

/** Beside the title of a muted room. */
export function MutedSign() {
  const { t } = useWords()
  return (
    <span className="shrink-0 text-faint" title={t('notify.muted')}>
      <Icon name="bellOff" className="size-3.5" />
      <span className="sr-only">{t('notify.muted')}</span>
    </span>
  )
}
