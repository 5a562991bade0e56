import type { AdminNode, NodeIdentity, NodeReport } from '../protocol/model-admin.ts'

/**
 * The nodes of the cluster that are alive. Each beats about once a second; one that has not been heard of for about five
 * seconds is gone. While the registry itself cannot be reached nobody is declared gone, since nobody can know.
 */
export interface NodeRegistry {
  readonly self: NodeIdentity
  /** Begins to beat; resolves when the others can see this node, or at once when the registry cannot be reached. */
  start(report: () => NodeReport): Promise<void>
  /** All nodes that are alive, this one among them, by name. Rejects `unavailable` when the registry cannot be reached. */
  list(): Promise<AdminNode[]>
  /**
   * Told, on every node, of each other node that goes: of an orderly `stop` after about a second, of a death after about
   * five. One that was only cut off comes back under the same id. `seenAt`: when its last heartbeat was.
   */
  onGone(handler: (id: string, seenAt: number) => void): void
  /** Takes this node off the list. */
  stop(): Promise<void>
}
