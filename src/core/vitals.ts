import type { Wire } from './write-queue.ts'

/** How long a client may take from the first byte of a frame to its last. */
const FRAME_MS = 10_000

/**
 * Whether a connection is alive and fair: heard of lately, finishing the frames that it begins, taking what it is sent.
 * Looked at about once a second; `now` is monotonic ms.
 */
export class Vitals {
  readonly #wire: Wire
  #heardAt: number
  /** `wire.received` when the last whole frame was heard. */
  #received: number
  #unfinishedSince = 0
  #drained = 0
  #stuckSince = 0

  constructor(wire: Wire, now: number) {
    this.#wire = wire
    this.#heardAt = now
    this.#received = wire.received
  }

  /** A whole frame came, of whatever kind. */
  heard(now: number): void {
    this.#heardAt = now
    this.#received = this.#wire.received
    this.#unfinishedSince = 0
  }

  silentMs(now: number): number {
    return now - this.#heardAt
  }

  /** Bytes of a frame that is not complete yet. */
  get unfinished(): number {
    return Math.max(0, this.#wire.received - this.#received)
  }

  /** Whether a frame was begun and does not end; `short`: memory for unfinished frames is short, so that a second is enough. */
  isTrickling(now: number, short: boolean): boolean {
    if (this.unfinished === 0) this.#unfinishedSince = 0
    else if (this.#unfinishedSince === 0) this.#unfinishedSince = now
    else return short || now - this.#unfinishedSince > FRAME_MS
    return false
  }

  /** Whether nothing has left for the network for `limitMs` although something waits. */
  isStuck(now: number, limitMs: number): boolean {
    const { buffered, drained } = this.#wire
    if (buffered === 0) {
      this.#stuckSince = 0
      return false
    }
    if (this.#stuckSince === 0 || drained !== this.#drained) {
      this.#drained = drained
      this.#stuckSince = now
      return false
    }
    return now - this.#stuckSince > limitMs
  }
}
