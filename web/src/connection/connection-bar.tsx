import { useEffect, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { useClient, useLive } from '../session/client.ts'
import { Icon } from '../ui/icon.tsx'
import { useLasting } from '../ui/use-lasting.ts'

/** A connection that is back within this time goes unmentioned. */
const QUIET_MS = 800

/**
 * A bar while there is no connection: it says what happens next, and that nothing written is lost. It lies over the page, so
 * that nothing moves under a finger: below the header, or `atFoot` on a phone that shows the list of rooms.
 */
export function ConnectionBar({ atFoot }: { atFoot: boolean }) {
  const { connection } = useClient()
  const now = useLive(connection)
  const { t, problem } = useWords()
  const away = now.state === 'connecting' || now.state === 'waiting' || (now.state === 'closed' && now.error)
  const late = useLasting(Boolean(away), QUIET_MS)
  const seconds = useSecondsUntil(now.state === 'waiting' ? now.retryAt : null)

  let text = ''
  if (late) {
    if (now.state === 'waiting') {
      if (now.error.code === 'draining') text = t('connection.draining')
      else text = navigator.onLine ? t('connection.retryIn', { seconds }) : t('connection.offline')
    } else if (now.state === 'closed' && now.error) {
      text = problem(now.error)
    } else {
      text = t('connection.connecting')
    }
  }
  return (
    <div
      role="status"
      aria-atomic="true"
      data-connection={now.state}
      className={`absolute inset-x-0 z-20 wide:start-[21rem] wide:top-16 wide:bottom-auto ${atFoot ? 'bottom-0' : 'top-16'}`}
    >
      {late && away && (
        <div className="arrive flex min-h-10 items-center justify-center gap-2 bg-spark px-4 py-1 text-[0.875rem] font-medium text-on-spark">
          <Icon name="wave" className="size-4.5" />
          <span>{text}</span>
          {now.state === 'waiting' && (
            <button
              type="button"
              onClick={() => connection.retryNow()}
              className="tap ms-1 rounded-lg px-2 py-1 font-semibold whitespace-nowrap underline underline-offset-2 touch:py-2.5"
            >
              {t('connection.retryNow')}
            </button>
          )}
        </div>
      )}
    </div>
  )
}

function useSecondsUntil(at: number | null): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (at === null) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [at])
  return at === null ? 0 : Math.max(1, Math.ceil((at - now) / 1000))
}
