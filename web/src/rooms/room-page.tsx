import { useQuery } from '@tanstack/react-query'
import { Conversation } from '../conversation/conversation.tsx'
import { useWords } from '../i18n/index.ts'
import { Avatar } from '../people/avatar.tsx'
import { go, linkTo } from '../route.ts'
import { useClient, useLive, YeoulError } from '../session/client.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Empty, Failed } from '../ui/states.tsx'
import { useJoin } from './join.ts'

/** A room by its id: the conversation for a member, an invitation to join for everyone else who may see it. */
export function RoomPage({ id, seq }: { id: string; seq: number | undefined }) {
  const { rooms, state } = useLive(useClient().rooms)
  const entry = rooms.find(({ room }) => room.id === id)
  if (entry !== undefined) return <Conversation entry={entry} seq={seq} />
  if (state === 'idle' || state === 'loading') return null
  return <Preview id={id} />
}

function Preview({ id }: { id: string }) {
  const { t } = useWords()
  const { api } = useClient()
  const room = useQuery({ queryKey: ['room', id], queryFn: () => api.room(id), staleTime: 0, retry: false })
  const join = useJoin(id)
  return (
    <>
      <header className="flex h-16 shrink-0 items-center px-2 wide:hidden">
        <IconButton icon="back" label={t('rooms.back')} onClick={() => go(linkTo.home)} />
      </header>
      <div className="flex flex-1 flex-col items-center justify-center">
        {room.isError && isGone(room.error) && (
          <Empty icon="alert" title={t('rooms.gone.title')} body={t('rooms.gone.body')}>
            <Button small onClick={() => go(linkTo.find)}>
              {t('rooms.find')}
            </Button>
          </Empty>
        )}
        {room.isError && !isGone(room.error) && <Failed error={room.error} onRetry={() => void room.refetch()} />}
        {room.data && (
          <div className="flex flex-col items-center gap-1.5 px-6 text-center">
            <Avatar id={room.data.id} name={room.data.title} />
            <h2 className="mt-2 text-[1.375rem] font-bold tracking-tight">{room.data.title}</h2>
            <p className="text-[0.9375rem] text-soft">
              {room.data.capacity === null
                ? t('rooms.members', { count: room.data.memberCount })
                : t('rooms.membersOf', { count: room.data.memberCount, capacity: room.data.capacity })}
            </p>
            <p className="text-[0.9375rem] text-soft">{t('room.preview.body')}</p>
            <Button className="mt-4" disabled={join.isPending} onClick={() => join.mutate()}>
              {t('room.preview.join')}
            </Button>
          </div>
        )}
      </div>
    </>
  )
}

const isGone = (error: unknown) => error instanceof YeoulError && ['room_not_found', 'forbidden'].includes(error.code)
