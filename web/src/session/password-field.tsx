import { type ComponentProps, type KeyboardEvent, useState } from 'react'
import { PASSWORD_LENGTH } from '../../../src/protocol/limits.ts'
import { useWords } from '../i18n/index.ts'
import { IconButton } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'

type PasswordFieldProps = Omit<ComponentProps<typeof Field>, 'type' | 'children'> & {
  autoComplete: 'current-password' | 'new-password'
}

/** A password that can be looked at, and that says when Caps Lock is on: wrong letters cannot be seen here. */
export function PasswordField({ hint, ...rest }: PasswordFieldProps) {
  const { t } = useWords()
  const [shown, setShown] = useState(false)
  const [capsLock, setCapsLock] = useState(false)
  const look = (event: KeyboardEvent) => setCapsLock(event.getModifierState('CapsLock'))
  return (
    <Field
      type={shown ? 'text' : 'password'}
      autoCapitalize="none"
      spellCheck={false}
      maxLength={PASSWORD_LENGTH.max}
      required
      onKeyDown={look}
      onKeyUp={look}
      onBlur={() => setCapsLock(false)}
      hint={capsLock ? t('auth.capsLock') : hint}
      {...rest}
    >
      <IconButton
        icon={shown ? 'eyeOff' : 'eye'}
        label={t(shown ? 'auth.password.hide' : 'auth.password.show')}
        onClick={() => setShown(!shown)}
        className="absolute inset-y-0 end-0.5 my-auto"
      />
    </Field>
  )
}
