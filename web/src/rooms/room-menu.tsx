import type { RoomListEntry } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { useClient } from '../session/client.ts'
import { IconButton } from '../ui/button.tsx'
import { copyText } from '../ui/copy.ts'
import { Menu, MenuItem, MenuLine } from '../ui/menu.tsx'
import { notify } from '../ui/notice.tsx'
import { addressOf } from './address.ts'
import { NotifyChoice } from './notify-choice.tsx'

interface RoomMenuProps {
  entry: RoomListEntry
  title: string
  open: boolean
  onOpenChange(open: boolean): void
  onLeave(): void
}

/** What can be done with a room without opening it. */
export function RoomMenu({ entry, title, open, onOpenChange, onLeave }: RoomMenuProps) {
  const { t, problem } = useWords()
  const { api } = useClient()
  const { room, unread } = entry
  return (
    <Menu
      trigger={<IconButton icon="more" small label={t('rooms.menu', { title })} />}
      open={open}
      onOpenChange={onOpenChange}
    >
      {unread > 0 && (
        <>
          <MenuItem
            icon="check"
            onSelect={() => void api.markRead(room.id, room.position.seq).catch((error) => notify(problem(error)))}
          >
            {t('rooms.markRead')}
          </MenuItem>
          <MenuLine />
        </>
      )}
      <NotifyChoice entry={entry} />
      <MenuLine />
      {room.kind === 'open' && (
        <MenuItem icon="link" onSelect={() => void copyText(addressOf(room.id), t)}>
          {t('room.copyLink')}
        </MenuItem>
      )}
      <MenuItem icon="leave" danger onSelect={onLeave}>
        {t('room.leave')}
      </MenuItem>
    </Menu>
  )
}
