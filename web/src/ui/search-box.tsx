import { inputLook } from './field.tsx'

interface SearchBoxProps {
  label: string
  value: string
  onChange(value: string): void
  /** Above a list at the side of the page. */
  small?: boolean
  className?: string
}

/** What a list is searched with; it says itself what for. */
export function SearchBox({ label, value, onChange, small = false, className = '' }: SearchBoxProps) {
  return (
    <input
      type="search"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      aria-label={label}
      placeholder={label}
      className={`${inputLook} ${small ? 'h-10! text-[0.9375rem]! touch:h-11!' : ''} ${className}`}
    />
  )
}
