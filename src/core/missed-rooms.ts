import type { Hub, LocalSession } from './hub.ts'

/** Sessions whose rooms are read at a time: a crowd must not take the database for itself. */
const AT_ONCE = 8
const AGAIN_MS = 1_000

/**
 * Finds the rooms that came to users or went without a notice, when the bus lost some: each session that watches rooms compares
 * them with the store, once.
 */
export class MissedRooms {
  readonly #hub: Hub
  readonly #failed: (error: unknown) => void
  #waiting = new Set<LocalSession>()
  #running = 0

  constructor(hub: Hub, failed: (error: unknown) => void) {
    this.#hub = hub
    this.#failed = failed
  }

  look(): void {
    for (const session of this.#hub.sessions) this.#waiting.add(session)
    while (this.#running < AT_ONCE && this.#waiting.size > 0) {
      this.#running++
      void this.#work()
    }
  }

  async #work(): Promise<void> {
    for (const session of this.#waiting) {
      this.#waiting.delete(session)
      try {
        await session.compareRooms()
      } catch (error) {
        this.#failed(error)
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref())
        if (this.#hub.sessions.has(session)) this.#waiting.add(session)
      }
    }
    this.#running--
  }
}
