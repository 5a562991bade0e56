import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { Message, Timeline } from '@yeoul/client'
import { useCallback, useEffect, useSyncExternalStore } from 'react'
import { useWords } from '../i18n/index.ts'
import { useShortText } from '../people/short-text.ts'
import { useName } from '../people/users.ts'
import { useClient } from '../session/client.ts'
import { useListActions } from './context.ts'
import { indexOfSeq } from './items.ts'

/** The message that another one answers, in short; a click goes to it. */
export function Quote({ seq, mine }: { seq: number; mine: boolean }) {
  const { t } = useWords()
  const { jumpTo } = useListActions()
  const message = useMessage(seq)
  const name = useName(message?.sender)
  const said = useShortText(message)
  const text = message === null || message?.body === null ? t('message.replyGone') : said || ' '
  return (
    <button
      type="button"
      onClick={() => jumpTo({ seq })}
      className={`tap mb-1.5 block w-full min-w-0 border-s-2 ps-2.5 text-start text-[0.8125rem] leading-snug ${mine ? 'border-on-mine-soft text-on-mine-soft' : 'border-accent text-soft'}`}
    >
      <span className={`block truncate font-semibold ${mine ? 'text-on-mine' : 'text-accent'}`}>{name}</span>
      <span className="block truncate">{text}</span>
    </button>
  )
}

/** A message by its seq: from the timeline while it is there, else asked for once. null: there is none. */
function useMessage(seq: number): Message | null | undefined {
  const { timeline, room } = useListActions()
  const { api } = useClient()
  const find = useCallback(() => {
    const { messages } = timeline.getSnapshot()
    return messages[indexOfSeq(messages, seq)]
  }, [timeline, seq])
  const near = useSyncExternalStore(timeline.subscribe, find)
  const far = useQuery({
    queryKey: ['message', room, seq],
    queryFn: () => api.message(room, seq),
    enabled: near === undefined,
    staleTime: 60_000,
  })
  return near ?? far.data
}

/** What was edited or deleted far back is asked for again: a quote shows nothing that is no more. */
export function useQuotesAnew(timeline: Timeline): void {
  const queries = useQueryClient()
  useEffect(
    () =>
      timeline.onEvent((event) => {
        if (event.type !== 'edit' && event.type !== 'delete') return
        void queries.invalidateQueries({ queryKey: ['message', timeline.room, event.target] })
      }),
    [timeline, queries],
  )
}
