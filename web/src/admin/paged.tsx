import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query'
import type { Page } from '@yeoul/client'
import { type ReactNode, useEffect, useRef } from 'react'
import { useWords } from '../i18n/index.ts'
import { Button } from '../ui/button.tsx'
import { Failed, SkeletonRows } from '../ui/states.tsx'

type Asked = { limit: number; cursor?: string }

/** A list that the server hands out in pages. What was there stays in sight while another search is on its way. */
export function usePaged<T>(queryKey: QueryKey, page: (query: Asked) => Promise<Page<T>>) {
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => page({ limit: 50, ...(pageParam !== null && { cursor: pageParam }) }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: (before) => before,
    staleTime: 0,
  })
  return { query, items: query.data?.pages.flatMap((each) => each.items) ?? [] }
}

interface PagedListProps<T> {
  list: ReturnType<typeof usePaged<T>>
  label: string
  empty: ReactNode
  children(item: T): ReactNode
}

/** Its rows, with the next page fetched when the end comes near. */
export function PagedList<T>({ list: { query, items }, label, empty, children }: PagedListProps<T>) {
  const { t } = useWords()
  if (query.isPending) return <SkeletonRows count={5} label={t('ui.loading')} />
  if (query.isError && items.length === 0) {
    return <Failed error={query.error} onRetry={() => void query.refetch()} />
  }
  if (items.length === 0) return empty
  return (
    <>
      <ul aria-label={label} className="divide-y divide-line rounded-2xl border border-line bg-surface">
        {items.map(children)}
      </ul>
      <End query={query} />
    </>
  )
}

function End({ query }: { query: ReturnType<typeof usePaged>['query'] }) {
  const { t, problem } = useWords()
  const ref = useRef<HTMLDivElement>(null)
  const { hasNextPage, isFetching, isError, fetchNextPage } = query
  const waits = hasNextPage && !isFetching && !isError
  useEffect(() => {
    if (!waits) return
    const near = new IntersectionObserver(([entry]) => entry!.isIntersecting && void fetchNextPage(), {
      rootMargin: '600px',
    })
    near.observe(ref.current!)
    return () => near.disconnect()
  }, [waits, fetchNextPage])
  return (
    <div ref={ref} className="flex min-h-10 flex-col items-center gap-2 pt-3 text-[0.875rem] text-soft">
      {isError && problem(query.error)}
      {hasNextPage && (
        <Button look="plain" small disabled={isFetching} onClick={() => void fetchNextPage()}>
          {t(isFetching ? 'ui.loading' : 'find.more')}
        </Button>
      )}
    </div>
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
