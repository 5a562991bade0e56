import type { User } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { Button } from '../ui/button.tsx'
import { Empty } from '../ui/states.tsx'
import { useWide } from '../ui/use-wide.ts'
import { Welcome } from './welcome.tsx'

/** Where the list of rooms would be. Where it fills the page, it welcomes; beside a page that does, it says what this place is. */
export function NoRooms({ user, onCreate }: { user: User; onCreate(): void }) {
  const { t } = useWords()
  if (!useWide()) {
    return (
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
        <p className="px-5 pt-2 text-[0.9375rem] font-semibold text-faint">{t('rooms.empty.title')}</p>
        <Welcome user={user} />
      </div>
    )
  }
  return (
    <Empty icon="chat" title={t('rooms.empty.title')} body={t('rooms.empty.body')}>
      <Button small onClick={() => go(linkTo.find)}>
        {t('rooms.find')}
      </Button>
      <Button look="quiet" small onClick={onCreate}>
        {t('find.make')}
      </Button>
    </Empty>
  )
}
