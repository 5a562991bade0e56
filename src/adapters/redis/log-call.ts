import type { LoadedRoom } from '../sql/postgres/log-loads.ts'
import type { RedisArgument } from './connection.ts'
import type { LogFunctions } from './log-functions.ts'

/** The drafts of one room in a call of `append`, each as its arguments; `load` as log-append.lua has it. */
export interface RoomDrafts {
  room: string
  load: string
  drafts: RedisArgument[][]
}

export type AppendResult = { state: 'ok' | 'stale' | 'fenced'; now: number; answers: string[] }

/** No node: every node hears what the log publishes, the one that appended too. */
const ORIGIN = 'log'

/** Calls `append` of log-append.lua. */
export class AppendCall {
  readonly #functions: LogFunctions
  readonly #repeatWindowMs: () => number

  constructor(functions: LogFunctions, repeatWindowMs: () => number) {
    this.#functions = functions
    this.#repeatWindowMs = repeatWindowMs
  }

  partitionOf(room: string): number {
    return this.#functions.partitionOf(room)
  }

  /** `asOf` and `epoch` are of what the database said, 0 and '' when nothing. Answers are in the order of the drafts. */
  async call(partition: number, asOf: number, epoch: string, rooms: RoomDrafts[]): Promise<AppendResult> {
    const args: RedisArgument[] = [ORIGIN, asOf, epoch, this.#repeatWindowMs(), `yeoul:{${partition}}`, rooms.length]
    for (const { room, load, drafts } of rooms) {
      args.push(room, load, drafts.length)
      for (const draft of drafts) args.push(...draft)
    }
    const [state, now, ...answers] = await this.#functions.call(partition, 'append', args)
    return { state: state as AppendResult['state'], now: now as number, answers: answers as string[] }
  }
}

/** A room as log-append.lua takes it from the database; a deleted one is none but for its own last events. */
export function loadOf(room: LoadedRoom | null, { deletedToo = false } = {}): string {
  if (room === null || (room.deleted && !deletedToo)) return '-'
  const { epoch, seq, n, memberCount, lastSeq, lastAt } = room
  return `${epoch} ${seq} ${n} ${memberCount} ${lastSeq} ${lastAt}`
}
