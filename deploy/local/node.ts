/** One node of a local cluster: the program as an operator runs it, in a process of its own. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Role } from '../../src/config.ts'
import { Child } from './child.ts'

export interface LocalNodeOptions {
  name: string
  role: Role
  port: number
  /** What the node is told by its environment, beside its name, role and port. */
  env: Record<string, string>
  /** Where it runs and writes its log, `<name>.log`. */
  folder: string
  /** A folder that shall go when this process ends before it could remove it. */
  temporary?: string
}

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const START_MS = 60_000
const POLL_MS = 50
/** A drain ends by itself within 24 s. */
const DRAIN_MS = 26_000

export class LocalNode {
  readonly name: string
  readonly role: Role
  /** Of the node itself, past nginx. */
  readonly url: string
  readonly #options: LocalNodeOptions
  #child: Child | null = null

  constructor(options: LocalNodeOptions) {
    this.#options = options
    this.name = options.name
    this.role = options.role
    this.url = `http://127.0.0.1:${options.port}`
  }

  /** Of the process that runs now, or ran last. */
  get pid(): number {
    if (this.#child === null) throw new Error(`${this.name} was never started`)
    return this.#child.pid
  }

  /** The file that its output goes to. */
  get log(): string {
    return join(this.#options.folder, `${this.name}.log`)
  }

  /** Everything that it has printed since it was started. */
  get output(): string {
    return this.#child?.output ?? ''
  }

  /** The one-time link that makes the admin, if it printed one. */
  get setupUrl(): string | null {
    return /^ {2}(http\S+#setup=\S+)$/m.exec(this.output)?.[1] ?? null
  }

  /** Resolves when `/readyz` says 200. Rejects, in one line, when the node ends before that, or takes too long. */
  async start(): Promise<void> {
    const { name, role, port, env, folder, temporary = '' } = this.#options
    mkdirSync(folder, { recursive: true })
    const child = new Child(process.execPath, [MAIN, 'start', '--role', role], {
      cwd: folder,
      log: this.log,
      temporary,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        ...env,
        YEOUL_HOST: '127.0.0.1',
        YEOUL_PORT: String(port),
        YEOUL_NODE_NAME: name,
      },
    })
    this.#child = child
    const until = performance.now() + START_MS
    while (!(await this.isReady())) {
      if (!child.running) throw new Error(`${name} does not start: ${this.lastLine}`)
      if (performance.now() > until) throw new Error(`${name} is not ready in time: ${this.lastLine}`)
      await sleep(POLL_MS)
    }
  }

  async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok
    } catch {
      return false
    }
  }

  get lastLine(): string {
    return this.output.trim().split('\n').at(-1) ?? ''
  }

  /** Drains it: SIGTERM, and its end. Answers how it ended: `exit code 0`. */
  async drain(): Promise<string> {
    return (await this.#child?.end('SIGTERM', DRAIN_MS)) ?? 'never started'
  }

  async kill(): Promise<void> {
    await this.#child?.end('SIGKILL', DRAIN_MS)
  }

  async restart(): Promise<void> {
    await this.drain()
    await this.start()
  }
}
