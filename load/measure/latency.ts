import {
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  Int32Histogram,
  type JsHistogram,
} from 'hdr-histogram-js'

/** Times in µs up to ten minutes, to three digits. Longer ones are counted as ten minutes. */
const LONGEST = 600_000_000

export interface LatencySummary {
  count: number
  /** All in milliseconds. */
  mean: number
  p50: number
  p95: number
  p99: number
  p999: number
  max: number
}

export class Latency {
  readonly #histogram: JsHistogram

  constructor(histogram: JsHistogram = empty()) {
    this.#histogram = histogram
  }

  record(micros: number): void {
    this.#histogram.recordValue(micros < 1 ? 1 : micros > LONGEST ? LONGEST : Math.round(micros))
  }

  get count(): number {
    return this.#histogram.totalCount
  }

  reset(): void {
    this.#histogram.reset()
  }

  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram)
  }

  summary(): LatencySummary {
    const at = (percentile: number) => this.#histogram.getValueAtPercentile(percentile) / 1000
    return {
      count: this.count,
      mean: this.#histogram.mean / 1000,
      p50: at(50),
      p95: at(95),
      p99: at(99),
      p999: at(99.9),
      max: this.#histogram.maxValue / 1000,
    }
  }

  /** Part of all, 0 to 1, that took longer than so many milliseconds; to three digits of the limit. */
  partOver(ms: number): number {
    const histogram = this.#histogram
    let over = 0
    for (let i = histogram.countsArrayIndex(ms * 1000) + 1; i < histogram.countsArrayLength; i++) {
      over += histogram.getCountAtIndex(i)
    }
    return over / Math.max(1, this.count)
  }

  /** One out of what several processes recorded. */
  static merged(encoded: string[]): Latency {
    const all = empty()
    // Not the WebAssembly kind, which its type would allow.
    for (const one of encoded) all.add(decodeFromCompressedBase64(one, 32) as JsHistogram)
    return new Latency(all)
  }
}

function empty(): JsHistogram {
  return new Int32Histogram(1, LONGEST, 3)
}
