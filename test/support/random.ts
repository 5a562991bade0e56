/** A generator that a seed replays: numbers in [0, 1), by mulberry32. */
export class Random {
  readonly seed: number
  #state: number

  /** Without a seed: that of the environment variable SEED, or a new one. */
  constructor(seed: number = Number(process.env.SEED) || Math.floor(Math.random() * 2 ** 31)) {
    this.seed = seed
    this.#state = seed
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  /** Whether something of this probability happens. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T
  }
}
