import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { Room, RoomListEntry, User } from '@yeoul/client'
import { useMemo } from 'react'
import { DISPLAY_NAME_LENGTH } from '../../../src/protocol/limits.ts'
import { useRoomNames } from '../rooms/room-names.ts'
import { bestRank, matchRank, type Rank } from '../search/match.ts'
import { useClient, useLive, useMe } from '../session/client.ts'
import { useSettled } from '../ui/use-settled.ts'

export type Candidate =
  | { kind: 'room'; id: string; title: string; entry: RoomListEntry }
  | { kind: 'person'; id: string; title: string; user: User }
  | { kind: 'open'; id: string; title: string; room: Room }

export interface Group {
  name: 'unread' | 'recent' | 'mine' | 'people' | 'open'
  items: Candidate[]
}

/** More are found by typing more. */
const MOST = { rooms: 30, people: 10, open: 10 } as const

/** What the words may mean: my own rooms at once, then people and open rooms as the server finds them. */
export function useCandidates(query: string, current: string | undefined): { groups: Group[]; looking: boolean } {
  const client = useClient()
  const me = useMe()
  const { rooms } = useLive(client.rooms)
  const users = useLive(client.users)
  const words = query.trim()
  const server = useServer(words)
  const nameOf = useRoomNames(rooms)

  const named = useMemo(() => {
    return rooms.map((entry) => ({ entry, title: nameOf(entry), peer: users.get(entry.peer ?? '') }))
  }, [rooms, users, nameOf])

  const groups = useMemo((): Group[] => {
    const asRoom = ({ entry, title }: (typeof named)[number]): Candidate => {
      return { kind: 'room', id: `room-${entry.room.id}`, title, entry }
    }
    if (words === '') {
      const others = named.filter(({ entry }) => entry.room.id !== current)
      const isNew = ({ entry }: (typeof named)[number]) => entry.unread > 0 && entry.membership.notify !== 'none'
      return [
        { name: 'unread' as const, items: others.filter(isNew).slice(0, MOST.rooms).map(asRoom) },
        {
          name: 'recent' as const,
          items: others
            .filter((each) => !isNew(each))
            .slice(0, MOST.rooms)
            .map(asRoom),
        },
      ]
    }
    const mine = ranked(named, ({ title, peer }) =>
      bestRank(matchRank(title, words), peer === undefined ? null : matchRank(peer.username, words)),
    )
    const talksWith = new Set(rooms.flatMap(({ peer }) => peer ?? []))
    const known = new Map([...users.values(), ...server.people].map((user) => [user.id, user]))
    const found = new Set(server.people.map(({ id }) => id))
    const people = ranked(
      [...known.values()].filter(({ id }) => id !== me && !talksWith.has(id)),
      (user) =>
        bestRank(matchRank(user.displayName, words), matchRank(user.username, words)) ??
        (found.has(user.id) ? 2 : null),
    )
    const inside = new Set(rooms.map(({ room }) => room.id))
    return [
      { name: 'mine' as const, items: mine.slice(0, MOST.rooms).map(asRoom) },
      {
        name: 'people' as const,
        items: people.slice(0, MOST.people).map((user) => {
          return { kind: 'person' as const, id: `person-${user.id}`, title: user.displayName, user }
        }),
      },
      {
        name: 'open' as const,
        items: server.open
          .filter((room) => !inside.has(room.id))
          .slice(0, MOST.open)
          .map((room) => ({ kind: 'open' as const, id: `open-${room.id}`, title: room.title, room })),
      },
    ]
  }, [named, rooms, users, server.people, server.open, words, me, current])
  return { groups: groups.filter(({ items }) => items.length > 0), looking: server.looking }
}

/** Those that answer, the best first; equals keep their order. */
function ranked<T>(all: readonly T[], rank: (each: T) => Rank | null): T[] {
  return all
    .flatMap((each) => {
      const place = rank(each)
      return place === null ? [] : [{ each, place }]
    })
    .sort((a, b) => a.place - b.place)
    .map(({ each }) => each)
}

function useServer(words: string): { people: readonly User[]; open: readonly Room[]; looking: boolean } {
  const { api } = useClient()
  const asked = useSettled(words.slice(0, DISPLAY_NAME_LENGTH.max))
  const { data, isFetching } = useQuery({
    queryKey: ['switcher', asked],
    enabled: asked !== '',
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const [people, open] = await Promise.all([api.findUsers(asked), api.openRooms({ q: asked, limit: 20 })])
      return { people, open: open.items }
    },
  })
  const { people, open } = words === '' || data === undefined ? NOTHING : data
  return { people, open, looking: words !== '' && (asked !== words.slice(0, DISPLAY_NAME_LENGTH.max) || isFetching) }
}

const NOTHING: { people: readonly User[]; open: readonly Room[] } = { people: [], open: [] }
