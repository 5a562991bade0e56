import type { ErrorCode } from '../protocol/errors.ts'

interface Count {
  inc(by?: number): void
}
interface Measure {
  observe(value: number): void
}

/** What core reports about its work; `src/metrics.ts` gives it to Prometheus. Seconds and counts, named as they are exported. */
export interface Metrics {
  /** Messages acknowledged, by durability. */
  accepted: Count
  /** Repeats answered with the first one's seq (P3). */
  duplicates: Count
  appendBatchSize: Measure
  appendSeconds: Measure
  /** From the time of the oldest event of a flush to the end of that flush. */
  deliverySeconds: Measure
  /** Events times the connections that they were written to. */
  deliveries: Count
  flushSeconds: Measure
  recovery(result: 'tail' | 'log' | 'page' | 'page_lost'): void
  slowReader(outcome: 'lagging' | 'closed'): void
  rejected(code: ErrorCode): void
}
