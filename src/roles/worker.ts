import type { Parts } from '../compose.ts'
import { forgetExpiredLogins } from '../jobs/forget-expired-logins.ts'
import { noteExitsOfDeadNodes } from '../jobs/note-exits-of-dead-nodes.ts'
import { startPersist } from '../jobs/persist.ts'

/** The role that does what nobody waits for. */
export function startWorker(parts: Parts) {
  const { config, store, mesh, nodes, sequences, metrics, log } = parts
  const jobs: { stop(): Promise<void> | void }[] = [forgetExpiredLogins(store.logins, log)]
  if (mesh.remains !== null) jobs.push(noteExitsOfDeadNodes(mesh.remains, sequences.memberships, log))
  if (sequences.writeBack !== null) {
    jobs.push(
      startPersist({
        ...sequences.writeBack,
        worker: nodes.self.id,
        batch: () => config.persistBatch,
        intervalMs: () => config.persistIntervalMs,
        tries: () => config.persistTries,
        metrics: metrics.writeBack(),
        log,
      }),
    )
  }
  return {
    async stop() {
      await Promise.all(jobs.map((job) => job.stop()))
    },
  }
}
