import type { Timeline } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { useNames } from '../people/users.ts'
import { useTimelineValue } from './use-timeline.ts'

/** Who writes. Its height is always there, so that the messages do not jump. */
export function TypingLine({ timeline }: { timeline: Timeline }) {
  const { t } = useWords()
  const typing = useTimelineValue(timeline, (snapshot) => snapshot.typing)
  const name = useNames(typing)
  const [first, second] = typing
  let text = ''
  if (typing.length > 2) text = t('typing.many')
  else if (second !== undefined) text = t('typing.two', { a: name(first!), b: name(second) })
  else if (first !== undefined) text = t('typing.one', { a: name(first) })
  return (
    <p
      aria-live="polite"
      className="mx-auto h-6 w-full max-w-[64rem] shrink-0 truncate px-5 text-[0.8125rem] leading-6 text-soft"
    >
      {text}
    </p>
  )
}
