import type { RoomListEntry } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { useClient } from '../session/client.ts'
import type { ChoiceProps } from '../ui/choice.tsx'
import { MenuChoice } from '../ui/menu.tsx'
import { notify } from '../ui/notice.tsx'

type NotifyLevel = RoomListEntry['membership']['notify']

/** What a room tells of. In a direct room every message is for the user, so it is all or nothing. */
export function notifyLevelOf({ room, membership }: RoomListEntry): NotifyLevel {
  return room.kind === 'direct' && membership.notify === 'mentions' ? 'all' : membership.notify
}

/**
 * The levels of a room, for a control that chooses one; the list of rooms follows, in every tab. What goes wrong is told at the foot
 * of the page.
 */
export function useNotifyChoice(entry: RoomListEntry): Omit<ChoiceProps<NotifyLevel>, 'label'> {
  const { t, problem } = useWords()
  const { api } = useClient()
  const { room } = entry
  const levels = room.kind === 'direct' ? (['all', 'none'] as const) : (['all', 'mentions', 'none'] as const)
  return {
    value: notifyLevelOf(entry),
    choices: levels.map((value) => ({ value, label: t(`notify.${value}`) })),
    onChoose: (level) => void api.setNotify(room.id, level).catch((error) => notify(problem(error))),
  }
}

/** The level of a room, inside a menu. */
export function NotifyChoice({ entry }: { entry: RoomListEntry }) {
  const { t } = useWords()
  return <MenuChoice label={t('notify.title')} {...useNotifyChoice(entry)} />
}
