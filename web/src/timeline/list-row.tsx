import { useWords } from '../i18n/index.ts'
import { day } from '../i18n/time.ts'
import { type Item, isNotice, isPending, placeOf, timeOf } from './items.ts'
import { MessageRow } from './message-row.tsx'
import { NoticeRow } from './notice-row.tsx'
import { PendingRow } from './pending-row.tsx'

interface ListRowProps {
  rowKey: string
  items: readonly Item[]
  index: number
  me: string
  unreadAfter: number | null
  flashing: boolean
  tabStop: boolean
}

/** One row with what stands above it: the day when it changes, the line over the first unread message. */
export function ListRow({ rowKey, items, index, me, unreadAfter, flashing, tabStop }: ListRowProps) {
  const { t, language } = useWords()
  const item = items[index]!
  const place = placeOf(items, index, me, unreadAfter)
  return (
    <div data-key={rowKey} className="mx-auto max-w-[64rem]">
      {place.newDay && (
        <p className="mx-auto mt-3 mb-1 w-fit rounded-full bg-ink/6 px-3.5 py-1 text-[0.8125rem] text-soft">
          {day(timeOf(item), language)}
        </p>
      )}
      {place.firstUnread && (
        <p
          className="mt-3 mb-1 flex items-center gap-3 px-5 text-[0.8125rem] font-semibold text-accent"
          data-unread-line
        >
          <span className="h-px flex-1 bg-accent/40" />
          {t('timeline.newMessages')}
          <span className="h-px flex-1 bg-accent/40" />
        </p>
      )}
      {isNotice(item) ? (
        <NoticeRow notice={item} />
      ) : isPending(item) ? (
        <PendingRow pending={item} opens={place.opens} />
      ) : (
        <MessageRow
          message={item}
          me={me}
          opens={place.opens}
          closes={place.closes}
          flashing={flashing}
          tabStop={tabStop}
        />
      )}
    </div>
  )
}
