import { type ReactNode, useId } from 'react'
import { useWords } from '../i18n/index.ts'
import { Button, IconButton } from './button.tsx'
import { Modal } from './modal.tsx'

interface DialogProps {
  title: string
  lead?: string | undefined
  onClose(): void
  children: ReactNode
}

/** A modal with a heading and a button that closes it. */
export function Dialog({ title, lead, onClose, children }: DialogProps) {
  const { t } = useWords()
  const id = useId()
  return (
    <Modal
      labelledBy={id}
      onClose={onClose}
      className="arrive m-auto max-h-[min(44rem,92dvh)] w-[min(27rem,calc(100vw-1.5rem))] flex-col overflow-hidden rounded-3xl open:flex"
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
    </Modal>
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
