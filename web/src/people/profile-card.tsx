import type { Member, RoomListEntry, Timeline } from '@yeoul/client'
import { useEffect, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { day } from '../i18n/time.ts'
import { go, linkTo } from '../route.ts'
import { useLive, useMe } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Icon } from '../ui/icon.tsx'
import { Avatar } from './avatar.tsx'
import { useMemberActions } from './member-actions.tsx'
import { RoleSign } from './role-sign.tsx'
import { seenWords } from './seen.ts'
import { useTalkTo } from './talk-to.ts'
import { useUser } from './users.ts'

interface ProfileCardProps {
  user: string
  entry: RoomListEntry
  timeline: Timeline
  onClose(): void
}

/** Who somebody is, in this room and beyond it, and what can be done. */
export function ProfileCard({ user, entry, timeline, onClose }: ProfileCardProps) {
  const { t, language } = useWords()
  const me = useMe()
  const known = useUser(user)
  const member = useMember(timeline, user)
  const name = known?.displayName ?? t('people.unknown')
  const talkTo = useTalkTo()
  const { actions, question } = useMemberActions(member, entry.room, entry.membership.role, name)
  const talks = user !== me && entry.peer !== user

  return (
    <>
      <Dialog title={t('people.profile')} onClose={onClose}>
        <div className="flex items-center gap-4">
          <Avatar id={user} name={name} size="large" online={member?.online ?? false} />
          <div className="min-w-0 flex-1">
            <p className="flex flex-wrap items-center gap-x-2">
              <span className="text-[1.1875rem] leading-snug font-bold [overflow-wrap:anywhere]">{name}</span>
              {member && <RoleSign role={member.role} />}
            </p>
            {known && <p className="text-[0.9375rem] text-soft [overflow-wrap:anywhere]">@{known.username}</p>}
            <p className="text-[0.875rem] text-faint">
              {member === null ? t('people.notHere') : member && seenWords(member, t, language)}
            </p>
          </div>
        </div>
        {member && entry.room.kind !== 'direct' && (
          <p className="mt-3 text-[0.875rem] text-soft">{t('people.since', { day: day(member.joinedAt, language) })}</p>
        )}
        <div className="mt-5 flex flex-col gap-2">
          {talks && (
            <Button
              disabled={talkTo.isPending}
              onClick={() => {
                onClose()
                talkTo.mutate(user)
              }}
            >
              <Icon name="chat" />
              {t('people.message')}
            </Button>
          )}
          {user === me && (
            <Button look="quiet" onClick={() => go(linkTo.settings('profile'))}>
              <Icon name="edit" />
              {t('people.editProfile')}
            </Button>
          )}
          {actions.map((action) => (
            <Button key={action.key} look="quiet" className={action.danger ? 'text-danger!' : ''} onClick={action.run}>
              <Icon name={action.icon} />
              {action.label}
            </Button>
          ))}
        </div>
      </Dialog>
      {question}
    </>
  )
}

/** A member as they are now, loaded when unknown: null for somebody who is none, undefined until known. */
function useMember(timeline: Timeline, user: string): Member | null | undefined {
  const { members, complete } = useLive(timeline.members)
  const [absent, setAbsent] = useState(false)
  const member = members.find((each) => each.user === user)
  const found = member !== undefined
  useEffect(() => {
    if (found) return
    let wanted = true
    timeline.members
      .find(user)
      .then((answer) => wanted && setAbsent(answer === null))
      // Offline: the rest of the card is of use all the same.
      .catch(() => {})
    return () => {
      wanted = false
    }
  }, [timeline, user, found])
  return member ?? (absent || complete ? null : undefined)
}
