import type { KeyValueStorage, PendingMessage } from './api.ts'
import { YeoulError } from './errors.ts'

const PREFIX = 'yeoul.outbox.'

/**
 * Unsent messages in a key-value storage, one key each, so that tabs that share it do not overwrite one another. Two
 * tabs may take up the same message; the server stores it once (P3). A full or forbidden storage costs no message: it
 * lives in memory then.
 */
export class StoredOutbox {
  readonly #storage: KeyValueStorage | undefined
  readonly #onError: (error: unknown) => void

  constructor(storage: KeyValueStorage | undefined, onError: (error: unknown) => void) {
    this.#storage = storage
    this.#onError = onError
  }

  put(user: string | null, message: PendingMessage): void {
    if (user === null) return
    const { error, ...rest } = message
    const failed = error === undefined ? {} : { failed: { code: error.code, message: error.message } }
    this.#guard((storage) =>
      storage.setItem(keyOf(user, message.clientMessageId), JSON.stringify({ ...rest, ...failed })),
    )
  }

  remove(user: string | null, clientMessageId: string): void {
    if (user !== null) this.#guard((storage) => storage.removeItem(keyOf(user, clientMessageId)))
  }

  /** In the order in which they were written. */
  load(user: string): PendingMessage[] {
    const messages: PendingMessage[] = []
    for (const key of this.#keys(user)) {
      this.#guard((storage) => {
        const text = storage.getItem(key)
        if (text !== null) messages.push(restore(text))
      })
    }
    return messages.sort((a, b) => (a.clientMessageId < b.clientMessageId ? -1 : 1))
  }

  erase(user: string): void {
    for (const key of this.#keys(user)) this.#guard((storage) => storage.removeItem(key))
  }

  #keys(user: string): string[] {
    const keys: string[] = []
    this.#guard((storage) => {
      for (let i = 0; i < storage.length; i++) {
        const key = storage.key(i)
        if (key?.startsWith(`${PREFIX}${user}.`)) keys.push(key)
      }
    })
    return keys
  }

  #guard(work: (storage: KeyValueStorage) => void): void {
    if (this.#storage === undefined) return
    try {
      work(this.#storage)
    } catch (error) {
      this.#onError(error)
    }
  }
}

function keyOf(user: string, clientMessageId: string): string {
  return `${PREFIX}${user}.${clientMessageId}`
}

function restore(text: string): PendingMessage {
  const { failed, ...message } = JSON.parse(text)
  return failed === undefined
    ? { ...message, status: 'queued' }
    : { ...message, status: 'failed', error: new YeoulError(failed.code, failed.message, false) }
}
