import { TokenBucket } from './rate-limit.ts'

/**
 * One token bucket a key, in a bounded map: when it is full the key that was longest unused is forgotten, which gives that
 * key its whole burst back and nobody else anything.
 */
export class TokenBuckets {
  readonly #rate: { burst: number; perSecond: number }
  readonly #keys: number
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rate: { burst: number; perSecond: number }, keys = 20_000) {
    this.#rate = rate
    this.#keys = keys
  }

  /** Takes a token of a key. Answers 0, or for how many ms there is none. `now`: ms of a clock that never goes back. */
  take(key: string, now: number = performance.now()): number {
    return this.#bucket(key, now).take(now)
  }

  /** Puts a token back: what it was taken for does not count after all. */
  giveBack(key: string): void {
    this.#buckets.get(key)?.giveBack()
  }

  #bucket(key: string, now: number): TokenBucket {
    let bucket = this.#buckets.get(key)
    if (bucket !== undefined) {
      this.#buckets.delete(key)
    } else {
      if (this.#buckets.size >= this.#keys) this.#buckets.delete(this.#buckets.keys().next().value as string)
      bucket = new TokenBucket(this.#rate.perSecond, this.#rate.burst, now)
    }
    this.#buckets.set(key, bucket)
    return bucket
  }
}
