import type { OutboxStorage, PendingMessage, StoredMessage } from './api.ts'
import { YeoulError } from './errors.ts'

/**
 * The outbox's way to its storage. A storage that fails costs no message: what it does not keep lives in memory, and the error
 * is told once each time.
 */
export class StoredOutbox {
  readonly #storage: OutboxStorage | undefined
  readonly #onError: (error: unknown) => void

  constructor(storage: OutboxStorage | undefined, onError: (error: unknown) => void) {
    this.#storage = storage
    this.#onError = onError
  }

  /** Hands over what `user` left behind, now and whenever more of it becomes free; null when there is nothing to wait for. */
  claim(user: string, found: (messages: PendingMessage[]) => void): Promise<void> | null {
    if (this.#storage === undefined) return null
    return this.#guard((storage) => storage.claim(user, (messages) => found(messages.map(restored))))
  }

  put(user: string | null, message: PendingMessage): void {
    if (user !== null) void this.#guard((storage) => storage.put(user, stored(message)))
  }

  remove(user: string | null, clientMessageId: string): void {
    if (user !== null) void this.#guard((storage) => storage.remove(user, clientMessageId))
  }

  erase(user: string): void {
    void this.#guard((storage) => storage.erase(user))
  }

  close(): void {
    void this.#guard(async (storage) => storage.close())
  }

  async #guard(work: (storage: OutboxStorage) => Promise<void>): Promise<void> {
    if (this.#storage === undefined) return
    try {
      await work(this.#storage)
    } catch (error) {
      this.#onError(error)
    }
  }
}

function stored(message: PendingMessage): StoredMessage {
  const { error, status: _, ...rest } = message
  return error === undefined ? rest : { ...rest, failed: { code: error.code, message: error.message } }
}

function restored({ failed, ...message }: StoredMessage): PendingMessage {
  return failed === undefined
    ? { ...message, status: 'queued' }
    : { ...message, status: 'failed', error: new YeoulError(failed.code, failed.message, false) }
}
