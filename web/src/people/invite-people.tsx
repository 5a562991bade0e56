import { useMutation } from '@tanstack/react-query'
import type { Timeline } from '@yeoul/client'
import { useMemo, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { useClient, useLive, YeoulError } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Problem } from '../ui/field.tsx'
import { PeoplePicker } from './people-picker.tsx'
import { useName } from './users.ts'

export function InvitePeople({ timeline, onClose }: { timeline: Timeline; onClose(): void }) {
  const { t, problem } = useWords()
  const { api } = useClient()
  const { members } = useLive(timeline.members)
  const inside = useMemo(() => new Set(members.map((member) => member.user)), [members])
  const [chosen, setChosen] = useState<readonly string[]>([])
  /** Whose invitation was refused. */
  const [refused, setRefused] = useState<string>()
  const name = useName(refused)
  const invite = useMutation({
    mutationFn: async () => {
      for (const [i, user] of chosen.entries()) {
        setRefused(user)
        await api.invite(timeline.room, user)
        setChosen(chosen.slice(i + 1))
      }
    },
    onSuccess: onClose,
  })
  const why = (error: unknown) =>
    error instanceof YeoulError && error.code === 'banned'
      ? t('room.invite.banned', { name })
      : t('room.invite.failed', { name, problem: problem(error) })
  return (
    <Dialog title={t('room.invite')} onClose={onClose}>
      <PeoplePicker chosen={chosen} without={inside} onChange={setChosen} />
      <Problem>{invite.error ? why(invite.error) : null}</Problem>
      <div className="mt-4 flex justify-end gap-2">
        <Button look="quiet" onClick={onClose}>
          {t('ui.cancel')}
        </Button>
        <Button disabled={chosen.length === 0 || invite.isPending} onClick={() => invite.mutate()}>
          {t('room.invite')}
        </Button>
      </div>
    </Dialog>
  )
}
