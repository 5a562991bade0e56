import type { RoomEvent } from '@yeoul/client'
import { useMemo } from 'react'
import type { Words } from '../i18n/index.ts'
import { useWords } from '../i18n/index.ts'
import { useNames } from '../people/users.ts'
import type { SystemLine } from './items.ts'

/** Names told in full before the rest is counted. */
const NAMED = 3

export function SystemLineRow({ line }: { line: SystemLine }) {
  const { t } = useWords()
  const people = useMemo(() => [...new Set(line.events.flatMap(peopleOf))].slice(0, 20), [line])
  const name = useNames(people)
  return (
    <p className="mx-auto my-1.5 w-fit max-w-[85%] rounded-full bg-ink/6 px-3.5 py-1 text-center text-[0.8125rem] text-soft">
      {wordsFor(line, t, name)}
    </p>
  )
}

const peopleOf = (event: RoomEvent): string[] => ('user' in event ? [event.user, event.actor] : [event.actor])

function wordsFor({ events }: SystemLine, t: Words['t'], name: (id: string) => string): string {
  const first = events[0]!
  switch (first.type) {
    case 'join':
    case 'leave': {
      if (first.type === 'leave' && (first.reason === 'kicked' || first.reason === 'banned')) {
        return t(`timeline.${first.reason}`, { name: name(first.user), actor: name(first.actor) })
      }
      const users = [...new Set(events.map((event) => ('user' in event ? event.user : event.actor)))]
      const names = users.slice(0, NAMED).map(name).join(', ')
      const key = first.type === 'join' ? 'joined' : 'left'
      return users.length > NAMED
        ? t(`timeline.${key}Many`, { names, count: users.length - NAMED })
        : t(`timeline.${key}`, { names })
    }
    case 'member':
      return t(`timeline.role.${first.role}`, { name: name(first.user) })
    case 'room': {
      const { title, capacity } = first.changes
      const actor = name(first.actor)
      if (title !== undefined) return t('timeline.renamed', { actor, title })
      return capacity == null ? t('timeline.capacity.none', { actor }) : t('timeline.capacity', { actor, capacity })
    }
    default:
      return ''
  }
}
