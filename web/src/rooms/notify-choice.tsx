import type { RoomListEntry } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { useClient } from '../session/client.ts'
import { MenuChoice } from '../ui/menu.tsx'
import { notify } from '../ui/notice.tsx'

/** As the protocol knows them. */
export type NotifyLevel = RoomListEntry['membership']['notify']

/** What a room may be told of; in a direct room every message is for the user, so it is told of or it is not. */
export function useNotifyLevels(direct: boolean): { value: NotifyLevel; label: string }[] {
  const { t } = useWords()
  const all = { value: 'all', label: t('notify.all') } as const
  const none = { value: 'none', label: t('notify.none') } as const
  return direct ? [all, none] : [all, { value: 'mentions', label: t('notify.mentions') }, none]
}

/** Sets the level of a room; the list of rooms follows, in every tab. What goes wrong is told at the foot of the page. */
export function useSetNotify(room: string): (level: NotifyLevel) => void {
  const { api } = useClient()
  const { problem } = useWords()
  return (level) => {
    api.setNotify(room, level).catch((error) => notify(problem(error)))
  }
}

/** The level of a room, inside a menu. */
export function NotifyChoice({ entry }: { entry: RoomListEntry }) {
  const { t } = useWords()
  const { room, membership } = entry
  const direct = room.kind === 'direct'
  const value = direct && membership.notify === 'mentions' ? 'all' : membership.notify
  const set = useSetNotify(room.id)
  return <MenuChoice label={t('notify.title')} value={value} choices={useNotifyLevels(direct)} onChoose={set} />
}
