import type { ErrorCode } from '../../../protocol/errors.ts'

/** What every thread of the store is told at its start. */
export interface ThreadData {
  path: string
  /** Pages kept in memory, in KiB. */
  cacheKiB: number
}

/** A call to a thread: its number, the operation, the arguments. */
export type Call = [id: number, operation: string, ...args: unknown[]]

/** What a thread answers; `null` as code is a fault of the program. */
export type Answer =
  | [kind: 'ready']
  | [kind: 'ok', id: number, value: unknown]
  | [kind: 'failed', id: number, code: ErrorCode | null, message: string]
