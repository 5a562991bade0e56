import { createRoute, z } from '@hono/zod-openapi'
import { sameSecret } from '../../../core/secrets.ts'
import { YeoulError } from '../../../protocol/errors.ts'
import { ClientAddresses } from '../client-address.ts'
import type { HttpDeps } from '../deps.ts'
import { bearer } from '../guard.ts'
import { type Api, answer, newApi, problems } from '../openapi.ts'

const tags = ['Operations']

const healthz = createRoute({
  method: 'get',
  path: '/healthz',
  tags,
  summary: 'Whether the process runs',
  description: 'Asks no dependency.',
  responses: { 200: answer('It does.', z.object({ status: z.literal('ok') })) },
})
const readyz = createRoute({
  method: 'get',
  path: '/readyz',
  tags,
  summary: 'Whether this node can serve',
  responses: {
    200: answer('It can.', z.object({ ready: z.literal(true) })),
    ...problems('unavailable', 'draining'),
  },
})
const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  tags,
  summary: 'Figures for Prometheus',
  description: 'For this machine only, or for whoever has the metrics token.',
  security: [{}, { metricsToken: [] }],
  responses: {
    200: { description: 'In the text format of Prometheus.', content: { 'text/plain': { schema: z.string() } } },
    ...problems('unauthenticated', 'forbidden'),
  },
})
const version = createRoute({
  method: 'get',
  path: '/version',
  tags,
  summary: 'Which version runs',
  responses: { 200: answer('The version.', z.object({ version: z.string() })) },
})

/** What operators and their tools ask of a node. */
export function opsRoutes(deps: HttpDeps): Api {
  const api = newApi()
  const addresses = new ClientAddresses(deps.options.trustedProxies)

  api.openapi(healthz, (c) => c.json({ status: 'ok' as const }, 200))
  api.openapi(readyz, async (c) => {
    const { ready, reason } = await deps.ready().catch(() => ({ ready: false, reason: 'a part does not answer' }))
    if (!ready) throw new YeoulError(reason === 'draining' ? 'draining' : 'unavailable', reason)
    return c.json({ ready: true as const }, 200)
  })
  api.openapi(metrics, async (c) => {
    const incoming = c.env?.incoming
    if (deps.options.metricsToken !== null) {
      if (!sameSecret(bearer(c.req.header('Authorization')), deps.options.metricsToken)) {
        throw new YeoulError('unauthenticated', 'The metrics token is wrong.')
      }
    } else if (incoming !== undefined && !addresses.isLocal(incoming)) {
      throw new YeoulError('forbidden', 'Without a metrics token, metrics answer this machine only.')
    }
    c.header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
    return c.body(await deps.metrics(), 200)
  })
  api.openapi(version, (c) => c.json({ version: deps.version }, 200))
  return api
}
