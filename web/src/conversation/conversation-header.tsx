import type { RoomListEntry, Timeline } from '@yeoul/client'
import { useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { InvitePeople } from '../people/invite-people.tsx'
import { seenWords } from '../people/seen.ts'
import { addressOf } from '../rooms/address.ts'
import { EditRoom } from '../rooms/edit-room.tsx'
import { LeaveRoom } from '../rooms/leave-room.tsx'
import { NotifyChoice } from '../rooms/notify-choice.tsx'
import { MutedSign } from '../rooms/room-badges.tsx'
import { RoomMark } from '../rooms/room-row.tsx'
import { go, linkTo } from '../route.ts'
import { useLive, useMe } from '../session/client.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { copyText } from '../ui/copy.ts'
import { Icon } from '../ui/icon.tsx'
import { Menu, MenuItem, MenuLine } from '../ui/menu.tsx'
import { useEnded, useTimelineValue } from './use-timeline.ts'

interface HeaderProps {
  entry: RoomListEntry
  title: string
  timeline: Timeline | null
  peopleShown: boolean
  onPeople(): void
}

export function ConversationHeader({ entry, title, timeline, peopleShown, onPeople }: HeaderProps) {
  const { t } = useWords()
  const { room, membership } = entry
  const [dialog, setDialog] = useState<'edit' | 'leave' | 'delete' | 'invite' | null>(null)
  const owner = membership.role === 'owner' && room.kind !== 'direct'
  const invites = room.kind === 'group' && membership.role !== 'member'
  const close = () => setDialog(null)
  // Whose membership is over can do nothing more here.
  const ended = useEnded(timeline)

  return (
    <header className="flex h-16 shrink-0 items-center gap-1 border-b border-line bg-paper ps-1 pe-2 wide:ps-5 wide:pe-3">
      <IconButton icon="back" label={t('rooms.back')} onClick={() => go(linkTo.home)} className="wide:hidden" />
      <div className="me-2 hidden wide:block">
        <RoomMark room={room} title={title} />
      </div>
      <div className="min-w-0 flex-1">
        <div className="flex items-center gap-1.5">
          <h2 className="truncate text-[1.0625rem] leading-snug font-bold tracking-tight">{title}</h2>
          {membership.notify === 'none' && <MutedSign />}
        </div>
        <p className="truncate text-[0.8125rem] leading-snug text-soft">
          {room.kind !== 'direct' && t('rooms.members', { count: room.memberCount })}
          {timeline !== null &&
            (room.kind === 'direct' ? <PeerPresence timeline={timeline} /> : <Online timeline={timeline} />)}
        </p>
      </div>
      {!ended && (
        <>
          <Button
            look="quiet"
            small
            aria-expanded={peopleShown}
            aria-label={t('room.people')}
            title={t('room.people')}
            onClick={onPeople}
            className="aria-expanded:bg-accent-soft"
          >
            <Icon name="people" />
            <span className="hidden wide:inline">{t('room.people')}</span>
          </Button>
          <Menu trigger={<IconButton icon="more" label={t('room.menu')} />}>
            {room.kind === 'open' && (
              <MenuItem icon="link" onSelect={() => void copyText(addressOf(room.id), t)}>
                {t('room.copyLink')}
              </MenuItem>
            )}
            {invites && (
              <MenuItem icon="people" onSelect={() => setDialog('invite')}>
                {t('room.invite')}
              </MenuItem>
            )}
            {owner && (
              <MenuItem icon="edit" onSelect={() => setDialog('edit')}>
                {t('room.edit')}
              </MenuItem>
            )}
            {(room.kind === 'open' || invites || owner) && <MenuLine />}
            <NotifyChoice entry={entry} />
            <MenuLine />
            <MenuItem icon="leave" danger onSelect={() => setDialog('leave')}>
              {t('room.leave')}
            </MenuItem>
            {owner && (
              <MenuItem icon="trash" danger onSelect={() => setDialog('delete')}>
                {t('room.delete')}
              </MenuItem>
            )}
          </Menu>
        </>
      )}
      {dialog === 'edit' && <EditRoom room={room} onClose={close} />}
      {dialog === 'invite' && timeline !== null && <InvitePeople timeline={timeline} onClose={close} />}
      {(dialog === 'leave' || dialog === 'delete') && (
        <LeaveRoom room={room} title={title} remove={dialog === 'delete'} onClose={close} />
      )}
    </header>
  )
}

function Online({ timeline }: { timeline: Timeline }) {
  const { t } = useWords()
  const count = useTimelineValue(timeline, (snapshot) => snapshot.onlineCount)
  if (count === 0) return null
  return (
    <>
      <span className="mx-1.5">·</span>
      <LiveDot />
      {t('room.online', { count })}
    </>
  )
}

/** In a direct room: whether the other person is here. */
function PeerPresence({ timeline }: { timeline: Timeline }) {
  const { t, language } = useWords()
  const me = useMe()
  const { members } = useLive(timeline.members)
  const peer = members.find((member) => member.user !== me)
  if (peer === undefined) return null
  return (
    <>
      {peer.online && <LiveDot />}
      {seenWords(peer, t, language)}
    </>
  )
}

function LiveDot() {
  return <span className="me-1.5 inline-block size-2 rounded-full bg-live" aria-hidden="true" />
}
