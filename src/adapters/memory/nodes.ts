import type { NodeRegistry } from '../../ports/nodes.ts'
import type { AdminNode, NodeIdentity, NodeReport } from '../../protocol/model-admin.ts'

/** The registry of a node that is alone. */
export class MemoryNodes implements NodeRegistry {
  readonly self: NodeIdentity
  #report: (() => NodeReport) | null = null

  constructor(self: NodeIdentity) {
    this.self = self
  }

  async start(report: () => NodeReport): Promise<void> {
    this.#report = report
  }

  async list(): Promise<AdminNode[]> {
    return this.#report === null ? [] : [{ ...this.self, ...this.#report(), seenAt: Date.now() }]
  }

  onGone(): void {
    // Nobody is there who could see it.
  }

  async stop(): Promise<void> {
    this.#report = null
  }
}
