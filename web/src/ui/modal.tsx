import { type MouseEvent, type ReactNode, useEffect, useRef } from 'react'

interface ModalProps {
  /** What it is called, or the id of the heading that says so. */
  label?: string
  labelledBy?: string
  className: string
  onClose(): void
  children: ReactNode
}

/**
 * The browser's own <dialog>, open for as long as it is there: it traps the focus, closes on Esc or a click beside it, and gives
 * the focus back, with no style injected.
 */
export function Modal({ label, labelledBy, className, onClose, children }: ModalProps) {
  const ref = useRef<HTMLDialogElement>(null)
  /** A selection that begins in a field and ends beside the dialog is no click beside it, though the browser says so. */
  const pressedBeside = useRef(false)
  useEffect(() => {
    const dialog = ref.current!
    const before = openedFrom()
    dialog.showModal()
    // The browser begins with the button that closes. What the dialog is for comes first: its field, or the way back.
    const body = dialog.querySelector<HTMLElement>('[data-body]')
    const first = body?.querySelector<HTMLElement>('input, textarea, button:not(:disabled)')
    if (first) first.focus()
    else if (body) {
      // Where there is only text to read, the arrows scroll it, and a frame around all of it would tell nothing.
      body.tabIndex = 0
      body.focus({ focusVisible: false })
    }
    return () => {
      dialog.close()
      before?.focus()
    }
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside it is a second way to what Esc does
    <dialog
      ref={ref}
      aria-label={label}
      aria-labelledby={labelledBy}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => {
        pressedBeside.current = isBeside(event)
      }}
      onClick={(event) => pressedBeside.current && isBeside(event) && onClose()}
      className={`${className} bg-surface text-ink shadow-2xl`}
    >
      {children}
    </dialog>
  )
}

/** On the veil: it belongs to the dialog and lies around its box. */
function isBeside({ target, currentTarget, clientX: x, clientY: y }: MouseEvent): boolean {
  const { left, right, top, bottom } = currentTarget.getBoundingClientRect()
  return target === currentTarget && (x < left || x > right || y < top || y > bottom)
}

/** What last had the focus outside of menus: an item that opens a dialog is gone with its menu when the dialog closes. */
let lastOutside: HTMLElement | null = null
addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLElement && target.closest('[role=menu], dialog') === null) lastOutside = target
})

function openedFrom(): HTMLElement | null {
  const now = document.activeElement
  const passes = now === null || now === document.body || now.closest('[role=menu]') !== null
  return !passes && now instanceof HTMLElement ? now : lastOutside
}
