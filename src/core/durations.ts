/** Buckets grow by a quarter of an octave: a percentile is at most 19 % too high. */
const PER_OCTAVE = 4
const FIRST_MS = 0.1
/** Up to about 5.5 s; what is longer counts as that. */
const BUCKETS = 64

/** How long something took since it was last asked about, for a percentile that costs one look at a few buckets. */
export class Durations {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0

  observe(seconds: number): void {
    const bucket = Math.ceil(Math.log2((seconds * 1_000) / FIRST_MS) * PER_OCTAVE)
    // Math.max takes -Infinity, of 0 seconds, to the first bucket.
    const at = Math.min(BUCKETS - 1, Math.max(0, bucket))
    this.#counts[at] = (this.#counts[at] as number) + 1
    this.#total++
  }

  /** The time in ms that 99 of 100 did not exceed, of what was observed since the last call; null for nothing. */
  takeP99Ms(): number | null {
    if (this.#total === 0) return null
    let left = Math.ceil(this.#total * 0.99)
    const at = this.#counts.findIndex((count) => {
      left -= count
      return left <= 0
    })
    this.#counts.fill(0)
    this.#total = 0
    return Math.round(FIRST_MS * 2 ** (at / PER_OCTAVE) * 10) / 10
  }
}
