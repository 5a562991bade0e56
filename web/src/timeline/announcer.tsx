import type { Timeline } from '@yeoul/client'
import { useEffect, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { shortText } from '../people/short-text.ts'
import { useClient, useMe } from '../session/client.ts'

/** At most one message in this time is read out: a hot room must not talk without pause. */
const PAUSE_MS = 3_000

/**
 * Reads out what others write. The log itself is silent (`aria-live="off"`): rows come and go in it while scrolling, and a
 * screen reader would read old messages as new ones.
 */
export function Announcer({ timeline }: { timeline: Timeline }) {
  const { t } = useWords()
  const { users } = useClient()
  const me = useMe()
  const [text, setText] = useState('')
  useEffect(() => {
    let quietUntil = 0
    let said = 0
    return timeline.onEvent((event) => {
      // What was deleted or changed stays nowhere in the page.
      if ((event.type === 'delete' || event.type === 'edit') && event.target === said) setText('')
      if (event.type !== 'message' || event.actor === me || event.body === null || Date.now() < quietUntil) return
      quietUntil = Date.now() + PAUSE_MS
      said = event.seq
      const name = users.get(event.actor)?.displayName ?? ''
      setText(t('timeline.said', { name, text: shortText(event, users.getSnapshot()) }))
    })
  }, [timeline, users, me, t])
  return (
    <p aria-live="polite" className="sr-only">
      {text}
    </p>
  )
}
