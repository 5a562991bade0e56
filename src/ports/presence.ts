/**
 * Who is online in a room: users with at least one session, on any node, that is subscribed to it (decision 18).
 * Ephemeral: a node that dies takes its own entries with it.
 *
 * A node follows the rooms in which it has subscriptions itself: `count` and `onChange` are of those. `list` and `among`
 * answer for any room; they never reject: when the other nodes cannot be asked, they say what this one knows.
 */
export interface Presence {
  /** Adds one subscription of a user in a room. Answers whether it is the user's first in this room on this node. */
  enter(room: string, user: string): boolean
  /** Takes one away. Answers whether it was the user's last in this room on this node. */
  exit(room: string, user: string): boolean
  /** How many users are online in a room that this node follows. */
  count(room: string): number
  /** At most `limit` users of those online; `count` is of all. */
  list(room: string, limit: number): Promise<{ users: string[]; count: number }>
  /** Those of the users who are online. */
  among(room: string, users: string[]): Promise<Set<string>>
  /** Told of every user who comes or goes in the rooms that this node follows, through any node, after the change. */
  onChange(handler: (room: string, user: string, online: boolean) => void): void
}

/** The subscriptions that nodes held when they died. */
export interface PresenceRemains {
  /**
   * Hands them to `save` in batches, `at` being when their node was last heard of. One caller has a node's remains at a time;
   * they are gone when all were saved, and handed out again when `save` rejects. Answers how many were saved.
   */
  settle(save: (exits: { room: string; user: string; at: number }[]) => Promise<void>): Promise<number>
}
