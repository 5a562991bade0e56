import { useEffect } from 'react'
import { useWords } from '../i18n/index.ts'
import { useClient, useLive } from '../session/client.ts'
import { upTo } from './room-badges.tsx'

/** What the tab says of unread messages while nobody looks at it: in its title, on its icon, and on the icon of an installed page. */
export function useUnreadSigns(): void {
  const { unread, mentions } = useLive(useClient().rooms)
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
