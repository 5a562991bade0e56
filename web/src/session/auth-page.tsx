import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { DISPLAY_NAME_LENGTH, PASSWORD_LENGTH, USERNAME } from '../../../src/protocol/limits.ts'
import { Mark } from '../brand/mark.tsx'
import { useWords } from '../i18n/index.ts'
import { go, linkTo, useRoute } from '../route.ts'
import { LanguageSwitch, ThemeSwitch } from '../settings/switches.tsx'
import { Button } from '../ui/button.tsx'
import { Field, Problem } from '../ui/field.tsx'
import { useClient, YeoulError } from './client.ts'
import { PasswordField } from './password-field.tsx'
import { ResetForm } from './reset-form.tsx'
import { usePause } from './use-pause.ts'

/**
 * Signing in, signing up, the first account of a new server (`#setup=TOKEN`), which becomes its administrator, and a new password
 * by an administrator's link (`#reset=TOKEN`).
 */
export function AuthPage({ ended }: { ended: YeoulError | undefined }) {
  const { t, problem } = useWords()
  const route = useRoute()
  const setupToken = route.at === 'setup' ? route.token : undefined
  const [mode, setMode] = useState<'signIn' | 'signUp'>('signIn')
  const signUp = setupToken !== undefined || mode === 'signUp'
  const title = setupToken !== undefined ? t('auth.setup.title') : t(signUp ? 'auth.signUp' : 'auth.signIn')

  return (
    <main className="relative flex min-h-full flex-col items-center justify-center overflow-hidden bg-water px-4 py-6">
      <River />
      <div className="relative w-full max-w-[25rem]">
        <div className="mb-5 flex flex-col items-center gap-2.5 text-center">
          <Mark className="size-14" />
          <p className="text-[1.625rem] leading-none font-bold tracking-tight" translate="no">
            여울 <span className="text-[1.0625rem] font-medium text-soft">Yeoul</span>
          </p>
          <p className="text-[0.9375rem] text-soft">{t('app.tagline')}</p>
        </div>
        <section className="rounded-3xl bg-surface px-6 pt-6 pb-5 shadow-[0_18px_50px_-24px_oklch(0.3_0.06_200/0.45)]">
          {route.at === 'reset' ? (
            <ResetForm token={route.token} />
          ) : (
            <>
              <h1 className="text-[1.25rem] font-bold tracking-tight">{title}</h1>
              {setupToken !== undefined && <p className="mt-1 text-[0.9375rem] text-soft">{t('auth.setup.lead')}</p>}
              {ended !== undefined && !signUp && (
                <p role="status" className="mt-3 rounded-xl bg-mention px-3.5 py-2.5 text-[0.875rem]">
                  {ended.code === 'account_disabled' ? problem(ended) : t('auth.ended')}
                </p>
              )}
              <AuthForm key={signUp ? 'up' : 'in'} signUp={signUp} setupToken={setupToken} />
              {setupToken === undefined && (
                <OtherWay signUp={signUp} onGo={() => setMode(signUp ? 'signIn' : 'signUp')} />
              )}
            </>
          )}
        </section>
        <div className="mt-4 flex flex-wrap justify-center gap-2">
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
      </div>
    </main>
  )
}

/** From signing in to signing up and back; only where the server takes new accounts. Its place is kept until that is known. */
function OtherWay({ signUp, onGo }: { signUp: boolean; onGo(): void }) {
  const { t } = useWords()
  const { auth } = useClient()
  const ways = useQuery({ queryKey: ['ways in'], queryFn: () => auth.waysIn(), staleTime: 60_000 })
  if (ways.data?.registration === 'closed' && !signUp) {
    return <p className="mt-4 mb-1 text-center text-[0.875rem] text-soft">{t('auth.closed')}</p>
  }
  return (
    <Button look="plain" className={`mt-2 w-full ${ways.isPending ? 'invisible' : ''}`} onClick={onGo}>
      {t(signUp ? 'auth.toSignIn' : 'auth.toSignUp')}
    </Button>
  )
}

