import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { SignedInDevice } from '@yeoul/client'
import { useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { ago, shortDay } from '../i18n/time.ts'
import { useClient, YeoulError } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Confirm } from '../ui/dialog.tsx'
import { Icon } from '../ui/icon.tsx'
import { notify } from '../ui/notice.tsx'
import { NextPage, usePaged } from '../ui/paged.tsx'
import { PagePart } from '../ui/pages.tsx'
import { Failed, SkeletonRows } from '../ui/states.tsx'
import { deviceName } from './device-name.ts'

/** Access tokens are renewed about every twelve minutes: what was used since then may well be in use. */
const RECENT_MS = 15 * 60_000

/** Where the user is signed in, this device first, then by the last use; each can be signed out. */
export function DevicesPage() {
  const { t } = useWords()
  const { api } = useClient()
  const [ending, setEnding] = useState<SignedInDevice | 'others' | null>(null)
  const { query: found, items: devices } = usePaged(['devices'], (page) => api.sessions(page))
  if (found.data === undefined) {
    if (found.isError) return <Failed error={found.error} onRetry={() => found.refetch()} />
    return <SkeletonRows count={3} label={t('ui.loading')} />
  }
  const current = devices.find((device) => device.current)
  const others = devices.filter((device) => !device.current).sort((a, b) => b.lastUsedAt - a.lastUsedAt)

  return (
    <PagePart title={t('settings.page.devices')} lead={t('devices.lead')}>
      <ul className="card divide-y divide-line">
        {current && <DeviceRow device={current} />}
        {others.map((device) => (
          <DeviceRow key={device.id} device={device} onEnd={() => setEnding(device)} />
        ))}
      </ul>
      {found.hasNextPage && <NextPage query={found} />}
      {others.length > 0 ? (
        <Button look="quiet" className="mt-5" onClick={() => setEnding('others')}>
          <Icon name="leave" />
          {t('devices.endOthers')}
        </Button>
      ) : (
        <p className="mt-4 text-[0.875rem] text-soft">{t('devices.alone')}</p>
      )}
      {ending !== null && <EndDevice ending={ending} onClose={() => setEnding(null)} />}
    </PagePart>
  )
}

function DeviceRow({ device, onEnd }: { device: SignedInDevice; onEnd?: () => void }) {
  const { t, language } = useWords()
  const known = deviceName(device.device)
  const name = known?.name ?? t('devices.unknown')
  return (
    <li className="flex items-center gap-3.5 px-4 py-3.5" title={device.device ?? undefined}>
      <span className="flex size-11 shrink-0 items-center justify-center rounded-2xl bg-accent-soft text-accent">
        <Icon name={known?.icon ?? 'globe'} className="size-6" />
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 font-semibold">
          {name}
          {device.current && (
            <span className="rounded-full bg-accent-soft px-2 py-px text-[0.75rem] text-accent">
              {t('devices.current')}
            </span>
          )}
        </p>
        <p className="text-[0.8125rem] text-soft">
          {device.current ? t('devices.now') : <LastUsed at={device.lastUsedAt} />}
        </p>
        <p className="flex flex-wrap gap-x-3 text-[0.8125rem] text-faint">
          <span>{t('devices.since', { day: shortDay(device.createdAt, language) })}</span>
          {device.address !== null && <span className="min-w-0">{t('devices.from', { address: device.address })}</span>}
        </p>
      </div>
      {onEnd && (
        <Button look="quiet" small aria-label={t('devices.end.of', { device: name })} onClick={onEnd}>
          {t('devices.end')}
        </Button>
      )}
    </li>
  )
}

function LastUsed({ at }: { at: number }) {
  const { t, language } = useWords()
  return Date.now() - at < RECENT_MS ? t('devices.lastUsed.now') : t('devices.lastUsed', { ago: ago(at, language) })
}

/** Asks before one device, or all others, are signed out. */
function EndDevice({ ending, onClose }: { ending: SignedInDevice | 'others'; onClose(): void }) {
  const { t, problem } = useWords()
  const { api } = useClient()
  const queries = useQueryClient()
  const end = useMutation({
    mutationFn: () => (ending === 'others' ? api.endOtherSessions() : api.endSession(ending.id).catch(unlessGone)),
    onSuccess: () => {
      notify(t(ending === 'others' ? 'devices.endedOthers' : 'devices.ended'))
      onClose()
      void queries.invalidateQueries({ queryKey: ['devices'] })
    },
  })
  const others = ending === 'others'
  const device = others ? '' : (deviceName(ending.device)?.name ?? t('devices.unknown'))
  return (
    <Confirm
      title={t(others ? 'devices.endOthers.title' : 'devices.end.title')}
      body={others ? t('devices.endOthers.body') : t('devices.end.body', { device })}
      action={t('devices.end')}
      busy={end.isPending}
      problem={end.error ? problem(end.error) : null}
      onConfirm={() => end.mutate()}
      onClose={onClose}
    />
  )
}

/** A device that ended meanwhile is signed out, as was wished. */
function unlessGone(error: unknown): void {
  if (!(error instanceof YeoulError) || error.code !== 'session_not_found') throw error
}
