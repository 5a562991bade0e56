/** How many subscriptions each user has in each room. */
export class UserCounts {
  #rooms = new Map<string, Map<string, number>>()

  /** Answers whether it is the user's first in this room. */
  add(room: string, user: string): boolean {
    let users = this.#rooms.get(room)
    if (users === undefined) {
      users = new Map()
      this.#rooms.set(room, users)
    }
    const before = users.get(user) ?? 0
    users.set(user, before + 1)
    return before === 0
  }

  /** Answers whether it was the user's last in this room; taking away where there is none changes nothing. */
  remove(room: string, user: string): boolean {
    const users = this.#rooms.get(room)
    const before = users?.get(user)
    if (users === undefined || before === undefined) return false
    if (before > 1) {
      users.set(user, before - 1)
      return false
    }
    users.delete(user)
    if (users.size === 0) this.#rooms.delete(room)
    return true
  }

  /** The users with any in a room; undefined when there are none. */
  of(room: string): ReadonlyMap<string, number> | undefined {
    return this.#rooms.get(room)
  }
}
