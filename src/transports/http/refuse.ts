import type { Duplex } from 'node:stream'
import { ERRORS, type ErrorCode } from '../../protocol/errors.ts'

/**
 * Answers what never became a request (an upgrade that is refused, bytes that are no HTTP) with a problem document, and
 * closes the connection.
 */
export function refuse(socket: Duplex, code: ErrorCode, detail: string = ERRORS[code].meaning): void {
  const { status, retryable, meaning } = ERRORS[code]
  const body = JSON.stringify({ type: `/docs/errors#${code}`, title: meaning, status, code, detail, retryable })
  socket.on('error', () => {})
  socket.end(
    `HTTP/1.1 ${status} ${code}\r\nContent-Type: application/problem+json\r\nCache-Control: private, no-store\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

/** Takes the `clientError` event of a Node server: what it could not read as HTTP. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') socket.destroy()
  else if (error.code === 'HPE_HEADER_OVERFLOW') refuse(socket, 'headers_too_large')
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuse(socket, 'request_timeout')
  else refuse(socket, 'bad_request', 'This is not HTTP.')
}
