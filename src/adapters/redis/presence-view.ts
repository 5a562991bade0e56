/** What one node's entries in a partition are, as far as they are known here. */
export interface NodeEntries {
  /** '' until they were read. */
  version: string
  /** `<room> <user>` */
  entries: Set<string>
}

/** Who is online: in how many nodes' entries each user of each room stands. Tells who comes first and who goes last. */
export class PresenceView {
  #rooms = new Map<string, Map<string, number>>()
  changed: (room: string, user: string, online: boolean) => void = () => {}

  add(room: string, user: string): void {
    let users = this.#rooms.get(room)
    if (users === undefined) {
      users = new Map()
      this.#rooms.set(room, users)
    }
    const before = users.get(user) ?? 0
    users.set(user, before + 1)
    if (before === 0) this.changed(room, user, true)
  }

  remove(room: string, user: string): void {
    const users = this.#rooms.get(room)
    const before = users?.get(user)
    if (users === undefined || before === undefined) return
    if (before > 1) {
      users.set(user, before - 1)
      return
    }
    users.delete(user)
    if (users.size === 0) this.#rooms.delete(room)
    this.changed(room, user, false)
  }

  /** Makes a node's entries what they are now. */
  replace(node: NodeEntries, entries: Iterable<string>): void {
    const before = node.entries
    node.entries = new Set(entries)
    for (const entry of node.entries) if (!before.has(entry)) this.#add(entry)
    for (const entry of before) if (!node.entries.has(entry)) this.#remove(entry)
  }

  /** Takes a change as it is pushed: `+` or `-` before the entry. */
  apply(node: NodeEntries, change: string): void {
    const entry = change.slice(1)
    if (change.startsWith('+')) {
      if (node.entries.has(entry)) return
      node.entries.add(entry)
      this.#add(entry)
    } else if (node.entries.delete(entry)) this.#remove(entry)
  }

  count(room: string): number {
    return this.#rooms.get(room)?.size ?? 0
  }

  list(room: string, limit: number): { users: string[]; count: number } {
    const users = this.#rooms.get(room)
    return { users: users === undefined ? [] : [...users.keys().take(limit)], count: users?.size ?? 0 }
  }

  among(room: string, users: string[]): Set<string> {
    const online = this.#rooms.get(room)
    return new Set(online === undefined ? [] : users.filter((user) => online.has(user)))
  }

  #add(entry: string): void {
    const space = entry.indexOf(' ')
    this.add(entry.slice(0, space), entry.slice(space + 1))
  }

  #remove(entry: string): void {
    const space = entry.indexOf(' ')
    this.remove(entry.slice(0, space), entry.slice(space + 1))
  }
}
