import { useMutation } from '@tanstack/react-query'
import type { AdminRoom } from '@yeoul/client'
import { type FormEvent, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { useClient } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field, Problem } from '../ui/field.tsx'
import { notify } from '../ui/notice.tsx'

interface DeleteRoomProps {
  room: AdminRoom
  onDeleted(): void
  onClose(): void
}

/** Deletes somebody else's room, with all that was said in it: the title is typed first, so that it is the right one. */
export function DeleteRoom({ room, onDeleted, onClose }: DeleteRoomProps) {
  const { t, problem } = useWords()
  const client = useClient()
  const [typed, setTyped] = useState('')
  const [checked, setChecked] = useState(false)
  const right = typed.trim().normalize() === room.title.trim().normalize()
  const remove = useMutation({
    mutationFn: () => client.api.admin.deleteRoom(room.id),
    onSuccess: () => {
      notify(t('admin.room.deleted', { title: room.title }))
      onDeleted()
      onClose()
    },
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    setChecked(true)
    if (right) remove.mutate()
  }

  return (
    <Dialog title={t('room.delete.title', { title: room.title })} onClose={onClose}>
      <form noValidate onSubmit={submit} className="space-y-4">
        <p className="text-[0.9375rem] text-soft">
          {t('admin.room.delete.body', { count: room.memberCount, messages: room.messageCount })}
        </p>
        <Field
          label={t('admin.room.delete.type', { title: room.title })}
          autoComplete="off"
          autoFocus
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          problem={checked && !right ? t('admin.room.delete.other') : undefined}
        />
        <Problem>{remove.error ? problem(remove.error) : null}</Problem>
        <div className="flex justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t('ui.cancel')}
          </Button>
          <Button type="submit" look="danger" disabled={remove.isPending}>
            {t('room.delete')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
