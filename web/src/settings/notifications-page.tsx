import type { RoomListEntry } from '@yeoul/client'
import { addWords, useWords } from '../i18n/index.ts'
import { notifications } from '../i18n/words/notifications.ts'
import { askPermission, usePermission } from '../notifications/permission.ts'
import { playSound } from '../notifications/sound.ts'
import { notifyLevelOf, useNotifyChoice } from '../rooms/notify-choice.tsx'
import { RoomMark } from '../rooms/room-row.tsx'
import { useRoomTitle } from '../rooms/room-title.ts'
import { linkTo } from '../route.ts'
import { useClient, useLive } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Icon } from '../ui/icon.tsx'
import { PagePart } from '../ui/pages.tsx'
import { Toggle } from '../ui/toggle.tsx'
import { useSettings } from './settings.ts'

addWords(notifications)

/** What may call a person, on this device and in each room. */
export function NotificationsPage() {
  const { t } = useWords()
  return (
    <>
      <PagePart title={t('notifications.desktop')} lead={t('notifications.desktop.lead')}>
        <OnThisDevice />
      </PagePart>
      <Rooms />
    </>
  )
}

function OnThisDevice() {
  const { t } = useWords()
  const { desktop, sound, hideText, setNotifications } = useSettings()
  const permission = usePermission()
  const refused = permission === 'denied' || permission === 'unsupported' || permission === 'insecure'

  async function show(on: boolean) {
    const allowed = !on || permission === 'granted' || (await askPermission()) === 'granted'
    setNotifications({ desktop: on && allowed })
  }

  return (
    <div className="card divide-y divide-line px-4 py-1">
      <Toggle
        label={t('notifications.show')}
        lead={t('notifications.show.lead')}
        on={desktop && permission === 'granted'}
        disabled={refused}
        onChange={(on) => void show(on)}
      >
        <div role="status">
          {refused && (
            <p className="mt-1.5 flex gap-2 text-[0.875rem] text-danger">
              <Icon name="alert" className="mt-0.5 size-4.5" />
              {t(`notifications.${permission}`)}
            </p>
          )}
        </div>
      </Toggle>
      <Toggle
        label={t('notifications.hide')}
        lead={t('notifications.hide.lead')}
        on={hideText}
        onChange={(on) => setNotifications({ hideText: on })}
      />
      <Toggle
        label={t('notifications.sound')}
        lead={t('notifications.sound.lead')}
        on={sound}
        onChange={(on) => {
          setNotifications({ sound: on })
          if (on) playSound()
        }}
      >
        <Button look="plain" small className="-ms-3.5 mt-1" onClick={playSound}>
          {t('notifications.sound.hear')}
        </Button>
      </Toggle>
    </div>
  )
}

/** The rooms that are muted or kept to mentions. */
function Rooms() {
  const { t } = useWords()
  const { rooms } = useLive(useClient().rooms)
  const own = rooms.filter((entry) => notifyLevelOf(entry) !== 'all')
  const lead = t(own.length === 0 ? 'notifications.rooms.none' : 'notifications.rooms.lead')
  return (
    <PagePart title={t('notifications.rooms')} lead={lead}>
      {own.length > 0 && (
        <ul className="card divide-y divide-line px-4">
          {own.map((entry) => (
            <RoomLevel key={entry.room.id} entry={entry} />
          ))}
        </ul>
      )}
    </PagePart>
  )
}

function RoomLevel({ entry }: { entry: RoomListEntry }) {
  const { t } = useWords()
  const { room } = entry
  const title = useRoomTitle(room)
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 py-3">
      <a href={linkTo.room(room.id)} className="flex min-h-11 min-w-40 flex-1 items-center gap-3 rounded-xl">
        <RoomMark room={room} title={title} />
        <span className="min-w-0 truncate font-semibold">{title}</span>
      </a>
      <Choice label={t('notifications.level', { title })} {...useNotifyChoice(entry)} />
    </li>
  )
}
