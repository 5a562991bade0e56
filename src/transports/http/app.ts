import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { YeoulError } from '../../protocol/errors.ts'
import type { HttpDeps, HttpEnv } from './deps.ts'
import { createGuard } from './guard.ts'
import { type Api, type OpenApiDocument, openApiDocument } from './openapi.ts'
import { problem, problemHandler } from './problems.ts'
import { adminRoutes } from './routes/admin.ts'
import { adminInstallationRoutes } from './routes/admin-installation.ts'
import { adminUserRoutes } from './routes/admin-users.ts'
import { authRoutes } from './routes/auth.ts'
import { docsRoutes } from './routes/docs.ts'
import { memberRoutes } from './routes/members.ts'
import { messageRoutes } from './routes/messages.ts'
import { opsRoutes } from './routes/ops.ts'
import { roomRoutes } from './routes/rooms.ts'
import { userRoutes } from './routes/users.ts'
import { apiHeaders, commonHeaders, cors, limitedBody, pagePolicy } from './security.ts'
import { WebFiles } from './web-files.ts'

/** Paths that are the server's own: the page's router never gets them. */
const OWN_PATHS = /^\/(api|ws|docs|openapi\.json|healthz|readyz|metrics|version|assets)(\/|$)/

const NO_PAGE = `Yeoul is running, but its page is not built.

Build it with "npm run build" and start again. The API is described at /docs.
`

/** All of HTTP: the API under /api/v1, what operators ask, the documents, and the page. */
export function createHttpApp(deps: HttpDeps): Api {
  const app = new OpenAPIHono<HttpEnv>()
  const guard = createGuard(deps)

  app.use('*', commonHeaders(deps.options))
  app.use('/api/*', cors(deps.options), apiHeaders, guard.counted, limitedBody)
  if (deps.api) {
    app.route('/api/v1/auth', authRoutes(deps))
    app.route('/api/v1', userRoutes(deps, guard))
    app.route('/api/v1', roomRoutes(deps, guard))
    app.route('/api/v1', memberRoutes(deps, guard))
    app.route('/api/v1', messageRoutes(deps, guard))
    app.route('/api/v1', adminRoutes(deps, guard))
    app.route('/api/v1', adminUserRoutes(deps, guard))
    app.route('/api/v1', adminInstallationRoutes(deps, guard))
  }
  app.route('/', opsRoutes(deps))

  let document: OpenApiDocument | undefined
  const described = () => {
    document ??= openApiDocument(app, deps.version)
    return document
  }
  if (deps.api) app.route('/', docsRoutes(deps, described))

  const web = deps.webDir === null ? null : new WebFiles(deps.webDir, pagePolicy(deps.options.publicUrl))
  const methodsAt = methodsByPath(app)
  app.notFound(async (c) => (await pageAnswer(c, deps, web)) ?? nothingHere(c, deps, methodsAt(c.req.path)))
  app.onError(problemHandler(deps))
  return app
}

async function pageAnswer(c: Context<HttpEnv>, deps: HttpDeps, web: WebFiles | null): Promise<Response | null> {
  const { path, method } = c.req
  if (method !== 'GET' && method !== 'HEAD') return null
  if (web === null) return path === '/' && deps.api ? c.text(NO_PAGE, 404) : null
  const file = await web.answer(c, path)
  if (file !== null) return file
  const asksForPage = !OWN_PATHS.test(path) && (c.req.header('Accept') ?? '').includes('text/html')
  return asksForPage ? web.lost(c) : null
}

/** 405 where other methods would do, 404 elsewhere. */
function nothingHere(c: Context<HttpEnv>, deps: HttpDeps, methods: string[]): Response {
  if (methods.length === 0) return problem(c, deps, new YeoulError('not_found'))
  c.header('Allow', methods.join(', '))
  return problem(c, deps, new YeoulError('method_not_allowed'))
}

/** The methods that the documented routes take at a path. */
function methodsByPath(api: Api): (path: string) => string[] {
  const known = new Map<string, { pattern: RegExp; methods: string[] }>()
  for (const definition of api.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue
    const { path, method } = definition.route
    const entry = known.get(path) ?? { pattern: new RegExp(`^${path.replaceAll(/\{.+?\}/g, '[^/]+')}$`), methods: [] }
    entry.methods.push(method.toUpperCase())
    known.set(path, entry)
  }
  return (path) => {
    const methods = [...known.values()].find((entry) => entry.pattern.test(path))?.methods ?? []
    return methods.includes('GET') ? [...methods, 'HEAD'] : methods
  }
}
