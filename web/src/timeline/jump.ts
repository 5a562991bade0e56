import type { Place, Timeline } from '@yeoul/client'
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import { useWords } from '../i18n/index.ts'
import { notify } from '../ui/notice.tsx'
import type { Follow } from './follow.ts'
import { type Item, indexOfSeq, LINE_HEIGHT } from './items.ts'
import type { Opening } from './opening.ts'

const FLASH_MS = 1_800

export interface Jump {
  /** The seq of the message that was jumped to, for as long as it stands out. */
  flashing: number | null
  /** Goes to a message, or to the nearest one where there is none. */
  to(place: Place): void
  /** The same, with the line over it in sight. */
  toLine(place: Place): void
}

interface Target {
  seq: number
  as: 'message' | 'place' | 'line'
}

/** Goes to messages, however far back: the timeline shows that part of the room, then the list stands at it. */
export function useJump(
  timeline: Timeline,
  list: RefObject<VirtualizerHandle | null>,
  items: readonly Item[],
  follow: Follow,
  opening: Opening,
  linked: number | undefined,
): Jump {
  const { problem } = useWords()
  const [target, setTarget] = useState<Target | null>(null)
  const [flashing, setFlashing] = useState<number | null>(null)
  const { release } = follow
  const { at, waiting, finish } = opening

  const reach = useCallback(
    async (place: Place, as: Target['as']) => {
      try {
        const message = await timeline.goTo(place)
        if (message === null) finish()
        else setTarget({ seq: message.seq, as })
      } catch (error) {
        finish()
        notify(problem(error))
      }
    },
    [timeline, finish, problem],
  )

  useEffect(() => {
    if (waiting && at !== null) void reach(at.place, at.as)
  }, [waiting, at, reach])

  // Another link in the same room.
  const opened = useRef(linked)
  useEffect(() => {
    if (linked !== undefined && linked !== opened.current) void reach({ seq: linked }, 'message')
    opened.current = linked
  }, [linked, reach])

  useLayoutEffect(() => {
    const index = target === null ? -1 : indexOfSeq(items, target.seq)
    if (target === null || index < 0) return
    setTarget(null)
    release()
    if (target.as === 'message') list.current!.scrollToIndex(index, { align: 'center' })
    else list.current!.scrollToIndex(index, { align: 'start', offset: target.as === 'line' ? -LINE_HEIGHT : 0 })
    if (target.as === 'message') setFlashing(target.seq)
    finish()
  }, [target, items, list, release, finish])

  useEffect(() => {
    if (flashing === null) return
    const timer = setTimeout(() => setFlashing(null), FLASH_MS)
    return () => clearTimeout(timer)
  }, [flashing])

  const to = useCallback((place: Place) => void reach(place, 'message'), [reach])
  const toLine = useCallback((place: Place) => void reach(place, 'line'), [reach])
  return { flashing, to, toLine }
}
