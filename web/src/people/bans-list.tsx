import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Ban, Timeline } from '@yeoul/client'
import { useEffect } from 'react'
import { useWords } from '../i18n/index.ts'
import { when } from '../i18n/time.ts'
import { useClient } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { notify } from '../ui/notice.tsx'
import { NextPage, usePaged } from '../ui/paged.tsx'
import { Empty, Failed, SkeletonRows } from '../ui/states.tsx'
import { Avatar } from './avatar.tsx'
import { useName } from './users.ts'

/** Who cannot join the room, and lets them in again. */
export function BansList({ timeline }: { timeline: Timeline }) {
  const { t } = useWords()
  const { api } = useClient()
  const queries = useQueryClient()
  const { room } = timeline
  const { query: bans, items: listed } = usePaged(['bans', room], (page) => api.bans(room, page))
  useEffect(
    () =>
      timeline.onEvent((event) => {
        if (event.type === 'leave' && event.reason === 'banned')
          void queries.invalidateQueries({ queryKey: ['bans', room] })
      }),
    [timeline, queries, room],
  )

  if (bans.isPending) return <SkeletonRows count={3} label={t('ui.loading')} />
  if (bans.isError && listed.length === 0) return <Failed error={bans.error} onRetry={() => void bans.refetch()} />
  if (listed.length === 0) return <Empty icon="check" title={t('people.bans.none')} />
  return (
    <div className="safe-bottom min-h-0 flex-1 overflow-y-auto pt-1">
      <ul>
        {listed.map((ban) => (
          <BanRow key={ban.user} room={room} ban={ban} />
        ))}
      </ul>
      <NextPage query={bans} />
    </div>
  )
}

function BanRow({ room, ban }: { room: string; ban: Ban }) {
  const { t, language, problem } = useWords()
  const { api } = useClient()
  const queries = useQueryClient()
  const name = useName(ban.user)
  const by = useName(ban.by)
  const lift = useMutation({
    mutationFn: () => api.ban(room, ban.user, false),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['bans', room] }),
    onError: (error) => notify(problem(error)),
  })
  return (
    <li className="flex min-h-14 items-center gap-3 ps-5 pe-3">
      <Avatar id={ban.user} name={name} size="small" />
      <span className="min-w-0 flex-1">
        <span className="block truncate leading-snug font-semibold">{name}</span>
        <span className="block text-[0.8125rem] leading-snug text-faint">
          {t('people.bannedBy', { name: by, when: when(ban.at, language) })}
        </span>
      </span>
      <Button
        look="quiet"
        small
        disabled={lift.isPending}
        aria-label={t('people.unban.of', { name })}
        onClick={() => lift.mutate()}
      >
        {t('people.unban')}
      </Button>
    </li>
  )
}