function AuthForm({ signUp, setupToken }: { signUp: boolean; setupToken: string | undefined }) {
  const { t, problem } = useWords()
  const { auth } = useClient()
  const [username, setUsername] = useState('')
  const [displayName, setDisplayName] = useState('')
  const [password, setPassword] = useState('')
  const [checked, setChecked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [taken, setTaken] = useState<string | null>(null)
  const [failure, setFailure] = useState<string | null>(null)
  const pause = usePause()
  const form = useRef<HTMLFormElement>(null)
  const min = PASSWORD_LENGTH.min
  const problems = { username: usernameProblem(), password: passwordProblem() }

  function usernameProblem(): string | undefined {
    if (username === '') return t('auth.username.missing')
    if (!signUp) return undefined
    if (!USERNAME.test(username)) return t('auth.username.bad')
    return username === taken ? t('auth.username.taken') : undefined
  }
  function passwordProblem(): string | undefined {
    if (signUp && password.length < min) return t('auth.password.short', { min })
    return password === '' ? t('auth.password.missing') : undefined
  }
  const look = (field: 'username' | 'password') => form.current?.querySelector<HTMLInputElement>(`[name=${field}]`)

  async function submit(event: FormEvent) {
    event.preventDefault()
    setChecked(true)
    const wrong = (['username', 'password'] as const).find((field) => problems[field] !== undefined)
    if (wrong !== undefined) {
      look(wrong)?.focus()
      return
    }
    if (pause.seconds > 0) return
    setBusy(true)
    setFailure(null)
    try {
      if (signUp) {
        const account = { username, password, displayName: displayName.trim() || username }
        await auth.register(setupToken === undefined ? account : { ...account, setupToken })
        if (setupToken !== undefined) go(linkTo.home, true)
      } else {
        await auth.login({ username, password })
      }
    } catch (error) {
      failed(error)
      setBusy(false)
    }
  }

  function failed(error: unknown) {
    const code = error instanceof YeoulError ? error.code : ''
    if (code === 'username_taken') {
      setTaken(username)
      look('username')?.focus()
    } else if (!pause.pauseAfter(error)) {
      setFailure(problem(error))
      if (code === 'bad_credentials') look('password')?.select()
    }
  }

  return (
    <form ref={form} noValidate onSubmit={submit} className="mt-5 space-y-4">
      <Field
        label={t('auth.username')}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        maxLength={32}
        required
        autoFocus
        value={username}
        onChange={(event) => setUsername(event.target.value.trim().toLowerCase())}
        hint={signUp ? t('auth.username.hint') : undefined}
        problem={checked ? problems.username : undefined}
      />
      {signUp && (
        <Field
          label={t('auth.displayName')}
          name="displayName"
          autoComplete="nickname"
          maxLength={DISPLAY_NAME_LENGTH.max}
          value={displayName}
          onChange={(event) => setDisplayName(event.target.value)}
          hint={t('auth.displayName.hint')}
        />
      )}
      <PasswordField
        label={t('auth.password')}
        name="password"
        autoComplete={signUp ? 'new-password' : 'current-password'}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        hint={signUp ? t('auth.password.hint', { min }) : undefined}
        problem={checked ? problems.password : undefined}
      />
      <Problem>{pause.seconds > 0 ? t('auth.pause', { seconds: pause.seconds }) : failure}</Problem>
      <Button type="submit" className="w-full" disabled={busy || pause.seconds > 0}>
        {busy ? t('auth.working') : t(submitKey(signUp, setupToken !== undefined))}
      </Button>
    </form>
  )
}

function submitKey(signUp: boolean, setup: boolean) {
  if (setup) return 'auth.setup.submit'
  return signUp ? 'auth.signUp' : 'auth.signIn'
}

/** Streams across the foot of the page. */
function River() {
  return (
    <svg
      viewBox="0 0 1200 300"
      preserveAspectRatio="none"
      aria-hidden="true"
      className="pointer-events-none absolute inset-x-0 bottom-0 h-[38%] w-full text-accent"
      fill="currentColor"
    >
      <path opacity="0.08" d="M0 90c200-90 400-90 600 0s400 90 600 0v210H0z" />
      <path opacity="0.1" d="M0 160c200-70 400-50 600 10s400 70 600-10v140H0z" />
      <path opacity="0.14" d="M0 235c200-60 400-30 600 10s400 40 600-20v75H0z" />
    </svg>
  )
}
