import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { Button } from '../ui/button.tsx'
import { Empty } from '../ui/states.tsx'

/** An address of the administration, opened by somebody else, or by one who is no administrator any more. */
export function AdminsOnly() {
  const { t } = useWords()
  return (
    <div className="flex h-full items-center justify-center">
      <Empty icon="lock" title={t('app.adminsOnly.title')} body={t('app.adminsOnly.body')}>
        <Button look="quiet" onClick={() => go(linkTo.home)}>
          {t('rooms.back')}
        </Button>
      </Empty>
    </div>
  )
}
