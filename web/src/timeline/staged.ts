import { useLayoutEffect, useReducer, useRef } from 'react'
import { firstAfter, type Item, seqOf } from './items.ts'

/**
 * The list that the virtualiser is given. It keeps the place of what is on the screen only when one change is either at
 * the front (`shift`) or at the end; when both happened, the front comes first and the end right after, before a paint.
 * A part of the room that was jumped to (`part` is another) is a list of its own.
 */
export function useStaged(items: readonly Item[], part: number): { items: readonly Item[]; shift: boolean } {
  const shown = useRef<{ part: number; items: readonly Item[] }>({ part, items: [] })
  const [, renderAgain] = useReducer((turn: number) => turn + 1, 0)
  const staged = stage(shown.current.part === part ? shown.current.items : [], items)
  useLayoutEffect(() => {
    shown.current = { part, items: staged.items }
    if (staged.items !== items) renderAgain()
  })
  return staged
}

/** What to show next, and whether only the front differs from what is shown. */
export function stage(before: readonly Item[], items: readonly Item[]): { items: readonly Item[]; shift: boolean } {
  if (before === items || before.length === 0 || items.length === 0) return { items, shift: false }
  const first = seqOf(items[0]!)
  const firstBefore = seqOf(before[0]!)
  if (first === firstBefore) return { items, shift: false }
  const added = first < firstBefore ? firstAfter(items, firstBefore - 1) : 0
  const removed = first > firstBefore ? firstAfter(before, first - 1) : 0
  const length = before.length + added - removed
  if (length >= items.length || length <= 0) return { items, shift: true }
  return { items: items.slice(0, length), shift: true }
}
