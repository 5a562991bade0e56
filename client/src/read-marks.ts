import type { KeptConnection } from './connection.ts'
import type { Surroundings } from './platform.ts'

/** The shortest span between two `read` commands of one room. */
const PACE_MS = 1_000

interface Mark {
  epoch: number
  seq: number
  n: number
  /** What was sent last in this epoch. */
  sent: number
  /** Runs while the pace forbids another. */
  timer: unknown
}

/** The user's own read cursors on their way to the server: the newest of each room, gathered. */
export class ReadMarks {
  readonly #around: Surroundings
  readonly #connection: KeptConnection
  readonly #marks = new Map<string, Mark>()

  constructor(around: Surroundings, connection: KeptConnection) {
    this.#around = around
    this.#connection = connection
  }

  /** Moves forward only, within an epoch. */
  move(room: string, epoch: number, seq: number, n: number): void {
    const mark = this.#marks.get(room)
    if (mark === undefined || mark.epoch !== epoch) {
      this.#around.clock.clearTimeout(mark?.timer)
      this.#marks.set(room, { epoch, seq, n, sent: 0, timer: null })
    } else if (seq > mark.seq) Object.assign(mark, { seq, n })
    this.#send(room)
  }

  online(): void {
    for (const room of this.#marks.keys()) this.#send(room)
  }

  clear(): void {
    for (const mark of this.#marks.values()) this.#around.clock.clearTimeout(mark.timer)
    this.#marks.clear()
  }

  #send(room: string): void {
    const mark = this.#marks.get(room)
    if (mark === undefined || mark.timer !== null || mark.sent >= mark.seq) return
    if (this.#connection.state.state !== 'online') return
    const { epoch, seq, n } = mark
    mark.sent = seq
    this.#pace(room, mark)
    this.#connection.ask({ op: 'read', room, seq, n, epoch }, (_, error) => {
      if (!error?.retryable || mark.sent !== seq || this.#marks.get(room) !== mark) return
      mark.sent = 0
      if (mark.timer === null) this.#pace(room, mark)
    })
  }

  #pace(room: string, mark: Mark): void {
    mark.timer = this.#around.clock.setTimeout(() => {
      mark.timer = null
      this.#send(room)
    }, PACE_MS)
  }
}
