import type { Hub, LocalSession } from './hub.ts'

const SLICES = 10
/** Bytes of unfinished frames that all connections together may hold; beyond, whoever has had a second loses theirs. */
const UNFINISHED_MAX = 64 * 1024 * 1024

/**
 * Visits every session about once a second, a slice at a time: heartbeats, tokens, stuck readers, frames that never end,
 * watched heads. The cost of a tick is bounded by the number of connections, whatever happens in rooms.
 */
export class Sweep {
  readonly #hub: Hub
  #left: Iterator<LocalSession> | null = null
  /** Of this round so far. */
  #unfinished = 0
  #short = false
  #timer: NodeJS.Timeout | null = null
  #roundMs = 0
  #nextRound = 0

  constructor(hub: Hub) {
    this.#hub = hub
  }

  start(roundMs = 1_000): void {
    this.#roundMs = roundMs
    this.#timer = setInterval(() => this.tick(), roundMs / SLICES)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  tick(): void {
    const now = performance.now()
    if (this.#left === null) {
      // A round of few sessions is done early; the next one waits all the same, so that heads are told once a round.
      if (now < this.#nextRound) return
      this.#nextRound = now + this.#roundMs
      this.#left = this.#hub.sessions.values()
    }
    for (let visits = Math.ceil(this.#hub.sessions.size / SLICES); visits > 0; visits--) {
      const next = this.#left.next()
      if (next.done) {
        this.#left = null
        this.#short = this.#unfinished > UNFINISHED_MAX
        this.#unfinished = 0
        return
      }
      this.#unfinished += next.value.unfinished
      next.value.sweep(now, this.#short)
    }
  }
}
