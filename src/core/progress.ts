import type { Bus } from '../ports/bus.ts'
import type { Memberships, ReadCursor } from '../ports/memberships.ts'

interface Pending {
  cursor: ReadCursor
  /** The session that read, '' when nobody's in particular: the others are told. */
  by: string
  /** Whether the cursor must be written; one's own message has moved it in the log already. */
  save: boolean
}

const CHUNK = 500
/** Above this many waiting cursors the oldest are written at once. */
const WAITING_MAX = 50_000

/**
 * Read cursors and times of last exit, gathered and written together: many steps forward within one interval are one row.
 * A crash loses at most one interval of them, never a message.
 */
export class Progress {
  readonly #memberships: Memberships
  readonly #bus: Bus
  readonly #failed: (error: unknown) => void
  #cursors = new Map<string, Pending>()
  #exits = new Map<string, { room: string; user: string; at: number }>()
  #saving: Promise<void> = Promise.resolve()
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

  /** A user has read a room up to `seq`; answers whether that is news here. */
  read(cursor: ReadCursor, by: string): boolean {
    return this.#note(cursor, by, true)
  }

  /** A user's own message moved the cursor: the log wrote it, other sessions of the user are told. */
  sent(cursor: ReadCursor): void {
    this.#note(cursor, '', false)
  }

  exited(room: string, user: string, at: number): void {
    this.#exits.set(room + user, { room, user, at })
  }

  /** Writes what waits; resolves when all that was noted before is in the database, or its failure was told. */
  flush(): Promise<void> {
    if (this.#cursors.size === 0 && this.#exits.size === 0) return this.#saving
    const cursors = [...this.#cursors.values()]
    const exits = [...this.#exits.values()]
    this.#cursors.clear()
    this.#exits.clear()
    this.#saving = this.#saving.then(() => this.#save(cursors, exits))
    return this.#saving
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.flush()
  }

  #note(cursor: ReadCursor, by: string, save: boolean): boolean {
    const key = cursor.room + cursor.user
    const waiting = this.#cursors.get(key)
    if (waiting !== undefined && waiting.cursor.seq >= cursor.seq) return false
    this.#cursors.set(key, { cursor, by, save: save || (waiting?.save ?? false) })
    if (this.#cursors.size > WAITING_MAX) void this.flush()
    return true
  }

  async #save(pending: Pending[], exits: { room: string; user: string; at: number }[]): Promise<void> {
    const cursors = pending.filter((one) => one.save).map((one) => one.cursor)
    try {
      for (let i = 0; i < Math.max(cursors.length, exits.length); i += CHUNK)
        await this.#memberships.saveProgress(cursors.slice(i, i + CHUNK), exits.slice(i, i + CHUNK))
    } catch (error) {
      this.#failed(error)
      // Kept for the next time, unless the user has read on since.
      for (const one of pending) {
        const key = one.cursor.room + one.cursor.user
        if (one.save && !this.#cursors.has(key) && this.#cursors.size < WAITING_MAX) this.#cursors.set(key, one)
      }
      return
    }
    for (const { cursor, by } of pending)
      this.#bus.publishToUser(cursor.user, { kind: 'read', room: cursor.room, seq: cursor.seq, n: cursor.n, by })
  }
}
