import { useWords } from '../i18n/index.ts'
import { Avatar } from '../people/avatar.tsx'
import { MutedSign, RoomBadges } from '../rooms/room-badges.tsx'
import { isFull, sizeWords } from '../rooms/size.ts'
import { Icon } from '../ui/icon.tsx'
import type { Candidate } from './candidates.ts'

interface CandidateRowProps {
  id: string
  candidate: Candidate
  chosen: boolean
  onChoose(): void
  onOpen(): void
}

export function CandidateRow({ id, candidate, chosen, onChoose, onOpen }: CandidateRowProps) {
  const { t } = useWords()
  const { title } = candidate
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are heard in the text field, which keeps the focus
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      onMouseDown={(event) => event.preventDefault()}
      onMouseMove={() => chosen || onChoose()}
      onClick={onOpen}
      className="flex min-h-12 cursor-pointer scroll-my-2 items-center gap-3 rounded-xl px-3 py-1 aria-selected:bg-accent-soft"
    >
      <Avatar id={faceOf(candidate)} name={title} size="small" />
      <span className="min-w-0 flex-1">
        <span className="flex items-center gap-1.5">
          {candidate.kind === 'room' && candidate.entry.room.kind === 'group' && (
            <Icon name="lock" className="size-3.5 text-faint" />
          )}
          <span className="truncate font-semibold">{title}</span>
          {candidate.kind === 'room' && candidate.entry.membership.notify === 'none' && <MutedSign />}
        </span>
        {candidate.kind === 'person' && (
          <span className="block truncate text-[0.8125rem] leading-snug text-faint">@{candidate.user.username}</span>
        )}
        {candidate.kind === 'open' && (
          <span className="block truncate text-[0.8125rem] leading-snug text-faint">
            {sizeWords(candidate.room, t)}
          </span>
        )}
      </span>
      {candidate.kind === 'open' && isFull(candidate.room) && (
        <span className="shrink-0 text-[0.8125rem] text-faint">{t('rooms.full')}</span>
      )}
      {candidate.kind === 'room' && <RoomBadges entry={candidate.entry} />}
    </div>
  )
}

function faceOf(candidate: Candidate): string {
  if (candidate.kind === 'person') return candidate.user.id
  return candidate.kind === 'open' ? candidate.room.id : (candidate.entry.peer ?? candidate.entry.room.id)
}
