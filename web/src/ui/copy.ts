import type { Translate } from '../i18n/index.ts'
import { notify } from './notice.tsx'

/** Copies text and says so; without a secure context browsers offer no clipboard, and nothing is claimed. */
export async function copyText(text: string, t: Translate): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    notify(t('room.copied'))
  } catch {
    notify(text)
  }
}
