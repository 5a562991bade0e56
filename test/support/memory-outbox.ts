import type { OutboxStorage, StoredMessage } from '../../client/src/api.ts'

/** What programs leave behind for one another; one program runs at a time. */
export class MemoryOutbox implements OutboxStorage {
  readonly kept = new Map<string, StoredMessage>()

  get(user: string, clientMessageId: string): StoredMessage | undefined {
    return this.kept.get(`${user} ${clientMessageId}`)
  }

  async claim(user: string, found: (messages: StoredMessage[]) => void): Promise<void> {
    found([...this.kept].filter(([key]) => key.startsWith(`${user} `)).map(([, message]) => message))
  }
  async put(user: string, message: StoredMessage): Promise<void> {
    this.kept.set(`${user} ${message.clientMessageId}`, message)
  }
  async remove(user: string, clientMessageId: string): Promise<void> {
    this.kept.delete(`${user} ${clientMessageId}`)
  }
  async erase(user: string): Promise<void> {
    for (const key of [...this.kept.keys()]) if (key.startsWith(`${user} `)) this.kept.delete(key)
  }
  close(): void {}
}
