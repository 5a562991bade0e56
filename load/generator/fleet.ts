import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { Latency } from '../measure/latency.ts'
import { exited, startChild } from '../measure/processes.ts'
import type { ConnectionSpec } from './connection.ts'
import type { Endured, EndurePlan } from './drops.ts'
import type { DialectName, Opened, Ran, Recovered, Report, Request, SendPlan, Verdict } from './generator.ts'
import type { HttpAsked, HttpPlan } from './http-load.ts'
import type { PagesPlan, PagesRead } from './pages.ts'
import type { SessionsHeld, SessionsPlan } from './sessions.ts'
import { mergedTally, type Tally } from './tally.ts'

export interface Target {
  dialect: DialectName
  host: string
  port: number
}

/** What all generator processes saw together. */
export interface Totals {
  connections: number
  tally: Tally
  deliveries: Latency
  acknowledgements: Latency
  /** Part of the frames that were equal to one scanned before. */
  cacheHits: number
}

class Generator {
  readonly #child: ChildProcess
  #waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void } | null = null
  #stderr = ''

  constructor() {
    this.#child = startChild(['--max-semi-space-size=32', join(import.meta.dirname, 'generator.ts')], { ipc: true })
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#stderr = (this.#stderr + text).slice(-4_000)
    })
    this.#child.on('message', (message: { answer?: unknown; error?: string }) => {
      const waiting = this.#waiting
      this.#waiting = null
      if (message.error !== undefined) waiting?.reject(new Error(message.error))
      else waiting?.resolve(message.answer)
    })
    this.#child.on('exit', () => this.#waiting?.reject(new Error(`a generator process ended: ${this.#stderr}`)))
  }

  get pid(): number {
    return this.#child.pid!
  }

  ask<T>(request: Request): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting = { resolve: resolve as (answer: unknown) => void, reject }
      this.#child.send(request)
    })
  }

  async stop(): Promise<void> {
    if (this.#child.connected) await this.ask({ do: 'close' }).catch(() => {})
    // A generator ends by itself when its parent lets go.
    if (this.#child.connected) this.#child.disconnect()
    await exited(this.#child)
  }
}

/** The generator processes of one run. Each takes one group of connections. */
export class Fleet {
  readonly #generators: Generator[]

  private constructor(generators: Generator[]) {
    this.#generators = generators
  }

  /** Processes without connections, for what goes over HTTP. */
  static idle(processes: number): Fleet {
    return new Fleet(Array.from({ length: processes }, () => new Generator()))
  }

  /** Opens every group in a process of its own. Throws unless all connections come up. */
  static async open(target: Target, groups: ConnectionSpec[][], parallel = 100): Promise<Fleet> {
    const fleet = Fleet.idle(groups.length)
    try {
      await fleet.connect(target, groups, parallel)
      return fleet
    } catch (error) {
      await fleet.close()
      throw error
    }
  }

  /** Opens connections in processes that have none: a group in each. Throws unless all come up. */
  async connect(target: Target, groups: ConnectionSpec[][], parallel = 100): Promise<void> {
    const opened = await Promise.all(
      this.#generators.map((generator, i) =>
        generator.ask<Opened>({ do: 'open', ...target, connections: groups[i] ?? [], parallel }),
      ),
    )
    const wanted = groups.reduce((sum, group) => sum + group.length, 0)
    const live = opened.reduce((sum, one) => sum + one.live, 0)
    if (live < wanted) {
      throw new Error(`${live} of ${wanted} connections came up: ${JSON.stringify(opened.map((o) => o.failures))}`)
    }
  }

  /** One session on each connection, a group and a plan for each process; rejects when a process ends. */
  async sessions(target: Target, groups: ConnectionSpec[][], plans: SessionsPlan[]): Promise<SessionsHeld[]> {
    return Promise.all(
      this.#generators.map((generator, i) =>
        generator.ask<SessionsHeld>({ do: 'sessions', ...target, connections: groups[i]!, plan: plans[i]! }),
      ),
    )
  }

  get pids(): number[] {
    return this.#generators.map((generator) => generator.pid)
  }

  async run(plans: SendPlan[], patienceMs: number): Promise<Ran> {
    const all = await Promise.all(
      this.#generators.map((generator, i) => generator.ask<Ran>({ do: 'run', plan: plans[i]!, patienceMs })),
    )
    return {
      unacknowledged: all.reduce((sum, one) => sum + one.unacknowledged, 0),
      unsent: all.reduce((sum, one) => sum + one.unsent, 0),
      worstLag: Math.max(...all.map((one) => one.worstLag)),
    }
  }

  /** As `run`, on one generator while the others do something else. */
  runOn(index: number, plan: SendPlan, patienceMs: number): Promise<Ran> {
    return this.#generators[index]!.ask<Ran>({ do: 'run', plan, patienceMs })
  }

  cutOn(index: number, jitterMs: number, patienceMs: number): Promise<Recovered> {
    return this.#generators[index]!.ask<Recovered>({ do: 'cut', jitterMs, patienceMs })
  }

  endureOn(index: number, plan: EndurePlan): Promise<Endured> {
    return this.#generators[index]!.ask<Endured>({ do: 'endure', plan })
  }

  pagesOn(index: number, plan: PagesPlan): Promise<PagesRead> {
    return this.#generators[index]!.ask<PagesRead>({ do: 'pages', plan })
  }

  httpOn(index: number, plan: HttpPlan): Promise<HttpAsked> {
    return this.#generators[index]!.ask<HttpAsked>({ do: 'http', plan })
  }

  async settle(heads: Record<string, number>, patienceMs: number): Promise<Verdict> {
    const all = await Promise.all(
      this.#generators.map((generator) => generator.ask<Verdict>({ do: 'settle', heads, patienceMs })),
    )
    const sum = (key: 'received' | 'lost' | 'duplicated' | 'outOfOrder') =>
      all.reduce((total, one) => total + one[key], 0)
    return {
      received: sum('received'),
      lost: sum('lost'),
      duplicated: sum('duplicated'),
      outOfOrder: sum('outOfOrder'),
      examples: all.flatMap((one) => one.examples),
    }
  }

  async totals(): Promise<Totals> {
    const reports = await Promise.all(this.#generators.map((generator) => generator.ask<Report>({ do: 'report' })))
    const hits = reports.reduce((sum, one) => sum + one.cache.hits, 0)
    const misses = reports.reduce((sum, one) => sum + one.cache.misses, 0)
    return {
      connections: reports.reduce((sum, one) => sum + one.connections, 0),
      tally: mergedTally(reports.map((one) => one.tally)),
      deliveries: Latency.merged(reports.map((one) => one.deliveries)),
      acknowledgements: Latency.merged(reports.map((one) => one.acknowledgements)),
      cacheHits: hits / Math.max(1, hits + misses),
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#generators.map((generator) => generator.stop()))
  }
}
