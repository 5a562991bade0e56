import { useMutation } from '@tanstack/react-query'
import type { Member, MemberRole, Room } from '@yeoul/client'
import { type ReactNode, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { useClient, useMe } from '../session/client.ts'
import { Confirm } from '../ui/dialog.tsx'
import type { IconName } from '../ui/icon.tsx'
import { notify } from '../ui/notice.tsx'

export interface MemberAction {
  key: string
  icon: IconName
  label: string
  danger: boolean
  run(): void
}

const rank = { owner: 2, moderator: 1, member: 0 } as const
const ROLES = [
  { role: 'owner', icon: 'up', label: 'people.makeOwner' },
  { role: 'moderator', icon: 'check', label: 'people.makeModerator' },
  { role: 'member', icon: 'down', label: 'people.makeMember' },
] as const

/** What I may do to a member in this room, and the question that stands before what cannot be taken back. */
export function useMemberActions(
  member: Member | null | undefined,
  room: Room,
  myRole: MemberRole,
  name: string,
): { actions: MemberAction[]; question: ReactNode } {
  const { t, problem } = useWords()
  const me = useMe()
  const { api } = useClient()
  const [asking, setAsking] = useState<'kick' | 'ban' | null>(null)
  const user = member?.user ?? ''
  const setRole = useMutation({
    mutationFn: (role: MemberRole) => api.setRole(room.id, user, role),
    onError: (error) => notify(problem(error)),
  })
  const end = useMutation({
    mutationFn: (how: 'kick' | 'ban') => (how === 'kick' ? api.kick(room.id, user) : api.ban(room.id, user)),
    onSuccess: () => setAsking(null),
  })

  const actions: MemberAction[] = []
  if (member && member.user !== me && room.kind !== 'direct') {
    if (myRole === 'owner') {
      for (const { role, icon, label } of ROLES) {
        if (role !== member.role)
          actions.push({ key: role, icon, label: t(label), danger: false, run: () => setRole.mutate(role) })
      }
    }
    if (rank[myRole] > rank[member.role] || myRole === 'owner') {
      actions.push(
        { key: 'kick', icon: 'leave', label: t('people.kick'), danger: true, run: () => setAsking('kick') },
        { key: 'ban', icon: 'lock', label: t('people.ban'), danger: true, run: () => setAsking('ban') },
      )
    }
  }
  const question = asking !== null && (
    <Confirm
      title={t(`people.${asking}.title`, { name })}
      body={t(asking === 'kick' && room.kind !== 'open' ? 'people.kick.closed' : `people.${asking}.body`)}
      action={t(`people.${asking}`)}
      busy={end.isPending}
      problem={end.error ? problem(end.error) : null}
      onConfirm={() => end.mutate(asking)}
      onClose={() => {
        end.reset()
        setAsking(null)
      }}
    />
  )
  return { actions, question }
}
