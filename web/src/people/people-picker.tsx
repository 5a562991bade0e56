import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { User } from '@yeoul/client'
import { useState } from 'react'
import { DISPLAY_NAME_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { bestRank, matchRank } from '../search/match.ts'
import { useClient, useLive, useMe } from '../session/client.ts'
import { Field } from '../ui/field.tsx'
import { Icon } from '../ui/icon.tsx'
import { useSettled } from '../ui/use-settled.ts'
import { Avatar } from './avatar.tsx'

/** Rooms whose members are offered: the liveliest ones are where one's people are. */
const ROOMS_ASKED = 8
const OFFERED = 50

interface PeoplePickerProps {
  chosen: readonly string[]
  single?: boolean
  /** Users who are not offered, such as those who are in already. */
  without?: ReadonlySet<string>
  onChange(chosen: readonly string[]): void
}

/** Picks people: those one shares a room with first, then anybody whose name begins with what is typed. */
export function PeoplePicker({ chosen, single = false, without, onChange }: PeoplePickerProps) {
  const { t } = useWords()
  const me = useMe()
  const [query, setQuery] = useState('')
  const words = query.trim()
  const near = useAcquaintances().filter(
    (user) => bestRank(matchRank(user.displayName, words), matchRank(user.username, words)) !== null,
  )
  const found = useFound(words)
  const nearIds = new Set(near.map((user) => user.id))
  const offered = [...near, ...found.filter((user) => !nearIds.has(user.id))]
    .filter((user) => user.id !== me && !without?.has(user.id))
    .slice(0, OFFERED)

  function toggle(id: string) {
    if (chosen.includes(id)) onChange(chosen.filter((other) => other !== id))
    else onChange(single ? [id] : [...chosen, id])
  }

  return (
    <div className="min-h-0">
      <Field
        label={t('create.people')}
        placeholder={t('create.people.placeholder')}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      <ul className="-mx-2 mt-2 h-56 overflow-y-auto">
        {offered.map((user) => (
          <li key={user.id}>
            <button
              type="button"
              aria-pressed={chosen.includes(user.id)}
              onClick={() => toggle(user.id)}
              className="flex min-h-12 w-full items-center gap-3 rounded-xl px-2 py-1.5 text-start outline-offset-[-2px] hover:bg-sunk"
            >
              <Avatar id={user.id} name={user.displayName} size="small" />
              <span className="min-w-0 flex-1">
                <span className="block truncate leading-snug font-semibold">{user.displayName}</span>
                <span className="block truncate text-[0.8125rem] leading-snug text-faint">@{user.username}</span>
              </span>
              {chosen.includes(user.id) && (
                <span className="flex size-6 items-center justify-center rounded-full bg-accent text-on-accent">
                  <Icon name="check" className="size-4" />
                </span>
              )}
            </button>
          </li>
        ))}
        {offered.length === 0 && (
          <li className="px-2 py-3 text-[0.875rem] text-soft">
            {t(words === '' ? 'create.people.empty' : 'create.people.none')}
          </li>
        )}
      </ul>
    </div>
  )
}

/** Those whom the server finds by `words`; until it answered, those found before. */
function useFound(words: string): User[] {
  const client = useClient()
  const asked = useSettled(words.slice(0, DISPLAY_NAME_LENGTH.max))
  const { data } = useQuery({
    queryKey: ['found', asked],
    enabled: asked !== '',
    placeholderData: keepPreviousData,
    queryFn: () => client.api.findUsers(asked),
  })
  return words === '' || asked === '' ? [] : (data ?? [])
}

/** The members of one's liveliest rooms, by name. */
function useAcquaintances(): User[] {
  const client = useClient()
  const { rooms } = useLive(client.rooms)
  const known = useLive(client.users)
  const asked = rooms.slice(0, ROOMS_ASKED).map(({ room }) => room.id)
  const { data } = useQuery({
    queryKey: ['acquaintances', asked.toSorted()],
    queryFn: async () => {
      const pages = await Promise.all(asked.map((room) => client.api.members(room, { limit: 100 })))
      const ids = [...new Set(pages.flatMap((page) => page.items.map((member) => member.user)))]
      await client.users.load(ids)
      return ids
    },
  })
  const users = (data ?? []).map((id) => known.get(id)).filter((user) => user !== undefined)
  return users.toSorted((a, b) => a.displayName.localeCompare(b.displayName))
}
