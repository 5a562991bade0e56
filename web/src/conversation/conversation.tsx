import type { RoomListEntry, Timeline } from '@yeoul/client'
import { type ReactNode, useCallback, useRef, useState } from 'react'
import { Composer } from '../composer/composer.tsx'
import type { ComposerTask } from '../composer/task.ts'
import { useTask } from '../composer/use-task.ts'
import { useWords } from '../i18n/index.ts'
import { PeoplePanel } from '../people/people-panel.tsx'
import { ShowProfileProvider } from '../people/profile.ts'
import { ProfileCard } from '../people/profile-card.tsx'
import { useRoomTitle } from '../rooms/room-title.ts'
import { useClient, useMe } from '../session/client.ts'
import { MessageList } from '../timeline/message-list.tsx'
import { Failed, SkeletonRows } from '../ui/states.tsx'
import { ConversationHeader } from './conversation-header.tsx'
import { EndedBar } from './ended-bar.tsx'
import { TypingLine } from './typing-line.tsx'
import { useEnded, useOpenRoom, useTimelineValue } from './use-timeline.ts'

/** One open room: its header, its messages, the composer, and the people on demand. */
export function Conversation({ entry, seq }: { entry: RoomListEntry; seq: number | undefined }) {
  const timeline = useOpenRoom(entry.room.id)
  const title = useRoomTitle(entry.room)
  const { task, setTask, giveBack } = useTask(entry.room.id, timeline)
  const [peopleShown, setPeopleShown] = useState(false)
  const ended = useEnded(timeline)
  const [profile, setProfile] = useState<string | null>(null)
  const me = useMe()

  const editLast = useCallback(() => {
    const last = timeline?.getSnapshot().messages.findLast((message) => message.sender === me && message.body !== null)
    if (last) setTask({ type: 'edit', message: last })
  }, [timeline, me, setTask])
  const closePeople = useCallback(() => setPeopleShown(false), [])
  const endTask = useCallback(() => setTask({ type: 'write' }), [setTask])

  return (
    <ShowProfileProvider value={setProfile}>
      <div className="flex min-h-0 flex-1">
        <section aria-label={title} className="relative flex min-w-0 flex-1 flex-col">
          <ConversationHeader
            entry={entry}
            title={title}
            timeline={timeline}
            peopleShown={peopleShown}
            onPeople={() => setPeopleShown(!peopleShown)}
          />
          {timeline === null ? (
            <Waiting />
          ) : (
            <Body timeline={timeline} entry={entry} title={title} seq={seq} onTask={setTask}>
              <TypingLine timeline={timeline} />
              <Composer
                timeline={timeline}
                title={title}
                task={task}
                onTaskDone={endTask}
                onEditRefused={giveBack}
                onEditLast={editLast}
              />
            </Body>
          )}
        </section>
        {peopleShown && !ended && timeline !== null && (
          <PeoplePanel entry={entry} timeline={timeline} onClose={closePeople} />
        )}
        {profile !== null && timeline !== null && (
          <ProfileCard user={profile} entry={entry} timeline={timeline} onClose={() => setProfile(null)} />
        )}
      </div>
    </ShowProfileProvider>
  )
}

interface BodyProps {
  timeline: Timeline
  entry: RoomListEntry
  title: string
  seq: number | undefined
  onTask(task: ComposerTask): void
  children: ReactNode
}

/** The messages and the composer, or why there are none. Hears only of changes of state, not of every message. */
function Body({ timeline, entry, title, seq, onTask, children }: BodyProps) {
  const client = useClient()
  const state = useTimelineValue(timeline, (snapshot) => snapshot.state)
  const ended = useTimelineValue(timeline, (snapshot) => snapshot.ended)
  const error = useTimelineValue(timeline, (snapshot) => snapshot.error)
  const resets = useTimelineValue(timeline, (snapshot) => snapshot.resets)
  const left = useRef<number | null>(null)
  const empty = useTimelineValue(timeline, (snapshot) => snapshot.messages.length === 0)

  if (state === 'failed') return <Failed error={error} onRetry={() => void client.rooms.reload()} />
  return (
    <>
      {state === 'loading' && empty ? (
        <Waiting />
      ) : (
        <MessageList
          key={resets}
          timeline={timeline}
          entry={entry}
          title={title}
          seq={seq}
          left={left}
          onTask={onTask}
        />
      )}
      {state === 'ended' ? <EndedBar room={entry.room} ended={ended ?? 'not_a_member'} /> : children}
    </>
  )
}

function Waiting() {
  const { t } = useWords()
  return (
    <div className="flex min-h-0 flex-1 flex-col justify-end overflow-hidden pb-4">
      <SkeletonRows count={6} label={t('ui.loading')} />
    </div>
  )
}
