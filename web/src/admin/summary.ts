import { useQuery } from '@tanstack/react-query'
import { useClient } from '../session/client.ts'

/** What the server holds, in numbers that are a few seconds old at most. */
export function useSummary() {
  const { api } = useClient()
  return useQuery({ queryKey: ['admin', 'summary'], queryFn: () => api.admin.summary(), refetchInterval: 10_000 })
}
