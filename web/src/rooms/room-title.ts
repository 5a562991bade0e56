import type { Room } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { useUser } from '../people/users.ts'
import { useClient, useMe } from '../session/client.ts'

/** The other person of a direct room that is in the list; undefined in other rooms. */
export function usePeer(room: Room): string | undefined {
  const { rooms } = useClient()
  return room.kind === 'direct' ? rooms.get(room.id)?.peer : undefined
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
