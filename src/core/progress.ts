import type { Bus } from '../ports/bus.ts'
import type { Memberships, ReadCursor } from '../ports/memberships.ts'
import type { Position } from '../protocol/model.ts'

interface Pending {
  cursor: ReadCursor
  epoch: number
  /** The session that read, '' when nobody's in particular: the others are told. */
  by: string
}

interface Exit {
  room: string
  user: string
  at: number
}

const CHUNK = 500
/** So many waiting cursors are written at once; twice as many are held, and new ones dropped: reading on brings them again. */
const WAITING_MAX = 50_000
/** More users and rooms than this are not remembered; their cursors are still compared where they are stored. */
const KNOWN_MAX = 50_000

/**
 * Read cursors and times of last exit, gathered and written together: many steps forward within one interval are one row.
 * A crash loses at most one interval of them, never a message.
 */
export class Progress {
  readonly #memberships: Memberships
  readonly #bus: Bus
  readonly #failed: (error: unknown) => void
  #cursors = new Map<string, Pending>()
  /** How far users have read as far as this node knows: a cursor never moves back, so that less than this is no news. */
  #known = new Map<string, Position>()
  #exits = new Map<string, Exit>()
  #saving: Promise<void> = Promise.resolve()
  /** The save that has not begun. */
  #next: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(options: { memberships: Memberships; bus: Bus; failed: (error: unknown) => void }) {
    this.#memberships = options.memberships
    this.#bus = options.bus
    this.#failed = options.failed
  }

  start(intervalMs: number): void {
    this.#timer = setInterval(() => void this.flush(), intervalMs)
    this.#timer.unref()
  }

  /** A user has read a room up to `seq` of this epoch; answers whether that is news here. */
  read(cursor: ReadCursor, epoch: number, by: string): boolean {
    const key = keyOf(cursor)
    if (!this.#isNews(key, cursor, epoch)) return false
    if (!this.#cursors.has(key) && this.#cursors.size >= WAITING_MAX * 2) return false
    this.#cursors.set(key, { cursor, epoch, by })
    if (this.#cursors.size > WAITING_MAX) void this.flush()
    return true
  }

  /** A user's own message moved the cursor: the log wrote it, and the message tells the user's other sessions. */
  sent(cursor: ReadCursor, epoch: number): void {
    const key = keyOf(cursor)
    if (!this.#isNews(key, cursor, epoch)) return
    this.#cursors.delete(key)
  }

  exited(room: string, user: string, at: number): void {
    this.#exits.set(room + user, { room, user, at })
  }

  /** Writes what waits; resolves when all that was noted before is in the database, or its failure was told. */
  flush(): Promise<void> {
    if (this.#cursors.size === 0 && this.#exits.size === 0) return this.#saving
    if (this.#next !== null) return this.#next
    // At most one save waits behind the one under way, and takes all that is there by then: a slow database piles up none.
    this.#next = this.#saving.then(() => {
      this.#next = null
      return this.#save()
    })
    this.#saving = this.#next
    return this.#next
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.flush()
  }

  /** Whether the cursor is beyond what this node knows of the user in this room; then it is known. */
  #isNews(key: string, cursor: ReadCursor, epoch: number): boolean {
    if (this.#isKnown(key, cursor.seq, epoch)) return false
    this.#known.set(key, { epoch, seq: cursor.seq })
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.keys().next().value as string)
    return true
  }

  /** Whether the user is known to have read so far, or of a later epoch. */
  #isKnown(key: string, seq: number, epoch: number): boolean {
    const known = this.#known.get(key)
    return known !== undefined && (known.epoch > epoch || (known.epoch === epoch && known.seq >= seq))
  }

  async #save(): Promise<void> {
    const pending = [...this.#cursors.values()]
    const exits = [...this.#exits.values()]
    this.#cursors.clear()
    this.#exits.clear()
    const cursors = pending.map((one) => one.cursor)
    try {
      for (let i = 0; i < Math.max(cursors.length, exits.length); i += CHUNK)
        await this.#memberships.saveProgress(cursors.slice(i, i + CHUNK), exits.slice(i, i + CHUNK))
    } catch (error) {
      this.#failed(error)
      this.#keep(pending, exits)
      return
    }
    for (const { cursor, by } of pending)
      this.#bus.publishToUser(cursor.user, { kind: 'read', room: cursor.room, seq: cursor.seq, n: cursor.n, by })
  }

  /** What could not be saved waits for the next time, unless something newer waits already or was written by the log. */
  #keep(pending: Pending[], exits: Exit[]): void {
    for (const one of pending) {
      const key = keyOf(one.cursor)
      if (this.#isKnown(key, one.cursor.seq + 1, one.epoch)) continue
      if (this.#cursors.size < WAITING_MAX) this.#cursors.set(key, one)
    }
    for (const exit of exits) {
      const key = exit.room + exit.user
      if (!this.#exits.has(key) && this.#exits.size < WAITING_MAX) this.#exits.set(key, exit)
    }
  }
}

function keyOf({ room, user }: ReadCursor): string {
  return room + user
}
