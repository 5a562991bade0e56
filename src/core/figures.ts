import type { NodeRegistry } from '../ports/nodes.ts'
import type { AdminNode, Figures, FiguresPoint } from '../protocol/model-admin.ts'
import { type Actor, authoriseAdmin } from './actor.ts'

const EVERY_MS = 2_000
/** Nodes tell of one second at a time: a point is made of as many looks, so that no second is missed. */
const LOOKS = 2
const KEPT = 300

/**
 * How all nodes together did in the last ten minutes. Each node that answers admins asks the registry for itself every
 * second and keeps a bounded number of points in memory: nothing is written anywhere, and a restart begins anew.
 */
export class FiguresKeeper {
  readonly #nodes: Pick<NodeRegistry, 'list'>
  readonly #points: FiguresPoint[] = []
  /** Of the point that comes next. */
  #looks: FiguresPoint[] = []
  #timer: NodeJS.Timeout | null = null
  #sampling: Promise<void> | null = null

  constructor(nodes: Pick<NodeRegistry, 'list'>) {
    this.#nodes = nodes
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#sampling ??= this.#sample().finally(() => {
        this.#sampling = null
      })
    }, EVERY_MS / LOOKS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#sampling
  }

  /** The points after a time, all of them at first. Rejects `forbidden` for all but admins. */
  since(actor: Actor, since = 0): Figures {
    authoriseAdmin(actor)
    return { everyMs: EVERY_MS, points: this.#points.filter(({ at }) => at > since) }
  }

  async #sample(): Promise<void> {
    // A registry that cannot be reached has a voice of its own; the chart has a gap.
    const nodes = await this.#nodes.list().catch(() => [])
    if (nodes.length === 0) return
    this.#looks.push(together(nodes, Date.now()))
    if (this.#looks.length < LOOKS) return
    this.#points.push(overTime(this.#looks))
    this.#looks = []
    if (this.#points.length > KEPT) this.#points.shift()
  }
}

/** One point of several looks: the mean of what is counted by the second, the worst of what was waited for, else as it is now. */
function overTime(looks: FiguresPoint[]): FiguresPoint {
  const mean = (of: (look: FiguresPoint) => number) =>
    tenths(looks.reduce((total, look) => total + of(look), 0) / looks.length)
  return {
    ...(looks.at(-1) as FiguresPoint),
    messagesPerSecond: mean((look) => look.messagesPerSecond),
    deliveriesPerSecond: mean((look) => look.deliveriesPerSecond),
    deliveryP99Ms: most(looks.map((look) => look.deliveryP99Ms)),
    ackP99Ms: most(looks.map((look) => look.ackP99Ms)),
    backlog: most(looks.map((look) => look.backlog)) ?? 0,
    load: most(looks.map((look) => look.load)) ?? 0,
  }
}

function together(nodes: AdminNode[], at: number): FiguresPoint {
  const sum = (of: (node: AdminNode) => number) => nodes.reduce((total, node) => total + of(node), 0)
  return {
    at,
    connections: sum((node) => node.connections),
    sessions: sum((node) => node.sessions),
    messagesPerSecond: tenths(sum((node) => node.sendsPerSecond)),
    deliveriesPerSecond: tenths(sum((node) => node.deliveriesPerSecond)),
    deliveryP99Ms: most(nodes.map((node) => node.deliveryP99Ms)),
    ackP99Ms: most(nodes.map((node) => node.ackP99Ms)),
    backlog: sum((node) => node.backlog),
    load: most(nodes.map((node) => node.load)) ?? 0,
    memory: sum((node) => node.memory),
    nodes: nodes.length,
  }
}

/** The greatest of those that were measured. */
function most(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

/** Without what adding tenths in binary leaves behind. */
function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
