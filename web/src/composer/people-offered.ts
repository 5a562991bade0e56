import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { Live, MembersSnapshot, Timeline, User } from '@yeoul/client'
import { useEffect, useMemo, useState } from 'react'
import { bestRank, matchRank } from '../search/match.ts'
import { useClient, useLive, useMe } from '../session/client.ts'

export const OFFERED = 6
/** Typing rests this long before the server is asked. */
const PAUSE_MS = 150

/**
 * The members whom `name` may mean, the best first: of those who are loaded, anybody in whose name it stands, also as half a
 * syllable or initial consonants; in a room of which only some are loaded, also whom the server finds. null: nobody is being named.
 */
export function usePeopleOffered(timeline: Timeline, name: string | null): readonly User[] {
  const me = useMe()
  const naming = name !== null
  // While nobody is being named, the composer is not drawn anew for members who come, go and read.
  const { members, complete } = useLive<Loaded>(naming ? timeline.members : NOT_NAMING)
  const { users } = useClient()
  const known = useLive(users)
  const found = useFound(timeline, complete ? null : name)
  // Who never wrote here is known by id only.
  useEffect(() => {
    if (naming) users.load(members.map(({ user }) => user)).catch(() => {})
  }, [naming, members, users])
  return useMemo(() => {
    if (name === null) return []
    const near = members.flatMap((member) => known.get(member.user) ?? [])
    return [...new Map([...near, ...found].map((user) => [user.id, user])).values()]
      .map((user) => ({ user, rank: bestRank(matchRank(user.displayName, name), matchRank(user.username, name)) }))
      .filter(({ user, rank }) => rank !== null && user.id !== me)
      .toSorted((a, b) => a.rank! - b.rank!)
      .slice(0, OFFERED)
      .map(({ user }) => user)
  }, [members, known, found, name, me])
}

type Loaded = Pick<MembersSnapshot, 'members' | 'complete'>
const NO_MEMBERS: Loaded = { members: [], complete: false }
const NOT_NAMING: Live<Loaded> = { getSnapshot: () => NO_MEMBERS, subscribe: () => () => {} }

const NOBODY: readonly User[] = []

function useFound(timeline: Timeline, name: string | null): readonly User[] {
  const { api, users } = useClient()
  const [asked, setAsked] = useState<string | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => setAsked(name), name === null ? 0 : PAUSE_MS)
    return () => clearTimeout(timer)
  }, [name])
  const { data } = useQuery({
    queryKey: ['members-named', timeline.room, asked],
    enabled: asked !== null && asked !== '' && name !== null,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const { items } = await api.members(timeline.room, { q: asked!, limit: OFFERED + 1 })
      const ids = items.map(({ user }) => user)
      await users.load(ids)
      return ids.flatMap((id) => users.getSnapshot().get(id) ?? [])
    },
  })
  return (name === null ? undefined : data) ?? NOBODY
}
