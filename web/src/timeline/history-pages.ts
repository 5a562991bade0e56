import type { Timeline } from '@yeoul/client'
import { type RefObject, useCallback, useLayoutEffect, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import { useTimelineValue } from '../conversation/use-timeline.ts'
import type { Item } from './items.ts'

/** More is asked for when this little is left above or below the screen, in px. */
const NEAR = 900

export interface HistoryPages {
  olderFailed: boolean
  newerFailed: boolean
  loadOlder(): void
  loadNewer(): void
  onScroll(): void
}

/**
 * Loads history where the reader comes near to an end of what is loaded. What failed waits to be asked for again. `elsewhere`:
 * the list is about to show another part of the room.
 */
export function useHistoryPages(
  timeline: Timeline,
  list: RefObject<VirtualizerHandle | null>,
  items: readonly Item[],
  elsewhere: boolean,
): HistoryPages {
  const [olderFailed, setOlderFailed] = useState(false)
  const [newerFailed, setNewerFailed] = useState(false)
  const live = useTimelineValue(timeline, ({ state }) => state === 'live')

  const loadOlder = useCallback(() => {
    setOlderFailed(false)
    timeline.loadOlder().catch(() => setOlderFailed(true))
  }, [timeline])
  const loadNewer = useCallback(() => {
    setNewerFailed(false)
    timeline.loadNewer().catch(() => setNewerFailed(true))
  }, [timeline])

  const onScroll = useCallback(() => {
    const { hasOlder, loadingOlder, hasNewer, loadingNewer } = timeline.getSnapshot()
    const { scrollOffset, scrollSize, viewportSize } = list.current!
    if (hasOlder && !loadingOlder && !olderFailed && scrollOffset < NEAR) loadOlder()
    const below = scrollSize - viewportSize - scrollOffset
    if (hasNewer && !loadingNewer && !newerFailed && below < NEAR) loadNewer()
  }, [timeline, list, olderFailed, newerFailed, loadOlder, loadNewer])

  // A page that does not fill the screen never scrolls: it asks for more by itself.
  useLayoutEffect(() => {
    if (items.length > 0 && live && !elsewhere) onScroll()
  }, [items, live, elsewhere, onScroll])

  return { olderFailed, newerFailed, loadOlder, loadNewer, onScroll }
}
