import type { Parts } from '../compose.ts'
import { forgetExpiredLogins } from '../jobs/forget-expired-logins.ts'

/** The role that does what nobody waits for. */
export function startWorker(parts: Parts) {
  const job = forgetExpiredLogins(parts.store.logins, parts.log)
  return { stop: () => job.stop() }
}
