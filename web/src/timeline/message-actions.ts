import type { Message } from '@yeoul/client'
import type { Translate } from '../i18n/index.ts'
import { addressOf } from '../rooms/address.ts'
import { copyText } from '../ui/copy.ts'
import type { IconName } from '../ui/icon.tsx'
import type { ListActions } from './context.ts'

export interface MessageAction {
  name: 'reply' | 'edit' | 'copy' | 'copyLink' | 'readers' | 'delete'
  icon: IconName
  run(): void
}

/** What this user may do with a message, in the order in which it is offered; the same by mouse, finger and keyboard. */
export function actionsOn(message: Message, me: string, list: ListActions, t: Translate): MessageAction[] {
  const { body } = message
  if (body === null) return []
  const mine = message.sender === me
  const link = addressOf(list.room, message.seq)
  const actions: (MessageAction | false)[] = [
    { name: 'reply', icon: 'reply', run: () => list.reply(message) },
    mine && { name: 'edit', icon: 'edit', run: () => list.edit(message) },
    { name: 'copy', icon: 'copy', run: () => void copyText(body, t) },
    { name: 'copyLink', icon: 'link', run: () => void copyText(link, t) },
    list.timeline.unreadBy(message) !== null && { name: 'readers', icon: 'eye', run: () => list.askReaders(message) },
    (mine || list.governs) && { name: 'delete', icon: 'trash', run: () => list.askDelete(message) },
  ]
  return actions.filter((action) => action !== false)
}

/** The key that does it while a message has the focus; by its place, for with Korean letters `r` is `ㄱ`. */
const KEYS: Record<string, MessageAction['name']> = {
  KeyR: 'reply',
  KeyE: 'edit',
  KeyC: 'copyLink',
  Delete: 'delete',
  Backspace: 'delete',
}

/** The name of what a key asks for on a message; null when it is no such key. */
export function actionOfKey(event: KeyboardEvent): MessageAction['name'] | 'react' | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null
  if (event.key === '+') return 'react'
  return event.shiftKey ? null : (KEYS[event.code] ?? null)
}
