import type { Timeline } from '@yeoul/client'
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import { useTimelineValue } from '../conversation/use-timeline.ts'
import { type Item, isMessage, lastMessage } from './items.ts'
import type { Opening } from './opening.ts'
import type { Reading } from './reading.ts'

/** This near to the end, in px, the list follows what arrives. */
const NEAR_END = 60
/** For so long after a jump the list is on its way. */
const PLACING_MS = 300
/** A scroll this soon after a wheel, a finger or a key is theirs. */
const GESTURE_MS = 1_500
/** So much of a row, in px, is enough to have seen it. */
const SEEN = 24

export interface Follow {
  /** The newest message is on the screen. */
  atBottom: boolean
  /** The `n` of the newest message that was on the screen. */
  seenN: number
  toBottom(): void
  onScroll(): void
  /** A person moves the list, with whatever. */
  onTouch(): void
  onResize(): void
  /** Stops following: something else decides where the list stands. */
  release(): void
}

/**
 * Keeps the end of the list in sight while the reader is there, and leaves the reader alone while not. What was on the screen
 * is read, and nothing else: who opens a room far back has not read what lies below.
 */
export function useFollow(
  timeline: Timeline,
  list: RefObject<VirtualizerHandle | null>,
  items: readonly Item[],
  reading: Reading,
  opening: Opening,
  left: RefObject<number | null>,
): Follow {
  const following = useRef(true)
  /** The list is on its way to another place: where it passes by is nobody's choice. */
  const placing = useRef<ReturnType<typeof setTimeout> | null>(null)
  /** Where the list stood at the last scroll event. */
  const passed = useRef(0)
  /** When a wheel, a finger or a key last moved the list. */
  const touched = useRef(Number.NEGATIVE_INFINITY)
  const [nearEnd, setNearEnd] = useState(true)
  const [seenN, setSeenN] = useState(reading.readAtOpening)
  const hasNewer = useTimelineValue(timeline, (snapshot) => snapshot.hasNewer)
  const newestN = useTimelineValue(timeline, (snapshot) => snapshot.newestN)
  const own = useTimelineValue(timeline, ({ pending }) => pending.at(-1)?.clientMessageId ?? null)
  const { markRead, clearLine } = reading
  const atBottom = nearEnd && !hasNewer

  const toEnd = useCallback(() => {
    if (items.length > 0) list.current!.scrollToIndex(items.length - 1, { align: 'end' })
  }, [list, items.length])

  useLayoutEffect(() => {
    if (following.current && !hasNewer && items.length > 0) toEnd()
  }, [items, hasNewer, toEnd])

  const settle = useCallback(() => {
    if (placing.current !== null) clearTimeout(placing.current)
    placing.current = null
  }, [])
  const toBottom = useCallback(() => {
    following.current = true
    settle()
    setNearEnd(true)
    timeline.toLatest()
    toEnd()
  }, [timeline, toEnd, settle])

  // Who sends a message wants to see it. What waited before the room was opened is no such message.
  const sent = useRef(own)
  useLayoutEffect(() => {
    if (own === null || own === sent.current) return
    sent.current = own
    clearLine()
    toBottom()
  }, [own, clearLine, toBottom])

  const look = useCallback(() => {
    // On the way to another place, the list may still stand where it was: that is not what somebody sees.
    if (!opening.done || placing.current !== null || newestN === 0) return
    if (atBottom) {
      left.current = null
      setSeenN(newestN)
      markRead()
      return
    }
    const { scrollOffset, viewportSize, findItemIndex } = list.current!
    const bottom = findItemIndex(scrollOffset + viewportSize - SEEN)
    const first = items[findItemIndex(scrollOffset)]
    if (first !== undefined && isMessage(first)) left.current = first.seq
    const seen = lastMessage(items, bottom)
    if (seen === undefined) return
    setSeenN((before) => Math.max(before, seen.n))
    markRead(seen)
  }, [opening.done, newestN, atBottom, list, items, left, markRead])

  useEffect(() => {
    look()
    addEventListener('focus', look)
    document.addEventListener('visibilitychange', look)
    return () => {
      removeEventListener('focus', look)
      document.removeEventListener('visibilitychange', look)
    }
  }, [look])

  const onScroll = useCallback(() => {
    const { scrollOffset, scrollSize, viewportSize } = list.current!
    const near = scrollSize - viewportSize - scrollOffset < NEAR_END
    const up = scrollOffset < passed.current
    passed.current = scrollOffset
    if (placing.current === null) {
      if (near) following.current = !hasNewer
      // The list itself passes by other places while it grows or is made anew: only a person leaves the end.
      else if (up && performance.now() - touched.current < GESTURE_MS) following.current = false
      setNearEnd(near || following.current)
    }
    look()
  }, [list, look, hasNewer])
  const onResize = useCallback(() => {
    if (following.current && !hasNewer) toEnd()
    else onScroll()
  }, [toEnd, onScroll, hasNewer])

  const arrive = useRef(onScroll)
  arrive.current = onScroll
  useEffect(() => settle, [settle])
  const release = useCallback(() => {
    following.current = false
    settle()
    placing.current = setTimeout(() => {
      placing.current = null
      arrive.current()
    }, PLACING_MS)
    setNearEnd(false)
  }, [settle])
  const onTouch = useCallback(() => {
    touched.current = performance.now()
  }, [])

  return { atBottom, seenN, toBottom, onScroll, onTouch, onResize, release }
}
