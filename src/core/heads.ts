import type { Bus } from '../ports/bus.ts'
import type { Head, Log } from '../ports/log.ts'
import { applyEvent, messageOf } from '../protocol/message.ts'
import type { Message, RoomChangedEvent, RoomEvent } from '../protocol/model.ts'

/** The head of one watched room, shared by all sessions of this node that watch it. */
export interface HeadCell {
  readonly room: string
  watchers: number
  epoch: number
  seq: number
  n: number
  lastMessage: Message | null
  /** What of the room was changed since it is watched here. */
  facts: RoomChangedEvent['changes'] | null
  /** Counts what changed: who watches compares it with what they told last. */
  changes: number
  /** Until its head was read; another session may come to watch it meanwhile. */
  reading: Promise<void> | null
  /** Events that came before the ones before them. */
  early: RoomEvent[]
}

/** Events of one room that may come too early and wait; beyond, they are dropped: the log has them. */
const EARLY_MAX = 1_000

/**
 * Heads of watched rooms. An event costs one look-up here, however many sessions watch: they compare it with what they
 * told last when their turn comes (see sweep.ts).
 *
 * A head never passes an event that this node has not seen: it may be the leave of somebody who watches (P5).
 */
export class Heads {
  readonly #log: Log
  readonly #bus: Bus
  #cells = new Map<string, HeadCell>()

  constructor(log: Log, bus: Bus) {
    this.#log = log
    this.#bus = bus
  }

  /**
   * Cells of rooms that exist, in the order of `rooms`, and whether a head among them had to be read. Each must be given
   * back with `release`.
   */
  async hold(rooms: string[]): Promise<{ cells: HeadCell[]; read: boolean }> {
    const fresh: HeadCell[] = []
    const cells = rooms.map((room) => {
      let cell = this.#cells.get(room)
      if (cell === undefined) {
        const start = { epoch: 0, seq: 0, n: 0, lastMessage: null, facts: null }
        cell = { room, watchers: 0, ...start, changes: 0, reading: null, early: [] }
        this.#cells.set(room, cell)
        this.#bus.addInterest(room)
        fresh.push(cell)
      }
      cell.watchers++
      return cell
    })
    try {
      if (fresh.length > 0) {
        const reading = this.#read(fresh)
        for (const cell of fresh) cell.reading = reading
      }
      const read = cells.some((cell) => cell.reading !== null)
      await Promise.all(new Set(cells.map((cell) => cell.reading)))
      return { cells, read }
    } catch (error) {
      for (const cell of cells) this.release(cell)
      throw error
    }
  }

  get(room: string): HeadCell | undefined {
    return this.#cells.get(room)
  }

  release(cell: HeadCell): void {
    cell.watchers--
    if (cell.watchers > 0 || this.#cells.get(cell.room) !== cell) return
    this.#cells.delete(cell.room)
    this.#bus.dropInterest(cell.room)
  }

  /** The cells of these rooms that are behind the log: events were missed. */
  async behind(concerns: (room: string) => boolean): Promise<HeadCell[]> {
    const cells = [...this.#cells.values()].filter((cell) => concerns(cell.room))
    // What is being read now may have been read before what was missed.
    await Promise.allSettled(cells.map((cell) => cell.reading))
    const heads = await this.#log.heads(cells.map((cell) => cell.room))
    return cells.filter((cell) => {
      const head = heads.get(cell.room)
      if (head === undefined || head.epoch < cell.epoch) return false
      // Of what happened in between nothing can be told.
      if (head.epoch > cell.epoch) this.#begin(cell, head)
      return head.seq > cell.seq
    })
  }

  /** Takes events of a room, in any order, known or not; those that come too early wait. Answers whether some do. */
  apply(room: string, epoch: number, events: RoomEvent[]): boolean {
    const cell = this.#cells.get(room)
    if (cell === undefined || epoch < cell.epoch) return false
    if (epoch > cell.epoch) startAnew(cell, epoch, (events[0]?.seq ?? 1) - 1)
    const waiting = cell.early
    const all = waiting.length === 0 ? events : [...events, ...waiting].sort((a, b) => a.seq - b.seq)
    cell.early = []
    for (const event of all) {
      if (event.seq <= cell.seq) continue
      if (event.seq === cell.seq + 1) take(cell, event)
      else if (cell.early.length < EARLY_MAX) cell.early.push(event)
    }
    return cell.early.length > 0
  }

  async #read(cells: HeadCell[]): Promise<void> {
    try {
      const heads = await this.#log.heads(cells.map((cell) => cell.room))
      for (const cell of cells) {
        const head = heads.get(cell.room)
        if (head !== undefined && head.epoch >= cell.epoch) this.#begin(cell, head)
      }
    } finally {
      for (const cell of cells) cell.reading = null
    }
  }

  /** Goes on from a head that was read; events that came meanwhile may have moved it further already. */
  #begin(cell: HeadCell, { epoch, seq, n }: Head): void {
    if (epoch > cell.epoch) startAnew(cell, epoch, 0)
    if (seq <= cell.seq) return
    cell.changes++
    cell.seq = seq
    // A message that was missed: which one is not known here.
    if (n > cell.n) cell.lastMessage = null
    cell.n = Math.max(cell.n, n)
    this.apply(cell.room, epoch, [])
  }
}

function take(cell: HeadCell, event: RoomEvent): void {
  cell.changes++
  cell.seq = event.seq
  if (event.type === 'message') {
    cell.n = event.n
    cell.lastMessage = messageOf(event)
  } else if (event.type === 'room') cell.facts = { ...cell.facts, ...event.changes }
  else if (cell.lastMessage !== null) cell.lastMessage = applyEvent(cell.lastMessage, event)
}

/** In a new epoch the sequence goes on from wherever the database was. */
function startAnew(cell: HeadCell, epoch: number, seq: number): void {
  cell.epoch = epoch
  cell.seq = seq
  cell.n = 0
  cell.lastMessage = null
  cell.facts = null
  cell.early = []
}
