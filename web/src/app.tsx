import { useEffect, useRef, useState } from 'react'
import { Mark } from './brand/mark.tsx'
import { useWords } from './i18n/index.ts'
import { AuthPage } from './session/auth-page.tsx'
import { MeProvider, useClient, useLive } from './session/client.ts'
import { Shell } from './shell.tsx'
import { Notice } from './ui/notice.tsx'
import { Failed } from './ui/states.tsx'

/** The three faces of the page: finding out who is here, signing in, and the chat itself. */
export function App() {
  const { auth } = useClient()
  const state = useLive(auth)
  const [failure, setFailure] = useState<unknown>(null)
  const wasIn = useRef(false)

  useEffect(() => {
    if (state.state === 'unknown' && failure === null) auth.restore().catch(setFailure)
  }, [auth, state.state, failure])
  useEffect(() => {
    if (state.state === 'signedIn') wasIn.current = true
  }, [state.state])

  if (state.state === 'signedIn' && state.user !== null) {
    return (
      <MeProvider value={state.user.id}>
        <Shell user={state.user} />
        <Notice />
      </MeProvider>
    )
  }
  if (state.state === 'signedOut') return <AuthPage ended={wasIn.current && state.error !== undefined} />
  if (failure !== null) {
    return (
      <main className="flex h-full items-center justify-center">
        <Failed error={failure} onRetry={() => setFailure(null)} />
      </main>
    )
  }
  return <Opening />
}

function Opening() {
  const { t } = useWords()
  return (
    <div role="status" aria-label={t('app.loading')} className="flex h-full items-center justify-center">
      <Mark className="size-14" flowing />
    </div>
  )
}
