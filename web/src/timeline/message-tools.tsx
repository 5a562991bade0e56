import type { Message } from '@yeoul/client'
import { useWords } from '../i18n/index.ts'
import { linkTo } from '../route.ts'
import { IconButton } from '../ui/button.tsx'
import { copyText } from '../ui/copy.ts'
import { EmojiPicker } from '../ui/emoji-picker.tsx'
import { Menu, MenuItem, MenuLine } from '../ui/menu.tsx'
import { useListActions } from './context.ts'
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
  const { room, reply, edit, askDelete, askReaders, governs, timeline } = useListActions()
  const react = useReact()
  const body = message.body
  if (body === null) return null
  // Above a message of somebody else stands their name: the tools begin past it.
  return (
    <div
      role="toolbar"
      aria-label={t('message.actions')}
      className={`absolute -top-8 z-10 touch:-top-11 flex rounded-xl border border-line bg-surface p-0.5 shadow-md ${mine ? 'end-2' : 'start-28'}`}
    >
      <EmojiPicker
        quick
        trigger={<IconButton icon="smile" small label={t('message.react')} />}
        onPick={(emoji) => {
          react(message.seq, emoji, true)
          return false
        }}
        onOpenChange={onHold}
      />
      <IconButton icon="reply" small label={t('message.reply')} onClick={() => reply(message)} />
      {mine && <IconButton icon="edit" small label={t('message.edit')} onClick={() => edit(message)} />}
      <Menu trigger={<IconButton icon="more" small label={t('message.more')} />} onOpenChange={onHold}>
        <MenuItem icon="copy" onSelect={() => void copyText(body, t)}>
          {t('message.copy')}
        </MenuItem>
        <MenuItem
          icon="link"
          onSelect={() => void copyText(location.href.replace(/#.*/, linkTo.room(room, message.seq)), t)}
        >
          {t('message.copyLink')}
        </MenuItem>
        {timeline.unreadBy(message) !== null && (
          <MenuItem icon="eye" onSelect={() => askReaders(message)}>
            {t('message.readers')}
          </MenuItem>
        )}
        {(mine || governs) && (
          <>
            <MenuLine />
            <MenuItem icon="trash" danger onSelect={() => askDelete(message)}>
              {t('message.delete')}
            </MenuItem>
          </>
        )}
      </Menu>
    </div>
  )
}
