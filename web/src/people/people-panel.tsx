import type { RoomListEntry, Timeline } from '@yeoul/client'
import { useEffect, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Icon } from '../ui/icon.tsx'
import { SearchBox } from '../ui/search-box.tsx'
import { BansList } from './bans-list.tsx'
import { InvitePeople } from './invite-people.tsx'
import { PeopleList } from './people-list.tsx'

/** A search box earns its place once the list is longer than a screen. */
const SEARCHABLE = 12
const PARTS = ['members', 'bans'] as const

interface PeoplePanelProps {
  entry: RoomListEntry
  timeline: Timeline
  onClose(): void
}

/** Who belongs to the room, and for those who may lift a ban, who is kept out. */
export function PeoplePanel({ entry, timeline, onClose }: PeoplePanelProps) {
  const { t } = useWords()
  const { room, membership } = entry
  const [query, setQuery] = useState('')
  const [inviting, setInviting] = useState(false)
  const [part, setPart] = useState<(typeof PARTS)[number]>('members')
  const governs = room.kind !== 'direct' && membership.role !== 'member'
  const shown = governs ? part : 'members'
  const searchable = room.memberCount >= SEARCHABLE

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector('dialog[open]') !== null) return
      event.preventDefault()
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
        <h3 className="flex-1 text-[1.0625rem] font-bold">
          {t('room.people')}
          <span className="ms-2 text-[0.875rem] font-semibold text-faint tabular-nums">{room.memberCount}</span>
        </h3>
        <IconButton icon="close" label={t('people.close')} onClick={onClose} />
      </header>
      {governs && (
        <div className="flex shrink-0 items-center gap-1.5 px-4 pt-3">
          <Choice
            label={t('people.part')}
            value={shown}
            choices={PARTS.map((value) => ({ value, label: t(`people.part.${value}`) }))}
            onChoose={(chosen) => setPart(chosen)}
          />
          {room.kind === 'group' && (
            <Button look="plain" small className="ms-auto px-2.5!" onClick={() => setInviting(true)}>
              <Icon name="plus" className="size-4" />
              {t('room.invite')}
            </Button>
          )}
        </div>
      )}
      {shown === 'members' && searchable && (
        <div className="shrink-0 px-4 pt-3 pb-1">
          <SearchBox small label={t('people.search')} value={query} onChange={setQuery} />
        </div>
      )}
      {shown === 'members' ? (
        <PeopleList entry={entry} timeline={timeline} words={searchable ? query.trim() : ''} />
      ) : (
        <BansList timeline={timeline} />
      )}
      {inviting && <InvitePeople timeline={timeline} onClose={() => setInviting(false)} />}
    </aside>
  )
}
