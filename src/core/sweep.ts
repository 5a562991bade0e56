import type { Hub } from './hub.ts'
import type { Session } from './session.ts'

const SLICES = 10
/** Bytes of unfinished frames that all connections together may hold; beyond, whoever has had a second loses theirs. */
const UNFINISHED_MAX = 64 * 1024 * 1024

/**
 * Visits every session about once a second, a slice at a time: heartbeats, tokens, stuck readers, frames that never end,
 * watched heads.
 * The cost of a tick is bounded by the number of connections, whatever happens in rooms.
 */
export class Sweep {
  readonly #hub: Hub
  #left: Iterator<Session> | null = null
  /** Of this round so far. */
  #unfinished = 0
  #short = false
  #timer: NodeJS.Timeout | null = null

  constructor(hub: Hub) {
    this.#hub = hub
  }

  start(roundMs = 1_000): void {
    this.#timer = setInterval(() => this.tick(), roundMs / SLICES)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  tick(): void {
    const now = performance.now()
    this.#left ??= this.#hub.sessions.values()
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
