import type { Context, ErrorHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ERRORS, type ErrorCode, YeoulError } from '../../protocol/errors.ts'
import type { HttpDeps, HttpEnv } from './deps.ts'

/** RFC 9457, with our code and whether the same request may succeed later. */
export interface ProblemDocument {
  type: string
  title: string
  status: number
  code: ErrorCode
  detail: string
  retryable: boolean
  retryAfterMs?: number
}

/** Turns everything that is thrown into a problem document; what was not expected is logged with its cause. */
export function problemHandler(deps: HttpDeps): ErrorHandler<HttpEnv> {
  return (error, c) => {
    const known = toYeoulError(error)
    if (known === null) {
      deps.log.error({ err: error, method: c.req.method, path: c.req.path }, 'a request failed')
      return problem(c, deps, new YeoulError('internal'))
    }
    return problem(c, deps, known)
  }
}

export function problemDocument(deps: HttpDeps, error: YeoulError): ProblemDocument {
  const row = ERRORS[error.code]
  const document: ProblemDocument = {
    type: `${deps.options.publicUrl}/docs/errors#${error.code}`,
    title: row.meaning,
    status: row.status,
    code: error.code,
    detail: error.message,
    retryable: row.retryable,
  }
  if (error.retryAfterMs !== undefined) document.retryAfterMs = error.retryAfterMs
  return document
}

/** Answers an error. */
export function problem(c: Context<HttpEnv>, deps: HttpDeps, error: YeoulError): Response {
  deps.rejected?.(error.code)
  const document = problemDocument(deps, error)
  if (document.retryAfterMs !== undefined) c.header('Retry-After', String(Math.ceil(document.retryAfterMs / 1_000)))
  if (document.status === 401) c.header('WWW-Authenticate', 'Bearer')
  c.header('Content-Type', 'application/problem+json')
  c.header('Cache-Control', 'private, no-store')
  return c.body(JSON.stringify(document), document.status as ContentfulStatusCode)
}

/** What the framework throws for requests that it cannot read, in our words; null for anything unexpected. */
function toYeoulError(error: Error): YeoulError | null {
  if (error instanceof YeoulError) return error
  if (error instanceof HTTPException) {
    if (error.status === 415) return new YeoulError('unsupported_media_type')
    if (error.status === 413) return new YeoulError('payload_too_large')
    if (error.status === 400) return new YeoulError('bad_request', 'The request body is not JSON.')
  }
  return null
}
