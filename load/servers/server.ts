import type { ChildProcess } from 'node:child_process'
import type { Target } from '../generator/fleet.ts'
import type { DialectName } from '../generator/generator.ts'
import { cpuSeconds, mainThreadWrites, residentBytes, startChild, stopChild } from '../measure/processes.ts'

/** A server under test: a child process of its own. */
export class Server {
  readonly target: Target
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, dialect: DialectName, url: string) {
    this.#child = child
    // By number, whatever name the program prints: one address family, and no look-up.
    this.target = { dialect, host: '127.0.0.1', port: Number(new URL(url).port) }
    this.url = `http://127.0.0.1:${this.target.port}`
  }

  /** Starts the program and waits for the line that names its address. Throws with its output when it does not come. */
  static start(dialect: DialectName, args: string[], env: NodeJS.ProcessEnv, ipc = false): Promise<Server> {
    const child = startChild(args, { env, ipc })
    return new Promise((resolve, reject) => {
      let output = ''
      const late = setTimeout(() => failed('it took more than 60 s to start'), 60_000)
      const failed = (why: string) => {
        clearTimeout(late)
        child.kill('SIGKILL')
        reject(new Error(`${args.join(' ')}: ${why}\n${output}`))
      }
      const read = (text: Buffer) => {
        output = (output + text).slice(-8_000)
        const ready = /(?:ready at|listening on) (http:\S+)/.exec(output)
        if (ready?.[1] === undefined) return
        clearTimeout(late)
        child.off('exit', ended)
        resolve(new Server(child, dialect, ready[1]))
      }
      const ended = (code: number | null) => failed(`ended with ${code}`)
      child.stdout?.on('data', read)
      child.stderr?.on('data', read)
      child.on('exit', ended)
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  get cpuSeconds(): number {
    return cpuSeconds(this.pid)
  }

  get residentBytes(): number {
    return residentBytes(this.pid)
  }

  get writeCalls(): number {
    return mainThreadWrites(this.pid)
  }

  /** Resident memory as the median of a second's readings: collections of garbage come and go. */
  async settledBytes(): Promise<number> {
    const readings: number[] = []
    for (let i = 0; i < 10; i++) {
      readings.push(this.residentBytes)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return readings.sort((a, b) => a - b)[5]!
  }

  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    return stopChild(this.#child, signal)
  }
}
