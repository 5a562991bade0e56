import type { Member, RoomListEntry, Timeline } from '@yeoul/client'
import { useEffect, useMemo } from 'react'
import { VList } from 'virtua'
import { useWords } from '../i18n/index.ts'
import { useLive } from '../session/client.ts'
import { IconButton } from '../ui/button.tsx'
import { Failed, SkeletonRows } from '../ui/states.tsx'
import { MemberRow } from './member-row.tsx'

interface PeoplePanelProps {
  entry: RoomListEntry
  timeline: Timeline
  onClose(): void
}

/** Who belongs to the room: those who are here first, then the others with the time they left. */
export function PeoplePanel({ entry, timeline, onClose }: PeoplePanelProps) {
  const { t } = useWords()
  const { state, members, error } = useLive(timeline.members)
  const rows = useMemo(() => sections(members), [members])

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && document.querySelector('dialog[open]') === null)
        onClose()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [onClose])

  return (
    <aside
      aria-label={t('room.people')}
      className="fixed inset-0 z-30 flex flex-col border-line bg-paper safe-top wide:static wide:z-auto wide:w-72 wide:shrink-0 wide:border-s"
    >
      <header className="flex h-16 shrink-0 items-center gap-2 border-b border-line ps-5 pe-3">
        <h3 className="flex-1 text-[1.0625rem] font-bold">{t('room.people')}</h3>
        <IconButton icon="close" label={t('people.close')} onClick={onClose} />
      </header>
      {state === 'failed' && <Failed error={error} onRetry={() => void timeline.members.load()} />}
      {members.length === 0 && state !== 'failed' && <SkeletonRows count={6} label={t('ui.loading')} />}
      {members.length > 0 && (
        <VList data={rows} itemSize={56} className="safe-bottom pt-2">
          {(row) =>
            'count' in row ? (
              <h4 key={row.key} className="px-5 pt-3 pb-1 text-[0.8125rem] font-semibold text-soft">
                {t(row.key === 'online' ? 'people.online' : 'people.offline', { count: row.count })}
              </h4>
            ) : (
              <MemberRow key={row.user} member={row} room={entry.room} myRole={entry.membership.role} />
            )
          }
        </VList>
      )}
    </aside>
  )
}

type Row = Member | { key: 'online' | 'offline'; count: number }

function sections(members: readonly Member[]): Row[] {
  const online = members.filter((member) => member.online)
  const away = members.filter((member) => !member.online)
  const rows: Row[] = []
  if (online.length > 0) rows.push({ key: 'online', count: online.length }, ...online)
  if (away.length > 0) rows.push({ key: 'offline', count: away.length }, ...away)
  return rows
}
