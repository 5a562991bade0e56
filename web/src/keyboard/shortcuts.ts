import type { Client } from '@yeoul/client'
import { useEffect } from 'react'
import { go, linkTo } from '../route.ts'
import { useClient } from '../session/client.ts'
import { isCommand, isComposing, isTyping } from './keys.ts'
import { goToNewest } from './newest.ts'
import { prepareSwitcher, useOverlay } from './overlay.ts'

/** The page's keys that work everywhere; `current` is the open room. */
export function useShortcuts(current: string | undefined): void {
  const client = useClient()
  useEffect(() => {
    // Before the field that has the focus: there Alt and an arrow would do something else.
    const early = (event: KeyboardEvent) => {
      if (event.key === 'Control' || event.key === 'Meta') prepareSwitcher()
      if (isComposing(event) || !command(event, client, current)) return
      event.preventDefault()
      event.stopPropagation()
    }
    const late = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || isComposing(event) || modalOpen()) return
      // After everybody: Escape closes what is open first.
      setTimeout(() => {
        if (!event.defaultPrevented) goToNewest()
      })
    }
    addEventListener('keydown', early, true)
    addEventListener('keydown', late)
    return () => {
      removeEventListener('keydown', early, true)
      removeEventListener('keydown', late)
    }
  }, [client, current])
}

const modalOpen = () => document.querySelector('dialog[open]') !== null

/** Answers whether the key was one of them. */
function command(event: KeyboardEvent, client: Client, current: string | undefined): boolean {
  const { shown, show } = useOverlay.getState()
  if (isCommand(event) && !event.shiftKey && event.code === 'KeyK') {
    if (shown !== 'switcher' && modalOpen()) return false
    show(shown === 'switcher' ? null : 'switcher')
    return true
  }
  if (modalOpen()) return false
  const asksForHelp =
    (isCommand(event) && event.key === '/') || (event.key === '?' && !isTyping(event.target) && !event.altKey)
  if (asksForHelp) {
    show('keys')
    return true
  }
  const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
  if (step === 0 || !event.altKey || event.ctrlKey || event.metaKey) return false
  const next = neighbour(client, current, step, event.shiftKey)
  if (next !== undefined) go(linkTo.room(next))
  return true
}

/** The room above or below in the list, round its ends; with `unread` the next that has something new. */
function neighbour(client: Client, current: string | undefined, step: 1 | -1, unread: boolean): string | undefined {
  const { rooms } = client.rooms.getSnapshot()
  const at = rooms.findIndex(({ room }) => room.id === current)
  const from = at < 0 && step < 0 ? 0 : at
  for (let i = 1; i <= rooms.length; i++) {
    const entry = rooms[(from + step * i + rooms.length * 2) % rooms.length]!
    if (entry.room.id !== current && (!unread || entry.unread > 0)) return entry.room.id
  }
  return undefined
}
