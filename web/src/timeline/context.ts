import type { Message, Place, Timeline } from '@yeoul/client'
import { createContext, useContext } from 'react'

/** What a row may ask of its list. One object for the life of the list, so that rows are not rendered anew for it. */
export interface ListActions {
  timeline: Timeline
  room: string
  /** Whether the user may delete messages of others. */
  governs: boolean
  reply(message: Message): void
  edit(message: Message): void
  askDelete(message: Message): void
  /** Shows who has read it. */
  askReaders(message: Message): void
  jumpTo(place: Place): void
}

const ListActionsContext = createContext<ListActions | null>(null)
export const ListActionsProvider = ListActionsContext.Provider

export function useListActions(): ListActions {
  const actions = useContext(ListActionsContext)
  if (actions === null) throw new Error('useListActions outside a message list')
  return actions
}
