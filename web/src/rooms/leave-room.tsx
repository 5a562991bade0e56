import { useMutation } from '@tanstack/react-query'
import type { Room } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { Confirm } from '../ui/dialog.tsx'

interface LeaveRoomProps {
  room: Room
  title: string
  /** Deletes the room instead of leaving it. */
  remove: boolean
  onClose(): void
}

export function LeaveRoom({ room, title, remove, onClose }: LeaveRoomProps) {
  const { t, problem } = useWords()
  const client = useClient()
  const leave = useMutation({
    mutationFn: async () => {
      if (remove) await client.api.deleteRoom(room.id)
      else await client.api.leave(room.id)
      // Away first: the open room must not show its own end for a moment.
      if (location.hash.startsWith(linkTo.room(room.id))) go(linkTo.home, true)
      await client.rooms.reload()
    },
  })
  return (
    <Confirm
      title={t(remove ? 'room.delete.title' : 'room.leave.title', { title })}
      body={t(remove ? 'room.delete.body' : room.kind === 'open' ? 'room.leave.open' : 'room.leave.closed')}
      action={t(remove ? 'room.delete' : 'room.leave')}
      busy={leave.isPending}
      problem={leave.error ? problem(leave.error) : null}
      onConfirm={() => leave.mutate()}
      onClose={onClose}
    />
  )
}
