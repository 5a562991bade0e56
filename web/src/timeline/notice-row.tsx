import { NOTICE_USERS, type Notice } from '@yeoul/client'
import { memo, useMemo } from 'react'
import type { Words } from '../i18n/index.ts'
import { useWords } from '../i18n/index.ts'
import { useNames } from '../people/users.ts'

/** Names told in full before the rest is counted. */
const NAMED = 3

/** What happened to the room or its members, in one line. */
export const NoticeRow = memo(function NoticeRow({ notice }: { notice: Notice }) {
  const { t } = useWords()
  const people = useMemo(() => [...notice.users.slice(0, NAMED), notice.actor], [notice])
  const name = useNames(people)
  return (
    <p className="mx-auto my-1.5 w-fit max-w-[85%] rounded-full bg-ink/6 px-3.5 py-1 text-center text-[0.8125rem] text-soft">
      {wordsFor(notice, t, name)}
    </p>
  )
})

function wordsFor(notice: Notice, t: Words['t'], name: (id: string) => string): string {
  const { kind, users } = notice
  const actor = name(notice.actor)
  switch (kind) {
    case 'joined':
    case 'left': {
      const names = users.slice(0, NAMED).map(name).join(', ')
      // All are known as long as not as many are named as there is room for; who came twice is one.
      const count = (users.length < NOTICE_USERS ? users.length : notice.count) - NAMED
      return count > 0 ? t(`timeline.${kind}Many`, { names, count }) : t(`timeline.${kind}`, { names })
    }
    case 'kicked':
    case 'banned':
      return t(`timeline.${kind}`, { name: name(users[0]!), actor })
    case 'role':
      return t(`timeline.role.${notice.role!}`, { name: name(users[0]!) })
    case 'room': {
      const { title, capacity } = notice.changes!
      if (title !== undefined) return t('timeline.renamed', { actor, title })
      return capacity == null ? t('timeline.capacity.none', { actor }) : t('timeline.capacity', { actor, capacity })
    }
  }
}
