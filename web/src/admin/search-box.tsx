import { inputLook } from '../ui/field.tsx'

interface SearchBoxProps {
  label: string
  value: string
  onChange(value: string): void
}

export function SearchBox({ label, value, onChange }: SearchBoxProps) {
  return (
    <input
      type="search"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      aria-label={label}
      placeholder={label}
      className={`${inputLook} max-w-[28rem]`}
    />
  )
}
