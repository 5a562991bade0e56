import { QueryClient, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { YeoulError } from '../session/client.ts'
import { Failed } from './states.tsx'

/** Parts of the page stay once they are here, whoever signs in and out. */
const parts = new QueryClient({
  defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, gcTime: Number.POSITIVE_INFINITY, retry: 1 } },
})
// Mounted by no provider: it hears by itself when the network is back.
parts.mount()

interface LaterProps<T> {
  name: string
  load(): Promise<T>
  waiting?: ReactNode
  /** Where it is said that the part could not be fetched. */
  failed?(said: ReactNode): ReactNode
  children(part: T): ReactNode
}

/**
 * A part of the page that is fetched when it is first shown. Without a network it comes as soon as there is one; when it cannot be
 * fetched, its place says so, and the rest of the page goes on.
 */
export function Later<T>({ name, load, waiting = null, failed = (said) => said, children }: LaterProps<T>) {
  const { data, isError, refetch } = useQuery({ queryKey: [name], queryFn: load }, parts)
  if (data !== undefined) return children(data)
  if (!isError) return waiting
  return failed(<Failed error={new YeoulError('network', '', true)} onRetry={() => void refetch()} />)
}
