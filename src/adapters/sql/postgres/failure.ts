import pg from 'pg'
import { type ErrorCode, YeoulError } from '../../../protocol/errors.ts'

/** The connection went, or an answer did not come in time: what was asked may have happened or not. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : String(cause), {
      cause,
    })
    this.name = 'ConnectionLost'
  }
}

const SERIALIZATION_FAILURE = '40001'
const DEADLOCK_DETECTED = '40P01'
const UNIQUE_VIOLATION = '23505'
const DISK_FULL = '53100'
/**
 * By class, or by the whole code: connection exceptions, insufficient resources, operator intervention (shutdown, a
 * timeout), system errors, damaged data, no right to connect, a database that is gone, a server that only reads.
 */
const UNAVAILABLE = /^(08|53|57|58|XX00[12]|28|3D000|25006|55P03|40001|40P01)/

/** Whether a transaction failed only because of others at the same time: it may be tried again as it was. */
export function metOthers(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false
  return [SERIALIZATION_FAILURE, DEADLOCK_DETECTED, UNIQUE_VIOLATION].includes(error.code ?? '')
}

/**
 * What a caller is told of a failure: a YeoulError, or the error itself when it is a fault of this program. Addresses and
 * paths, of which the database speaks, are not for clients: they stay in the cause.
 */
export function told(error: unknown): unknown {
  const code = codeOf(error)
  if (code === null) return error
  const failure = new YeoulError(code)
  failure.cause = error
  return failure
}

function codeOf(error: unknown): ErrorCode | null {
  if (error instanceof ConnectionLost) return 'unavailable'
  if (!(error instanceof pg.DatabaseError)) return null
  if (error.code === DISK_FULL) return 'storage_full'
  return UNAVAILABLE.test(error.code ?? '') ? 'unavailable' : null
}
