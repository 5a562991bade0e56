import type { Fetched, LogEntry, LogSide } from '../../ports/write-back.ts'
import { type LogFunctions, readEvent } from './log-functions.ts'
import { SharedCalls } from './shared-calls.ts'

const HEAD = 4
const WIDTH = 7
/** What one partition answers is a little longer than this at most: bodies may be large. */
const FETCH_BYTES = 262_144
/** Entries after which a call begins no other partition, entries that it forgets, rooms that it empties: all others wait. */
const FETCH_AT_ONCE = 500
const TRIM_AT_ONCE = 500
const ADOPT_AT_ONCE = 500
/** Rooms that were used lately can be sent to while the database is down. */
const IDLE_MS = 600_000
const DONE = 1
const AGAIN = 2

/** The Redis log as the write-back worker sees it; log.lua says what lies where. */
export class RedisLogSide implements LogSide {
  readonly #functions: LogFunctions
  readonly #fetches: SharedCalls
  readonly #trims: SharedCalls
  readonly #windowMs: () => number
  readonly #idleMs: number

  /** `windowMs`: for how long repeats are known. `idleMs`: after which rooms that nobody uses leave Redis. */
  constructor(options: { functions: LogFunctions; windowMs: () => number; idleMs?: number }) {
    this.#functions = options.functions
    this.#fetches = new SharedCalls(options.functions, 'fetch', FETCH_AT_ONCE, FETCH_BYTES)
    this.#trims = new SharedCalls(options.functions, 'trim', TRIM_AT_ONCE)
    this.#windowMs = options.windowMs
    this.#idleMs = options.idleMs ?? IDLE_MS
  }

  async fetch(partition: number, after: string, limit: number): Promise<Fetched> {
    return readFetched(await this.#fetches.ask(partition, after, limit))
  }

  async trim(partition: number, epoch: number, upTo: string): Promise<void> {
    let more: unknown
    do [, more] = await this.#trims.ask(partition, epoch, upTo)
    while (more === 1)
  }

  async tidy(partition: number): Promise<void> {
    await this.#functions.call(partition, 'tidy', [this.#windowMs(), this.#idleMs])
  }

  async adopt(partition: number, epoch: number, instance: string, drained: boolean): Promise<boolean> {
    let answer: unknown
    do answer = await this.#functions.call(partition, 'adopt', [epoch, instance, ADOPT_AT_ONCE, Number(drained)])
    while (answer === AGAIN)
    return answer === DONE
  }
}

function readFetched(answer: (string | number)[]): Fetched {
  const [instance, owner, epoch, waiting] = answer as [string, string, string, number]
  const entries: LogEntry[] = []
  for (let i = HEAD; i < answer.length; i += WIDTH) {
    const payload = answer[i + 5] as string
    const changed = answer[i + 6] as string
    entries.push({
      id: answer[i] as string,
      // An id begins with the time of the server.
      at: Number.parseInt(answer[i] as string, 10),
      room: answer[i + 1] as string,
      seq: Number(answer[i + 2]),
      n: Number(answer[i + 3]),
      event: changed === '' ? payload.slice(payload.indexOf(' ') + 1) : JSON.stringify(readEvent(payload, changed)),
    })
  }
  return { instance, owner: owner === '' ? null : owner, epoch: Number(epoch), entries, waiting }
}
