import type { Room } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { Button } from '../ui/button.tsx'
import { copyText } from '../ui/copy.ts'
import { Icon } from '../ui/icon.tsx'
import { Empty } from '../ui/states.tsx'
import { addressOf } from './address.ts'

/** Where messages would be: what to do in a room where nobody has said anything. */
export function EmptyRoom({ room }: { room: Room }) {
  const { t } = useWords()
  return (
    <Empty icon="chat" title={t('timeline.empty.title')} body={t(`timeline.empty.${room.kind}`)}>
      <Button small onClick={() => document.getElementById('composer')?.focus()}>
        {t('timeline.empty.write')}
      </Button>
      {room.kind === 'open' && (
        <Button look="quiet" small onClick={() => void copyText(addressOf(room.id), t)}>
          <Icon name="link" className="size-4.5" />
          {t('timeline.empty.link')}
        </Button>
      )}
    </Empty>
  )
}
