import type { Presence } from '../../ports/presence.ts'

/** Presence of a single node: a count of subscriptions for each user of each room. */
export class MemoryPresence implements Presence {
  #rooms = new Map<string, Map<string, number>>()
  #handler: (room: string, user: string, online: boolean) => void = () => {}

  enter(room: string, user: string): boolean {
    let users = this.#rooms.get(room)
    if (users === undefined) {
      users = new Map()
      this.#rooms.set(room, users)
    }
    const before = users.get(user) ?? 0
    users.set(user, before + 1)
    if (before === 0) this.#handler(room, user, true)
    return before === 0
  }

  exit(room: string, user: string): boolean {
    const users = this.#rooms.get(room)
    const before = users?.get(user)
    if (users === undefined || before === undefined) return false
    if (before > 1) {
      users.set(user, before - 1)
      return false
    }
    users.delete(user)
    if (users.size === 0) this.#rooms.delete(room)
    this.#handler(room, user, false)
    return true
  }

  count(room: string): number {
    return this.#rooms.get(room)?.size ?? 0
  }

  async list(room: string, limit: number): Promise<{ users: string[]; count: number }> {
    const users = this.#rooms.get(room)
    return { users: users === undefined ? [] : [...users.keys().take(limit)], count: users?.size ?? 0 }
  }

  async among(room: string, users: string[]): Promise<Set<string>> {
    const online = this.#rooms.get(room)
    return new Set(online === undefined ? [] : users.filter((user) => online.has(user)))
  }

  onChange(handler: (room: string, user: string, online: boolean) => void): void {
    this.#handler = handler
  }
}
