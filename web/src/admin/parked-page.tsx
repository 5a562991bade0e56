import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ParkedItem } from '@yeoul/client'
import { useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { moment } from '../i18n/time.ts'
import { useClient, YeoulError } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { notify } from '../ui/notice.tsx'
import { usePaged } from '../ui/paged.tsx'
import { Empty } from '../ui/states.tsx'
import { count } from './numbers.ts'
import { PageHead } from './page-head.tsx'
import { PagedList } from './paged-list.tsx'

/** Messages that were acknowledged from the fast log, and that the database then refused: nothing is lost while they wait here. */
export function ParkedPage() {
  const { t } = useWords()
  const { api } = useClient()
  const parked = usePaged(['admin', 'parked'], (page) => api.admin.parked(page))
  return (
    <div className="max-w-[56rem]">
      <PageHead title={t('admin.page.parked')} lead={t('admin.parked.lead')}>
        {parked.items.length > 0 && <RetryAll />}
      </PageHead>
      <PagedList
        list={parked}
        label={t('admin.page.parked')}
        empty={<Empty icon="check" title={t('admin.parked.none')} body={t('admin.parked.none.body')} />}
      >
        {(item) => <ParkedRow key={item.id} item={item} />}
      </PagedList>
    </div>
  )
}

/** What else shows the number of parked entries is asked anew. */
function useReload() {
  const queries = useQueryClient()
  return () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ['admin', 'parked'] }),
      queries.invalidateQueries({ queryKey: ['admin', 'summary'] }),
    ])
}

function ParkedRow({ item }: { item: ParkedItem }) {
  const { t, language, problem } = useWords()
  const { api } = useClient()
  const reload = useReload()
  const retry = useMutation({
    mutationFn: () => api.admin.retryParked(item.id),
    onSuccess: () => notify(t('admin.parked.written')),
    onSettled: reload,
  })
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-3 p-4">
      <div className="min-w-0 flex-1 basis-64">
        <p className="font-semibold break-words">{item.why}</p>
        <p className="mt-1 flex flex-wrap gap-x-3 text-[0.8125rem] text-faint tabular-nums">
          <span>{moment(item.at, language)}</span>
          <span>{t('admin.parked.tries', { count: item.tries })}</span>
          <span className="break-all">{t('admin.parked.room', { room: item.room })}</span>
          <span>{t('admin.parked.seq', { seq: item.seq })}</span>
        </p>
        <p role="alert" className="mt-1 text-[0.875rem] text-danger">
          {retry.error && problem(retry.error)}
        </p>
      </div>
      <Button look="quiet" small disabled={retry.isPending} onClick={() => retry.mutate()}>
        {t('ui.retry')}
      </Button>
    </li>
  )
}

/** Every entry that waits, page by page and one after the other; one that is refused again keeps no other from its turn. */
function RetryAll() {
  const { t, language, problem } = useWords()
  const { api } = useClient()
  const reload = useReload()
  const [done, setDone] = useState({ written: 0, refused: 0 })
  const retry = useMutation({
    mutationFn: async () => {
      let so = { written: 0, refused: 0 }
      setDone(so)
      let cursor: string | null = null
      do {
        const page = await api.admin.parked({ limit: 50, ...(cursor !== null && { cursor }) })
        for (const { id } of page.items) {
          so = (await written(api.admin.retryParked(id)))
            ? { ...so, written: so.written + 1 }
            : { ...so, refused: so.refused + 1 }
          setDone(so)
        }
        cursor = page.nextCursor
      } while (cursor !== null)
    },
    onSettled: reload,
  })
  const told = { written: count(done.written, language), refused: count(done.refused, language) }
  return (
    <div className="flex flex-wrap items-center gap-3">
      <p role="status" className={`text-[0.875rem] empty:hidden ${retry.error ? 'text-danger' : 'text-soft'}`}>
        {retry.error ? problem(retry.error) : retry.isIdle ? '' : t('admin.parked.progress', told)}
      </p>
      <Button small disabled={retry.isPending} onClick={() => retry.mutate()}>
        {t('admin.parked.all')}
      </Button>
    </div>
  )
}

/** Whether an entry found its place; rejects what says nothing about this entry. */
async function written(retried: Promise<void>): Promise<boolean> {
  try {
    await retried
    return true
  } catch (error) {
    if (!(error instanceof YeoulError)) throw error
    // Somebody else was faster: it is written or dropped.
    if (error.code === 'parked_not_found') return true
    if (error.code === 'parked_refused') return false
    throw error
  }
}
