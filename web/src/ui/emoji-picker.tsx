import { Popover } from 'radix-ui'
import { type ReactElement, useState } from 'react'
import { useWords } from '../i18n/index.ts'

/** A small choice that covers most of what people use in a chat; the system's own picker has the rest. */
const EMOJI =
  '👍 ❤️ 😂 😮 😢 🙏 🎉 🔥 👏 ✅ 👀 💯 😀 😅 🤣 😊 😍 😘 😎 🤔 😴 😭 😡 🥳 🥹 🫡 🤝 👋 🙌 💪 🤷 🙇 💡 📌 ⏰ ☕ 🍚 🍜 🌊 ✨'.split(
    ' ',
  )

interface EmojiPickerProps {
  trigger: ReactElement
  onPick(emoji: string): void
  onOpenChange?(open: boolean): void
}

export function EmojiPicker({ trigger, onPick, onOpenChange }: EmojiPickerProps) {
  const { t } = useWords()
  const [open, setOpen] = useState(false)
  const change = (next: boolean) => {
    setOpen(next)
    onOpenChange?.(next)
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
          className="arrive z-50 grid grid-cols-6 gap-0.5 rounded-2xl wide:grid-cols-8 border border-line bg-surface p-2 shadow-xl"
        >
          {EMOJI.map((emoji) => (
            <button
              key={emoji}
              type="button"
              aria-label={emoji}
              onClick={() => {
                change(false)
                onPick(emoji)
              }}
              className="flex size-9 items-center justify-center rounded-lg text-[1.25rem] leading-none hover:bg-accent-soft touch:size-11"
            >
              {emoji}
            </button>
          ))}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}
