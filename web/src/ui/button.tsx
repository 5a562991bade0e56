import type { ComponentProps } from 'react'
import { Icon, type IconName } from './icon.tsx'

const looks = {
  primary: 'bg-accent text-on-accent hover:bg-accent-deep disabled:opacity-55',
  quiet: 'bg-quiet text-ink hover:bg-accent-soft disabled:opacity-55',
  danger: 'bg-danger text-surface hover:brightness-110 disabled:opacity-55',
  plain: 'text-accent hover:bg-accent-soft disabled:opacity-55',
} as const

type ButtonProps = ComponentProps<'button'> & { look?: keyof typeof looks; small?: boolean }

export function Button({ look = 'primary', small = false, className = '', type = 'button', ...rest }: ButtonProps) {
  const size = small ? 'h-9 px-3.5 text-[0.875rem] touch:h-11' : 'h-11 px-5 text-[0.9375rem]'
  return (
    <button
      type={type}
      className={`inline-flex shrink-0 items-center justify-center gap-2 rounded-xl font-semibold whitespace-nowrap transition-colors ${size} ${looks[look]} ${className}`}
      {...rest}
    />
  )
}

type IconButtonProps = Omit<ComponentProps<'button'>, 'children'> & { icon: IconName; label: string; small?: boolean }

/** A button that shows only an icon: its label is its name for a screen reader and its tooltip. */
export function IconButton({ icon, label, small = false, className = '', type = 'button', ...rest }: IconButtonProps) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={`inline-flex shrink-0 items-center justify-center rounded-xl text-soft transition-colors hover:bg-accent-soft hover:text-ink disabled:opacity-40 ${small ? 'size-8 touch:size-11' : 'size-10 touch:size-11'} ${className}`}
      {...rest}
    >
      <Icon name={icon} className={small ? 'size-[1.125rem]' : 'size-[1.375rem]'} />
    </button>
  )
}
