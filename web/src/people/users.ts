import type { User } from '@yeoul/client'
import { useCallback, useEffect, useSyncExternalStore } from 'react'
import { useWords } from '../i18n/index.ts'
import { useClient, useLive } from '../session/client.ts'

/** The user with this id, fetched when unknown; renders anew only when this one changes. */
export function useUser(id: string | undefined): User | undefined {
  const { users } = useClient()
  useEffect(() => {
    if (id !== undefined) users.get(id)
  }, [users, id])
  const snapshot = useCallback(() => (id === undefined ? undefined : users.getSnapshot().get(id)), [users, id])
  return useSyncExternalStore(users.subscribe, snapshot)
}

/** The name to show for a user; a narrow blank until it is known, so that nothing flickers. */
export function useName(id: string | undefined): string {
  return useUser(id)?.displayName ?? ' '
}

/** Names of several users by id; asks for those that are unknown. */
export function useNames(ids: readonly string[]): (id: string) => string {
  const { users } = useClient()
  const { t } = useWords()
  const known = useLive(users)
  useEffect(() => {
    for (const id of ids) users.get(id)
  }, [users, ids])
  return (id) => known.get(id)?.displayName ?? t('people.unknown')
}
