import { createRoute, z } from '@hono/zod-openapi'
import type { HttpDeps } from '../deps.ts'
import type { Guard } from '../guard.ts'
import { type Api, answer, BY_TOKEN, body, memberProblems, newApi } from '../openapi.ts'
import { pageOf, UserParams, UserRoles } from '../schemas.ts'
import { AdminUserBody, AdminUsersQuery, ResetLinkBody } from '../schemas-admin.ts'

/** People, as admins see them and change them. Core refuses everybody else with `forbidden`. */
export function adminUserRoutes(deps: HttpDeps, guard: Guard): Api {
  const { admin, resets, options } = deps
  const api = newApi()
  const shared = { middleware: [guard.authenticated], security: BY_TOKEN, tags: ['Administration'] }

  const users = createRoute({
    ...shared,
    method: 'get',
    path: '/admin/users',
    summary: 'All accounts by user name, disabled ones too',
    request: { query: AdminUsersQuery },
    responses: { 200: answer('A page of users.', pageOf(AdminUserBody)), ...memberProblems('bad_text', 'forbidden') },
  })
  api.openapi(users, async (c) => c.json(await admin.users(c.get('actor'), c.req.valid('query')), 200))

  const change = createRoute({
    ...shared,
    method: 'patch',
    path: '/admin/users/{user}',
    summary: 'Disable or enable an account, give or take the role of an admin',
    description:
      'Disabling ends all logins of the user at once, on all nodes. A changed role holds at once: access tokens that name ' +
      'the old one are `token_expired`. An admin stays who can sign in, otherwise `last_admin`.',
    request: {
      params: UserParams,
      body: body(z.object({ disabled: z.boolean().optional(), role: UserRoles.optional() })),
    },
    responses: {
      200: answer('The user as they are now.', AdminUserBody),
      ...memberProblems('forbidden', 'user_not_found', 'last_admin'),
    },
  })
  api.openapi(change, async (c) => {
    return c.json(await admin.changeUser(c.get('actor'), c.req.valid('param').user, c.req.valid('json')), 200)
  })

  const reset = createRoute({
    ...shared,
    method: 'post',
    path: '/admin/users/{user}/reset',
    summary: 'A link by which the user sets a new password',
    description: 'Good once and for 24 hours, in place of any earlier one. Hand it to nobody else.',
    request: { params: UserParams },
    responses: {
      201: answer('The link; it is not shown again.', ResetLinkBody),
      ...memberProblems('forbidden', 'user_not_found'),
    },
  })
  api.openapi(reset, async (c) => {
    const { token, expiresAt } = await resets.offer(c.get('actor'), c.req.valid('param').user)
    return c.json({ token, url: `${options.publicUrl}/#reset=${token}`, expiresAt }, 201)
  })
  return api
}
