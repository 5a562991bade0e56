import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { Button } from '../ui/button.tsx'
import { Empty } from '../ui/states.tsx'

/** Where the list of rooms would be. */
export function NoRooms({ onCreate }: { onCreate(): void }) {
  const { t } = useWords()
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
