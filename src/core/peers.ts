import type { NodeRecord, NodeRegistry, NodeReport } from '../ports/nodes.ts'
import { type Actor, authoriseAdmin } from './actor.ts'

const LOOK_MS = 10_000
/** Rates over less than that would say little. */
const MEASURED_MS = 500

/** What is read each time that a node says how it is. */
export interface Readings {
  state(): NodeReport['state']
  connections(): number
  sessions(): number
  hotRooms(): number
  /** Since the start. */
  messagesAccepted(): number
}

/** This node among the others: what it tells them of itself, and what it notices about them. */
export class Peers {
  readonly #nodes: NodeRegistry
  readonly #readings: Readings
  readonly #warn: (line: string) => void
  readonly #told = new Set<string>()
  #measuredAt = performance.now()
  #accepted = 0
  #busy = performance.eventLoopUtilization()
  #rates = { sendsPerSecond: 0, load: 0 }
  #timer: NodeJS.Timeout | null = null

  /** `warn` is told, in one line, what an operator should look at. */
  constructor(nodes: NodeRegistry, readings: Readings, warn: (line: string) => void) {
    this.#nodes = nodes
    this.#readings = readings
    this.#warn = warn
  }

  /** Puts this node on the list. */
  async start(): Promise<void> {
    await this.#nodes.start(() => this.#report())
    this.#timer = setInterval(() => void this.#compareKeys(), LOOK_MS)
    this.#timer.unref()
    await this.#compareKeys()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#nodes.stop()
  }

  /** All nodes that are alive, by name. Rejects `forbidden` for all but admins, `unavailable`. */
  async list(actor: Actor): Promise<NodeRecord[]> {
    authoriseAdmin(actor)
    return this.#nodes.list()
  }

  #report(): NodeReport {
    const { state, connections, sessions, hotRooms } = this.#readings
    this.#measure()
    return {
      state: state(),
      connections: connections(),
      sessions: sessions(),
      hotRooms: hotRooms(),
      ...this.#rates,
      memory: process.memoryUsage.rss(),
    }
  }

  #measure(): void {
    const now = performance.now()
    const ms = now - this.#measuredAt
    if (ms < MEASURED_MS) return
    const accepted = this.#readings.messagesAccepted()
    const busy = performance.eventLoopUtilization()
    this.#rates = {
      sendsPerSecond: Math.round(((accepted - this.#accepted) * 10_000) / ms) / 10,
      load: Math.round(performance.eventLoopUtilization(busy, this.#busy).utilization * 1_000) / 1_000,
    }
    this.#measuredAt = now
    this.#accepted = accepted
    this.#busy = busy
  }

  /** Who logged in at a node with a key of its own would be refused here, now and then, for no reason that they could see. */
  async #compareKeys(): Promise<void> {
    const { self } = this.#nodes
    // A registry that is down has a voice of its own.
    const nodes = await this.#nodes.list().catch(() => [])
    for (const { id, name, keys } of nodes) {
      if (keys[0] === undefined || self.keys.includes(keys[0]) || this.#told.has(id)) continue
      this.#told.add(id)
      this.#warn(
        `node ${name} signs access tokens with a key that node ${self.name} does not take: give all nodes the same YEOUL_JWT_SECRET`,
      )
    }
  }
}
