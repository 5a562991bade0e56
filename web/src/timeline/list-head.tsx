import { useWords } from '../i18n/index.ts'
import { Button } from '../ui/button.tsx'

/** In px. The same whatever it shows: the virtualiser counts from below it. */
export const HEAD_HEIGHT = 64

interface ListHeadProps {
  title: string
  hasOlder: boolean
  loading: boolean
  failed: boolean
  onRetry(): void
}

/** Below the newest message of a part of the room that does not reach the end: more is coming. */
export function ListFoot({ loading, failed, onRetry }: Pick<ListHeadProps, 'loading' | 'failed' | 'onRetry'>) {
  const { t } = useWords()
  return (
    <div className="flex h-16 shrink-0 items-center justify-center gap-2 px-6 text-center text-[0.8125rem] text-faint">
      {failed ? (
        <>
          {t('timeline.newerFailed')}
          <Button look="plain" small onClick={onRetry}>
            {t('ui.retry')}
          </Button>
        </>
      ) : (
        loading && t('timeline.loadingNewer')
      )}
    </div>
  )
}

/** Above the oldest message: the beginning of the room, or that more is coming. */
export function ListHead({ title, hasOlder, loading, failed, onRetry }: ListHeadProps) {
  const { t } = useWords()
  return (
    <div className="flex h-16 shrink-0 items-center justify-center gap-2 px-6 text-center text-[0.8125rem] text-faint">
      {failed ? (
        <>
          {t('timeline.olderFailed')}
          <Button look="plain" small onClick={onRetry}>
            {t('ui.retry')}
          </Button>
        </>
      ) : hasOlder ? (
        loading && t('timeline.loadingOlder')
      ) : (
        t('timeline.start', { title })
      )}
    </div>
  )
}
