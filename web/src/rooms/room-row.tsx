import type { Message, Room, RoomListEntry } from '@yeoul/client'
import { memo, useState } from 'react'
import { useDrafts } from '../composer/drafts.ts'
import { useWords } from '../i18n/index.ts'
import { when } from '../i18n/time.ts'
import { plainText } from '../markup/plain-text.ts'
import { Avatar } from '../people/avatar.tsx'
import { useShortText } from '../people/short-text.ts'
import { useName } from '../people/users.ts'
import { linkTo } from '../route.ts'
import { useMe } from '../session/client.ts'
import { useLongPress } from '../ui/long-press.ts'
import { useLasting } from '../ui/use-lasting.ts'
import { LeaveRoom } from './leave-room.tsx'
import { MutedSign, RoomBadges } from './room-badges.tsx'
import { RoomMenu } from './room-menu.tsx'
import { usePeer, useRoomTitle } from './room-title.ts'

const SEEN_SOON_MS = 400

interface RoomRowProps {
  entry: RoomListEntry
  current: boolean
}

export const RoomRow = memo(function RoomRow({ entry, current }: RoomRowProps) {
  const { t, language } = useWords()
  const { room, membership, lastMessage, activeAt } = entry
  const title = useRoomTitle(room)
  const draft = useDrafts((drafts) => drafts.texts[room.id])
  // The menu is made when somebody is about to use it: one for every row would cost too much.
  const [active, setActive] = useState(false)
  const [open, setOpen] = useState(false)
  const [leaving, setLeaving] = useState(false)
  const longPress = useLongPress(() => setOpen(true))
  const muted = membership.notify === 'none'
  // What comes into the open room is unread for a moment, until it is seen.
  const unreadStays = useLasting(current && entry.unread > 0, SEEN_SOON_MS)
  const hidden = active || open ? 'invisible' : ''
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the link and the menu inside are what is used; this hears when to show the menu
    <div
      className="relative mx-2 select-none [-webkit-touch-callout:none]"
      onPointerLeave={() => setActive(false)}
      onFocus={(event) => event.target.matches(':focus-visible') && setActive(true)}
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setActive(false)}
      {...longPress}
      onPointerMove={(event) => {
        if (event.pointerType === 'mouse') setActive(true)
        longPress.onPointerMove(event)
      }}
    >
      <a
        href={linkTo.room(room.id)}
        aria-current={current ? 'page' : undefined}
        className="flex h-18 items-center gap-3 rounded-2xl px-3 outline-offset-[-2px] transition-colors hover:bg-sunk aria-[current=page]:bg-accent-soft"
      >
        <RoomMark room={room} title={title} />
        <span className="min-w-0 flex-1">
          <span className="flex items-baseline gap-2">
            <span className="flex min-w-0 flex-1 items-center gap-1.5">
              <span className={`truncate font-semibold ${muted ? 'text-soft' : ''}`}>{title}</span>
              {muted && <MutedSign />}
            </span>
            <time
              dateTime={new Date(activeAt).toISOString()}
              className={`shrink-0 text-[0.75rem] text-faint ${hidden}`}
            >
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
            {(!current || unreadStays) && <RoomBadges entry={entry} />}
          </span>
        </span>
      </a>
      {(active || open) && (
        <span className="absolute end-2 top-0.5">
          <RoomMenu entry={entry} title={title} open={open} onOpenChange={setOpen} onLeave={() => setLeaving(true)} />
        </span>
      )}
      {leaving && <LeaveRoom room={room} title={title} remove={false} onClose={() => setLeaving(false)} />}
    </div>
  )
})

function Preview({ message, direct }: { message: Message | null; direct: boolean }) {
  const { t } = useWords()
  const me = useMe()
  const name = useName(message?.sender)
  const text = useShortText(message)
  if (message === null) return t('rooms.noMessages')
  if (message.body === null) return t('rooms.deletedMessage')
  if (message.sender === me) return t('rooms.you', { text })
  return direct ? text : `${name}: ${text}`
}

/** A room's face: the other person's in a direct room, else the first letter of its title. */
export function RoomMark({ room, title }: { room: Room; title: string }) {
  const peer = usePeer(room)
  return <Avatar id={peer ?? room.id} name={title} />
}
