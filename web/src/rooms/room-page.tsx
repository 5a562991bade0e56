import type { RoomListEntry } from '@yeoul/client'
import { useState } from 'react'
import { Conversation } from '../conversation/conversation.tsx'
import { useClient, useLive } from '../session/client.ts'
import { RoomPreview } from './room-preview.tsx'

/**
 * A room by its id: the conversation for a member, an invitation to join for everyone else who may see it. Whose membership ends
 * while the room is open keeps what was shown, and is told why no more comes.
 */
export function RoomPage({ id, seq }: { id: string; seq: number | undefined }) {
  const { rooms, state } = useLive(useClient().rooms)
  const entry = rooms.find(({ room }) => room.id === id)
  const [last, setLast] = useState<RoomListEntry | undefined>(entry)
  if (entry !== undefined && entry !== last) setLast(entry)
  const shown = entry ?? last
  if (shown !== undefined) return <Conversation entry={shown} seq={seq} />
  if (state === 'idle' || state === 'loading') return null
  return <RoomPreview id={id} />
}
