import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { YeoulError } from '../../protocol/errors.ts'
import type { HttpDeps } from './deps.ts'
import type { Api } from './openapi.ts'
import { problemDocument } from './problems.ts'

/** Serves the app on a Node server: `createServer(httpListener(app, deps))`. */
export function httpListener(
  app: Api,
  deps: HttpDeps,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // What cannot be made a request at all: a bad Host header, an address that is no URL.
    errorHandler: (error) => {
      const document = problemDocument(
        deps,
        new YeoulError('bad_request', 'The request line or its host is not valid.'),
      )
      deps.log.debug({ err: error }, 'a request could not be read')
      return new Response(JSON.stringify(document), {
        status: document.status,
        headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'private, no-store' },
      })
    },
  })
}
