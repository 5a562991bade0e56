import { type ReactNode, type RefObject, useEffect, useId, useRef } from 'react'
import { useWords } from '../i18n/index.ts'
import { Button, IconButton } from './button.tsx'

interface DialogProps {
  title: string
  lead?: string | undefined
  onClose(): void
  children: ReactNode
}

/** Opens a <dialog> as a modal for as long as it is there, and gives the focus back after it. */
export function useModal(ref: RefObject<HTMLDialogElement | null>): void {
  useEffect(() => {
    const dialog = ref.current!
    const before = openedFrom()
    dialog.showModal()
    // The browser begins with the button that closes. What the dialog is for comes first: its field, or the way back.
    const body = dialog.querySelector<HTMLElement>('[data-body]')
    const first = body?.querySelector<HTMLElement>('input, textarea, button:not(:disabled)')
    // Where there is only text to read, the arrows scroll it.
    if (body && !first) body.tabIndex = 0
    ;(first ?? body)?.focus()
    return () => {
      dialog.close()
      before?.focus()
    }
  }, [ref])
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

/** A modal in the browser's own <dialog>: it traps the focus, closes on Esc and gives the focus back, with no style injected. */
export function Dialog({ title, lead, onClose, children }: DialogProps) {
  const { t } = useWords()
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  useModal(ref)
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click on the backdrop is a second way to what Esc does
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => event.target === event.currentTarget && onClose()}
      className="arrive m-auto max-h-[min(44rem,92dvh)] w-[min(27rem,calc(100vw-1.5rem))] flex-col overflow-hidden rounded-3xl bg-surface text-ink shadow-2xl open:flex"
    >
      <header className="flex items-start gap-2 ps-6 pe-3 pt-4">
        <div className="min-w-0 flex-1 pt-1.5">
          <h2 id={id} className="text-[1.1875rem] leading-snug font-bold tracking-tight">
            {title}
          </h2>
          {lead !== undefined && <p className="mt-0.5 text-[0.875rem] text-soft">{lead}</p>}
        </div>
        <IconButton icon="close" label={t('ui.close')} onClick={onClose} />
      </header>
      <div data-body className="flex min-h-0 flex-1 flex-col overflow-y-auto px-6 pt-4 pb-6 outline-offset-[-2px]">
        {children}
      </div>
    </dialog>
  )
}

interface ConfirmProps {
  title: string
  body: string
  action: string
  /** What is asked gives rather than takes. */
  mild?: boolean
  busy?: boolean
  problem?: string | null
  onConfirm(): void
  onClose(): void
}

/** Asks before something that cannot be taken back, or weighs much. */
export function Confirm({
  title,
  body,
  action,
  mild = false,
  busy = false,
  problem = null,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const { t } = useWords()
  return (
    <Dialog title={title} onClose={onClose}>
      <p className="text-[0.9375rem] text-soft">{body}</p>
      <div role="alert" className="mt-2 text-[0.875rem] text-danger">
        {problem}
      </div>
      <div className="mt-5 flex justify-end gap-2">
        <Button look="quiet" onClick={onClose}>
          {t('ui.cancel')}
        </Button>
        <Button look={mild ? 'primary' : 'danger'} disabled={busy} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  )
}
