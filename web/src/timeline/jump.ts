import type { Timeline } from '@yeoul/client'
import { type RefObject, useCallback, useEffect, useLayoutEffect, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import { useWords } from '../i18n/index.ts'
import { notify } from '../ui/notice.tsx'
import type { Follow } from './follow.ts'
import { type Item, isMessage } from './items.ts'

/** Pages that are fetched at most to reach a message. */
const MAX_PAGES = 40
/** So many messages back a jump reaches for certain. */
export const REACH = 2_000
const FLASH_MS = 1_800

export interface Jump {
  /** The seq of the message that was jumped to, for as long as it stands out. */
  flashing: number | null
  to(seq: number): void
  /** The same for the message that is the `n`th of the room. */
  toNth(n: number): void
}

type By = 'seq' | 'n'

/** Goes to a message, fetching what lies in between when it is not loaded. `linked`: where a link points at. */
export function useJump(
  timeline: Timeline,
  list: RefObject<VirtualizerHandle | null>,
  items: readonly Item[],
  follow: Follow,
  linked: number | undefined,
): Jump {
  const { t, problem } = useWords()
  const [target, setTarget] = useState<{ by: By; value: number } | null>(null)
  const [flashing, setFlashing] = useState<number | null>(null)
  const { release } = follow

  const reach = useCallback(
    (by: By, value: number) => {
      load(timeline, by, value)
        .then((reached) => (reached ? setTarget({ by, value }) : notify(t('timeline.tooFar'))))
        .catch((error) => notify(problem(error)))
    },
    [timeline, t, problem],
  )
  const to = useCallback((seq: number) => reach('seq', seq), [reach])
  const toNth = useCallback((n: number) => reach('n', n), [reach])

  const ready = items.length > 0
  useEffect(() => {
    if (linked !== undefined && ready) to(linked)
  }, [linked, ready, to])

  useLayoutEffect(() => {
    if (target === null) return
    const index = items.findIndex((item) => isMessage(item) && item[target.by] >= target.value)
    const item = items[index]
    if (item === undefined || !isMessage(item)) return
    setTarget(null)
    release()
    list.current!.scrollToIndex(index, { align: 'center' })
    setFlashing(item.seq)
  }, [target, items, list, release])

  useEffect(() => {
    if (flashing === null) return
    const timer = setTimeout(() => setFlashing(null), FLASH_MS)
    return () => clearTimeout(timer)
  }, [flashing])

  return { flashing, to, toNth }
}

/** Loads older pages until the message is there; resolves whether it is. */
async function load(timeline: Timeline, by: By, value: number): Promise<boolean> {
  for (let page = 0; page <= MAX_PAGES; page++) {
    const { messages, hasOlder } = timeline.getSnapshot()
    const first = messages[0]
    if (first === undefined) return false
    if (value >= first[by] || !hasOlder) return true
    await timeline.loadOlder()
  }
  return false
}
