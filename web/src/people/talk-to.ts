import { useMutation } from '@tanstack/react-query'
import type { Client, Room } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { notify } from '../ui/notice.tsx'

/** The direct room with a user, which is made when there is none. */
export async function directRoom(client: Client, user: string): Promise<Room> {
  const known = client.rooms.getSnapshot().rooms.find(({ peer }) => peer === user)
  if (known !== undefined) return known.room
  const room = await client.api.createRoom({ kind: 'direct', title: '1:1', memberIds: [user] })
  await client.rooms.reload()
  return room
}

/** Opens the direct room with a user; what goes wrong is told at the foot of the page. */
export function useTalkTo() {
  const client = useClient()
  const { problem } = useWords()
  return useMutation({
    mutationFn: (user: string) => directRoom(client, user),
    onSuccess: (room) => go(linkTo.room(room.id)),
    onError: (error) => notify(problem(error)),
  })
}
