import type { Member, MemberRole, Room } from '@yeoul/client'
import { memo } from 'react'
import { useWords } from '../i18n/index.ts'
import { moment } from '../i18n/time.ts'
import { useMe } from '../session/client.ts'
import { IconButton } from '../ui/button.tsx'
import { Menu, MenuItem, MenuLine } from '../ui/menu.tsx'
import { Avatar } from './avatar.tsx'
import { useMemberActions } from './member-actions.tsx'
import { useShowProfile } from './profile.ts'
import { RoleSign } from './role-sign.tsx'
import { seenWords } from './seen.ts'
import { useTalkTo } from './talk-to.ts'
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
  const showProfile = useShowProfile()
  const name = user?.displayName ?? ' '
  return (
    <div className="group relative mx-2 flex min-h-14 items-center rounded-2xl hover:bg-sunk">
      <button
        type="button"
        onClick={() => showProfile(member.user)}
        className="flex min-h-14 min-w-0 flex-1 items-center gap-3 rounded-2xl ps-3 text-start outline-offset-[-2px]"
      >
        <Avatar id={member.user} name={name} size="small" online={member.online} />
        <span className="min-w-0 flex-1">
          <span className="flex items-center gap-1.5 leading-snug">
            <span className="truncate font-semibold">{name}</span>
            {member.user === me && <span className="shrink-0 text-[0.75rem] text-faint">{t('people.you')}</span>}
            <RoleSign role={member.role} />
          </span>
          <span
            className="block truncate text-[0.8125rem] leading-snug text-faint"
            title={member.lastExitAt === null ? undefined : moment(member.lastExitAt, language)}
          >
            {seenWords(member, t, language)}
          </span>
        </span>
      </button>
      {member.user !== me && room.kind !== 'direct' && (
        <MemberMenu member={member} room={room} myRole={myRole} name={name} />
      )}
    </div>
  )
})

function MemberMenu({ member, room, myRole, name }: MemberRowProps & { name: string }) {
  const { t } = useWords()
  const talkTo = useTalkTo()
  const { actions, question } = useMemberActions(member, room, myRole, name)
  return (
    <>
      <Menu trigger={<IconButton icon="more" label={t('people.actions', { name })} className="me-1" />}>
        <MenuItem icon="chat" onSelect={() => talkTo.mutate(member.user)}>
          {t('people.message')}
        </MenuItem>
        {actions.map((action, i) => [
          i > 0 && action.danger === actions[i - 1]!.danger ? null : <MenuLine key={`line-${action.key}`} />,
          <MenuItem key={action.key} icon={action.icon} danger={action.danger} onSelect={action.run}>
            {action.label}
          </MenuItem>,
        ])}
      </Menu>
      {question}
    </>
  )
}
