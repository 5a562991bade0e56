import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { CAPACITY_MAX, TITLE_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { PeoplePicker } from '../people/people-picker.tsx'
import { directRoom } from '../people/talk-to.ts'
import { go, linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Field, Problem } from '../ui/field.tsx'

export type CreateKind = 'open' | 'group' | 'direct'

/** Makes an open room, a private group or a direct chat, and opens it. */
export function CreateRoom({ kind, onClose }: { kind: CreateKind; onClose(): void }) {
  const { t, problem } = useWords()
  const client = useClient()
  const [title, setTitle] = useState('')
  const [capacity, setCapacity] = useState('')
  const [people, setPeople] = useState<readonly string[]>([])
  const [checked, setChecked] = useState(false)

  const titleMissing = kind !== 'direct' && title.trim() === ''
  const peopleMissing = kind === 'direct' && people.length === 0
  const badCapacity = capacityOf(capacity) === null
  const create = useMutation({
    mutationFn: async () => {
      if (kind === 'direct') return directRoom(client, people[0]!)
      const room = await client.api.createRoom({
        kind,
        title: title.trim(),
        ...(capacity !== '' && kind === 'open' && { capacity: Number(capacity) }),
        ...(people.length > 0 && { memberIds: [...people] }),
      })
      await client.rooms.reload()
      return room
    },
    onSuccess: (room) => {
      onClose()
      go(linkTo.room(room.id))
    },
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    setChecked(true)
    if (!titleMissing && !peopleMissing && !badCapacity) create.mutate()
  }

  return (
    <Dialog title={t(`create.${kind}.title`)} lead={t(`create.${kind}.lead`)} onClose={onClose}>
      <form noValidate onSubmit={submit} className="flex min-h-0 flex-col gap-4">
        {kind !== 'direct' && (
          <Field
            label={t('create.name')}
            placeholder={t('create.name.placeholder')}
            maxLength={TITLE_LENGTH.max}
            autoFocus
            value={title}
            onChange={(event) => setTitle(event.target.value)}
            problem={checked && titleMissing ? t('create.title.missing') : undefined}
          />
        )}
        {kind === 'open' && (
          <Field
            label={t('create.capacity')}
            inputMode="numeric"
            value={capacity}
            onChange={(event) => setCapacity(event.target.value.trim())}
            hint={t('create.capacity.hint')}
            problem={checked && badCapacity ? t('create.capacity.bad', { max: CAPACITY_MAX }) : undefined}
          />
        )}
        {kind !== 'open' && <PeoplePicker chosen={people} single={kind === 'direct'} onChange={setPeople} />}
        <Problem>
          {create.error ? problem(create.error) : checked && peopleMissing ? t('create.people.missing') : null}
        </Problem>
        <div className="flex justify-end gap-2">
          <Button look="quiet" onClick={onClose}>
            {t('ui.cancel')}
          </Button>
          <Button type="submit" disabled={create.isPending}>
            {t(kind === 'direct' ? 'create.start' : 'create.submit')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** A capacity as typed: undefined for none, null when it is no whole number in range. */
export function capacityOf(text: string): number | undefined | null {
  if (text === '') return undefined
  const value = Number(text)
  return /^\d+$/.test(text) && value >= 1 && value <= CAPACITY_MAX ? value : null
}
