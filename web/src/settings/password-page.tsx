import type { User } from '@yeoul/client'
import { type FormEvent, useState } from 'react'
import { EXTERNAL_USERNAME, PASSWORD_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { useClient, YeoulError } from '../session/client.ts'
import { PasswordField } from '../session/password-field.tsx'
import { usePause } from '../session/use-pause.ts'
import { Button } from '../ui/button.tsx'
import { Problem } from '../ui/field.tsx'
import { notify } from '../ui/notice.tsx'
import { PagePart } from '../ui/pages.tsx'
import { type Strength, strengthOf } from './password-strength.ts'

export function PasswordPage({ user }: { user: User }) {
  const { t } = useWords()
  const external = EXTERNAL_USERNAME.test(user.username)
  return (
    <PagePart title={t('settings.page.password')} lead={t(external ? 'password.elsewhere' : 'password.lead')}>
      {!external && <PasswordForm user={user} />}
    </PagePart>
  )
}

const EMPTY = { current: '', next: '' }

function PasswordForm({ user }: { user: User }) {
  const { t, problem } = useWords()
  const { api } = useClient()
  const [{ current, next }, setPasswords] = useState(EMPTY)
  const [checked, setChecked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  const pause = usePause()
  const { min } = PASSWORD_LENGTH
  const short = next.length < min
  const same = next === current

  async function change(event: FormEvent) {
    event.preventDefault()
    setChecked(true)
    if (current === '' || short || same || pause.seconds > 0) return
    setBusy(true)
    setFailure(null)
    try {
      await api.updateMe({ password: next, currentPassword: current })
      setPasswords(EMPTY)
      setChecked(false)
      notify(t('password.changed'))
    } catch (error) {
      if (error instanceof YeoulError && error.code === 'bad_credentials') setWrong(true)
      else if (!pause.pauseAfter(error)) setFailure(problem(error))
    }
    setBusy(false)
  }

  function currentProblem(): string | undefined {
    if (wrong) return t('password.current.wrong')
    return checked && current === '' ? t('password.current.missing') : undefined
  }
  function nextProblem(): string | undefined {
    if (!checked) return undefined
    if (short) return t('auth.password.short', { min })
    return same ? t('password.same') : undefined
  }

  return (
    <form noValidate onSubmit={change} className="max-w-[26rem] space-y-4">
      <input type="text" name="username" autoComplete="username" value={user.username} readOnly hidden />
      <PasswordField
        label={t('password.current')}
        name="current"
        autoComplete="current-password"
        value={current}
        onChange={(event) => {
          setWrong(false)
          setPasswords({ current: event.target.value, next })
        }}
        problem={currentProblem()}
      />
      <div>
        <PasswordField
          label={t('password.new')}
          name="next"
          autoComplete="new-password"
          value={next}
          onChange={(event) => setPasswords({ current, next: event.target.value })}
          hint={t('auth.password.hint', { min })}
          problem={nextProblem()}
        />
        <StrengthBar strength={strengthOf(next, [user.username, user.displayName])} />
      </div>
      <Problem>{pause.seconds > 0 ? t('auth.pause', { seconds: pause.seconds }) : failure}</Problem>
      <Button type="submit" disabled={busy || pause.seconds > 0}>
        {busy ? t('auth.working') : t('password.submit')}
      </Button>
    </form>
  )
}

const bars: Record<Strength, { filled: number; look: string }> = {
  weak: { filled: 1, look: 'bg-danger' },
  fair: { filled: 2, look: 'bg-spark' },
  strong: { filled: 3, look: 'bg-live' },
}

/** How hard the password is to guess, in a word and three bars. Its place is kept while there is nothing to say. */
function StrengthBar({ strength }: { strength: Strength | null }) {
  const { t } = useWords()
  const { filled, look } = strength === null ? { filled: 0, look: '' } : bars[strength]
  return (
    <div className="mt-2 flex h-5 items-center gap-3">
      <div aria-hidden="true" className="flex flex-1 gap-1">
        {[1, 2, 3].map((bar) => (
          <span key={bar} className={`h-1.5 flex-1 rounded-full ${bar <= filled ? look : 'bg-line'}`} />
        ))}
      </div>
      <p role="status" className="min-w-32 text-[0.8125rem] text-soft">
        {strength !== null && t(`password.strength.${strength}`)}
      </p>
    </div>
  )
}
