import type { Logger } from 'pino'
import type { Memberships } from '../ports/memberships.ts'
import type { PresenceRemains } from '../ports/presence.ts'

const EVERY_MS = 2_000

/** Writes when the users of a node that died were last there: the node could not do it any more. */
export function noteExitsOfDeadNodes(
  remains: PresenceRemains,
  memberships: Memberships,
  log: Logger,
  everyMs = EVERY_MS,
): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve()
  let busy = false
  const run = async () => {
    busy = true
    try {
      const count = await remains.settle((exits) => memberships.saveProgress([], exits))
      if (count > 0) log.info({ count }, 'noted when users of a node that died were last there')
    } catch (error) {
      // Redis or the database cannot be reached: the next time.
      log.debug({ err: error }, 'exits of dead nodes could not be noted')
    } finally {
      busy = false
    }
  }
  const timer = setInterval(() => {
    if (!busy) running = run()
  }, everyMs)
  timer.unref()
  return {
    stop() {
      clearInterval(timer)
      return running
    },
  }
}
