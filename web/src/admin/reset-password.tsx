import { useMutation } from '@tanstack/react-query'
import type { AdminUser, ResetLink } from '@yeoul/client'
import { useId, useRef, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { moment } from '../i18n/time.ts'
import { useClient } from '../session/client.ts'
import { Button } from '../ui/button.tsx'
import { copied } from '../ui/copy.ts'
import { Dialog } from '../ui/dialog.tsx'
import { inputLook, Problem } from '../ui/field.tsx'
import { Icon } from '../ui/icon.tsx'

/** Makes the link by which somebody who forgot their password chooses another. The link is shown this once. */
export function ResetPassword({ user, onClose }: { user: AdminUser; onClose(): void }) {
  const { t, problem } = useWords()
  const { api } = useClient()
  const make = useMutation({ mutationFn: () => api.admin.resetUser(user.id) })
  return (
    <Dialog title={t('admin.reset.title', { name: user.displayName })} onClose={onClose}>
      {make.data ? (
        <MadeLink link={make.data} onClose={onClose} />
      ) : (
        <>
          <p className="text-[0.9375rem] text-soft">{t('admin.reset.body')}</p>
          <div className="mt-3">
            <Problem>{make.error ? problem(make.error) : null}</Problem>
          </div>
          <div className="mt-5 flex justify-end gap-2">
            <Button look="quiet" onClick={onClose}>
              {t('ui.cancel')}
            </Button>
            <Button disabled={make.isPending} onClick={() => make.mutate()}>
              {t('admin.reset.make')}
            </Button>
          </div>
        </>
      )}
    </Dialog>
  )
}

function MadeLink({ link, onClose }: { link: ResetLink; onClose(): void }) {
  const { t, language } = useWords()
  const id = useId()
  const field = useRef<HTMLInputElement>(null)
  // Said here, not in the page's notices, which the dialog covers.
  const [done, setDone] = useState<boolean | null>(null)

  async function copy() {
    setDone(await copied(link.url))
    field.current?.select()
  }

  return (
    <>
      <label htmlFor={id} className="mb-1.5 block text-[0.875rem] font-semibold text-soft">
        {t('admin.reset.link')}
      </label>
      <input
        id={id}
        ref={field}
        readOnly
        // biome-ignore lint/a11y/noAutofocus: the button that had the focus is gone, and the link is what was asked for
        autoFocus
        value={link.url}
        aria-describedby={`${id}-below`}
        onFocus={(event) => event.target.select()}
        className={`${inputLook} font-mono text-[0.875rem]!`}
      />
      <p id={`${id}-below`} className="mt-2 text-[0.875rem] text-soft">
        {t('admin.reset.until', { until: moment(link.expiresAt, language) })}
      </p>
      <p role="status" className="mt-1 min-h-6 text-[0.875rem] text-accent">
        {done === true && t('admin.reset.copied')}
        {done === false && t('admin.reset.copyYourself')}
      </p>
      <div className="mt-3 flex justify-end gap-2">
        <Button look="quiet" onClick={onClose}>
          {t('ui.close')}
        </Button>
        <Button onClick={() => void copy()}>
          <Icon name={done ? 'check' : 'copy'} className="size-4.5" />
          {t('admin.reset.copy')}
        </Button>
      </div>
    </>
  )
}
