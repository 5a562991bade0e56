import type { Logger } from 'pino'
import type { Logins } from '../ports/logins.ts'

const EVERY_MS = 10 * 60_000

/** Keeps the table of logins from growing: those that expired say nothing any more. */
export function forgetExpiredLogins(logins: Logins, log: Logger): { stop(): void } {
  const run = () =>
    logins.sweep(Date.now()).then(
      (count) => count > 0 && log.info({ count }, 'forgot expired logins'),
      (error: unknown) => log.error({ err: error }, 'expired logins could not be forgotten'),
    )
  const timer = setInterval(run, EVERY_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}
