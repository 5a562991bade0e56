import type { Command } from '../protocol/frames.ts'
import type { WriteQueue } from './write-queue.ts'

/** Commands whose answers may be large. */
const READS: ReadonlySet<Command['op']> = new Set(['subscribe', 'events', 'watch'])
const READING = 'reading'

/** The order of one connection's commands: those of one room come one after the other, and large answers one at a time. */
export class CommandTurns {
  readonly #queue: WriteQueue
  /** The end of each room's queue of commands, while one of them is not done. */
  #chains: Map<string, Promise<void>> | null = null

  constructor(queue: WriteQueue) {
    this.#queue = queue
  }

  /** Runs a command when its turn comes: at once, or later. What `run` answers never rejects. */
  take(command: Command, run: () => undefined | Promise<void>): void {
    // Without a room, only others of its kind are waited for: a ping or a new token never waits for a list of heads.
    const room = 'room' in command ? command.room : command.op
    const reads = READS.has(command.op)
    const before = reads ? this.#readTurn(this.#chains?.get(room)) : this.#chains?.get(room)
    const done = before === undefined ? run() : before.then(run)
    if (done === undefined) return
    this.#chain(room, done)
    if (reads) this.#chain(READING, done)
  }

  /**
   * When the next large answer may be read: after what comes before it in its room, after the one before it, and when the
   * connection has taken enough of what it got. So that a client that asks much and reads little holds one answer at a
   * time. Undefined: now.
   */
  #readTurn(room: Promise<void> | undefined): Promise<void> | undefined {
    const reading = this.#chains?.get(READING)
    if (room === undefined && reading === undefined && this.#queue.waiting <= this.#queue.limit) return
    return Promise.all([room, reading]).then(() => this.#queue.drained())
  }

  #chain(room: string, done: Promise<void>): void {
    this.#chains ??= new Map()
    this.#chains.set(room, done)
    void done.then(() => {
      if (this.#chains?.get(room) === done) this.#chains.delete(room)
      if (this.#chains?.size === 0) this.#chains = null
    })
  }
}
