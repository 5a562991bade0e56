import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { YeoulError } from '../../protocol/errors.ts'
import type { HttpEnv, HttpOptions } from './deps.ts'

/** The largest request body, in bytes: the longest message in four-byte characters, with room to spare. */
const BODY_BYTES = 256 * 1_024

const METHODS = 'GET, POST, PUT, PATCH, DELETE, OPTIONS'
const HEADERS = 'Authorization, Content-Type, X-Yeoul'
const EXPOSED = 'Retry-After'

/** Headers that every answer carries, whatever it is. */
export function commonHeaders(options: HttpOptions): MiddlewareHandler<HttpEnv> {
  const https = options.publicUrl.startsWith('https:')
  return async (c, next) => {
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Referrer-Policy', 'no-referrer')
    if (https) c.header('Strict-Transport-Security', 'max-age=31536000')
    await next()
  }
}

/** Of API answers: nothing in between keeps them, and a browser that is led here shows nothing. */
export const apiHeaders: MiddlewareHandler<HttpEnv> = async (c, next) => {
  c.header('Cache-Control', 'private, no-store')
  c.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
  await next()
}

/**
 * CORS for the listed origins, and no others. A preflight is answered here; one from an unlisted origin gets no permission,
 * and the browser keeps the request back.
 */
export function cors(options: HttpOptions): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const origin = c.req.header('Origin')
    if (options.allowedOrigins.length > 0) c.header('Vary', 'Origin')
    if (origin !== undefined && options.allowedOrigins.includes(origin)) {
      c.header('Access-Control-Allow-Origin', origin)
      c.header('Access-Control-Allow-Credentials', 'true')
      c.header('Access-Control-Expose-Headers', EXPOSED)
      if (c.req.method === 'OPTIONS') {
        c.header('Access-Control-Allow-Methods', METHODS)
        c.header('Access-Control-Allow-Headers', HEADERS)
        c.header('Access-Control-Max-Age', '600')
      }
    }
    if (c.req.method === 'OPTIONS') return c.body(null, 204)
    return next()
  }
}

/** Refuses bodies above BODY_BYTES: by their announced length, or while they come in when none was announced. */
export const limitedBody: MiddlewareHandler<HttpEnv> = (() => {
  const counted = bodyLimit({
    maxSize: BODY_BYTES,
    onError: () => {
      throw new YeoulError('payload_too_large')
    },
  })
  const middleware: MiddlewareHandler<HttpEnv> = (c, next) => {
    if (Number(c.req.header('Content-Length') ?? 0) > BODY_BYTES) throw new YeoulError('payload_too_large')
    return c.req.header('Transfer-Encoding') === undefined ? next() : counted(c, next)
  }
  return middleware
})()

/**
 * The page talks to its own origin only and runs its own scripts only. The WebSocket's origin is named too, since some
 * browsers do not count `ws:` as `'self'`. Nothing inline: the page sets styles through the DOM alone, which needs no leave.
 */
export function pagePolicy(publicUrl: string): string {
  const socket = publicUrl.replace(/^http/, 'ws')
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "font-src 'self'",
    `connect-src 'self' ${socket}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}
