import { TokenBucket } from './rate-limit.ts'

/** Commands a second and at once, whatever they are; sends have a limit of their own. */
const COMMANDS_PER_SECOND = 200
const COMMANDS_BURST = 2_000
/** Refusals a second and at once; who earns more floods, and is sent away with 4429. */
const REFUSALS_PER_SECOND = 50
const REFUSALS_BURST = 500

/** How fast one connection may ask. `now`: monotonic ms. */
export class FloodGuard {
  #commands: TokenBucket | null = null
  #sends: TokenBucket | null = null
  #sendsPerSecond = 0
  #refusals: TokenBucket | null = null

  /** 0 when a command may run, otherwise in how many ms it may. `sendsPerSecond`, for a `send` alone; 0 is no limit. */
  command(now: number, sendsPerSecond: number): number {
    this.#commands ??= new TokenBucket(COMMANDS_PER_SECOND, COMMANDS_BURST, now)
    const wait = this.#commands.take(now)
    if (wait > 0 || sendsPerSecond === 0) return wait
    if (this.#sends === null || sendsPerSecond !== this.#sendsPerSecond) {
      this.#sends = new TokenBucket(sendsPerSecond, sendsPerSecond * 5, now)
      this.#sendsPerSecond = sendsPerSecond
    }
    return this.#sends.take(now)
  }

  /** Counts a refusal; whether there were too many. */
  refused(now: number): boolean {
    this.#refusals ??= new TokenBucket(REFUSALS_PER_SECOND, REFUSALS_BURST, now)
    return this.#refusals.take(now) > 0
  }
}
