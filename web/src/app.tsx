import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Mark } from './brand/mark.tsx'
import { useWords } from './i18n/index.ts'
import { go, linkTo, useRoute } from './route.ts'
import { AuthPage } from './session/auth-page.tsx'
import { MeProvider, useClient, useLive } from './session/client.ts'
import { forgetPerson } from './session/forget.ts'
import { settleSignOut, takeUpLogin } from './session/sign-out.ts'
import { Later } from './ui/later.tsx'
import { Notice } from './ui/notice.tsx'
import { Failed } from './ui/states.tsx'

const loadShell = () => import('./shell.tsx')

/** The three faces of the page: finding out who is here, signing in, and the chat itself. */
export function App() {
  const { auth } = useClient()
  const state = useLive(auth)
  const route = useRoute()
  const [failure, setFailure] = useState<unknown>(null)
  useForgetting()
  // The chat is not needed to sign in: it comes after the first paint, while the login is taken up or typed. When that fails
  // it is asked for again where it is shown.
  useEffect(() => void loadShell().catch(() => {}), [])
  useEffect(() => {
    if (state.state === 'unknown' && failure === null) takeUpLogin(auth).catch(setFailure)
  }, [auth, state.state, failure])
  useEffect(() => settleSignOut(auth), [auth])

  // Whoever is signed in: the link is for somebody who cannot sign in, and another may open it for them.
  if (route.at === 'reset') return <AuthPage ended={undefined} />
  if (state.state === 'signedIn' && state.user !== null) {
    const { user } = state
    return (
      <MeProvider value={user.id}>
        <Later name="chat" load={loadShell} waiting={<Opening />} failed={(said) => <Alone>{said}</Alone>}>
          {({ Shell }) => <Shell user={user} />}
        </Later>
        <Notice />
      </MeProvider>
    )
  }
  if (state.state === 'signedOut') return <AuthPage ended={state.error} />
  if (failure !== null) {
    return (
      <Alone>
        <Failed error={failure} onRetry={() => setFailure(null)} />
      </Alone>
    )
  }
  return <Opening />
}

/** Who signs out leaves nothing of theirs in this browser; whose login ends otherwise finds all of it again. */
function useForgetting(): void {
  const state = useLive(useClient().auth)
  const queries = useQueryClient()
  const wasIn = useRef(false)
  useEffect(() => {
    const left = wasIn.current && state.state === 'signedOut' && state.error === undefined
    wasIn.current = state.state === 'signedIn'
    if (!left) return
    forgetPerson()
    queries.clear()
    if (location.hash !== '') go(linkTo.home, true)
  }, [state, queries])
}

/** What the whole page has to say. */
function Alone({ children }: { children: ReactNode }) {
  return <main className="flex h-full items-center justify-center">{children}</main>
}

function Opening() {
  const { t } = useWords()
  return (
    <div role="status" aria-label={t('app.loading')} className="flex h-full items-center justify-center">
      <Mark className="size-14" flowing />
    </div>
  )
}
