import type { Message } from '@yeoul/client'
import { type FocusEvent, type MouseEvent, memo, useState, useSyncExternalStore } from 'react'
import { useWords } from '../i18n/index.ts'
import { clock, moment } from '../i18n/time.ts'
import { Avatar } from '../people/avatar.tsx'
import { useShowProfile } from '../people/profile.ts'
import { useName } from '../people/users.ts'
import { BodyText } from './body-text.tsx'
import { useListActions } from './context.ts'
import { MessageTools } from './message-tools.tsx'
import { Quote } from './quote.tsx'
import { Reactions } from './reactions.tsx'

interface MessageRowProps {
  message: Message
  me: string
  opens: boolean
  closes: boolean
  flashing: boolean
  /** The one row of the list that Tab stops at. */
  tabStop: boolean
}

export const MessageRow = memo(function MessageRow({ message, me, opens, closes, flashing, tabStop }: MessageRowProps) {
  const { t, language } = useWords()
  const [active, setActive] = useState(false)
  const [held, setHeld] = useState(false)
  const mine = message.sender === me
  const showProfile = useShowProfile()
  const name = useName(message.sender)
  const mentioned = message.mentions.includes(me)

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click shows the tools; a keyboard gets them by focus, a finger by a press
    <article
      data-seq={message.seq}
      tabIndex={tabStop ? 0 : -1}
      aria-label={`${name}, ${moment(message.at, language)}`}
      onPointerMove={(event) => event.pointerType === 'mouse' && setActive(true)}
      onPointerLeave={(event) => event.pointerType === 'mouse' && setActive(false)}
      onClick={(event) => isMouse(event) && !(event.target as Element).closest('a, button') && setActive(true)}
      onFocus={(event) => event.currentTarget.matches(':focus-visible, :has(:focus-visible)') && setActive(true)}
      onBlur={(event: FocusEvent<HTMLElement>) =>
        !event.currentTarget.contains(event.relatedTarget) && setActive(false)
      }
      className={`relative flex gap-2.5 rounded-2xl px-3 outline-offset-[-2px] touch:select-none touch:[-webkit-touch-callout:none] wide:px-5 ${opens ? 'pt-3' : 'pt-1'} ${mine ? 'justify-end' : ''} ${flashing ? 'flash' : ''}`}
    >
      {!mine && (
        <span className="w-9 shrink-0">
          {opens && (
            <button
              type="button"
              tabIndex={-1}
              aria-label={t('people.profile.of', { name })}
              onClick={() => showProfile(message.sender)}
              className="tap rounded-xl transition-[filter] hover:brightness-95"
            >
              <Avatar id={message.sender} name={name} size="small" />
            </button>
          )}
        </span>
      )}
      <div className={`flex max-w-[min(40rem,86%)] min-w-0 flex-col ${mine ? 'items-end' : 'items-start'}`}>
        {!mine && opens && (
          <button
            type="button"
            tabIndex={-1}
            onClick={() => showProfile(message.sender)}
            className="mb-0.5 rounded-md px-1 text-[0.8125rem] font-semibold text-soft hover:underline"
          >
            {name}
          </button>
        )}
        {mine && opens && <span className="sr-only">{t('ui.you')}</span>}
        <div className={`relative flex max-w-full items-end gap-1.5 ${mine ? 'flex-row-reverse' : ''}`}>
          <Bubble message={message} me={me} mine={mine} opens={opens} mentioned={mentioned} />
          <Meta message={message} closes={closes} mine={mine} />
          {(active || held) && <MessageTools message={message} mine={mine} onHold={setHeld} />}
        </div>
        {message.reactions.length > 0 && <Reactions message={message} />}
      </div>
    </article>
  )
})

const isMouse = (event: MouseEvent) => (event.nativeEvent as PointerEvent).pointerType !== 'touch'

interface BubbleProps {
  message: Message
  me: string
  mine: boolean
  opens: boolean
  mentioned: boolean
}

function Bubble({ message, me, mine, opens, mentioned }: BubbleProps) {
  const { t } = useWords()
  const corner = opens ? (mine ? 'rounded-se-md' : 'rounded-ss-md') : ''
  if (message.body === null) {
    return (
      <p className={`rounded-2xl border border-line px-3.5 py-2 text-[0.9375rem] text-faint italic ${corner}`}>
        {t('message.deleted')}
      </p>
    )
  }
  const look = mine ? 'bg-mine text-on-mine' : mentioned ? 'bg-mention text-ink' : 'bg-surface text-ink'
  if (message.replyTo === undefined && isOnlyEmoji(message.body)) {
    return <p className="px-1 text-[2.25rem] leading-tight">{message.body}</p>
  }
  return (
    <div className={`min-w-0 rounded-2xl px-3.5 py-2 text-[0.9375rem] leading-[1.55] ${look} ${corner}`}>
      {message.replyTo !== undefined && <Quote seq={message.replyTo} mine={mine} />}
      <BodyText body={message.body} mentions={message.mentions} me={me} />
    </div>
  )
}

/** Beside a message: how many have not read it, whether it was edited, and the time. */
function Meta({ message, closes, mine }: { message: Message; closes: boolean; mine: boolean }) {
  const { t, language } = useWords()
  const unreadBy = useUnreadBy(message)
  const edited = message.editedAt !== undefined && message.body !== null
  if (!closes && !edited && !unreadBy) return null
  return (
    <span className={`flex shrink-0 flex-col pb-0.5 text-[0.6875rem] leading-[1.35] ${mine ? 'items-end' : ''}`}>
      {unreadBy !== null && unreadBy > 0 && (
        <span className="font-bold text-count tabular-nums" title={t('message.unreadBy', { count: unreadBy })}>
          <span aria-hidden="true">{unreadBy}</span>
          <span className="sr-only">{t('message.unreadBy', { count: unreadBy })}</span>
        </span>
      )}
      {edited && (
        <span className="text-faint" title={moment(message.editedAt!, language)}>
          {t('message.edited')}
        </span>
      )}
      {closes && (
        <time className="text-faint" dateTime={new Date(message.at).toISOString()} title={moment(message.at, language)}>
          {clock(message.at, language)}
        </time>
      )}
    </span>
  )
}

/** Members who have not read it; null when unknown. Each cursor of theirs that moves renders anew only the counts that it changes. */
function useUnreadBy(message: Message): number | null {
  const { timeline } = useListActions()
  return useSyncExternalStore(timeline.members.subscribe, () => timeline.unreadBy(message))
}

/** One to three emoji and nothing else are shown large. */
const isOnlyEmoji = (body: string) => body.length <= 24 && /^(?:\p{RGI_Emoji}\s?){1,3}$/v.test(body.trim())
