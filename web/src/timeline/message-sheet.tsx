import type { Message } from '@yeoul/client'
import { useState } from 'react'
import { AllEmoji, QuickEmoji } from '../emoji/emoji-picker.tsx'
import { useWords } from '../i18n/index.ts'
import { useShortText } from '../people/short-text.ts'
import { useName } from '../people/users.ts'
import { useMe } from '../session/client.ts'
import { Icon } from '../ui/icon.tsx'
import { Modal } from '../ui/modal.tsx'
import { useListActions } from './context.ts'
import { actionsOn } from './message-actions.ts'
import { useReact } from './reactions.tsx'

/** What can be done with a message, for a finger: a sheet at the foot of the screen. */
export function MessageSheet({ message, onClose }: { message: Message; onClose(): void }) {
  const { t } = useWords()
  const list = useListActions()
  const me = useMe()
  const name = useName(message.sender)
  const text = useShortText(message)
  const react = useReact()
  const [all, setAll] = useState(false)
  const pick = (emoji: string) => {
    onClose()
    react(message.seq, emoji, true)
  }
  return (
    <Modal
      label={t('message.actions')}
      onClose={onClose}
      className="safe-bottom mx-auto mt-auto mb-0 max-h-[85dvh] w-full max-w-[30rem] overflow-y-auto rounded-t-3xl px-3 pt-3"
    >
      {all ? (
        <div className="flex justify-center">
          <AllEmoji onPick={pick} />
        </div>
      ) : (
        <>
          <p className="mb-2 truncate px-3 text-[0.875rem] text-soft">
            <span className="font-semibold text-ink">{name}</span> {text}
          </p>
          <div className="mb-1 flex justify-center border-b border-line pb-2">
            <QuickEmoji onPick={pick} onMore={() => setAll(true)} />
          </div>
          {actionsOn(message, me, list, t).map((action) => (
            <button
              key={action.name}
              type="button"
              onClick={() => {
                onClose()
                action.run()
              }}
              className={`flex min-h-12 w-full items-center gap-3.5 rounded-xl px-3 text-start text-[1rem] outline-offset-[-2px] hover:bg-sunk active:bg-sunk ${action.name === 'delete' ? 'text-danger' : ''}`}
            >
              <Icon name={action.icon} className="size-5 opacity-75" />
              {t(`message.${action.name}`)}
            </button>
          ))}
        </>
      )}
    </Modal>
  )
}
