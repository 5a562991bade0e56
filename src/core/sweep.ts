import type { Hub } from './hub.ts'
import type { Session } from './session.ts'

const SLICES = 10

/**
 * Visits every session about once a second, a slice of them at a time: heartbeats, tokens, stuck readers, watched heads.
 * The cost of a tick is bounded by the number of connections, whatever happens in rooms.
 */
export class Sweep {
  readonly #hub: Hub
  #left: Iterator<Session> | null = null
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
        return
      }
      next.value.sweep(now)
    }
  }
}
