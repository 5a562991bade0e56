import type { Timeline } from '@yeoul/client'
import { useState } from 'react'
import { useTimelineValue } from '../conversation/use-timeline.ts'
import { useWords } from '../i18n/index.ts'
import { useClient, useLive } from '../session/client.ts'
import { Icon } from '../ui/icon.tsx'
import { useLasting } from '../ui/use-lasting.ts'
import type { Follow } from './follow.ts'
import type { Jump } from './jump.ts'
import type { Reading } from './reading.ts'

/** A gap that is filled within this time goes unmentioned. */
const QUIET_MS = 400

interface JumpButtonsProps {
  timeline: Timeline
  reading: Reading
  follow: Follow
  jump: Jump
  /** The list stands where it opens. */
  opened: boolean
}

const pill =
  'arrive pointer-events-auto inline-flex h-9 items-center gap-1.5 rounded-full bg-surface px-3.5 text-[0.875rem] font-semibold text-accent-deep shadow-lg ring-1 ring-line touch:h-11'

/** Over the list: up to the first unread message when it is not loaded, down to what arrived meanwhile. */
export function JumpButtons({ timeline, reading, follow, jump, opened }: JumpButtonsProps) {
  const { t } = useWords()
  const connected = useLive(useClient().connection).state === 'online'
  const behind = useTimelineValue(timeline, ({ state }) => state === 'recovering')
  const catchingUp = useLasting(connected && behind, QUIET_MS)
  const [gone, setGone] = useState(false)
  const firstN = useTimelineValue(timeline, ({ messages }) => messages[0]?.n ?? 0)
  const newestN = useTimelineValue(timeline, (snapshot) => snapshot.newestN)
  const { unreadAfter, unreadAtOpening } = reading
  const unreadAbove = !gone && opened && unreadAfter !== null && firstN > unreadAfter + 1
  const below = Math.max(0, newestN - follow.seenN)
  return (
    <>
      <div role="status" className="pointer-events-none absolute inset-x-0 top-3 flex justify-center">
        {catchingUp && <span className={pill}>{t('connection.recovering')}</span>}
      </div>
      {unreadAbove && !catchingUp && (
        <div className="pointer-events-none absolute inset-x-0 top-3 flex justify-center">
          <button
            type="button"
            className={pill}
            onClick={() => {
              setGone(true)
              jump.toLine({ n: unreadAfter + 1 })
            }}
          >
            <Icon name="up" className="size-4" />
            {t('timeline.toFirstUnread', { count: unreadAtOpening })}
          </button>
        </div>
      )}
      {opened && !follow.atBottom && (
        <div className="pointer-events-none absolute inset-x-0 bottom-3 flex justify-center">
          <button type="button" className={pill} onClick={follow.toBottom}>
            <Icon name="down" className="size-4" />
            {below > 0 ? t('timeline.newBelow', { count: below }) : t('timeline.toLatest')}
          </button>
        </div>
      )}
    </>
  )
}
