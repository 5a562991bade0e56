import { useMutation, useQuery } from '@tanstack/react-query'
import type { User } from '@yeoul/client'
import { type FormEvent, useState } from 'react'
import { TITLE_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { copyText } from '../ui/copy.ts'
import { Field, Problem } from '../ui/field.tsx'
import { Icon } from '../ui/icon.tsx'
import { Failed, SkeletonRows } from '../ui/states.tsx'
import { pageAddress } from './address.ts'
import { OpenRoom } from './open-room.tsx'

/** Rooms that a newcomer is offered. */
const OFFERED = 5

/** For somebody who is in no room yet: the open rooms to join, or where there are none, the first room in one step. */
export function Welcome({ user }: { user: User }) {
  const { t } = useWords()
  const { api } = useClient()
  const open = useQuery({
    queryKey: ['open-rooms', 'welcome'],
    queryFn: () => api.openRooms({ limit: OFFERED }),
    staleTime: 0,
    refetchOnWindowFocus: true,
  })
  const rooms = open.data?.items ?? []
  const first = rooms.length === 0
  const lead = !first ? 'welcome.join' : user.role === 'admin' ? 'welcome.admin' : 'welcome.first'
  return (
    <section
      aria-label={t('rooms.welcome.title', { name: user.displayName })}
      className="mx-auto w-full max-w-md px-5 py-5 wide:my-auto wide:py-8"
    >
      {open.isPending && <SkeletonRows count={3} label={t('ui.loading')} />}
      {open.isError && <Failed error={open.error} onRetry={() => void open.refetch()} />}
      {open.isSuccess && (
        <>
          <h2 className="text-[1.375rem] leading-snug font-bold tracking-tight text-balance">
            {t('rooms.welcome.title', { name: user.displayName })}
          </h2>
          <p className="mt-1 mb-5 text-[0.9375rem] text-soft">{t(lead)}</p>
          {first ? (
            <FirstRoom />
          ) : (
            <>
              <ul className="flex flex-col gap-2">
                {rooms.map((room) => (
                  <OpenRoom key={room.id} room={room} />
                ))}
              </ul>
              {open.data.nextCursor !== null && (
                <div className="mt-3 text-center">
                  <Button look="plain" onClick={() => go(linkTo.find)}>
                    {t('welcome.all')}
                  </Button>
                </div>
              )}
            </>
          )}
          {user.role === 'admin' && <SignUpLink />}
        </>
      )}
    </section>
  )
}

function FirstRoom() {
  const { t, problem } = useWords()
  const client = useClient()
  const [title, setTitle] = useState(t('welcome.room.suggested'))
  const missing = title.trim() === ''
  const create = useMutation({
    mutationFn: async () => {
      const room = await client.api.createRoom({ kind: 'open', title: title.trim() })
      await client.rooms.reload()
      return room
    },
    onSuccess: (room) => go(linkTo.room(room.id)),
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    if (!missing) create.mutate()
  }
  return (
    <form noValidate onSubmit={submit} className="card space-y-4 p-5">
      <Field
        label={t('welcome.room')}
        maxLength={TITLE_LENGTH.max}
        value={title}
        onChange={(event) => setTitle(event.target.value)}
        hint={t('welcome.room.hint')}
        problem={missing ? t('create.title.missing') : undefined}
      />
      <Problem>{create.error ? problem(create.error) : null}</Problem>
      <Button type="submit" className="w-full" disabled={create.isPending}>
        {t('welcome.room.make')}
      </Button>
    </form>
  )
}

/** How the others come: the address to give them, or that nobody can sign up by themselves. */
function SignUpLink() {
  const { t } = useWords()
  const { auth } = useClient()
  const ways = useQuery({ queryKey: ['ways in'], queryFn: () => auth.waysIn(), staleTime: 0 })
  const address = pageAddress()
  if (ways.data === undefined) return null
  if (ways.data.registration === 'closed') {
    return (
      <p className="mt-5 text-[0.875rem] text-soft">
        {t('welcome.closed')}{' '}
        <a href={linkTo.admin('config')} className="font-semibold text-accent underline underline-offset-2">
          {t('welcome.closed.open')}
        </a>
      </p>
    )
  }
  return (
    <div className="card mt-5 flex flex-wrap items-center gap-x-4 gap-y-2.5 px-5 py-4">
      <div className="min-w-0 flex-1 basis-48">
        <p className="text-[0.8125rem] font-semibold text-soft">{t('welcome.address')}</p>
        <p className="text-[0.9375rem] [overflow-wrap:anywhere]">{address}</p>
      </div>
      <Button look="quiet" small onClick={() => void copyText(address, t)}>
        <Icon name="link" className="size-4.5" />
        {t('room.copyLink')}
      </Button>
    </div>
  )
}
