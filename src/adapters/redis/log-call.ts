import type { LoadedRoom } from '../sql/postgres/log-loads.ts'
import type { RedisArgument } from './connection.ts'
import type { LogFunctions } from './log-functions.ts'

/** Drafts and bytes that one call takes at most: nothing else happens in Redis meanwhile. */
export const CALL_DRAFTS = 64
export const CALL_BYTES = 131_072

/** The drafts of one room in a call of `append`, each as its arguments; `load` as log-append.lua has it. */
export interface RoomDrafts {
  room: string
  load: string
  drafts: RedisArgument[][]
}

export type AppendResult = { state: 'ok' | 'stale' | 'fenced'; now: number; answers: string[] }

/** What is to be appended to one partition, and who waits for what comes of it. */
interface Part {
  partition: number
  args: RedisArgument[]
  drafts: number
  bytes: number
  done(result: AppendResult): void
  failed(error: unknown): void
}

/** No node: every node hears what the log publishes, the one that appended too. */
const ORIGIN = 'log'

/**
 * Calls `append` of log-append.lua. What one turn asks of several partitions goes to a server together, since a call costs
 * more than a draft; each partition has an outcome of its own. In a Redis Cluster every partition is a call.
 */
export class AppendCall {
  readonly #functions: LogFunctions
  readonly #repeatWindowMs: () => number
  #waiting: Part[] = []

  constructor(functions: LogFunctions, repeatWindowMs: () => number) {
    this.#functions = functions
    this.#repeatWindowMs = repeatWindowMs
  }

  partitionOf(room: string): number {
    return this.#functions.partitionOf(room)
  }

  /** `asOf` and `epoch` are of what the database said, 0 and '' when nothing. Answers are in the order of the drafts. */
  call(partition: number, asOf: number, epoch: string, rooms: RoomDrafts[]): Promise<AppendResult> {
    const args: RedisArgument[] = [asOf, epoch, `yeoul:{${partition}}`, rooms.length]
    let drafts = 0
    for (const { room, load, drafts: some } of rooms) {
      args.push(room, load, some.length)
      for (const draft of some) args.push(...draft)
      drafts += some.length
    }
    let bytes = 0
    for (const arg of args) if (typeof arg !== 'number') bytes += arg.length
    return new Promise((done, failed) => {
      this.#waiting.push({ partition, args, drafts, bytes, done, failed })
      if (this.#waiting.length === 1) process.nextTick(() => this.#sendAll())
    })
  }

  #sendAll(): void {
    const parts = this.#waiting
    this.#waiting = []
    for (const some of this.#together(parts)) void this.#send(some)
  }

  /** In their order, as many parts to a call as it takes. */
  #together(parts: Part[]): Part[][] {
    if (!this.#functions.partitionsShareCalls) return parts.map((part) => [part])
    const calls: Part[][] = []
    let [drafts, bytes] = [CALL_DRAFTS, CALL_BYTES]
    for (const part of parts) {
      drafts += part.drafts
      bytes += part.bytes
      if (drafts <= CALL_DRAFTS && bytes <= CALL_BYTES) calls.at(-1)?.push(part)
      else {
        calls.push([part])
        ;({ drafts, bytes } = part)
      }
    }
    return calls
  }

  async #send(parts: Part[]): Promise<void> {
    const args: RedisArgument[] = [ORIGIN, this.#repeatWindowMs()]
    for (const part of parts) {
      args.push(part.args.length)
      for (const arg of part.args) args.push(arg)
    }
    let results: [state: string, now: number | string, ...answers: string[]][]
    try {
      const partitions = parts.map(({ partition }) => partition)
      results = (await this.#functions.callOn(partitions, 'append', args)) as typeof results
    } catch (error) {
      for (const part of parts) part.failed(error)
      return
    }
    for (const [i, [state, now, ...answers]] of results.entries()) {
      const { done, failed } = parts[i] as Part
      if (state === 'failed') failed(new Error(`the log: ${now}`))
      else done({ state: state as AppendResult['state'], now: now as number, answers })
    }
  }
}

/** A room as log-append.lua takes it from the database; a deleted one is none but for its own last events. */
export function loadOf(room: LoadedRoom | null, { deletedToo = false } = {}): string {
  if (room === null || (room.deleted && !deletedToo)) return '-'
  const { epoch, seq, n, memberCount, lastSeq, lastAt } = room
  return `${epoch} ${seq} ${n} ${memberCount} ${lastSeq} ${lastAt}`
}
