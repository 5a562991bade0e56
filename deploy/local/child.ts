import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'

export interface ChildOptions {
  cwd: string
  env?: NodeJS.ProcessEnv
  /** The file that both of its output streams are appended to. */
  log: string
  /** A temporary folder that shall go when this process ends before it could remove it. */
  temporary?: string
}

/** Reads only until its parent is gone; then ends the group of processes that it watches, and removes the folder. */
const WATCHER = `
  trap '' INT TERM HUP
  cat > /dev/null
  kill -KILL "-$1" 2> /dev/null
  sleep 0.05
  [ -z "$2" ] || rm -rf "$2"`

/** A running program, with what it started. It does not outlive this process, however that ends. */
export class Child {
  readonly pid: number
  /** Resolves when it has ended, with how: `exit code 0`, `SIGKILL`. */
  readonly ended: Promise<string>
  readonly #process: ChildProcess
  readonly #log: string
  readonly #logStart: number
  #end: string | null = null

  constructor(path: string, args: string[], { cwd, env, log, temporary = '' }: ChildOptions) {
    this.#log = log
    this.#logStart = existsSync(log) ? statSync(log).size : 0
    const output = openSync(log, 'a')
    // A group of its own: Ctrl-C is for whoever started it.
    this.#process = spawn(path, args, { cwd, env, stdio: ['ignore', output, output], detached: true })
    closeSync(output)
    if (this.#process.pid === undefined) throw new Error(`${path} cannot be started`)
    this.pid = this.#process.pid
    const watcher = spawn('sh', ['-c', WATCHER, 'watcher', String(this.pid), temporary], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    for (const handle of [this.#process, watcher, watcher.stdin as unknown as ChildProcess]) handle.unref()
    this.ended = once(this.#process, 'exit').then(([code, signal]) => {
      // A process id is used again: nobody watches one that has ended.
      watcher.kill('SIGKILL')
      const how: string = signal ?? `exit code ${code}`
      this.#end = how
      return how
    })
  }

  get running(): boolean {
    return this.#end === null
  }

  /** What it has written so far. */
  get output(): string {
    return readFileSync(this.#log, 'utf8').slice(this.#logStart)
  }

  /** To all of its processes. */
  signal(name: NodeJS.Signals): void {
    if (!this.running) return
    try {
      process.kill(-this.pid, name)
    } catch (error) {
      // It has just ended and nobody was told yet.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  /** Sends a signal to the program itself, waits for its end, and forces it after `patienceMs`. Answers how it ended. */
  async end(name: NodeJS.Signals, patienceMs: number): Promise<string> {
    if (!this.running) return this.ended
    this.#process.ref()
    const force = setTimeout(() => this.signal('SIGKILL'), patienceMs)
    if (name === 'SIGKILL') this.signal(name)
    else this.#process.kill(name)
    const how = await this.ended
    clearTimeout(force)
    return how
  }
}
