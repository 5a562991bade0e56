import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { PersistStats } from '../../src/jobs/persist.ts'
import { PATIENCE_MS } from './patience.ts'

const PROGRAM = fileURLToPath(new URL('./write-back-worker.ts', import.meta.url))

/** A write-back worker in a process of its own. */
export class WorkerProcess {
  readonly #child: ChildProcess
  /** What it said last. */
  stats: PersistStats = {
    partitions: 0,
    backlog: 0,
    lagMs: 0,
    written: 0,
    batches: 0,
    statements: 0,
    parked: 0,
    settled: 0,
    failures: 0,
    parkedNow: 0,
  }

  constructor(options: { name: string; redis: string; database: string; partitions: number }) {
    const { name, redis, database, partitions } = options
    this.#child = spawn(process.execPath, [PROGRAM], {
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        REDIS: redis,
        DATABASE: database,
        WORKER: name,
        PARTITIONS: String(partitions),
      },
      stdio: ['ignore', 'pipe', process.env.VERBOSE === undefined ? 'ignore' : 'inherit'],
    })
    createInterface({ input: this.#child.stdout as NonNullable<ChildProcess['stdout']> }).on('line', (line) => {
      this.stats = JSON.parse(line)
    })
  }

  /** Resolves with what it says once that is as wanted. */
  async told(wanted: (stats: PersistStats) => boolean): Promise<PersistStats> {
    for (const end = Date.now() + PATIENCE_MS; !wanted(this.stats); await sleep(20))
      if (Date.now() > end) throw new Error(`the worker says ${JSON.stringify(this.stats)}`)
    return this.stats
  }

  /** SIGKILL, wherever it is. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** It finishes what is under way and gives its partitions back. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** SIGSTOP: its connections stay open, and it does nothing. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'close')
    this.#child.kill(signal)
    await gone
  }
}
