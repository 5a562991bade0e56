/** One try of a rate. */
export interface Step<T> {
  rate: number
  /** Why the rate does not hold; null when it does. */
  failure: string | null
  /** Part of what may be used that was used: the next rate is guessed from it. */
  used: number
  result: T
}

const STEPS = 9
/** A guess is trusted up to so many times the rate before. */
const LONGEST_STRIDE = 1.7
/** The search ends when the next rate would be that close. */
const CLOSE = 1.05

/**
 * Finds the highest rate that holds: steps up from `first`, each guessed from what the one before used, and back half the way
 * after one that does not hold. Answers all steps in their order.
 */
export async function climb<T>(first: number, run: (rate: number) => Promise<Step<T>>): Promise<Step<T>[]> {
  const steps: Step<T>[] = []
  for (let rate: number | null = first; rate !== null && steps.length < STEPS; rate = nextRate(steps)) {
    steps.push(await run(rate))
  }
  return steps
}

/** The step with the highest rate that held, or null. */
export function highest<T>(steps: Step<T>[]): Step<T> | null {
  const held = steps.filter(({ failure }) => failure === null).sort((a, b) => a.rate - b.rate)
  return held.at(-1) ?? null
}

function nextRate(steps: Step<unknown>[]): number | null {
  const best = highest(steps)
  const failed = steps.filter(({ failure }) => failure !== null).map(({ rate }) => rate)
  const limit = Math.min(...failed)
  if (best === null) return limit >= 200 ? rounded(limit / 2) : null
  const guess = best.rate * Math.min(LONGEST_STRIDE, 1 / Math.max(best.used, 0.1))
  // The guess is low where work is shared better at higher rates: at least a little more is tried.
  const next = rounded(limit < Number.POSITIVE_INFINITY ? (best.rate + limit) / 2 : Math.max(guess, best.rate * 1.1))
  return next >= best.rate * CLOSE && next * 1.02 < limit ? next : null
}

function rounded(rate: number): number {
  return rate >= 1_000 ? Math.round(rate / 50) * 50 : Math.round(rate / 10) * 10
}
