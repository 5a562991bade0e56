import { Hono } from 'hono'
import type { HttpDeps, HttpEnv } from '../deps.ts'
import { docsPage, errorsPage } from '../docs-page.ts'
import { DOCS_STYLE } from '../docs-style.ts'
import type { OpenApiDocument } from '../openapi.ts'

const POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The OpenAPI document, and pages made from it and from the error table: no script, nothing from elsewhere. */
export function docsRoutes(deps: HttpDeps, document: () => OpenApiDocument): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>()
  const json = once(() => JSON.stringify(document()))
  const page = once(() => docsPage(document(), deps.version))
  const errors = once(() => errorsPage(deps.version))

  app.get('/openapi.json', (c) => {
    c.header('Cache-Control', 'no-cache')
    // Anyone may read it: tools in browsers, too.
    c.header('Access-Control-Allow-Origin', '*')
    c.header('Content-Type', 'application/json')
    return c.body(json())
  })
  app.use('/docs/*', async (c, next) => {
    c.header('Content-Security-Policy', POLICY)
    c.header('Cache-Control', 'no-cache')
    await next()
  })
  app.get('/docs', (c) => c.html(page()))
  app.get('/docs/errors', (c) => c.html(errors()))
  app.get('/docs/style.css', (c) => {
    c.header('Content-Type', 'text/css; charset=utf-8')
    return c.body(DOCS_STYLE)
  })
  return app
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
