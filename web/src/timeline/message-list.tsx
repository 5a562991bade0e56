import type { Message, Notice, PendingMessage, RoomListEntry, Timeline, TimelineSnapshot } from '@yeoul/client'
import { type KeyboardEvent, type RefObject, useMemo, useRef, useState } from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import { useShallow } from 'zustand/react/shallow'
import type { ComposerTask } from '../composer/task.ts'
import { useTimelineValue } from '../conversation/use-timeline.ts'
import { useWords } from '../i18n/index.ts'
import { useNewest } from '../keyboard/newest.ts'
import { EmptyRoom } from '../rooms/empty-room.tsx'
import { useMe } from '../session/client.ts'
import { SkeletonRows } from '../ui/states.tsx'
import { useLasting } from '../ui/use-lasting.ts'
import { Announcer } from './announcer.tsx'
import { type ListActions, ListActionsProvider } from './context.ts'
import { DeleteMessage } from './delete-message.tsx'
import { useFollow } from './follow.ts'
import { useHistoryPages } from './history-pages.ts'
import { isMessage, isPending, itemsOf, keyOf, seqOf } from './items.ts'
import { useJump } from './jump.ts'
import { JumpButtons } from './jump-buttons.tsx'
import { HEAD_HEIGHT, ListFoot, ListHead } from './list-head.tsx'
import { ListRow } from './list-row.tsx'
import { MentionButtons } from './mention-buttons.tsx'
import { actionOfKey, actionsOn } from './message-actions.ts'
import { MessageSheet } from './message-sheet.tsx'
import { useOpening } from './opening.ts'
import { usePress } from './press.ts'
import { useQuotesAnew } from './quote.tsx'
import { Readers } from './readers.tsx'
import { useReading } from './reading.ts'
import { useStaged } from './staged.ts'
import { useUnseenMentions } from './unseen-mentions.ts'

const NO_NOTICES: readonly Notice[] = []
const NO_PENDING: readonly PendingMessage[] = []
/** A room that opens far back within this time shows nothing of the wait. */
const QUIET_MS = 200

interface MessageListProps {
  timeline: Timeline
  entry: RoomListEntry
  title: string
  /** A message to open at, from a link. */
  seq: number | undefined
  /** Where the reader is, for a list that has to begin anew; null at the end. */
  left: RefObject<number | null>
  onTask(task: ComposerTask): void
}

/** What the list is made of. Of all else, such as who types, comes or reads, it hears nothing: in a busy room that is much. */
function partsOf(snapshot: TimelineSnapshot) {
  const { state, messages, notices, hasOlder, loadingOlder, hasNewer, loadingNewer, jumps } = snapshot
  const pending = hasNewer || snapshot.pending.length === 0 ? NO_PENDING : snapshot.pending
  return { state, messages, notices, pending, hasOlder, loadingOlder, hasNewer, loadingNewer, jumps }
}

