import { useMutation } from '@tanstack/react-query'
import type { User } from '@yeoul/client'
import { type FormEvent, useState } from 'react'
import { DISPLAY_NAME_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { clock, shortDay } from '../i18n/time.ts'
import { Avatar } from '../people/avatar.tsx'
import { useClient } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { notify } from '../ui/notice.tsx'
import { PagePart } from '../ui/pages.tsx'

/** How others see the user, and what their account is. */
export function ProfilePage({ user }: { user: User }) {
  const { t } = useWords()
  return (
    <>
      <PagePart title={t('auth.displayName')} lead={t('profile.name.lead')}>
        <NameForm user={user} />
      </PagePart>
      <PagePart title={t('profile.account')}>
        <Facts user={user} />
      </PagePart>
    </>
  )
}

function NameForm({ user }: { user: User }) {
  const { t, problem } = useWords()
  const { api } = useClient()
  const [name, setName] = useState(user.displayName)
  const wanted = name.trim()
  const blank = wanted === ''
  const unchanged = wanted === user.displayName

  const save = useMutation({
    mutationFn: () => api.updateMe({ displayName: wanted }),
    onSuccess: () => notify(t('profile.saved')),
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    if (!blank && !unchanged) save.mutate()
  }

  return (
    <form noValidate onSubmit={submit} className="space-y-4">
      <Preview id={user.id} name={wanted === '' ? user.username : wanted} />
      <Field
        label={t('auth.displayName')}
        name="displayName"
        autoComplete="nickname"
        maxLength={DISPLAY_NAME_LENGTH.max}
        value={name}
        onChange={(event) => setName(event.target.value)}
        problem={blank ? t('profile.name.blank') : save.error ? problem(save.error) : undefined}
      />
      <Button type="submit" disabled={save.isPending || blank || unchanged}>
        {save.isPending ? t('auth.working') : t('ui.save')}
      </Button>
    </form>
  )
}

/** A message as others would see it under that name. */
function Preview({ id, name }: { id: string; name: string }) {
  const { t, language } = useWords()
  return (
    <div className="card flex items-center gap-4 p-4" data-preview>
      <Avatar id={id} name={name} size="large" />
      <div className="min-w-0">
        <p className="flex items-baseline gap-2">
          <span className="truncate font-bold">{name}</span>
          <span className="shrink-0 text-[0.75rem] text-faint">{clock(Date.now(), language)}</span>
        </p>
        <p className="text-[0.9375rem] text-soft">{t('settings.textSize.sample')}</p>
      </div>
    </div>
  )
}

function Facts({ user }: { user: User }) {
  const { t, language } = useWords()
  return (
    <dl className="card divide-y divide-line">
      <Fact label={t('auth.username')} value={`@${user.username}`} note={t('profile.username.lead')} />
      <Fact label={t('profile.role')} value={t(`profile.role.${user.role ?? 'user'}`)} />
      <Fact label={t('profile.since')} value={shortDay(user.createdAt, language)} />
    </dl>
  )
}

function Fact({ label, value, note }: { label: string; value: string; note?: string }) {
  return (
    <div className="px-4 py-3.5">
      <dt className="text-[0.8125rem] text-soft">{label}</dt>
      <dd className="font-medium">{value}</dd>
      {note !== undefined && <dd className="mt-0.5 text-[0.8125rem] text-faint">{note}</dd>}
    </div>
  )
}
