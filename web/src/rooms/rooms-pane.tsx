import type { User } from '@yeoul/client'
import { useState } from 'react'
import { Wordmark } from '../brand/mark.tsx'
import { useWords } from '../i18n/index.ts'
import { keyText } from '../keyboard/keys.ts'
import { prepareSwitcher, useOverlay } from '../keyboard/overlay.ts'
import { go, linkTo } from '../route.ts'
import { AccountMenu } from '../settings/account-menu.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { type CreateKind, CreateRoom } from './create-room.tsx'
import { MyRooms } from './my-rooms.tsx'

export function RoomsPane({ user, current }: { user: User; current: string | undefined }) {
  const { t } = useWords()
  const [creating, setCreating] = useState<CreateKind | null>(null)
  return (
    <>
      <header className="flex h-16 shrink-0 items-center justify-between ps-5 pe-3">
        <h1>
          <Wordmark />
        </h1>
        <span className="flex items-center gap-0.5">
          <SwitcherButton />
          <AccountMenu user={user} />
        </span>
      </header>
      <div className="flex gap-2 px-4 pb-3">
        <Button look="quiet" small className="min-w-0 flex-1" onClick={() => go(linkTo.find)}>
          <Icon name="search" className="size-4.5" />
          {t('rooms.find')}
        </Button>
        <Menu
          trigger={
            <Button small className="min-w-0 flex-1">
              <Icon name="plus" className="size-4.5" />
              {t('rooms.new')}
            </Button>
          }
        >
          <MenuItem icon="wave" onSelect={() => setCreating('open')}>
            {t('rooms.new.open')}
          </MenuItem>
          <MenuItem icon="lock" onSelect={() => setCreating('group')}>
            {t('rooms.new.group')}
          </MenuItem>
          <MenuItem icon="chat" onSelect={() => setCreating('direct')}>
            {t('rooms.new.direct')}
          </MenuItem>
        </Menu>
      </div>
      <MyRooms user={user} current={current} onCreate={() => setCreating('open')} />
      {creating !== null && <CreateRoom kind={creating} onClose={() => setCreating(null)} />}
    </>
  )
}

function SwitcherButton() {
  const { t } = useWords()
  const show = useOverlay((overlay) => overlay.show)
  const label = t('rooms.switcher')
  return (
    <IconButton
      icon="jump"
      label={label}
      title={`${label} (${keyText('mod', 'K')})`}
      onPointerEnter={prepareSwitcher}
      onClick={() => show('switcher')}
    />
  )
}
