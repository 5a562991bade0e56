import { DropdownMenu } from 'radix-ui'
import type { ReactElement, ReactNode } from 'react'
import type { ChoiceProps } from './choice.tsx'
import { Icon, type IconName } from './icon.tsx'

interface MenuProps {
  trigger: ReactElement
  children: ReactNode
  align?: 'start' | 'end'
  /** Given when something besides its button opens it too. */
  open?: boolean
  onOpenChange?(open: boolean): void
}

/** A menu on a button. Not modal: a modal one would inject a style element, which the CSP refuses. */
export function Menu({ trigger, children, align = 'end', open, onOpenChange }: MenuProps) {
  return (
    <DropdownMenu.Root modal={false} {...(open !== undefined && { open })} {...(onOpenChange && { onOpenChange })}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={6}
          collisionPadding={10}
          className="arrive z-50 max-h-[70dvh] min-w-52 overflow-y-auto rounded-2xl border border-line bg-surface p-1.5 text-ink shadow-xl"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

const itemLook =
  'flex min-h-10 items-center gap-2.5 rounded-[0.625rem] px-3 text-[0.9375rem] outline-none select-none data-highlighted:bg-accent-soft touch:min-h-11'

interface MenuItemProps {
  icon?: IconName
  danger?: boolean
  onSelect(): void
  children: ReactNode
}

export function MenuItem({ icon, danger = false, onSelect, children }: MenuItemProps) {
  return (
    <DropdownMenu.Item onSelect={onSelect} className={`${itemLook} ${danger ? 'text-danger' : ''}`}>
      {icon && <Icon name={icon} className="size-[1.125rem] opacity-75" />}
      {children}
    </DropdownMenu.Item>
  )
}

/** One of a few, inside a menu; the menu stays open. */
export function MenuChoice<T extends string>({ label, value, choices, onChoose }: ChoiceProps<T>) {
  return (
    <DropdownMenu.Group>
      <DropdownMenu.Label className="px-3 pt-2 pb-1 text-[0.8125rem] font-semibold text-faint">
        {label}
      </DropdownMenu.Label>
      <DropdownMenu.RadioGroup value={value} onValueChange={(chosen) => onChoose(chosen as T)}>
        {choices.map((choice) => (
          <DropdownMenu.RadioItem
            key={choice.value}
            value={choice.value}
            onSelect={(event) => event.preventDefault()}
            className={itemLook}
          >
            <span className="flex-1">{choice.label}</span>
            <DropdownMenu.ItemIndicator>
              <Icon name="check" className="size-4 text-accent" />
            </DropdownMenu.ItemIndicator>
          </DropdownMenu.RadioItem>
        ))}
      </DropdownMenu.RadioGroup>
    </DropdownMenu.Group>
  )
}

export function MenuLine() {
  return <DropdownMenu.Separator className="mx-2 my-1.5 h-px bg-line" />
}
