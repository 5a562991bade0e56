import type { Message, RoomListEntry, Timeline } from '@yeoul/client'
import { useCallback, useEffect, useState } from 'react'

export interface Reading {
  /** The line "new messages" stands after the message with this `n`; null: there is none. */
  unreadAfter: number | null
  /** Messages that were unread when the room was opened, and the `n` of the last one that was read. */
  unreadAtOpening: number
  readAtOpening: number
  /** Marks a message and all before it (without one: everything) as read, if somebody is looking. */
  markRead(message?: Message): void
  /** Takes the line away: who writes has read. */
  clearLine(): void
}

/** Where reading stopped. The line stays where it was when the room was opened or left, however much is read below it. */
export function useReading(timeline: Timeline, entry: RoomListEntry, me: string): Reading {
  const [opening] = useState(() => {
    const { readN } = entry.membership
    // A room that was open before shows at first what it had then; the list knows how much came since.
    return { readN, unread: Math.max(entry.unread, newestN(timeline) - readN) }
  })
  const [unreadAfter, setUnreadAfter] = useState<number | null>(opening.unread > 0 ? opening.readN : null)
  const [hiddenAt, setHiddenAt] = useState<number | null>(null)

  const markRead = useCallback(
    (message?: Message) => {
      if (document.visibilityState !== 'visible' || !document.hasFocus()) return
      timeline.markRead(message?.seq)
    },
    [timeline],
  )

  useEffect(() => {
    const onVisibility = () => {
      setHiddenAt(document.visibilityState === 'hidden' ? newestN(timeline) : null)
    }
    document.addEventListener('visibilitychange', onVisibility)
    return () => document.removeEventListener('visibilitychange', onVisibility)
  }, [timeline])

  // The first message that comes while nobody looks draws the line anew.
  useEffect(() => {
    if (hiddenAt === null) return
    return timeline.onEvent((event) => {
      if (event.type !== 'message' || event.actor === me) return
      setUnreadAfter(hiddenAt)
      setHiddenAt(null)
    })
  }, [timeline, hiddenAt, me])

  const clearLine = useCallback(() => setUnreadAfter(null), [])
  return { unreadAfter, unreadAtOpening: opening.unread, readAtOpening: opening.readN, markRead, clearLine }
}

const newestN = (timeline: Timeline): number => timeline.getSnapshot().newestN
