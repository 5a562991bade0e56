const offset = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000

/**
 * Microseconds of the machine's monotonic clock: the same in every process of the run, so that a message can carry the
 * time at which it was due and be timed by whoever receives it.
 */
export function nowMicros(): number {
  return performance.now() * 1000 + offset
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}

/** Resolves at a time of `nowMicros`. */
export function sleepUntil(micros: number): Promise<void> {
  return sleep((micros - nowMicros()) / 1000)
}
