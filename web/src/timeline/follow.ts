import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import { type Item, isMessage, isPending } from './items.ts'
import type { Reading } from './reading.ts'

/** This near to the end, in px, the list follows what arrives. */
const NEAR_END = 60

export interface Follow {
  atBottom: boolean
  /** The `n` of the newest message that was on the screen. */
  seenN: number
  toBottom(): void
  onScroll(): void
  onResize(): void
  /** Stops following: something else decides where the list stands. */
  release(): void
}

/**
 * Keeps the end of the list in sight while the reader is there, and leaves the reader alone while not. `complete`: the items
 * reach up to now.
 */
export function useFollow(
  list: RefObject<VirtualizerHandle | null>,
  items: readonly Item[],
  reading: Reading,
  complete: boolean,
): Follow {
  const following = useRef(true)
  const placed = useRef(false)
  const [atBottom, setAtBottom] = useState(true)
  const [seenN, setSeenN] = useState(0)
  const { markRead, clearLine, unreadAfter } = reading
  const newest = items.findLast(isMessage)
  const newestN = newest?.n ?? 0
  const writes = items.at(-1)
  const own = writes !== undefined && isPending(writes) ? writes.clientMessageId : null

  const toEnd = useCallback(() => {
    if (items.length > 0) list.current!.scrollToIndex(items.length - 1, { align: 'end' })
  }, [list, items.length])

  // The first page opens at the line over the first unread message, else at the end.
  useLayoutEffect(() => {
    if (items.length === 0) return
    if (!placed.current) {
      const first = unreadAfter === null ? -1 : items.findIndex((item) => isMessage(item) && item.n === unreadAfter + 1)
      placed.current = complete || first >= 0
      if (first >= 0) {
        following.current = false
        list.current!.scrollToIndex(first, { align: 'start', offset: -72 })
        return
      }
    }
    if (following.current) toEnd()
  }, [items, list, toEnd, unreadAfter, complete])

  // Who sends a message wants to see it.
  useLayoutEffect(() => {
    if (own === null) return
    following.current = true
    clearLine()
    toEnd()
  }, [own, clearLine, toEnd])

  useEffect(() => {
    if (!atBottom) return
    setSeenN(newestN)
    if (newestN > 0) markRead()
    const look = () => newestN > 0 && markRead()
    addEventListener('focus', look)
    document.addEventListener('visibilitychange', look)
    return () => {
      removeEventListener('focus', look)
      document.removeEventListener('visibilitychange', look)
    }
  }, [atBottom, newestN, markRead])

  const onScroll = useCallback(() => {
    const { scrollOffset, scrollSize, viewportSize } = list.current!
    const near = scrollSize - viewportSize - scrollOffset < NEAR_END
    following.current = near
    setAtBottom(near)
  }, [list])
  const onResize = useCallback(() => {
    if (following.current) toEnd()
    else onScroll()
  }, [toEnd, onScroll])
  const toBottom = useCallback(() => {
    following.current = true
    toEnd()
  }, [toEnd])

  const release = useCallback(() => {
    following.current = false
  }, [])

  return { atBottom, seenN, toBottom, onScroll, onResize, release }
}
