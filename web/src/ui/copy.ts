import type { Translate } from '../i18n/index.ts'
import { notify } from './notice.tsx'

/** Copies text and says so. Where the browser does not let it, the text is shown instead, and nothing is claimed. */
export async function copyText(text: string, t: Translate): Promise<void> {
  notify((await copied(text)) ? t('room.copied') : text)
}

/** Whether the browser let the text be copied. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copySelected(text)
  }
}

/** The older way: a page that is served without TLS has no other clipboard. */
function copySelected(text: string): boolean {
  const before = document.activeElement
  const field = document.createElement('textarea')
  field.value = text
  field.readOnly = true
  field.className = 'fixed top-0 opacity-0'
  // In a modal dialog nothing outside of it can be selected.
  const place = document.querySelector('dialog[open]') ?? document.body
  place.append(field)
  field.select()
  const done = document.execCommand('copy')
  field.remove()
  if (before instanceof HTMLElement) before.focus()
  return done
}
