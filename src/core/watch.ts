import type { HeadEntry } from '../protocol/frames.ts'
import type { HeadCell, Heads } from './heads.ts'

/** The rooms that one session watches, and what it was told of each. */
export class Watch {
  /** Whether rooms that the user joins are watched from then on. */
  readonly all: boolean
  readonly #user: string
  readonly #heads: Heads
  readonly #most: number
  #cells: HeadCell[] = []
  #told: number[] = []
  #ended = false
  /** Calls of `add` under way, and the rooms that were taken away meanwhile: those must not be added any more (P5). */
  #adding = 0
  readonly #removed = new Set<string>()
  /** Rooms that the user was seen to leave, of which no notice has come. */
  readonly #left = new Set<string>()
  /** Read cursors that other sessions of the user moved since the last push. */
  #read: Map<string, number> | null = null

  constructor(user: string, all: boolean, heads: Heads, most: number) {
    this.#user = user
    this.all = all
    this.#heads = heads
    this.#most = most
  }

  /**
   * Begins to watch; the heads are those to answer with, and told thereby. `find` answers the rooms, those among which the
   * user is a member of; it is asked again when a head was read after that, which may lie above the user's leave (P5).
   */
  async add(find: () => Promise<string[]>): Promise<HeadEntry[]> {
    this.#adding++
    try {
      const { cells, read } = await this.#heads.hold((await find()).slice(0, this.#most))
      const still = read ? await this.#stillMine(find, cells) : null
      const known = new Set(this.#cells)
      const added: HeadCell[] = []
      for (const cell of cells) {
        // The session may have ended, or a join have added the room, or a leave taken it away, while the heads were read.
        const late = this.#ended || known.has(cell) || this.#removed.has(cell.room) || still?.has(cell.room) === false
        if (late || this.#cells.length >= this.#most) this.#heads.release(cell)
        else {
          this.#cells.push(cell)
          this.#told.push(cell.changes)
          added.push(cell)
        }
      }
      return added.map((cell) => this.#entry(cell))
    } finally {
      this.#adding--
      if (this.#adding === 0) this.#removed.clear()
    }
  }

  /** A room that the user just joined: its head is told with the next push. `find` as in `add`. */
  async addLater(room: string, find: () => Promise<string[]>): Promise<void> {
    this.#removed.delete(room)
    this.#left.delete(room)
    if ((await this.add(find)).length === 0) return
    const i = this.#cells.findIndex((cell) => cell.room === room)
    if (i >= 0) this.#told[i] = -1
  }

  /** The user was seen to leave. */
  left(room: string): void {
    if (this.#cells.some((cell) => cell.room === room)) this.#left.add(room)
    this.#take(room)
  }

  /** The user was told that the room is not theirs any more. */
  remove(room: string): void {
    this.#left.delete(room)
    this.#take(room)
  }

  #take(room: string): void {
    if (this.#adding > 0) this.#removed.add(room)
    const i = this.#cells.findIndex((cell) => cell.room === room)
    if (i < 0) return
    this.#heads.release(this.#cells[i] as HeadCell)
    this.#cells.splice(i, 1)
    this.#told.splice(i, 1)
    this.#read?.delete(room)
  }

  end(): void {
    this.#ended = true
    for (const cell of this.#cells.splice(0)) this.#heads.release(cell)
    this.#told = []
  }

  /** Which of the user's rooms, as `find` answers them, should be watched and are not, and which went without a notice. */
  async compare(find: () => Promise<string[]>): Promise<{ came: string[]; gone: string[] }> {
    const before = [...this.#cells.map((cell) => cell.room), ...this.#left]
    const mine = new Set(await find())
    // Of more rooms than can be watched nobody knows which they should be.
    if (this.all && mine.size >= this.#most) return { came: [], gone: [] }
    const now = new Set(this.#cells.map((cell) => cell.room))
    return {
      came: this.all ? [...mine.difference(now)] : [],
      gone: before.filter((room) => (now.has(room) || this.#left.has(room)) && !mine.has(room)),
    }
  }

  /** Another session of the user has read this room up to its `n`-th message. */
  read(room: string, n: number): void {
    this.#read ??= new Map()
    this.#read.set(room, Math.max(n, this.#read.get(room) ?? 0))
  }

  /** The `heads` push for what changed since the last one, or null. */
  changes(): string | null {
    let rooms: HeadEntry[] | null = null
    for (let i = 0; i < this.#cells.length; i++) {
      const cell = this.#cells[i] as HeadCell
      const readN = this.#read?.get(cell.room)
      if (cell.changes === this.#told[i] && readN === undefined) continue
      this.#told[i] = cell.changes
      rooms ??= []
      rooms.push(this.#entry(cell, readN))
    }
    this.#read = null
    return rooms === null ? null : JSON.stringify({ push: 'heads', rooms })
  }

  async #stillMine(find: () => Promise<string[]>, cells: HeadCell[]): Promise<Set<string>> {
    try {
      return new Set(await find())
    } catch (error) {
      for (const cell of cells) this.#heads.release(cell)
      throw error
    }
  }

  #entry(cell: HeadCell, readN?: number): HeadEntry {
    const entry: HeadEntry = { room: cell.room, epoch: cell.epoch, seq: cell.seq, n: cell.n }
    if (cell.lastMessage !== null) {
      entry.lastMessage = cell.lastMessage
      // One's own message moves one's read cursor (decision 16).
      if (cell.lastMessage.sender === this.#user) readN = Math.max(readN ?? 0, cell.lastMessage.n)
    }
    if (cell.facts !== null) entry.changes = cell.facts
    if (readN !== undefined) entry.readN = readN
    return entry
  }
}
