/**
 * Who is online in a room: users with at least one session, on any node, that is subscribed to it (decision 18).
 * Ephemeral: a node that dies takes its own entries with it.
 */
export interface Presence {
  /** Adds one subscription of a user in a room. Answers whether the user came online by it. */
  enter(room: string, user: string): boolean
  /** Takes one away. Answers whether the user went offline by it. */
  exit(room: string, user: string): boolean
  online(room: string, user: string): boolean
  /** At most `limit` users of those online; `count` is of all. */
  list(room: string, limit: number): { users: string[]; count: number }
  count(room: string): number
  /** Told of every user who comes or goes, on any node, after the change. */
  onChange(handler: (room: string, user: string, online: boolean) => void): void
}
