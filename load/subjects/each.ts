import type { Subject } from './subject.ts'

/** How a subject of an experiment is called and started. */
export interface Startable<S extends Subject = Subject> {
  readonly name: string
  start(): Promise<S>
}

/**
 * Each subject in turn: started when it is asked for, stopped when the next one is, so that nothing else runs beside what
 * is measured. `together`: all are started at once and stopped at the end, which is faster where figures say little.
 */
export async function* eachSubject<S extends Subject, P extends Startable<S>>(
  plans: P[],
  { together, step }: { together: boolean; step: (what: string) => void },
): AsyncGenerator<{ plan: P; subject: S }> {
  if (!together) {
    for (const plan of plans) {
      step(`${plan.name}: start`)
      const subject = await plan.start()
      try {
        yield { plan, subject }
      } finally {
        await subject.stop()
      }
    }
    return
  }
  step('start of all servers')
  const starts = plans.map((plan) => plan.start())
  const settled = Promise.allSettled(starts)
  try {
    // Before the first is used: what starts takes the CPU from what is measured.
    for (const start of await settled) if (start.status === 'rejected') throw start.reason
    for (const [i, plan] of plans.entries()) yield { plan, subject: await starts[i]! }
  } finally {
    const stops = (await settled).map((start) => (start.status === 'fulfilled' ? start.value.stop() : undefined))
    await Promise.all(stops)
  }
}
