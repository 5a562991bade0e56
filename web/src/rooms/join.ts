import { useMutation } from '@tanstack/react-query'
import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { notify } from '../ui/notice.tsx'

/** Joins a room and opens it; says why when that is refused, and lets what was shown of the room be looked at again. */
export function useJoin(room: string, onRefused?: () => void) {
  const client = useClient()
  const { problem } = useWords()
  return useMutation({
    mutationFn: async () => {
      await client.api.join(room)
      await client.rooms.reload()
    },
    onSuccess: () => go(linkTo.room(room)),
    onError: (error) => {
      notify(problem(error))
      onRefused?.()
    },
  })
}
