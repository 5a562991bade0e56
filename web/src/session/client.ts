import { type Client, createClient, indexedDbOutbox, type Live, YeoulError } from '@yeoul/client'
import { createContext, useContext, useSyncExternalStore } from 'react'

export { YeoulError }

/** Makes the page's one client. Timelines keep enough to scroll far back in a long room without fetching it twice. */
export function createPageClient(): Client {
  return createClient({
    auth: { session: 'cookie' },
    storage: indexedDbOutbox(),
    tuning: { timelineMessages: 20_000, pageSize: 60 },
  })
}

const ClientContext = createContext<Client | null>(null)
export const ClientProvider = ClientContext.Provider

export function useClient(): Client {
  const client = useContext(ClientContext)
  if (client === null) throw new Error('useClient outside ClientProvider')
  return client
}

/** The current snapshot of something live; renders anew when it changes. */
export const useLive = <T>(live: Live<T>): T => useSyncExternalStore(live.subscribe, live.getSnapshot)

const MeContext = createContext('')
export const MeProvider = MeContext.Provider

/** The id of the user who is signed in. */
export const useMe = (): string => useContext(MeContext)
