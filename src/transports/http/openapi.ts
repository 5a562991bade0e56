import { type Hook, OpenAPIHono, type z } from '@hono/zod-openapi'
import { ERRORS, type ErrorCode, isErrorCode, YeoulError } from '../../protocol/errors.ts'
import type { HttpEnv } from './deps.ts'
import { ProblemBody } from './schemas.ts'

/** Routes whose requests are checked by their schemas before a handler sees them. */
export type Api = OpenAPIHono<HttpEnv>

export function newApi(): Api {
  return new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
}

/** An id in a path that no room, user or message can have names none: the same answer as for one that does not exist. */
const UNKNOWN: Record<string, ErrorCode> = {
  room: 'room_not_found',
  user: 'user_not_found',
  session: 'session_not_found',
  seq: 'message_not_found',
  entry: 'parked_not_found',
}

const refuseInvalid: Hook<unknown, HttpEnv, string, undefined> = (result) => {
  if (result.success) return
  const issues = result.error.issues
  if (result.target === 'param') {
    const unknown = UNKNOWN[String(issues[0]?.path[0])]
    if (unknown !== undefined) throw new YeoulError(unknown)
  }
  const issue = issues[0]
  const where = [result.target === 'json' ? 'body' : result.target, ...(issue?.path ?? [])].join('.')
  throw new YeoulError(codeOf(issues), `${where}: ${issue?.message ?? 'does not fit its schema'}`)
}

function codeOf(issues: z.core.$ZodIssue[]): ErrorCode {
  for (const issue of issues) {
    const code = issue.code === 'custom' ? issue.params?.code : undefined
    if (typeof code === 'string' && isErrorCode(code)) return code
  }
  return 'bad_request'
}

/** A JSON body that must be there. */
export const body = <T extends z.ZodType>(schema: T) => ({
  content: { 'application/json': { schema } },
  required: true as const,
})

/** A JSON body that may be left out. */
export const optionalBody = <T extends z.ZodType>(schema: T) => ({ content: { 'application/json': { schema } } })

/** A JSON answer. */
export const answer = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
})

export const EMPTY = { description: 'Done; there is nothing to tell.' }

/** How a request proves who asks. */
export const BY_TOKEN = [{ accessToken: [] }]
const TOKEN_CODES = ['unauthenticated', 'token_expired', 'session_ended', 'rate_limited'] as const

/**
 * The errors that a route documents, by status; every route may answer the general ones besides. Typed as nothing: a
 * handler throws them, it never returns them.
 */
export function problems(...codes: ErrorCode[]): Record<never, never> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of new Set(codes)) {
    const status = ERRORS[code].status
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const responses: Record<string, unknown> = {}
  for (const [status, listed] of byStatus) {
    responses[status] = problemAnswer(listed.map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join('\n\n'))
  }
  responses.default = problemAnswer('Any other error of the table.')
  return responses
}

/** As `problems`, for routes that need an access token. */
export function memberProblems(...codes: ErrorCode[]): Record<never, never> {
  return problems('bad_request', ...TOKEN_CODES, ...codes)
}

function problemAnswer(description: string) {
  return { description, content: { 'application/problem+json': { schema: ProblemBody } } }
}

export type OpenApiDocument = ReturnType<Api['getOpenAPI31Document']>

/** The whole document of an app whose routes are all in place. */
export function openApiDocument(api: Api, version: string): OpenApiDocument {
  const registry = api.openAPIRegistry
  registry.registerComponent('securitySchemes', 'accessToken', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token that logging in or refreshing answered.',
  })
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'The key that the server was given as `YEOUL_API_KEY`.',
  })
  registry.registerComponent('securitySchemes', 'metricsToken', {
    type: 'http',
    scheme: 'bearer',
    description: 'The token that the server was given as `YEOUL_METRICS_TOKEN`.',
  })
  return api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Yeoul',
      version,
      description:
        'Self-hosted real-time chat. Answers and requests are JSON; times are in ms since 1970 UTC; ids are UUIDv7. ' +
        'Errors are problem documents (RFC 9457) with a `code`. Fields that are not documented are ignored.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/' }],
  })
}
