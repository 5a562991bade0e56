import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { Member, MembersSnapshot, Timeline } from '@yeoul/client'
import { useEffect, useMemo } from 'react'
import { DISPLAY_NAME_LENGTH } from '../../../src/protocol/limits.ts'
import { bestRank, matchRank } from '../search/match.ts'
import { useClient, useLive } from '../session/client.ts'
import { useSettled } from '../ui/use-settled.ts'

const SHOWN = 100

interface Found {
  /** null when nothing is looked for. */
  members: Member[] | null
  looking: boolean
  error: unknown
  retry(): void
}

/** Members whose name answers the words: at once among those who are loaded, then, in a big room, as the server finds them. */
export function useFoundMembers(timeline: Timeline, { members, complete }: MembersSnapshot, words: string): Found {
  const { api, users } = useClient()
  const known = useLive(users)
  const asked = useSettled(words.slice(0, DISPLAY_NAME_LENGTH.max))
  const looks = words !== ''
  useEffect(() => {
    if (looks) users.load(members.map(({ user }) => user)).catch(() => {})
  }, [users, members, looks])
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['members', timeline.room, asked],
    enabled: asked !== '' && !complete,
    placeholderData: keepPreviousData,
    queryFn: async () => (await api.members(timeline.room, { q: asked, limit: SHOWN })).items,
  })

  const found = useMemo(() => {
    if (!looks) return null
    const live = new Map(members.map((member) => [member.user, member]))
    // What is live is newer than an answer of the server.
    const all = [...members, ...(complete || data === undefined ? [] : data.filter(({ user }) => !live.has(user)))]
    const ranked = all.flatMap((member) => {
      const user = known.get(member.user)
      // Whoever the server found and is not known by name yet answers its words.
      if (user === undefined) return live.has(member.user) ? [] : [{ member, rank: 2 }]
      const rank = bestRank(matchRank(user.displayName, words), matchRank(user.username, words))
      return rank === null ? [] : [{ member, rank }]
    })
    ranked.sort((a, b) => Number(b.member.online) - Number(a.member.online) || a.rank - b.rank)
    return ranked.slice(0, SHOWN).map(({ member }) => member)
  }, [looks, members, complete, data, known, words])
  const looking = looks && !complete && (asked !== words.slice(0, DISPLAY_NAME_LENGTH.max) || isFetching)
  return { members: found, looking, error: looks && !complete ? error : null, retry: () => void refetch() }
}
