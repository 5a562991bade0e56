/** What a node is for the whole of its life. A process that starts again is another node. */
export interface NodeIdentity {
  /** New at each start. */
  id: string
  /** What the operator calls it; two nodes may have the same name for a moment, while one takes the other's place. */
  name: string
  roles: string[]
  /** Of the program. */
  version: string
  /** ms since 1970 UTC. */
  startedAt: number
  /** The ids of the keys whose access tokens it takes; it signs with the first. */
  keys: string[]
}

/** How a node is doing, measured anew for each heartbeat. */
export interface NodeReport {
  state: 'starting' | 'ready' | 'draining'
  connections: number
  /** Connections that said hello. */
  sessions: number
  /** Rooms held in memory. */
  hotRooms: number
  /** Messages accepted in the last second. */
  sendsPerSecond: number
  /** Events written in the last second, times the connections that they were written to. */
  deliveriesPerSecond: number
  /** From the time of an event until it is written to the connections, ms; null when nothing was delivered. */
  deliveryP99Ms: number | null
  /** From the dispatch of a batch of messages until it is durable, ms; null when nothing was sent. */
  ackP99Ms: number | null
  /** Events of the fast log that this node's worker has not written to the database yet; 0 without one. */
  backlog: number
  /** Share of the main thread's time that was busy since the last heartbeat, 0 to 1. */
  load: number
  /** Resident memory of the process, in bytes. */
  memory: number
}

/** A node as the others see it. */
export interface NodeRecord extends NodeIdentity, NodeReport {
  /** When its last heartbeat was, in ms since 1970 UTC, by the registry's own clock. */
  seenAt: number
}

/**
 * The nodes of the cluster that are alive. Each beats about once a second; one that has not been heard of for about five
 * seconds is gone. While the registry itself cannot be reached nobody is declared gone, since nobody can know.
 */
export interface NodeRegistry {
  readonly self: NodeIdentity
  /** Begins to beat; resolves when the others can see this node, or at once when the registry cannot be reached. */
  start(report: () => NodeReport): Promise<void>
  /** All nodes that are alive, this one among them, by name. Rejects `unavailable` when the registry cannot be reached. */
  list(): Promise<NodeRecord[]>
  /**
   * Told, on every node, of each other node that goes: of an orderly `stop` after about a second, of a death after about
   * five. One that was only cut off comes back under the same id. `seenAt`: when its last heartbeat was.
   */
  onGone(handler: (id: string, seenAt: number) => void): void
  /** Takes this node off the list. */
  stop(): Promise<void>
}
