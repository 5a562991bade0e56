import { useMutation } from '@tanstack/react-query'
import type { Member, MemberRole, Room } from '@yeoul/client'
import { memo, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { moment } from '../i18n/time.ts'
import { go, linkTo } from '../route.ts'
import { useClient, useMe } from '../session/client.ts'
import { IconButton } from '../ui/button.tsx'
import { Confirm } from '../ui/dialog.tsx'
import { Menu, MenuItem, MenuLine } from '../ui/menu.tsx'
import { notify } from '../ui/notice.tsx'
import { Avatar } from './avatar.tsx'
import { seenWords } from './seen.ts'
import { useUser } from './users.ts'

interface MemberRowProps {
  member: Member
  room: Room
  myRole: MemberRole
}

export const MemberRow = memo(function MemberRow({ member, room, myRole }: MemberRowProps) {
  const { t, language } = useWords()
  const me = useMe()
  const user = useUser(member.user)
  const name = user?.displayName ?? ' '
  return (
    <div className="group flex min-h-14 items-center gap-3 ps-5 pe-3">
      <Avatar id={member.user} name={name} size="small" online={member.online} />
      <div className="min-w-0 flex-1">
        <p className="flex items-center gap-1.5 leading-snug">
          <span className="truncate font-semibold">{name}</span>
          {member.user === me && <span className="shrink-0 text-[0.75rem] text-faint">{t('people.you')}</span>}
          {member.role !== 'member' && (
            <span className="shrink-0 rounded-md bg-accent-soft px-1.5 text-[0.6875rem] font-semibold text-accent-deep">
              {t(`people.${member.role}`)}
            </span>
          )}
        </p>
        <p
          className="truncate text-[0.8125rem] leading-snug text-faint"
          title={member.lastExitAt === null ? undefined : moment(member.lastExitAt, language)}
        >
          {seenWords(member, t, language)}
        </p>
      </div>
      {member.user !== me && <MemberMenu member={member} room={room} myRole={myRole} name={name} />}
    </div>
  )
})

const rank = { owner: 2, moderator: 1, member: 0 } as const

function MemberMenu({ member, room, myRole, name }: MemberRowProps & { name: string }) {
  const { t, problem } = useWords()
  const client = useClient()
  const [asking, setAsking] = useState<'kick' | 'ban' | null>(null)
  const failed = (error: unknown) => notify(problem(error))

  const talk = useMutation({
    mutationFn: async () => {
      const direct = await client.api.createRoom({ kind: 'direct', title: '1:1', memberIds: [member.user] })
      await client.rooms.reload()
      return direct
    },
    onSuccess: (direct) => go(linkTo.room(direct.id)),
    onError: failed,
  })
  const setRole = useMutation({
    mutationFn: (role: MemberRole) => client.api.setRole(room.id, member.user, role),
    onError: failed,
  })
  const end = useMutation({
    mutationFn: (how: 'kick' | 'ban') =>
      how === 'kick' ? client.api.kick(room.id, member.user) : client.api.ban(room.id, member.user),
    onSuccess: () => setAsking(null),
  })

  const governs = room.kind !== 'direct' && rank[myRole] > 0 && rank[myRole] > rank[member.role]
  const appoints = room.kind !== 'direct' && myRole === 'owner'
  if (room.kind === 'direct') return null

  return (
    <>
      <Menu trigger={<IconButton icon="more" label={t('people.actions', { name })} />}>
        <MenuItem icon="chat" onSelect={() => talk.mutate()}>
          {t('people.message')}
        </MenuItem>
        {appoints && <MenuLine />}
        {appoints && member.role !== 'owner' && (
          <MenuItem icon="up" onSelect={() => setRole.mutate('owner')}>
            {t('people.makeOwner')}
          </MenuItem>
        )}
        {appoints && member.role !== 'moderator' && (
          <MenuItem icon="check" onSelect={() => setRole.mutate('moderator')}>
            {t('people.makeModerator')}
          </MenuItem>
        )}
        {appoints && member.role !== 'member' && (
          <MenuItem icon="down" onSelect={() => setRole.mutate('member')}>
            {t('people.makeMember')}
          </MenuItem>
        )}
        {governs && (
          <>
            <MenuLine />
            <MenuItem icon="leave" danger onSelect={() => setAsking('kick')}>
              {t('people.kick')}
            </MenuItem>
            <MenuItem icon="lock" danger onSelect={() => setAsking('ban')}>
              {t('people.ban')}
            </MenuItem>
          </>
        )}
      </Menu>
      {asking !== null && (
        <Confirm
          title={t(`people.${asking}.title`, { name })}
          body={t(`people.${asking}.body`)}
          action={t(`people.${asking}`)}
          busy={end.isPending}
          problem={end.error ? problem(end.error) : null}
          onConfirm={() => end.mutate(asking)}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  )
}
