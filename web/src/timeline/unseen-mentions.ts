import type { RoomListEntry } from '@yeoul/client'
import { type RefObject, useCallback, useEffect, useLayoutEffect, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import { type Item, isMessage } from './items.ts'

export interface UnseenMentions {
  /** Their `n`s, rising: those before what is on the screen, and those after it. */
  above: readonly number[]
  below: readonly number[]
  onScroll(): void
}

interface Range {
  first: number
  last: number
}

/**
 * Mentions that were unread when the room was opened or came since, and have not been on the screen. Being read is not enough:
 * who jumps to the end of a room has passed them by.
 */
export function useUnseenMentions(
  list: RefObject<VirtualizerHandle | null>,
  items: readonly Item[],
  { unreadMentions }: RoomListEntry,
): UnseenMentions {
  const [unseen, setUnseen] = useState<readonly number[]>(unreadMentions)
  const [screen, setScreen] = useState<Range | null>(null)
  const newest = unreadMentions.at(-1) ?? 0
  const [heardOf, setHeardOf] = useState(newest)

  useEffect(() => {
    if (newest <= heardOf) return
    setUnseen((before) => [...before, ...unreadMentions.filter((n) => n > heardOf)])
    setHeardOf(newest)
  }, [newest, heardOf, unreadMentions])

  const look = useCallback(() => {
    const handle = list.current
    if (handle === null) return
    const range = shownOf(items, handle)
    if (range === null) return
    setScreen((before) => (before?.first === range.first && before.last === range.last ? before : range))
    if (document.visibilityState !== 'visible') return
    setUnseen((before) => {
      const left = before.filter((n) => n < range.first || n > range.last)
      return left.length === before.length ? before : left
    })
  }, [list, items])
  // What is on the screen changes without scrolling too: rows come, and are measured.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a mention may be heard of after its row was drawn
  useLayoutEffect(() => {
    const frame = requestAnimationFrame(look)
    return () => cancelAnimationFrame(frame)
  }, [look, heardOf])

  return {
    above: screen === null ? [] : unseen.filter((n) => n < screen.first),
    below: screen === null ? [] : unseen.filter((n) => n > screen.last),
    onScroll: look,
  }
}

/** The numbers of the first and the last message on the screen; null when there is none. */
function shownOf(items: readonly Item[], list: VirtualizerHandle): Range | null {
  const from = list.findItemIndex(list.scrollOffset)
  const to = list.findItemIndex(list.scrollOffset + list.viewportSize)
  const shown = items.slice(from, to + 1)
  const first = shown.find(isMessage)
  const last = shown.findLast(isMessage)
  return first === undefined || last === undefined ? null : { first: first.n, last: last.n }
}
