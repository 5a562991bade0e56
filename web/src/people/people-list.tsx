import type { Member, RoomListEntry, Timeline } from '@yeoul/client'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { VList, type VListHandle } from 'virtua'
import { useTimelineValue } from '../conversation/use-timeline.ts'
import { useWords } from '../i18n/index.ts'
import { useLive } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Failed, SkeletonRows } from '../ui/states.tsx'
import { useFoundMembers } from './found-members.ts'
import { MemberRow } from './member-row.tsx'

/** So near to the end, in px, more is loaded. */
const NEAR_END = 800
/** A page that could not be had is asked for again after this. */
const AGAIN_MS = 3_000

interface PeopleListProps {
  entry: RoomListEntry
  timeline: Timeline
  /** What is looked for; all when empty. */
  words: string
}

type Row = Member | { head: 'online' | 'offline'; count: number }

/** Those who are here first, then the others; of a big room as many as were scrolled to. */
export function PeopleList({ entry, timeline, words }: PeopleListProps) {
  const { t, problem } = useWords()
  const { members: source } = timeline
  const snapshot = useLive(source)
  const { state, members, complete, onlineComplete, loadingMore, error } = snapshot
  const counted = useTimelineValue(timeline, ({ onlineCount }) => onlineCount)
  const list = useRef<VListHandle>(null)
  const found = useFoundMembers(timeline, snapshot, words)
  useEffect(() => source.follow(), [source])

  const rows = useMemo(() => {
    if (found.members !== null) return found.members
    const online = members.filter((member) => member.online)
    // Before all who are online are known, nobody follows them: they would push the others down.
    const away = onlineComplete ? members.filter((member) => !member.online) : []
    const count = complete ? online.length : Math.max(online.length, counted)
    return sections(online, away, count, entry.room.memberCount - count)
  }, [found.members, members, onlineComplete, complete, counted, entry.room.memberCount])

  const [failed, setFailed] = useState(false)
  useEffect(() => {
    if (!failed) return
    const timer = setTimeout(() => setFailed(false), AGAIN_MS)
    return () => clearTimeout(timer)
  }, [failed])
  const more = useCallback(() => {
    const { current } = list
    if (current === null || complete || loadingMore || failed || words !== '') return
    if (current.scrollSize - current.scrollOffset - current.viewportSize < NEAR_END)
      source.loadMore().catch(() => setFailed(true))
  }, [complete, loadingMore, failed, words, source])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a list that does not fill the panel never scrolls
  useEffect(more, [rows, more])

  if (state === 'failed') return <Failed error={error} onRetry={() => void source.load()} />
  if (members.length === 0 || (found.looking && rows.length === 0)) {
    return <SkeletonRows count={6} label={t('ui.loading')} />
  }
  if (found.error !== null) {
    return (
      <div role="alert" className="px-5 py-4 text-[0.9375rem] text-soft">
        <p>{problem(found.error)}</p>
        <Button look="quiet" small className="mt-3" onClick={found.retry}>
          {t('ui.retry')}
        </Button>
      </div>
    )
  }
  if (rows.length === 0)
    return <p className="px-5 py-4 text-[0.9375rem] text-soft">{t('people.none', { query: words })}</p>
  return (
    <VList ref={list} data={rows} itemSize={56} onScroll={more} className="safe-bottom pt-1">
      {(row) =>
        'head' in row ? (
          <h4 key={row.head} className="px-5 pt-3 pb-1 text-[0.8125rem] font-semibold text-soft">
            {t(row.head === 'online' ? 'people.online' : 'people.offline', { count: row.count })}
          </h4>
        ) : (
          <MemberRow key={row.user} member={row} room={entry.room} myRole={entry.membership.role} />
        )
      }
    </VList>
  )
}

function sections(online: readonly Member[], away: readonly Member[], onlineCount: number, awayCount: number): Row[] {
  const rows: Row[] = []
  if (online.length > 0) rows.push({ head: 'online', count: onlineCount }, ...online)
  if (away.length > 0) rows.push({ head: 'offline', count: Math.max(awayCount, away.length) }, ...away)
  return rows
}
