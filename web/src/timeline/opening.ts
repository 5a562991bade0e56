import type { Place, Timeline } from '@yeoul/client'
import { useCallback, useState } from 'react'
import { useTimelineValue } from '../conversation/use-timeline.ts'
import type { Reading } from './reading.ts'

/** Where a room opens: at a message that a link names, where the reader was, or at the line over the first unread one. */
export type OpensAt = { place: Place; as: 'message' | 'place' | 'line' } | null

export interface Opening {
  at: OpensAt
  /** The list stands where it opens. Until then nothing on the screen was read. */
  done: boolean
  /** Nothing is to be seen yet: the place is known to be elsewhere, and on its way. */
  waiting: boolean
  finish(): void
}

/** `linked`: the seq of a link; `left`: where the reader was in a list that had to begin anew. */
export function useOpening(
  timeline: Timeline,
  reading: Reading,
  linked: number | undefined,
  left: number | null,
): Opening {
  const [at] = useState<OpensAt>(() => {
    if (linked !== undefined && left === null) return { place: { seq: linked }, as: 'message' }
    if (left !== null) return { place: { seq: left }, as: 'place' }
    return reading.unreadAfter === null ? null : { place: { n: reading.unreadAfter + 1 }, as: 'line' }
  })
  const [done, setDone] = useState(at === null)
  // What was missed is fetched first: without a connection the room shows what it has.
  const live = useTimelineValue(timeline, ({ state }) => state === 'live')
  const finish = useCallback(() => setDone(true), [])
  return { at, done, waiting: live && !done, finish }
}
