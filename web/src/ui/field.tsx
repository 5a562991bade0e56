import { type ComponentProps, useId } from 'react'

type FieldProps = ComponentProps<'input'> & { label: string; hint?: string | undefined; problem?: string | undefined }

export const inputLook =
  'h-11 w-full rounded-xl border border-edge bg-surface px-3.5 text-[1rem] text-ink outline-offset-0 transition-colors hover:border-faint focus-visible:border-accent focus-visible:outline-1 aria-invalid:border-danger'

/** A labelled line of text; a problem takes the place of the hint, so that nothing below it moves. */
export function Field({ label, hint, problem, className = '', children, ...rest }: FieldProps) {
  const id = useId()
  const below = problem ?? hint
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 block text-[0.875rem] font-semibold text-soft">
        {label}
      </label>
      <div className="relative">
        <input
          id={id}
          className={`${inputLook} ${children ? 'pe-12' : ''}`}
          aria-invalid={problem !== undefined}
          aria-describedby={below === undefined ? undefined : `${id}-below`}
          {...rest}
        />
        {children}
      </div>
      {below !== undefined && (
        <p id={`${id}-below`} className={`mt-1.5 text-[0.8125rem] ${problem ? 'text-danger' : 'text-faint'}`}>
          {below}
        </p>
      )}
    </div>
  )
}

/** What went wrong with a form as a whole. Read out when it appears. */
export function Problem({ children }: { children: string | null }) {
  return (
    <div role="alert">
      {children !== null && (
        <p className="rounded-xl bg-danger-soft px-3.5 py-2.5 text-[0.875rem] text-danger">{children}</p>
      )}
    </div>
  )
}
