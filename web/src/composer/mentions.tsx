import type { Timeline, User } from '@yeoul/client'
import { type KeyboardEvent, type RefObject, useMemo, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { Avatar } from '../people/avatar.tsx'
import { useClient, useLive, useMe } from '../session/client.ts'

const SHOWN = 6
const LIST_ID = 'mention-list'

interface Mentions {
  people: readonly User[]
  chosen: number
  pick(user: User): void
  /** Whether the key was for the list. */
  onKeyDown(event: KeyboardEvent): boolean
  onSelect(): void
  aria: Record<string, string | boolean | undefined>
}

/** Offers members while an @name is being written. */
export function useMentions(
  timeline: Timeline,
  area: RefObject<HTMLTextAreaElement | null>,
  text: string,
  setText: (text: string) => void,
): Mentions {
  const me = useMe()
  const { members } = useLive(timeline.members)
  const known = useLive(useClient().users)
  const [caret, setCaret] = useState(0)
  const [chosen, setChosen] = useState(0)
  const [dismissed, setDismissed] = useState('')

  const query = /(?:^|[\s(])@([\p{L}\d._-]{0,20})$/u.exec(text.slice(0, caret))?.[1]
  const people = useMemo(() => {
    if (query === undefined || query === dismissed) return []
    const words = query.toLocaleLowerCase()
    return (
      members
        .flatMap((member) => (member.user === me ? [] : (known.get(member.user) ?? [])))
        // A name that is written out needs no offer: Enter sends.
        .filter((user) => user.username !== words)
        .filter((user) => user.username.startsWith(words) || user.displayName.toLocaleLowerCase().startsWith(words))
        .slice(0, SHOWN)
    )
  }, [members, known, query, dismissed, me])

  function pick(user: User) {
    const start = caret - query!.length
    const next = `${text.slice(0, start)}${user.username} ${text.slice(caret)}`
    const end = start + user.username.length + 1
    setText(next)
    setChosen(0)
    requestAnimationFrame(() => {
      area.current?.focus()
      area.current?.setSelectionRange(end, end)
      setCaret(end)
    })
  }

  function onKeyDown(event: KeyboardEvent): boolean {
    if (people.length === 0) return false
    if (event.key === 'ArrowDown') setChosen((chosen + 1) % people.length)
    else if (event.key === 'ArrowUp') setChosen((chosen + people.length - 1) % people.length)
    else if (event.key === 'Enter' || event.key === 'Tab') pick(people[Math.min(chosen, people.length - 1)]!)
    else if (event.key === 'Escape') setDismissed(query!)
    else return false
    event.preventDefault()
    return true
  }

  const open = people.length > 0
  return {
    people,
    chosen: Math.min(chosen, people.length - 1),
    pick,
    onKeyDown,
    onSelect: () => setCaret(area.current!.selectionStart),
    aria: {
      'aria-controls': open ? LIST_ID : undefined,
      'aria-activedescendant': open ? `${LIST_ID}-${chosen}` : undefined,
    },
  }
}

export function MentionList({ mentions }: { mentions: Mentions }) {
  const { t } = useWords()
  if (mentions.people.length === 0) return null
  return (
    <div
      id={LIST_ID}
      role="listbox"
      aria-label={t('composer.mentions')}
      className="arrive absolute bottom-full z-20 mb-1 w-72 max-w-[calc(100%-1.5rem)] rounded-2xl border border-line bg-surface p-1.5 shadow-xl"
    >
      {mentions.people.map((user, i) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are heard in the text field, which keeps the focus
        <div
          key={user.id}
          id={`${LIST_ID}-${i}`}
          role="option"
          tabIndex={-1}
          aria-selected={i === mentions.chosen}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => mentions.pick(user)}
          className="flex min-h-11 cursor-pointer items-center gap-2.5 rounded-xl px-2 hover:bg-sunk aria-selected:bg-accent-soft"
        >
          <Avatar id={user.id} name={user.displayName} size="tiny" />
          <span className="truncate font-semibold">{user.displayName}</span>
          <span className="truncate text-[0.8125rem] text-faint">@{user.username}</span>
        </div>
      ))}
    </div>
  )
}
