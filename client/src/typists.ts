import type { Clock } from './api.ts'

/** How long one `typing` push counts. */
const TYPING_MS = 5_000
/** The most users that are told as typing. */
const NAMED = 20

/** Who types: each for a few seconds after the last sign of it. */
export class Typists {
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #until = new Map<string, number>()
  #timer: unknown = null

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock
    this.#changed = changed
  }

  list(): readonly string[] {
    return [...this.#until.keys()]
  }

  typed(user: string): void {
    const known = this.#until.has(user)
    if (!known && this.#until.size >= NAMED) return
    this.#until.set(user, this.#clock.now() + TYPING_MS)
    if (!known) this.#changed()
    if (this.#timer === null) this.#timer = this.#clock.setTimeout(() => this.#sweep(), TYPING_MS)
  }

  stopped(user: string): void {
    if (this.#until.delete(user)) this.#changed()
  }

  clear(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#timer = null
    if (this.#until.size > 0) {
      this.#until.clear()
      this.#changed()
    }
  }

  #sweep(): void {
    const now = this.#clock.now()
    let next = Number.POSITIVE_INFINITY
    const before = this.#until.size
    for (const [user, until] of this.#until) {
      if (until <= now) this.#until.delete(user)
      else next = Math.min(next, until)
    }
    this.#timer = next === Number.POSITIVE_INFINITY ? null : this.#clock.setTimeout(() => this.#sweep(), next - now)
    if (this.#until.size < before) this.#changed()
  }
}
