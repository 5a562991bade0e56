import { type FormEvent, useState } from 'react'
import { PASSWORD_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { go, linkTo } from '../route.ts'
import { Button } from '../ui/button.tsx'
import { Problem } from '../ui/field.tsx'
import { useClient } from './client.ts'
import { PasswordField } from './password-field.tsx'

/** A new password for somebody who holds a link from an administrator (`#reset=TOKEN`); signed in after. */
export function ResetForm({ token }: { token: string }) {
  const { t, problem } = useWords()
  const { auth } = useClient()
  const [password, setPassword] = useState('')
  const [checked, setChecked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  const { min } = PASSWORD_LENGTH
  const short = password.length < min

  async function submit(event: FormEvent) {
    event.preventDefault()
    setChecked(true)
    if (short) return
    setBusy(true)
    setFailure(null)
    try {
      await auth.reset({ token, password })
      // The spent token does not stay in the address.
      go(linkTo.home, true)
    } catch (error) {
      setFailure(problem(error))
      setBusy(false)
    }
  }

  return (
    <form noValidate onSubmit={submit} className="space-y-4">
      <div>
        <h1 className="text-[1.25rem] font-bold tracking-tight">{t('auth.reset.title')}</h1>
        <p className="mt-1 text-[0.9375rem] text-soft">{t('auth.reset.lead')}</p>
      </div>
      <PasswordField
        label={t('auth.reset.password')}
        name="password"
        autoComplete="new-password"
        autoFocus
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        hint={t('auth.password.hint', { min })}
        problem={checked && short ? t('auth.password.short', { min }) : undefined}
      />
      <Problem>{failure}</Problem>
      <Button type="submit" className="w-full" disabled={busy}>
        {t(busy ? 'auth.working' : 'auth.reset.submit')}
      </Button>
      <Button look="plain" className="w-full" onClick={() => go(linkTo.home, true)}>
        {t('auth.reset.leave')}
      </Button>
    </form>
  )
}
