import type { PendingMessage } from '@yeoul/client'
import { useEffect, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { Icon } from '../ui/icon.tsx'
import { BodyText } from './body-text.tsx'
import { useListActions } from './context.ts'
import { Quote } from './quote.tsx'

/** A message that is on its way a shorter time than this looks like one that arrived. */
const QUIET_MS = 700

/** Whom it mentions is known when the server has told. */
const NOBODY: readonly string[] = []

export function PendingRow({ pending, opens }: { pending: PendingMessage; opens: boolean }) {
  const { t, problem } = useWords()
  const { timeline } = useListActions()
  const waits = useLate(pending.createdAt)
  const failed = pending.status === 'failed'
  return (
    <article
      className={`flex flex-col items-end px-3 wide:px-5 ${opens ? 'pt-3' : 'pt-1'}`}
      data-status={pending.status}
    >
      <div className="flex max-w-[min(40rem,86%)] flex-row-reverse items-end gap-1.5">
        <div
          className={`min-w-0 rounded-2xl bg-mine px-3.5 py-2 text-[0.9375rem] leading-[1.55] text-on-mine transition-opacity ${opens ? 'rounded-se-md' : ''} ${waits || failed ? 'opacity-85' : ''}`}
        >
          {pending.replyTo !== undefined && <Quote seq={pending.replyTo} mine />}
          <BodyText body={pending.body} mentions={NOBODY} me="" />
        </div>
        {waits && !failed && (
          <span className="shrink-0 pb-0.5 text-[0.6875rem] text-faint">
            {t(pending.status === 'queued' ? 'message.queued' : 'message.sending')}
          </span>
        )}
      </div>
      {failed && (
        <div role="alert" className="mt-1 flex flex-wrap items-center justify-end gap-x-1 text-[0.8125rem] text-danger">
          <span className="me-1 flex items-start gap-1">
            <Icon name="alert" className="mt-0.5 size-4" />
            <span>
              {t('message.failed')} {pending.error && problem(pending.error)}
            </span>
          </span>
          <span className="flex shrink-0">
            <button
              type="button"
              className="tap rounded-lg px-2 py-1 font-semibold hover:bg-danger-soft touch:py-2.5"
              onClick={() => timeline.retry(pending.clientMessageId)}
            >
              {t('message.retry')}
            </button>
            <button
              type="button"
              className="tap rounded-lg px-2 py-1 font-semibold hover:bg-danger-soft touch:py-2.5"
              onClick={() => timeline.discard(pending.clientMessageId)}
            >
              {t('message.discard')}
            </button>
          </span>
        </div>
      )}
    </article>
  )
}

function useLate(since: number): boolean {
  const [late, setLate] = useState(() => Date.now() - since > QUIET_MS)
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), Math.max(0, since + QUIET_MS - Date.now()))
    return () => clearTimeout(timer)
  }, [since])
  return late
}
