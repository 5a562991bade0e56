import type { NodeRegistry } from '../ports/nodes.ts'
import type { AdminNode, NodeReport } from '../protocol/model-admin.ts'
import { type Actor, authoriseAdmin } from './actor.ts'

const LOOK_MS = 10_000
/** Rates over less than that would say little. */
const MEASURED_MS = 500

/** What this node measures of its own work; read about once a second. */
export interface WorkReadings {
  /** Since the start. */
  messagesAccepted(): number
  deliveries(): number
  /** Since they were last read; null: there was nothing. */
  deliveryP99Ms(): number | null
  ackP99Ms(): number | null
  /** What this node's worker has to write back. */
  backlog(): number
}

/** What is read each time that a node says how it is. */
export interface Readings extends WorkReadings {
  state(): NodeReport['state']
  connections(): number
  sessions(): number
  hotRooms(): number
}

type Rates = Pick<NodeReport, 'sendsPerSecond' | 'deliveriesPerSecond' | 'deliveryP99Ms' | 'ackP99Ms' | 'load'>

/** This node among the others: what it tells them of itself, and what it notices about them. */
export class Peers {
  readonly #nodes: NodeRegistry
  readonly #readings: Readings
  readonly #warn: (line: string) => void
  readonly #needed: string[]
  readonly #lookMs: number
  readonly #told = new Set<string>()
  /** How many looks in a row found nobody with a role. */
  readonly #missing = new Map<string, number>()
  #measuredAt = performance.now()
  #accepted = 0
  #deliveries = 0
  #busy = performance.eventLoopUtilization()
  #rates: Rates = { sendsPerSecond: 0, deliveriesPerSecond: 0, deliveryP99Ms: null, ackP99Ms: null, load: 0 }
  #timer: NodeJS.Timeout | null = null

  constructor(
    nodes: NodeRegistry,
    readings: Readings,
    options: {
      /** Told, in one line, what an operator should look at. */
      warn: (line: string) => void
      /** Roles without which the cluster piles up what nobody does. */
      needed?: string[]
      lookMs?: number
    },
  ) {
    this.#nodes = nodes
    this.#readings = readings
    this.#warn = options.warn
    this.#needed = options.needed ?? []
    this.#lookMs = options.lookMs ?? LOOK_MS
  }

  /** Puts this node on the list. */
  async start(): Promise<void> {
    await this.#nodes.start(() => this.#report())
    this.#timer = setInterval(() => void this.#look(), this.#lookMs)
    this.#timer.unref()
    await this.#look()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#nodes.stop()
  }

  /** All nodes that are alive, by name. Rejects `forbidden` for all but admins, `unavailable`. */
  async list(actor: Actor): Promise<AdminNode[]> {
    authoriseAdmin(actor)
    return this.#nodes.list()
  }

  #report(): NodeReport {
    const { state, connections, sessions, hotRooms, backlog } = this.#readings
    this.#measure()
    return {
      state: state(),
      connections: connections(),
      sessions: sessions(),
      hotRooms: hotRooms(),
      ...this.#rates,
      backlog: backlog(),
      memory: process.memoryUsage.rss(),
    }
  }

  #measure(): void {
    const now = performance.now()
    const ms = now - this.#measuredAt
    if (ms < MEASURED_MS) return
    const accepted = this.#readings.messagesAccepted()
    const deliveries = this.#readings.deliveries()
    const busy = performance.eventLoopUtilization()
    const perSecond = (count: number) => Math.round((count * 10_000) / ms) / 10
    this.#rates = {
      sendsPerSecond: perSecond(accepted - this.#accepted),
      deliveriesPerSecond: perSecond(deliveries - this.#deliveries),
      deliveryP99Ms: this.#readings.deliveryP99Ms(),
      ackP99Ms: this.#readings.ackP99Ms(),
      load: Math.round(performance.eventLoopUtilization(busy, this.#busy).utilization * 1_000) / 1_000,
    }
    this.#measuredAt = now
    this.#accepted = accepted
    this.#deliveries = deliveries
    this.#busy = busy
  }

  async #look(): Promise<void> {
    // A registry that is down has a voice of its own.
    const nodes = await this.#nodes.list().catch(() => [])
    if (nodes.length === 0) return
    this.#compareKeys(nodes)
    for (const role of this.#needed) this.#lookFor(role, nodes)
  }

  /** Nodes start one after the other, so nobody is missed at the first look. */
  #lookFor(role: string, nodes: AdminNode[]): void {
    const missing = nodes.some((node) => node.roles.includes(role)) ? 0 : (this.#missing.get(role) ?? 0) + 1
    this.#missing.set(role, missing)
    if (missing === 2) this.#warn(`no node has the role ${role}: start one, since nobody else does its work`)
  }

  /** Who logged in at a node with a key of its own would be refused here, now and then, for no reason that they could see. */
  #compareKeys(nodes: AdminNode[]): void {
    const { self } = this.#nodes
    for (const { id, name, keys } of nodes) {
      if (keys[0] === undefined || self.keys.includes(keys[0]) || this.#told.has(id)) continue
      this.#told.add(id)
      this.#warn(
        `node ${name} signs access tokens with a key that node ${self.name} does not take: give all nodes the same YEOUL_JWT_SECRET`,
      )
    }
  }
}
