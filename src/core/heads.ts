import type { Bus } from '../ports/bus.ts'
import type { Log } from '../ports/log.ts'
import { applyEvent, messageOf } from '../protocol/message.ts'
import type { Message, RoomEvent } from '../protocol/model.ts'

/** The head of one watched room, shared by all sessions of this node that watch it. */
export interface HeadCell {
  readonly room: string
  watchers: number
  epoch: number
  seq: number
  n: number
  lastMessage: Message | null
  /** Counts what changed: who watches compares it with what they told last. */
  changes: number
  /** Until its head was read; another session may come to watch it meanwhile. */
  reading: Promise<void> | null
}

/**
 * Heads of watched rooms. An event costs one look-up here, however many sessions watch: they compare it with what they
 * told last when their turn comes (see sweep.ts).
 */
export class Heads {
  readonly #log: Log
  readonly #bus: Bus
  #cells = new Map<string, HeadCell>()

  constructor(log: Log, bus: Bus) {
    this.#log = log
    this.#bus = bus
  }

  /** Cells of rooms that exist, in the order of `rooms`. Each must be given back with `release`. */
  async hold(rooms: string[]): Promise<HeadCell[]> {
    const fresh: HeadCell[] = []
    const cells = rooms.map((room) => {
      let cell = this.#cells.get(room)
      if (cell === undefined) {
        cell = { room, watchers: 0, epoch: 0, seq: 0, n: 0, lastMessage: null, changes: 0, reading: null }
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
      await Promise.all(new Set(cells.map((cell) => cell.reading)))
    } catch (error) {
      for (const cell of cells) this.release(cell)
      throw error
    }
    return cells
  }

  release(cell: HeadCell): void {
    cell.watchers--
    if (cell.watchers > 0 || this.#cells.get(cell.room) !== cell) return
    this.#cells.delete(cell.room)
    this.#bus.dropInterest(cell.room)
  }

  /** Reads the heads of these rooms anew: events may have been missed. */
  async refresh(concerns: (room: string) => boolean): Promise<void> {
    await this.#read([...this.#cells.values()].filter((cell) => concerns(cell.room)))
  }

  async #read(cells: HeadCell[]): Promise<void> {
    try {
      const heads = await this.#log.heads(cells.map((cell) => cell.room))
      for (const cell of cells) {
        const head = heads.get(cell.room)
        if (head === undefined || head.epoch < cell.epoch) continue
        if (head.epoch > cell.epoch) startAnew(cell, head.epoch)
        // A message that was missed: which one is not known here.
        if (head.n > cell.n) cell.lastMessage = null
        if (head.seq > cell.seq) cell.changes++
        // Events that came meanwhile may have moved it already.
        cell.seq = Math.max(cell.seq, head.seq)
        cell.n = Math.max(cell.n, head.n)
      }
    } finally {
      for (const cell of cells) cell.reading = null
    }
  }

  apply(room: string, epoch: number, events: RoomEvent[]): void {
    const cell = this.#cells.get(room)
    if (cell === undefined || epoch < cell.epoch) return
    if (epoch > cell.epoch) startAnew(cell, epoch)
    for (const event of events) {
      if (event.seq <= cell.seq) continue
      cell.changes++
      cell.seq = event.seq
      if (event.type === 'message') {
        cell.n = event.n
        cell.lastMessage = messageOf(event)
      } else if (cell.lastMessage !== null) cell.lastMessage = applyEvent(cell.lastMessage, event)
    }
  }
}

/** In a new epoch the sequence goes on from wherever the database was. */
function startAnew(cell: HeadCell, epoch: number): void {
  cell.epoch = epoch
  cell.seq = 0
  cell.n = 0
  cell.lastMessage = null
}
