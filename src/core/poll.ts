import { Outage } from './outage.ts'

/**
 * Looks again and again, once at a time, so that no late answer comes after a newer one. Looks that fail one after the other
 * are told of once.
 */
export class Poll {
  readonly #look: () => Promise<void>
  readonly #outage: Outage
  #looking = false
  #timer: NodeJS.Timeout | null = null

  constructor(look: () => Promise<void>, failed: (error: unknown) => void) {
    this.#look = look
    this.#outage = new Outage(failed)
  }

  /** Looks once, and rejects as that does; then goes on every `everyMs`. */
  async start(everyMs: number): Promise<void> {
    await this.#look()
    this.#timer = setInterval(() => void this.#again(), everyMs)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  async #again(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      await this.#look()
      this.#outage.over()
    } catch (error) {
      if (this.#timer !== null) this.#outage.met(error)
    }
    this.#looking = false
  }
}
