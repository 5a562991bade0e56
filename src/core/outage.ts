/** Failures of something that is tried again and again: those that come one after the other are told of once. */
export class Outage {
  readonly #failed: (error: unknown) => void
  #told = false

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  met(error: unknown): void {
    if (!this.#told) this.#failed(error)
    this.#told = true
  }

  over(): void {
    this.#told = false
  }
}
