import { UserCounts } from '../../core/user-counts.ts'
import type { Presence } from '../../ports/presence.ts'

/** Presence of a single node: a count of subscriptions for each user of each room. */
export class MemoryPresence implements Presence {
  readonly #users = new UserCounts()
  #handler: (room: string, user: string, online: boolean) => void = () => {}

  enter(room: string, user: string): boolean {
    const first = this.#users.add(room, user)
    if (first) this.#handler(room, user, true)
    return first
  }

  exit(room: string, user: string): boolean {
    const last = this.#users.remove(room, user)
    if (last) this.#handler(room, user, false)
    return last
  }

  count(room: string): number {
    return this.#users.of(room)?.size ?? 0
  }

  async list(room: string, limit: number): Promise<{ users: string[]; count: number }> {
    const users = this.#users.of(room)
    return { users: users === undefined ? [] : [...users.keys().take(limit)], count: users?.size ?? 0 }
  }

  async among(room: string, users: string[]): Promise<Set<string>> {
    const online = this.#users.of(room)
    return new Set(online === undefined ? [] : users.filter((user) => online.has(user)))
  }

  onChange(handler: (room: string, user: string, online: boolean) => void): void {
    this.#handler = handler
  }
}
