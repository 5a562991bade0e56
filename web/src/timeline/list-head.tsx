import type { ReactNode } from 'react'
import { useWords } from '../i18n/index.ts'
import { Button } from '../ui/button.tsx'

/** In px. The same whatever it shows: the virtualiser counts from below it. */
export const HEAD_HEIGHT = 64

interface EdgeProps {
  loading: boolean
  failed: boolean
  onRetry(): void
}

/** Above the oldest message: the beginning of the room, or that more is coming. */
export function ListHead({ title, hasOlder, loading, ...edge }: EdgeProps & { title: string; hasOlder: boolean }) {
  const { t } = useWords()
  return (
    <Edge {...edge} failure={t('timeline.olderFailed')}>
      {hasOlder ? loading && t('timeline.loadingOlder') : t('timeline.start', { title })}
    </Edge>
  )
}

/** Below the newest message of a part of the room that does not reach the end: more is coming. */
export function ListFoot({ loading, ...edge }: EdgeProps) {
  const { t } = useWords()
  return (
    <Edge {...edge} failure={t('timeline.newerFailed')}>
      {loading && t('timeline.loadingNewer')}
    </Edge>
  )
}

interface FailureProps extends Pick<EdgeProps, 'failed' | 'onRetry'> {
  failure: string
  children: ReactNode
}

function Edge({ failed, failure, onRetry, children }: FailureProps) {
  const { t } = useWords()
  return (
    <div className="flex h-16 shrink-0 items-center justify-center gap-2 px-6 text-center text-[0.8125rem] text-faint">
      {failed ? (
        <>
          {failure}
          <Button look="plain" small onClick={onRetry}>
            {t('ui.retry')}
          </Button>
        </>
      ) : (
        children
      )}
    </div>
  )
}
