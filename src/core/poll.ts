/**
 * Looks again and again, once at a time, so that no late answer comes after a newer one. Looks that fail one after the other
 * are told of once.
 */
export class Poll {
  readonly #look: () => Promise<void>
  readonly #failed: (error: unknown) => void
  #looking = false
  #down = false
  #timer: NodeJS.Timeout | null = null

  constructor(look: () => Promise<void>, failed: (error: unknown) => void) {
    this.#look = look
    this.#failed = failed
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
      this.#down = false
    } catch (error) {
      if (!this.#down && this.#timer !== null) this.#failed(error)
      this.#down = true
    }
    this.#looking = false
  }
}
