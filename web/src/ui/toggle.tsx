import { type ReactNode, useId } from 'react'

interface ToggleProps {
  label: string
  lead?: string
  on: boolean
  disabled?: boolean
  onChange(on: boolean): void
  /** Stands below the words. */
  children?: ReactNode
}

/** Something that is on or off, with what it means beside it; a tap anywhere on the words moves it too. */
export function Toggle({ label, lead, on, disabled = false, onChange, children }: ToggleProps) {
  const id = useId()
  return (
    <div className="flex items-start gap-4 py-2.5">
      <div className="min-w-0 flex-1">
        <label htmlFor={id} className={`block font-semibold ${disabled ? 'text-faint' : 'cursor-pointer'}`}>
          {label}
        </label>
        {lead !== undefined && (
          <p id={`${id}-lead`} className="text-[0.875rem] text-soft">
            {lead}
          </p>
        )}
        {children}
      </div>
      <button
        id={id}
        type="button"
        role="switch"
        aria-checked={on}
        aria-describedby={lead === undefined ? undefined : `${id}-lead`}
        disabled={disabled}
        onClick={() => onChange(!on)}
        className="group flex h-9 shrink-0 items-center disabled:opacity-45 touch:h-11"
      >
        <span className="flex h-7 w-12 items-center rounded-full border-2 border-faint p-1 transition-colors group-aria-checked:border-accent group-aria-checked:bg-accent">
          <span className="size-4 rounded-full bg-faint transition-[transform,background-color] group-aria-checked:translate-x-5 group-aria-checked:bg-on-accent" />
        </span>
      </button>
    </div>
  )
}
