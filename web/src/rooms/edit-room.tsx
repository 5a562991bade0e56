import { useMutation } from '@tanstack/react-query'
import type { Room } from '@yeoul/client'
import { type FormEvent, useState } from 'react'
import { CAPACITY_MAX, TITLE_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { useClient } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field, Problem } from '../ui/field.tsx'
import { capacityOf } from './create-room.tsx'

export function EditRoom({ room, onClose }: { room: Room; onClose(): void }) {
  const { t, problem } = useWords()
  const { api } = useClient()
  const [title, setTitle] = useState(room.title)
  const [capacity, setCapacity] = useState(room.capacity === null ? '' : String(room.capacity))
  const badCapacity = capacityOf(capacity) === null
  const save = useMutation({
    mutationFn: () => api.updateRoom(room.id, { title: title.trim(), capacity: capacityOf(capacity) ?? null }),
    onSuccess: onClose,
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    if (title.trim() !== '' && !badCapacity) save.mutate()
  }

  return (
    <Dialog title={t('room.edit')} onClose={onClose}>
      <form noValidate onSubmit={submit} className="space-y-4">
        <Field
          label={t('create.name')}
          maxLength={TITLE_LENGTH.max}
          autoFocus
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          problem={title.trim() === '' ? t('create.title.missing') : undefined}
        />
        <Field
          label={t('create.capacity')}
          inputMode="numeric"
          value={capacity}
          onChange={(event) => setCapacity(event.target.value.trim())}
          hint={t('create.capacity.hint')}
          problem={badCapacity ? t('create.capacity.bad', { max: CAPACITY_MAX }) : undefined}
        />
        <Problem>{save.error ? problem(save.error) : null}</Problem>
        <div className="flex justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t('ui.cancel')}
          </Button>
          <Button type="submit" disabled={save.isPending}>
            {t('ui.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