/** The messages of a room, of which only those on the screen are in the document. */
export function MessageList({ timeline, entry, title, seq, left, onTask }: MessageListProps) {
  const { t } = useWords()
  const me = useMe()
  const snapshot = useTimelineValue(timeline, useShallow(partsOf))
  const { messages, pending, hasOlder, hasNewer, jumps } = snapshot
  // Between two people who came is no news.
  const notices = entry.room.kind === 'direct' ? NO_NOTICES : snapshot.notices
  const all = useMemo(() => itemsOf(messages, notices, pending), [messages, notices, pending])
  const { items, shift } = useStaged(all, jumps)

  const list = useRef<VirtualizerHandle>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const [deleting, setDeleting] = useState<Message | null>(null)
  const [asked, setAsked] = useState<Message | null>(null)
  const [pressed, setPressed] = useState<Message | null>(null)
  const [focused, setFocused] = useState<string | null>(null)

  const reading = useReading(timeline, entry, me)
  const opening = useOpening(timeline, reading, seq, left.current)
  const pages = useHistoryPages(timeline, list, items, opening.waiting)
  const follow = useFollow(timeline, list, items, reading, opening, left)
  const jump = useJump(timeline, list, items, follow, opening, seq)
  const slow = useLasting(opening.waiting, QUIET_MS)
  const mentions = useUnseenMentions(list, items, entry)
  useNewest(follow.toBottom)
  useQuotesAnew(timeline)

  const governs = entry.room.kind !== 'direct' && entry.membership.role !== 'member'
  const actions = useMemo<ListActions>(
    () => ({
      timeline,
      room: timeline.room,
      governs,
      reply: (message) => onTask({ type: 'reply', message }),
      edit: (message) => onTask({ type: 'edit', message }),
      askDelete: setDeleting,
      askReaders: setAsked,
      jumpTo: jump.to,
    }),
    [timeline, governs, onTask, jump.to],
  )

  const press = usePress(timeline, setPressed)

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>) {
    const row = (event.target as Element).closest<HTMLElement>('[data-key]')
    const at = row === null ? -1 : items.findIndex((item) => keyOf(item, me) === row.dataset.key)
    if (event.target instanceof HTMLButtonElement || at < 0) return
    const message = items[at]!
    const wanted = (event.target as Element).matches('article') ? actionOfKey(event.nativeEvent) : null
    if (wanted !== null && isMessage(message)) {
      event.preventDefault()
      if (wanted === 'react') row!.querySelector<HTMLElement>('[data-react]')?.click()
      const action = actionsOn(message, me, actions, t).find(({ name }) => name === wanted)
      action?.run()
    }
    if (event.key === 'End') follow.toBottom()
    if (event.key === 'Home') jump.to({ n: 1 })
    const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
    const next = items[at + step]
    if (step === 0 || next === undefined || isPending(next)) return
    event.preventDefault()
    const key = keyOf(next, me)
    setFocused(key)
    list.current!.scrollToIndex(at + step, { align: 'nearest' })
    requestAnimationFrame(() =>
      scroller.current!.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"] article`)?.focus(),
    )
  }

  const lastKey = messages.length > 0 ? keyOf(messages.at(-1)!, me) : null
  return (
    <ListActionsProvider value={actions}>
      <div className="relative min-h-0 flex-1">
        <div
          ref={scroller}
          role="log"
          aria-live="off"
          aria-label={t('timeline.label', { title })}
          aria-busy={snapshot.state !== 'live' || opening.waiting}
          data-state={snapshot.state}
          onKeyDown={onKeyDown}
          onKeyDownCapture={follow.onTouch}
          onWheelCapture={follow.onTouch}
          onTouchMoveCapture={follow.onTouch}
          onPointerDownCapture={follow.onTouch}
          {...press}
          // An empty log is still within reach of the keyboard; in a full one Tab stops at a message.
          tabIndex={items.length === 0 ? 0 : -1}
          className={`flex h-full flex-col overflow-x-hidden overflow-y-auto overscroll-contain pb-1 [overflow-anchor:none] ${opening.waiting ? 'invisible' : ''}`}
        >
          <div className="grow" />
          <ListHead
            title={title}
            hasOlder={hasOlder}
            loading={snapshot.loadingOlder}
            failed={pages.olderFailed}
            onRetry={pages.loadOlder}
          />
          {messages.length + pending.length === 0 && !hasOlder && snapshot.state !== 'ended' && (
            <EmptyRoom room={entry.room} />
          )}
          <Virtualizer
            key={jumps}
            ref={list}
            scrollRef={scroller}
            startMargin={HEAD_HEIGHT}
            data={items}
            shift={shift}
            bufferSize={400}
            onScroll={() => {
              follow.onScroll()
              pages.onScroll()
              mentions.onScroll()
            }}
            onResize={follow.onResize}
          >
            {(item, i) => {
              const key = keyOf(item, me)
              return (
                <ListRow
                  key={key}
                  rowKey={key}
                  items={items}
                  index={i}
                  me={me}
                  unreadAfter={reading.unreadAfter}
                  flashing={jump.flashing !== null && jump.flashing === seqOf(item)}
                  tabStop={key === (focused ?? lastKey)}
                />
              )
            }}
          </Virtualizer>
          {hasNewer && (
            <ListFoot loading={snapshot.loadingNewer} failed={pages.newerFailed} onRetry={pages.loadNewer} />
          )}
        </div>
        {slow && (
          <div className="absolute inset-0 flex flex-col justify-end overflow-hidden pb-4">
            <SkeletonRows count={6} label={t('ui.loading')} />
          </div>
        )}
        <JumpButtons timeline={timeline} reading={reading} follow={follow} jump={jump} opened={opening.done} />
        <MentionButtons mentions={mentions} jump={jump} />
      </div>
      <Announcer timeline={timeline} />
      {deleting !== null && <DeleteMessage timeline={timeline} message={deleting} onClose={() => setDeleting(null)} />}
      {pressed !== null && <MessageSheet message={pressed} onClose={() => setPressed(null)} />}
      {asked !== null && <Readers timeline={timeline} message={asked} onClose={() => setAsked(null)} />}
    </ListActionsProvider>
  )
}
