import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { YeoulError } from '../../../protocol/errors.ts'
import type { Answer, Call, ThreadData } from './thread-protocol.ts'

type Operation = (on: never, ...args: never[]) => unknown
type ArgsOf<T> = T extends (on: never, ...args: infer Args) => unknown ? Args : never
type ValueOf<T> = T extends (...args: never[]) => infer Value ? Awaited<Value> : never

interface Pending {
  resolve(value: unknown): void
  reject(error: Error): void
}

const BACK_OFF_MIN_MS = 100
const BACK_OFF_MAX_MS = 5_000
/** Calls that may wait for their answers; more are refused with `overloaded`. */
const PENDING_MAX = 20_000

/**
 * The main thread's side of one thread of the store: calls go over as messages and come back as promises. A thread that
 * dies fails what it was asked with `unavailable` and is started again, with a back-off.
 */
export class StoreThread<Operations extends Record<keyof Operations, Operation>> {
  readonly #url: URL
  readonly #data: ThreadData
  readonly #log: (message: string) => void
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | null = null
  #ids = 0
  #backOffMs = BACK_OFF_MIN_MS
  #restart: NodeJS.Timeout | undefined
  #closing = false
  /** How many times the thread died. */
  deaths = 0

  constructor(name: 'writer' | 'reader' | 'keeper', data: ThreadData, log: (message: string) => void) {
    // This file is .ts in development and .js in the package, and so are the threads' files.
    this.#url = new URL(`./${name}${extname(import.meta.url)}`, import.meta.url)
    this.#data = data
    this.#log = (message) => log(`database ${name}: ${message}`)
  }

  /** How many calls were made so far. */
  get calls(): number {
    return this.#ids
  }

  /** Calls that are not answered yet. */
  get pending(): number {
    return this.#pending.size
  }

  /** Resolves when the thread has opened the database; rejects with what kept it from that. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(this.#url, { workerData: this.#data })
      let failure: Error | null = null
      let ready = false
      worker.on('message', (answer: Answer) => {
        if (answer[0] !== 'ready') return this.#settle(answer)
        ready = true
        if (this.#closing) return void worker.terminate()
        this.#worker = worker
        this.#backOffMs = BACK_OFF_MIN_MS
        resolve()
      })
      worker.on('error', (error) => {
        failure = error instanceof Error ? error : new Error(String(error))
      })
      worker.on('exit', (code) => {
        if (ready) this.#died(failure ?? new Error(`ended with code ${code}`))
        else reject(failure ?? new Error(`ended with code ${code}`))
      })
    })
  }

  /**
   * Rejects with what the operation rejects, with `unavailable` when the thread is down or goes down meanwhile, and with
   * `overloaded` when too many calls wait.
   */
  call<Name extends keyof Operations & string>(
    name: Name,
    ...args: ArgsOf<Operations[Name]>
  ): Promise<ValueOf<Operations[Name]>> {
    return this.#send(name, args) as Promise<ValueOf<Operations[Name]>>
  }

  ping(): Promise<void> {
    return this.#send('ping', []) as Promise<void>
  }

  /** Takes no more calls; lets the thread finish what it was asked, waits for `others`, and ends it. */
  async close(others?: Promise<unknown>): Promise<void> {
    this.#closing = true
    clearTimeout(this.#restart)
    await others
    const worker = this.#worker
    if (worker === null) return
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    await this.#ask(worker, 'close', []).catch(() => {})
    await exited
  }

  #send(name: string, args: unknown[]): Promise<unknown> {
    const worker = this.#worker
    if (this.#closing) return Promise.reject(new YeoulError('unavailable', 'The database is closed.'))
    if (worker === null) return Promise.reject(new YeoulError('unavailable', 'The database thread is starting again.'))
    if (this.#pending.size >= PENDING_MAX) return Promise.reject(new YeoulError('overloaded'))
    return this.#ask(worker, name, args)
  }

  #ask(worker: Worker, name: string, args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#ids
      this.#pending.set(id, { resolve, reject })
      worker.postMessage([id, name, ...args] satisfies Call)
    })
  }

  #settle(answer: Answer): void {
    if (answer[0] === 'ready') return
    const pending = this.#pending.get(answer[1])
    if (pending === undefined) return
    this.#pending.delete(answer[1])
    if (answer[0] === 'ok') {
      pending.resolve(answer[2])
    } else {
      const [, , code, message] = answer
      pending.reject(code === null ? new Error(message) : new YeoulError(code, message))
    }
  }

  #died(cause: Error): void {
    this.#worker = null
    for (const [id, { reject }] of this.#pending) {
      this.#pending.delete(id)
      reject(new YeoulError('unavailable', 'The database thread went down.'))
    }
    if (this.#closing) return
    this.deaths++
    this.#log(`went down (${cause.message}); starting again`)
    this.#startAgain()
  }

  #startAgain(): void {
    this.#restart = setTimeout(() => {
      this.start().catch((error: Error) => {
        if (this.#closing) return
        this.#log(`cannot start: ${error.message}`)
        this.#backOffMs = Math.min(this.#backOffMs * 2, BACK_OFF_MAX_MS)
        this.#startAgain()
      })
    }, this.#backOffMs)
  }
}
