import type { Message, Room, RoomListEntry } from '@yeoul/client'
import { memo } from 'react'
import { useDrafts } from '../composer/drafts.ts'
import { useWords } from '../i18n/index.ts'
import { when } from '../i18n/time.ts'
import { plainText } from '../markup/plain-text.ts'
import { Avatar } from '../people/avatar.tsx'
import { useName } from '../people/users.ts'
import { linkTo } from '../route.ts'
import { useMe } from '../session/client.ts'
import { usePeer, useRoomTitle } from './room-title.ts'

interface RoomRowProps {
  entry: RoomListEntry
  current: boolean
}

export const RoomRow = memo(function RoomRow({ entry, current }: RoomRowProps) {
  const { t, language } = useWords()
  const { room, unread, lastMessage, activeAt } = entry
  const title = useRoomTitle(room)
  const draft = useDrafts((drafts) => drafts.texts[room.id])
  return (
    <a
      href={linkTo.room(room.id)}
      aria-current={current ? 'page' : undefined}
      className="mx-2 flex h-18 items-center gap-3 rounded-2xl px-3 outline-offset-[-2px] transition-colors hover:bg-sunk aria-[current=page]:bg-accent-soft"
    >
      <RoomMark room={room} title={title} />
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-2">
          <span className="min-w-0 flex-1 truncate font-semibold">{title}</span>
          <time dateTime={new Date(activeAt).toISOString()} className="shrink-0 text-[0.75rem] text-faint">
            {when(activeAt, language)}
          </time>
        </span>
        <span className="flex items-center gap-2">
          <span className="min-w-0 flex-1 truncate text-[0.875rem] text-soft">
            {draft !== undefined && !current ? (
              <span className="text-accent">{t('rooms.draft', { text: plainText(draft) })}</span>
            ) : (
              <Preview message={lastMessage} direct={room.kind === 'direct'} />
            )}
          </span>
          {unread > 0 && (
            <span className="inline-flex h-5 min-w-5 items-center justify-center rounded-full bg-spark px-1.5 text-[0.75rem] font-bold text-on-spark tabular-nums">
              <span aria-hidden="true">{unread > 999 ? '999+' : unread}</span>
              <span className="sr-only">{t('rooms.unread', { count: unread })}</span>
            </span>
          )}
        </span>
      </span>
    </a>
  )
})

function Preview({ message, direct }: { message: Message | null; direct: boolean }) {
  const { t } = useWords()
  const me = useMe()
  const name = useName(message?.sender)
  if (message === null) return t('rooms.noMessages')
  if (message.body === null) return t('rooms.deletedMessage')
  const text = plainText(message.body)
  if (message.sender === me) return t('rooms.you', { text })
  return direct ? text : `${name}: ${text}`
}

/** A room's face: the other person's in a direct room, else the first letter of its title. */
export function RoomMark({ room, title }: { room: Room; title: string }) {
  const peer = usePeer(room)
  return <Avatar id={peer ?? room.id} name={title} />
}
