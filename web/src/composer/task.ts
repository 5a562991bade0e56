import type { Message } from '@yeoul/client'

/** What the composer is doing: writing, answering a message, or editing one (`text`: as far as that had come before). */
export type ComposerTask =
  | { type: 'write' }
  | { type: 'reply'; message: Message }
  | { type: 'edit'; message: Message; text?: string }
