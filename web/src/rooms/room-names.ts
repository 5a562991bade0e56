import type { RoomListEntry } from '@yeoul/client'
import { useCallback, useEffect } from 'react'
import { useWords } from '../i18n/index.ts'
import { useClient, useLive, useMe } from '../session/client.ts'

/** What my rooms are called, all of them at once: the names of the others in direct rooms are fetched together. */
export function useRoomNames(rooms: readonly RoomListEntry[]): (entry: RoomListEntry) => string {
  const { users } = useClient()
  const me = useMe()
  const { t } = useWords()
  const known = useLive(users)
  useEffect(() => {
    const peers = rooms.flatMap(({ peer }) => peer ?? [])
    // Who stays without a name is not found by it.
    users.load(peers).catch(() => {})
  }, [users, rooms])
  return useCallback(
    ({ room, peer }) => {
      if (peer === undefined) return room.title
      return peer === me ? t('rooms.direct.self') : (known.get(peer)?.displayName ?? '')
    },
    [known, me, t],
  )
}
