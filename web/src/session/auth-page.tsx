import { type FormEvent, useState } from 'react'
import { DISPLAY_NAME_LENGTH, PASSWORD_LENGTH, USERNAME } from '../../../src/protocol/limits.ts'
import { Mark } from '../brand/mark.tsx'
import { useWords } from '../i18n/index.ts'
import { go, linkTo, useRoute } from '../route.ts'
import { LanguageSwitch, ThemeSwitch } from '../settings/switches.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Field, Problem } from '../ui/field.tsx'
import { useClient } from './client.ts'

/** Signing in, signing up, and the first account of a new server (`#setup=TOKEN`), which becomes its administrator. */
export function AuthPage({ ended }: { ended: boolean }) {
  const { t } = useWords()
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
          <h1 className="text-[1.25rem] font-bold tracking-tight">{title}</h1>
          {setupToken !== undefined && <p className="mt-1 text-[0.9375rem] text-soft">{t('auth.setup.lead')}</p>}
          {ended && !signUp && <p className="mt-1 text-[0.9375rem] text-soft">{t('auth.ended')}</p>}
          <AuthForm key={signUp ? 'up' : 'in'} signUp={signUp} setupToken={setupToken} />
          {setupToken === undefined && (
            <Button look="plain" className="mt-2 w-full" onClick={() => setMode(signUp ? 'signIn' : 'signUp')}>
              {t(signUp ? 'auth.toSignIn' : 'auth.toSignUp')}
            </Button>
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

function AuthForm({ signUp, setupToken }: { signUp: boolean; setupToken: string | undefined }) {
  const { t, problem } = useWords()
  const { auth } = useClient()
  const [username, setUsername] = useState('')
  const [displayName, setDisplayName] = useState('')
  const [password, setPassword] = useState('')
  const [shown, setShown] = useState(false)
  const [checked, setChecked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)

  const badName = signUp && !USERNAME.test(username)
  const shortPassword = signUp && password.length < PASSWORD_LENGTH.min
  const min = PASSWORD_LENGTH.min

  async function submit(event: FormEvent) {
    event.preventDefault()
    setChecked(true)
    if (badName || shortPassword || username === '' || password === '') return
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
      setFailure(problem(error))
      setBusy(false)
    }
  }

  return (
    <form noValidate onSubmit={submit} className="mt-5 space-y-4">
      <Field
        label={t('auth.username')}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={32}
        required
        autoFocus
        value={username}
        onChange={(event) => setUsername(event.target.value.trim().toLowerCase())}
        hint={signUp ? t('auth.username.hint') : undefined}
        problem={checked && badName ? t('auth.username.bad') : undefined}
      />
      {signUp && (
        <Field
          label={t('auth.displayName')}
          name="displayName"
          autoComplete="name"
          maxLength={DISPLAY_NAME_LENGTH.max}
          value={displayName}
          onChange={(event) => setDisplayName(event.target.value)}
          hint={t('auth.displayName.hint')}
        />
      )}
      <Field
        label={t('auth.password')}
        name="password"
        type={shown ? 'text' : 'password'}
        autoComplete={signUp ? 'new-password' : 'current-password'}
        maxLength={PASSWORD_LENGTH.max}
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        hint={signUp ? t('auth.password.hint', { min }) : undefined}
        problem={checked && shortPassword ? t('auth.password.short', { min }) : undefined}
      >
        <IconButton
          icon={shown ? 'eyeOff' : 'eye'}
          label={t(shown ? 'auth.password.hide' : 'auth.password.show')}
          onClick={() => setShown(!shown)}
          className="absolute inset-y-0 end-0.5 my-auto"
        />
      </Field>
      <Problem>{failure}</Problem>
      <Button type="submit" className="w-full" disabled={busy}>
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
