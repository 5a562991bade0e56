import type { ReactNode } from 'react'
import { useWords } from '../i18n/index.ts'
import { NextPage, type usePaged } from '../ui/paged.tsx'
import { Failed, SkeletonRows } from '../ui/states.tsx'

interface PagedListProps<T> {
  list: ReturnType<typeof usePaged<T>>
  label: string
  empty: ReactNode
  children(item: T): ReactNode
}

/** A list in pages on a card of its own. */
export function PagedList<T>({ list: { query, items }, label, empty, children }: PagedListProps<T>) {
  const { t } = useWords()
  if (query.isPending) return <SkeletonRows count={5} label={t('ui.loading')} />
  if (query.isError && items.length === 0) {
    return <Failed error={query.error} onRetry={() => void query.refetch()} />
  }
  if (items.length === 0) return empty
  return (
    <>
      <ul aria-label={label} className="card divide-y divide-line">
        {items.map(children)}
      </ul>
      <NextPage query={query} />
    </>
  )
}

/** A row of such a list; those far out of sight cost no layout. */
export function Row({ children }: { children: ReactNode }) {
  return (
    <li className="flex items-center gap-3 px-3 py-2.5 [contain-intrinsic-size:auto_4rem] [content-visibility:auto] wide:px-4">
      {children}
    </li>
  )
}
