import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'

/** Times in µs up to ten minutes, to three digits. Longer ones are counted as ten minutes. */
const LONGEST = 600_000_000

export interface LatencySummary {
  count: number
  /** All in milliseconds. */
  mean: number
  p50: number
  p99: number
  p999: number
  max: number
}

export class Latency {
  readonly #histogram: Histogram

  constructor(histogram: Histogram = empty()) {
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
      p99: at(99),
      p999: at(99.9),
      max: this.#histogram.maxValue / 1000,
    }
  }

  /** One out of what several processes recorded. */
  static merged(encoded: string[]): Latency {
    const all = empty()
    for (const one of encoded) all.add(decodeFromCompressedBase64(one, 32))
    return new Latency(all)
  }
}

function empty(): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST,
    numberOfSignificantValueDigits: 3,
  })
}
