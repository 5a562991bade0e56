import { useQuery } from '@tanstack/react-query'
import type { Room } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { useUser } from '../people/users.ts'
import { useClient, useMe } from '../session/client.ts'

/** The other person of a direct room; undefined in other rooms and until known. */
export function usePeer(room: Room | undefined): string | undefined {
  const { api } = useClient()
  const me = useMe()
  const direct = room?.kind === 'direct'
  const { data } = useQuery({
    queryKey: ['peer', room?.id],
    enabled: direct,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const { items } = await api.members(room!.id, { limit: 2 })
      return items.find((member) => member.user !== me)?.user ?? me
    },
  })
  return direct ? data : undefined
}

/** What a room is called: its title, or the name of the other person in a direct room. */
export function useRoomTitle(room: Room): string {
  const { t } = useWords()
  const me = useMe()
  const peer = usePeer(room)
  const user = useUser(peer)
  if (room.kind !== 'direct') return room.title
  if (peer === me) return t('rooms.direct.self')
  return user?.displayName ?? ' '
}
