import { createRoute, z } from '@hono/zod-openapi'
import { OPTION_ROWS } from '../../../config.ts'
import type { SettingsInForce } from '../../../core/settings.ts'
import { PAGE_LIMIT } from '../../../protocol/limits.ts'
import type { ConfigValue } from '../../../protocol/model-admin.ts'
import type { HttpDeps } from '../deps.ts'
import type { Guard } from '../guard.ts'
import { type Api, answer, BY_TOKEN, body, memberProblems, newApi } from '../openapi.ts'
import { PageQuery, pageOf } from '../schemas.ts'
import { ConfigBody, ConfigChangeBody, NodeBody, WantedChangeBody } from '../schemas-admin.ts'

/** What admins ask and change while the server runs. Core refuses everybody else with `forbidden`. */
export function adminRoutes(deps: HttpDeps, guard: Guard): Api {
  const { settings, peers } = deps
  const api = newApi()
  const shared = { middleware: [guard.authenticated], security: BY_TOKEN, tags: ['Administration'] }

  const config = createRoute({
    ...shared,
    method: 'get',
    path: '/admin/config',
    summary: 'Every option: its value in force and where that came from',
    description:
      'As the node that answers has it: what it started with may differ from node to node. Secrets are null.',
    responses: { 200: answer('All options.', ConfigBody), ...memberProblems('forbidden') },
  })
  api.openapi(config, (c) => c.json(described(settings.inForce(c.get('actor'))), 200))

  const change = createRoute({
    ...shared,
    method: 'patch',
    path: '/admin/config',
    summary: 'Change options on all nodes, all of these or none',
    description:
      'In force at once on the node that answers, on every other within a second, and after a restart. A value is checked as ' +
      'that of the environment is; `null` takes it back to what each node started with. Clients are told of changed limits.',
    request: { body: body(WantedChangeBody) },
    responses: {
      200: answer('All options as they are now.', ConfigBody),
      ...memberProblems('forbidden', 'config_changed', 'unavailable'),
    },
  })
  api.openapi(change, async (c) => {
    return c.json(described(await settings.change(c.get('actor'), c.req.valid('json'))), 200)
  })

  const history = createRoute({
    ...shared,
    method: 'get',
    path: '/admin/config/history',
    summary: 'Who changed what, when, and what it was before',
    request: { query: PageQuery },
    responses: {
      200: answer('A page of changes, the newest first.', pageOf(ConfigChangeBody)),
      ...memberProblems('forbidden'),
    },
  })
  api.openapi(history, async (c) => {
    const { cursor, limit } = c.req.valid('query')
    return c.json(await settings.history(c.get('actor'), cursor ?? null, limit ?? PAGE_LIMIT.default), 200)
  })

  const nodes = createRoute({
    ...shared,
    method: 'get',
    path: '/admin/nodes',
    summary: 'The nodes that are alive, and how they are',
    description: 'Each says so once a second; one that has not been heard of for about five seconds is gone.',
    responses: {
      200: answer('All nodes, by name.', z.object({ items: z.array(NodeBody) })),
      ...memberProblems('forbidden', 'unavailable'),
    },
  })
  api.openapi(nodes, async (c) => c.json({ items: await peers.list(c.get('actor')) }, 200))
  return api
}

/** With what the table of options says of each. */
function described({ version, settings }: SettingsInForce): z.infer<typeof ConfigBody> {
  const items = settings.flatMap(({ key, value, source }) => {
    const row = OPTION_ROWS.find((one) => one.key === key)
    if (row === undefined) return []
    const { env, flag, option } = row
    const { range, choices, secret = false, live = false, form, description } = option
    return {
      key,
      env,
      flag,
      value,
      default: option.default as ConfigValue,
      source,
      changeable: live,
      secret,
      ...range,
      ...(choices && { choices: [...choices] }),
      form,
      description,
    }
  })
  return { version, items }
}
