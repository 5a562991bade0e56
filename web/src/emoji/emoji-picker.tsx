import { Popover } from 'radix-ui'
import { type ReactElement, useRef, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { IconButton } from '../ui/button.tsx'
import { Later } from '../ui/later.tsx'
import { SkeletonRows } from '../ui/states.tsx'
import { quickOnes, useEmojiChoices } from './choices.ts'

interface EmojiPickerProps {
  trigger: ReactElement
  /** Offers a handful first, and all of them on demand. */
  quick?: boolean
  /** Whoever takes the emoji may take the focus too, by answering true. */
  onPick(emoji: string): boolean | undefined
  onOpenChange?(open: boolean): void
}

/** Emoji on a button. What shows all of them is loaded when it is first opened. */
export function EmojiPicker({ trigger, quick = false, onPick, onOpenChange }: EmojiPickerProps) {
  const { t } = useWords()
  const [open, setOpen] = useState(false)
  const [all, setAll] = useState(!quick)
  const change = (next: boolean) => {
    setOpen(next)
    if (next) setAll(!quick)
    onOpenChange?.(next)
  }
  const focusTaken = useRef(false)
  const pick = (sign: string) => {
    change(false)
    focusTaken.current = onPick(sign) === true
  }
  return (
    <Popover.Root open={open} onOpenChange={change}>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          aria-label={t('emoji.title')}
          side="top"
          sideOffset={6}
          collisionPadding={10}
          onCloseAutoFocus={(event) => {
            if (focusTaken.current) event.preventDefault()
            focusTaken.current = false
          }}
          className="arrive z-50 rounded-2xl border border-line bg-surface p-2 text-ink shadow-xl"
        >
          {all ? <AllEmoji onPick={pick} /> : <QuickEmoji onPick={pick} onMore={() => setAll(true)} />}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}

/** A row of the usual ones, and a way to all others. */
export function QuickEmoji({ onPick, onMore }: { onPick(sign: string): void; onMore(): void }) {
  const { t } = useWords()
  const { recent, used } = useEmojiChoices()
  return (
    <div className="flex max-w-[calc(100vw-2.5rem)] gap-0.5">
      {quickOnes(recent).map((sign) => (
        <button
          key={sign}
          type="button"
          aria-label={sign}
          onClick={() => {
            used(sign)
            onPick(sign)
          }}
          className="flex h-9 w-9 min-w-0 shrink items-center justify-center rounded-lg text-[1.375rem] leading-none hover:bg-accent-soft touch:h-11 touch:w-11 touch:text-[1.5rem]"
        >
          {sign}
        </button>
      ))}
      <IconButton
        icon="plus"
        label={t('emoji.more')}
        onClick={onMore}
        className="h-9! w-9! min-w-0 shrink! touch:h-11! touch:w-11!"
      />
    </div>
  )
}

export function AllEmoji({ onPick }: { onPick(sign: string): void }) {
  const { t } = useWords()
  const waiting = (
    <div className="h-80 w-72 overflow-hidden">
      <SkeletonRows count={4} label={t('ui.loading')} />
    </div>
  )
  return (
    <Later name="emoji" load={load} waiting={waiting}>
      {({ EmojiPanel, emoji }) => <EmojiPanel emoji={emoji} onPick={onPick} />}
    </Later>
  )
}

async function load() {
  const [{ EmojiPanel }, { loadEmoji }] = await Promise.all([import('./emoji-panel.tsx'), import('./load.ts')])
  return { EmojiPanel, emoji: await loadEmoji() }
}
