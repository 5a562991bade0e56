import type { ErrorCode } from '../../src/protocol/errors.ts'
import type { ErrorBody } from '../../src/protocol/frames.ts'

/** What the client itself may fail with, besides the server's codes. */
export type ClientErrorCode =
  /** The server could not be reached, or the connection broke before the answer. */
  | 'network'
  /** No answer in time. */
  | 'timeout'
  /** The answer was not understood. */
  | 'bad_answer'
  /** There is no connection, and this call does not wait for one. */
  | 'offline'
  /** Nobody is signed in (any more). */
  | 'signed_out'
  /** The client was closed. */
  | 'closed'
  /** The outbox holds as many messages as it may. */
  | 'outbox_full'
  /** The message was discarded before it was sent. */
  | 'discarded'

/** Every failure of the SDK: the server's own errors by their code, and the client's. */
export class YeoulError extends Error {
  /** One of the server's codes or the client's; a newer server may send others. */
  readonly code: ErrorCode | ClientErrorCode
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean
  /** How long to wait before trying again, in ms, when the server said so. */
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode | ClientErrorCode, message: string, retryable: boolean, retryAfterMs?: number) {
    super(message)
    this.name = 'YeoulError'
    this.code = code
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }
}

export function errorOf(body: ErrorBody): YeoulError {
  return new YeoulError(body.code, body.message, body.retryable, body.retryAfterMs)
}

export const brokenConnection = () => new YeoulError('network', 'The connection broke before the answer came.', true)
export const clientClosed = () => new YeoulError('closed', 'The client was closed.', false)
export const signedOut = () => new YeoulError('signed_out', 'Nobody is signed in.', false)

/** Whatever was thrown, as a YeoulError. */
export function asYeoulError(error: unknown): YeoulError {
  if (error instanceof YeoulError) return error
  return new YeoulError('network', error instanceof Error ? error.message : String(error), true)
}

/** Whether the login behind the refused call is over, so that only signing in again helps. */
export function endsLogin(error: YeoulError): boolean {
  switch (error.code) {
    case 'refresh_invalid':
    case 'refresh_reused':
    case 'session_ended':
    case 'account_disabled':
    case 'signed_out':
      return true
    default:
      return false
  }
}
