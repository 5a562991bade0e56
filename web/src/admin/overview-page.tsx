import { useQuery } from '@tanstack/react-query'
import type { Summary } from '@yeoul/client'
import { useMemo, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { clock } from '../i18n/time.ts'
import { linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Failed, SkeletonRows } from '../ui/states.tsx'
import { Chart } from './chart.tsx'
import { byMinute, columns, useFigures } from './figures.ts'
import { age, count, rate, short, took } from './numbers.ts'
import { PageHead } from './page-head.tsx'

/** What the server holds and how it is doing: figures of now, and the last ten minutes. */
export function OverviewPage() {
  const { t } = useWords()
  const { api } = useClient()
  const summary = useQuery({
    queryKey: ['admin', 'summary'],
    queryFn: () => api.admin.summary(),
    refetchInterval: 10_000,
  })
  return (
    <div className="max-w-[72rem]">
      <PageHead title={t('admin.page.overview')} />
      {summary.isPending && <SkeletonRows count={1} label={t('ui.loading')} />}
      {summary.data && <Holdings summary={summary.data} />}
      {summary.isError && !summary.data && <Failed error={summary.error} onRetry={() => void summary.refetch()} />}
      <Charts />
    </div>
  )
}

function Holdings({ summary }: { summary: Summary }) {
  const { t, language } = useWords()
  const tiles = [
    {
      name: t('admin.users'),
      value: count(summary.users, language),
      note: summary.disabledUsers > 0 ? t('admin.users.disabled', { count: summary.disabledUsers }) : '',
    },
    { name: t('admin.rooms'), value: count(summary.rooms, language), note: '' },
    {
      name: t('admin.messages'),
      value: count(summary.messages, language),
      note: t(`admin.storage.${summary.storageLevel}`),
    },
    {
      name: t('admin.uptime'),
      value: age(summary.uptimeMs, language, 'short'),
      note: t('admin.version', { version: summary.version }),
    },
  ]
  return (
    <>
      {summary.parked > 0 && (
        <p className="mb-4 rounded-2xl bg-danger-soft px-4 py-3 text-[0.9375rem] text-danger">
          {t('admin.parked.some', { count: summary.parked })}{' '}
          <a href={linkTo.admin('parked')} className="font-semibold underline">
            {t('admin.parked.look')}
          </a>
        </p>
      )}
      <dl className="mb-4 grid grid-cols-2 gap-3 wide:grid-cols-4">
        {tiles.map((tile) => (
          <div key={tile.name} className="card flex min-w-0 flex-col p-4">
            <dt className="text-[0.875rem] font-semibold text-soft">{tile.name}</dt>
            <dd className="mt-0.5 text-[1.375rem] leading-tight font-bold tracking-tight tabular-nums">{tile.value}</dd>
            {tile.note !== '' && <dd className="mt-1 text-[0.8125rem] text-faint">{tile.note}</dd>}
          </div>
        ))}
      </dl>
    </>
  )
}

function Charts() {
  const { t, language, problem } = useWords()
  const { data, error, isPending, refetch } = useFigures()
  const [asTable, setAsTable] = useState(false)
  const drawn = useMemo(
    () =>
      data && {
        connections: columns(data, (point) => point.connections),
        flow: columns(
          data,
          (point) => point.messagesPerSecond,
          (point) => point.deliveriesPerSecond,
        ),
        times: columns(
          data,
          (point) => point.deliveryP99Ms,
          (point) => point.ackP99Ms,
        ),
        backlog: columns(data, (point) => point.backlog),
      },
    [data],
  )
  if (isPending) return <SkeletonRows count={3} label={t('ui.loading')} />
  if (drawn === undefined || data === undefined) return <Failed error={error} onRetry={() => void refetch()} />
  const counted = (value: number | null) => (value === null ? '–' : count(value, language))
  const axis = (value: number) => short(value, language)
  return (
    <>
      {error !== null && (
        <p role="status" className="mb-3 text-[0.875rem] text-danger">
          {t('admin.figures.stuck', { problem: problem(error) })}
        </p>
      )}
      <div className="grid gap-3 roomy:grid-cols-2">
        <Chart
          title={t('admin.connections')}
          lines={[t('admin.connections')]}
          data={drawn.connections}
          show={counted}
          axis={axis}
          least={10}
        />
        <Chart
          title={t('admin.perSecond')}
          lines={[t('admin.sent'), t('admin.delivered')]}
          data={drawn.flow}
          show={(value) => (value === null ? '–' : rate(value, language))}
          axis={axis}
          least={10}
        />
        <Chart
          title={t('admin.p99')}
          lines={[t('admin.p99.delivery'), t('admin.p99.ack')]}
          data={drawn.times}
          show={(value) => took(value, language)}
          axis={(value) => (value === 0 ? '0' : took(value, language))}
          least={20}
        />
        <Chart
          title={t('admin.backlog')}
          lines={[t('admin.backlog')]}
          data={drawn.backlog}
          show={counted}
          axis={axis}
          least={10}
        />
      </div>
      <p className="mt-3 text-[0.8125rem] text-faint">{t('admin.figures.note')}</p>
      <Button look="quiet" small className="mt-3" aria-expanded={asTable} onClick={() => setAsTable(!asTable)}>
        {t(asTable ? 'admin.table.hide' : 'admin.table.show')}
      </Button>
      {asTable && <Table minutes={byMinute(data.points)} />}
    </>
  )
}

function Table({ minutes }: { minutes: ReturnType<typeof byMinute> }) {
  const { t, language } = useWords()
  const heads = ['time', 'connections', 'node.sent', 'node.delivered', 'node.p99', 'node.ackP99', 'backlog'] as const
  return (
    <section
      aria-label={t('admin.table')}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must scroll by keyboard too
      tabIndex={0}
      className="card mt-3 overflow-x-auto"
    >
      <table className="w-full text-end text-[0.875rem] tabular-nums">
        <caption className="sr-only">{t('admin.table')}</caption>
        <thead>
          <tr className="text-soft">
            {heads.map((head) => (
              <th key={head} scope="col" className="px-4 py-2.5 font-semibold whitespace-nowrap first:text-start">
                {t(`admin.${head}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {minutes.map((minute) => (
            <tr key={minute.at} className="[&>*]:px-4 [&>*]:py-2 [&>*]:whitespace-nowrap">
              <th scope="row" className="text-start font-medium">
                {clock(minute.at, language)}
              </th>
              <td>{count(minute.connections, language)}</td>
              <td>{rate(minute.messagesPerSecond, language)}</td>
              <td>{rate(minute.deliveriesPerSecond, language)}</td>
              <td>{took(minute.deliveryP99Ms, language)}</td>
              <td>{took(minute.ackP99Ms, language)}</td>
              <td>{count(minute.backlog, language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
