import type { Timeline } from '@yeoul/client'
import { type RefObject, useCallback, useEffect, useLayoutEffect, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import { useWords } from '../i18n/index.ts'
import { notify } from '../ui/notice.tsx'
import type { Follow } from './follow.ts'
import { firstAfter, type Item } from './items.ts'

/** Pages that are fetched at most to reach a message. */
const MAX_PAGES = 40
const FLASH_MS = 1_800

export interface Jump {
  /** The seq of the message that was jumped to, for as long as it stands out. */
  flashing: number | null
  to(seq: number): void
}

/** Goes to a message, fetching what lies in between when it is not loaded. `linked`: where a link points at. */
export function useJump(
  timeline: Timeline,
  list: RefObject<VirtualizerHandle | null>,
  items: readonly Item[],
  follow: Follow,
  linked: number | undefined,
): Jump {
  const { t, problem } = useWords()
  const [target, setTarget] = useState<number | null>(null)
  const [flashing, setFlashing] = useState<number | null>(null)
  const { release } = follow

  const to = useCallback(
    (seq: number) => {
      load(timeline, seq)
        .then((reached) => (reached ? setTarget(seq) : notify(t('timeline.tooFar'))))
        .catch((error) => notify(problem(error)))
    },
    [timeline, t, problem],
  )

  const ready = items.length > 0
  useEffect(() => {
    if (linked !== undefined && ready) to(linked)
  }, [linked, ready, to])

  useLayoutEffect(() => {
    if (target === null) return
    const index = firstAfter(items, target - 1)
    if (index >= items.length) return
    setTarget(null)
    release()
    list.current!.scrollToIndex(index, { align: 'center' })
    setFlashing(target)
  }, [target, items, list, release])

  useEffect(() => {
    if (flashing === null) return
    const timer = setTimeout(() => setFlashing(null), FLASH_MS)
    return () => clearTimeout(timer)
  }, [flashing])

  return { flashing, to }
}

/** Loads older pages until the message is there; resolves whether it is. */
async function load(timeline: Timeline, seq: number): Promise<boolean> {
  for (let page = 0; page <= MAX_PAGES; page++) {
    const { messages, hasOlder } = timeline.getSnapshot()
    const first = messages[0]
    if (first === undefined) return false
    if (seq >= first.seq || !hasOlder) return true
    await timeline.loadOlder()
  }
  return false
}
