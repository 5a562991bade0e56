export interface BucketRate {
  /** How many may come at once. */
  burst: number
  /** How many more each second afterwards. */
  perSecond: number
}

interface Bucket {
  tokens: number
  at: number
}

/**
 * One token bucket a key, in a bounded map: when it is full the key that was longest unused is forgotten, which gives that
 * key its whole burst back and nobody else anything.
 */
export class TokenBuckets {
  readonly #rate: BucketRate
  readonly #keys: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: BucketRate, keys = 20_000) {
    this.#rate = rate
    this.#keys = keys
  }

  /** Takes a token. Answers 0, or for how many ms there is none; then nothing was taken. `now` in ms. */
  take(key: string, now: number = Date.now()): number {
    const bucket = this.#bucket(key, now)
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / this.#rate.perSecond) * 1_000)
    bucket.tokens--
    return 0
  }

  /** Puts a token back: what it was taken for does not count after all. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key)
    if (bucket) bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + 1)
  }

  #bucket(key: string, now: number): Bucket {
    const { burst, perSecond } = this.#rate
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#keys) this.#buckets.delete(this.#buckets.keys().next().value as string)
      bucket = { tokens: burst, at: now }
    } else {
      // A clock that was set back refills nothing and takes nothing away.
      const elapsed = Math.max(0, now - bucket.at)
      bucket.tokens = Math.min(burst, bucket.tokens + (elapsed / 1_000) * perSecond)
      bucket.at = now
      this.#buckets.delete(key)
    }
    this.#buckets.set(key, bucket)
    return bucket
  }
}
