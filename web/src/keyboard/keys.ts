/** On Apple's keyboards ⌘ does what Ctrl does elsewhere, and Alt is ⌥. */
const isMac = /Mac|iPhone|iPad/.test(navigator.platform)

/** Whether the key that commands the page is held: Ctrl, or ⌘ on a Mac. */
export const isCommand = (event: KeyboardEvent): boolean =>
  (isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey) && !event.altKey

/** A key's name as it stands on the keyboard. */
export function keyName(key: 'mod' | 'alt' | 'shift' | 'enter' | 'esc' | 'up' | 'down' | (string & {})): string {
  const names: Record<string, [mac: string, other: string]> = {
    mod: ['⌘', 'Ctrl'],
    alt: ['⌥', 'Alt'],
    shift: ['⇧', 'Shift'],
    enter: ['⏎', 'Enter'],
    esc: ['esc', 'Esc'],
    up: ['↑', '↑'],
    down: ['↓', '↓'],
  }
  return names[key]?.[isMac ? 0 : 1] ?? key
}

/** A combination in one line, such as for a tooltip: `Ctrl+K`, `⌘K`. */
export const keyText = (...keys: string[]): string => keys.map(keyName).join(isMac ? '' : '+')

/** Typing belongs to these; a letter is no command there. */
export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** Keys of an input method that is at work: what they do is its business. Safari says so only by the key code. */
export const isComposing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229
