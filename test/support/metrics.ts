import type { Metrics } from '../../src/core/metrics.ts'

/** Metrics that keep what a test looks at: how often each named outcome was reported. */
export function countingMetrics(): Metrics & { seen: Map<string, number> } {
  const seen = new Map<string, number>()
  const add = (name: string, by = 1) => void seen.set(name, (seen.get(name) ?? 0) + by)
  const count = (name: string) => ({ inc: (by = 1) => add(name, by) })
  const measure = (name: string) => ({ observe: () => add(name) })
  return {
    seen,
    accepted: count('accepted'),
    duplicates: count('duplicates'),
    appendBatchSize: measure('appendBatchSize'),
    appendSeconds: measure('appendSeconds'),
    deliverySeconds: measure('deliverySeconds'),
    deliveries: count('deliveries'),
    flushSeconds: measure('flushSeconds'),
    recovery: (result) => add(`recovery ${result}`),
    slowReader: (outcome) => add(`slow reader ${outcome}`),
    rejected: (code) => add(`rejected ${code}`),
  }
}
