import type { ReactNode } from 'react'
import { useWords } from '../i18n/index.ts'
import { Button } from './button.tsx'
import { Icon, type IconName } from './icon.tsx'

interface EmptyProps {
  icon: IconName
  title: string
  body?: string
  children?: ReactNode
}

/** What stands where nothing is yet: what this place is for, and the next step. */
export function Empty({ icon, title, body, children }: EmptyProps) {
  return (
    <div className="mx-auto flex max-w-xs flex-col items-center gap-2 px-6 py-10 text-center text-balance">
      <span className="mb-2 flex size-14 items-center justify-center rounded-2xl bg-accent-soft text-accent">
        <Icon name={icon} className="size-7" />
      </span>
      <p className="text-[1.0625rem] font-bold">{title}</p>
      {body !== undefined && <p className="text-[0.9375rem] text-soft">{body}</p>}
      {children !== undefined && <div className="mt-3 flex flex-wrap justify-center gap-2">{children}</div>}
    </div>
  )
}

export function Failed({ error, onRetry }: { error: unknown; onRetry(): void }) {
  const { t, problem } = useWords()
  return (
    <Empty icon="alert" title={t('ui.failed')} body={problem(error)}>
      <Button look="quiet" onClick={onRetry}>
        {t('ui.retry')}
      </Button>
    </Empty>
  )
}

/** Rows in the shape of a list that is on its way. */
export function SkeletonRows({ count, label }: { count: number; label: string }) {
  return (
    <div role="status" aria-label={label} className="px-3">
      {Array.from({ length: count }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <div key={i} className="flex items-center gap-3 px-2 py-3">
          <div className="skeleton size-11 shrink-0 rounded-2xl!" />
          <div className="flex-1 space-y-2">
            <div className={`skeleton h-4 ${['w-2/3', 'w-1/2', 'w-3/5'][i % 3]}`} />
            <div className={`skeleton h-3 ${['w-1/2', 'w-4/5', 'w-2/5'][i % 3]}`} />
          </div>
        </div>
      ))}
    </div>
  )
}
