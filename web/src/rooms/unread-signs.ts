import { useEffect, useRef, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { useClient } from '../session/client.ts'
import { upTo } from './room-badges.tsx'

/** Numbers that change all the time are shown this often, in ms: each of them costs the browser far more than a row does. */
const PACE_MS = 500

/** What the tab says of unread messages while nobody looks at it: in its title, on its icon, and on the icon of an installed page. */
export function useUnreadSigns(): void {
  const { unread, mentions } = useCalmCounts()
  const { language } = useWords()
  useEffect(() => {
    const name = language === 'ko' ? '여울' : 'Yeoul'
    const counts = [unread > 0 && upTo(999, unread), mentions > 0 && `@${upTo(99, mentions)}`].filter(Boolean)
    document.title = counts.length > 0 ? `(${counts.join(' ')}) ${name}` : name
  }, [unread, mentions, language])
  const some = unread > 0 || mentions > 0
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')
    icon?.setAttribute('href', some ? '/favicon-unread.svg' : '/favicon.svg')
  }, [some])
  useEffect(() => {
    const badges = navigator as Partial<Pick<Navigator, 'setAppBadge' | 'clearAppBadge'>>
    const count = Math.max(unread, mentions)
    // Refused where the page is not installed: then there is no icon to mark.
    if (count > 0) badges.setAppBadge?.(count).catch(() => {})
    else badges.clearAppBadge?.().catch(() => {})
  }, [unread, mentions])
}

interface Counts {
  unread: number
  mentions: number
}

/**
 * The counts at their pace: of all that were true in between, the least. A message in the room that somebody reads is unread
 * for a moment, and no sign should tell of it.
 */
function useCalmCounts(): Counts {
  const { rooms } = useClient()
  const [shown, setShown] = useState<Counts>(() => countsOf(rooms.getSnapshot()))
  const least = useRef<Counts | null>(null)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = () => {
      const now = countsOf(rooms.getSnapshot())
      const before = least.current
      least.current = before === null ? now : smaller(now, before)
      timer ??= setTimeout(() => {
        timer = undefined
        const calm = least.current!
        const latest = countsOf(rooms.getSnapshot())
        least.current = latest
        setShown((old) => (same(old, calm) ? old : calm))
        // What rose meanwhile is told with the next beat.
        if (!same(calm, latest)) look()
        else least.current = null
      }, PACE_MS)
    }
    look()
    const stop = rooms.subscribe(look)
    return () => {
      stop()
      clearTimeout(timer)
      least.current = null
    }
  }, [rooms])
  return shown
}

const countsOf = ({ unread, mentions }: Counts): Counts => ({ unread, mentions })
const same = (a: Counts, b: Counts) => a.unread === b.unread && a.mentions === b.mentions
const smaller = (a: Counts, b: Counts): Counts => ({
  unread: Math.min(a.unread, b.unread),
  mentions: Math.min(a.mentions, b.mentions),
})
