import type { Message } from '@yeoul/client'
import { EmojiPicker } from '../emoji/emoji-picker.tsx'
import { useWords } from '../i18n/index.ts'
import { useMe } from '../session/client.ts'
import { IconButton } from '../ui/button.tsx'
import { Menu, MenuItem, MenuLine } from '../ui/menu.tsx'
import { useListActions } from './context.ts'
import { actionsOn } from './message-actions.ts'
import { useReact } from './reactions.tsx'

interface MessageToolsProps {
  message: Message
  mine: boolean
  /** Told while a menu of these tools is open: the tools stay although the pointer left. */
  onHold(open: boolean): void
}

/** What can be done with a message. Made only for the message in question: a menu for every row would cost too much. */
export function MessageTools({ message, mine, onHold }: MessageToolsProps) {
  const { t } = useWords()
  const list = useListActions()
  const me = useMe()
  const react = useReact()
  const actions = actionsOn(message, me, list, t)
  if (actions.length === 0) return null
  const atHand = actions.filter(({ name }) => name === 'reply' || name === 'edit')
  const others = actions.filter((action) => !atHand.includes(action))
  // Above a message of somebody else stands their name: the tools begin past it.
  return (
    <div
      role="toolbar"
      aria-label={t('message.actions')}
      className={`absolute -top-8 z-10 touch:-top-11 flex rounded-xl border border-line bg-surface p-0.5 shadow-md ${mine ? 'end-2' : 'start-28'}`}
    >
      <EmojiPicker
        quick
        trigger={<IconButton icon="smile" small label={t('message.react')} data-react />}
        onPick={(emoji) => {
          react(message.seq, emoji, true)
          return false
        }}
        onOpenChange={onHold}
      />
      {atHand.map(({ name, icon, run }) => (
        <IconButton key={name} icon={icon} small label={t(`message.${name}`)} onClick={run} />
      ))}
      <Menu trigger={<IconButton icon="more" small label={t('message.more')} />} onOpenChange={onHold}>
        {others.map(({ name, icon, run }) => [
          name === 'delete' && <MenuLine key="line" />,
          <MenuItem key={name} icon={icon} danger={name === 'delete'} onSelect={run}>
            {t(`message.${name}`)}
          </MenuItem>,
        ])}
      </Menu>
    </div>
  )
}
