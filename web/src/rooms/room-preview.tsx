import { useQuery } from '@tanstack/react-query'
import type { SeenRoom } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { Avatar } from '../people/avatar.tsx'
import { go, linkTo } from '../route.ts'
import { useClient, YeoulError } from '../session/client.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Empty, Failed, SkeletonRows } from '../ui/states.tsx'
import { useJoin } from './join.ts'
import { isFull, sizeWords } from './size.ts'

/** A room that I am not in: what it is, and whether I can come in. */
export function RoomPreview({ id }: { id: string }) {
  const { t } = useWords()
  const { api } = useClient()
  const room = useQuery({
    queryKey: ['room', id],
    queryFn: () => api.room(id),
    staleTime: 0,
    retry: false,
    refetchOnWindowFocus: true,
  })
  return (
    <>
      <header className="flex h-16 shrink-0 items-center px-2 wide:hidden">
        <IconButton icon="back" label={t('rooms.back')} onClick={() => go(linkTo.home)} />
      </header>
      <div className="flex min-h-0 flex-1 flex-col items-center justify-center overflow-y-auto">
        {room.isPending && <SkeletonRows count={2} label={t('ui.loading')} />}
        {room.isError && isGone(room.error) && (
          <Empty icon="alert" title={t('rooms.gone.title')} body={t('rooms.gone.body')}>
            <Button small onClick={() => go(linkTo.find)}>
              {t('rooms.find')}
            </Button>
          </Empty>
        )}
        {room.isError && !isGone(room.error) && <Failed error={room.error} onRetry={() => void room.refetch()} />}
        {room.data && <Card room={room.data} onLookAgain={() => void room.refetch()} />}
      </div>
    </>
  )
}

function Card({ room, onLookAgain }: { room: SeenRoom; onLookAgain(): void }) {
  const { t } = useWords()
  const join = useJoin(room.id, onLookAgain)
  const state = room.banned ? 'banned' : isFull(room) ? 'full' : 'body'
  return (
    <div className="flex max-w-md flex-col items-center gap-1.5 px-6 py-8 text-center text-balance">
      <Avatar id={room.id} name={room.title} size="large" />
      <h2 className="mt-3 text-[1.375rem] leading-snug font-bold tracking-tight [overflow-wrap:anywhere]">
        {room.title}
      </h2>
      <p className="text-[0.9375rem] text-soft">{sizeWords(room, t)}</p>
      <p className={`text-[0.9375rem] ${state === 'body' ? 'text-soft' : 'font-semibold text-ink'}`}>
        {t(`room.preview.${state}`)}
      </p>
      {state !== 'body' && <p className="text-[0.9375rem] text-soft">{t(`room.preview.${state}.next`)}</p>}
      <div className="mt-4 flex flex-wrap justify-center gap-2">
        {state === 'body' && (
          <Button disabled={join.isPending} onClick={() => join.mutate()}>
            {t('room.preview.join')}
          </Button>
        )}
        {state === 'full' && <Button onClick={onLookAgain}>{t('room.preview.again')}</Button>}
        {state !== 'body' && (
          <Button look="quiet" onClick={() => go(linkTo.find)}>
            {t('rooms.find')}
          </Button>
        )}
      </div>
    </div>
  )
}

const isGone = (error: unknown) => error instanceof YeoulError && ['room_not_found', 'forbidden'].includes(error.code)
