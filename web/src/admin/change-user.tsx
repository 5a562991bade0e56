import { useMutation } from '@tanstack/react-query'
import type { AdminUser } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { useClient } from '../session/client.ts'
import { Confirm } from '../ui/dialog.tsx'
import { notify } from '../ui/notice.tsx'

const changes = {
  promote: { role: 'admin' },
  demote: { role: 'user' },
  disable: { disabled: true },
  enable: { disabled: false },
} as const
export type UserChange = keyof typeof changes

interface ChangeUserProps {
  user: AdminUser
  change: UserChange
  onChanged(user: AdminUser): void
  onClose(): void
}

/** Asks before a person's rights change, and says what follows from it. */
export function ChangeUser({ user, change, onChanged, onClose }: ChangeUserProps) {
  const { t, problem } = useWords()
  const { api } = useClient()
  const name = user.displayName
  const make = useMutation({
    mutationFn: () => api.admin.updateUser(user.id, changes[change]),
    onSuccess: (now) => {
      onChanged(now)
      notify(t(`admin.user.${change}.done`, { name }))
      onClose()
    },
  })
  return (
    <Confirm
      title={t(`admin.user.${change}.title`, { name })}
      body={t(`admin.user.${change}.body`)}
      action={t(`admin.user.${change}`)}
      mild={change === 'promote' || change === 'enable'}
      busy={make.isPending}
      problem={make.error ? problem(make.error) : null}
      onConfirm={() => make.mutate()}
      onClose={onClose}
    />
  )
}
