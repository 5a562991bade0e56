import type { Parts } from '../compose.ts'
import { forgetExpiredLogins } from '../jobs/forget-expired-logins.ts'
import { noteExitsOfDeadNodes } from '../jobs/note-exits-of-dead-nodes.ts'

/** The role that does what nobody waits for. */
export function startWorker(parts: Parts) {
  const { store, mesh, log } = parts
  const jobs: { stop(): Promise<void> | void }[] = [forgetExpiredLogins(store.logins, log)]
  if (mesh.remains !== null) jobs.push(noteExitsOfDeadNodes(mesh.remains, store.memberships, log))
  return {
    async stop() {
      await Promise.all(jobs.map((job) => job.stop()))
    },
  }
}
