import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query'
import type { Page } from '@yeoul/client'
import { useEffect, useRef } from 'react'
import { useWords } from '../i18n/index.ts'
import { Button } from './button.tsx'

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

/** The foot of such a list: fetches the next page when it comes near, and says when that fails. */
export function NextPage({ query }: { query: ReturnType<typeof usePaged>['query'] }) {
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
    <div ref={ref} className="flex min-h-10 flex-col items-center gap-2 pt-3 text-center text-[0.875rem] text-soft">
      {isError && <p role="alert">{problem(query.error)}</p>}
      {hasNextPage && (
        <Button look="plain" small disabled={isFetching} onClick={() => void fetchNextPage()}>
          {t(isFetching ? 'ui.loading' : 'ui.more')}
        </Button>
      )}
    </div>
  )
}
