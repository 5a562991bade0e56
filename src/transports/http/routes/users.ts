import { createRoute, z } from '@hono/zod-openapi'
import { YeoulError } from '../../../protocol/errors.ts'
import { PAGE_LIMIT } from '../../../protocol/limits.ts'
import type { HttpDeps } from '../deps.ts'
import type { Guard } from '../guard.ts'
import { type Api, answer, BY_TOKEN, body, EMPTY, memberProblems, newApi } from '../openapi.ts'
import {
  DisplayName,
  PageQuery,
  Password,
  pageOf,
  RoomSummaryBody,
  SessionParams,
  SignedInDeviceBody,
  text,
  UserBody,
  UsersQuery,
} from '../schemas.ts'

export function userRoutes(deps: HttpDeps, guard: Guard): Api {
  const { accounts, rooms } = deps
  const api = newApi()
  const shared = { middleware: [guard.authenticated], security: BY_TOKEN, tags: ['Users'] }

  const me = createRoute({
    ...shared,
    method: 'get',
    path: '/me',
    summary: 'Who am I',
    responses: { 200: answer('The caller.', UserBody), ...memberProblems() },
  })
  api.openapi(me, async (c) => c.json(await accounts.me(c.get('actor')), 200))

  const updateMe = createRoute({
    ...shared,
    method: 'patch',
    path: '/me',
    summary: 'Change my display name or my password',
    description: 'A new `password` needs `currentPassword` too, and ends the caller’s other logins.',
    request: {
      body: body(
        z.object({
          displayName: DisplayName.optional(),
          password: Password.optional(),
          currentPassword: text({ max: 1_024 }).optional(),
        }),
      ),
    },
    responses: {
      200: answer('The caller as they are now.', UserBody),
      ...memberProblems('bad_text', 'bad_credentials', 'overloaded'),
    },
  })
  api.openapi(updateMe, async (c) => {
    const { displayName, password, currentPassword } = c.req.valid('json')
    const actor = c.get('actor')
    if (password !== undefined) {
      if (currentPassword === undefined) throw new YeoulError('bad_request', 'body.currentPassword: is missing')
      await accounts.changePassword(actor, { current: currentPassword, next: password }, c.get('address'))
    }
    return c.json(
      displayName === undefined ? await accounts.me(actor) : await accounts.updateMe(actor, { displayName }),
      200,
    )
  })

  const changePassword = createRoute({
    ...shared,
    method: 'post',
    path: '/me/password',
    summary: 'Change my password',
    description: 'Ends the caller’s other logins.',
    request: { body: body(z.object({ currentPassword: text({ max: 1_024 }), newPassword: Password })) },
    responses: { 204: EMPTY, ...memberProblems('bad_credentials', 'bad_text', 'overloaded') },
  })
  api.openapi(changePassword, async (c) => {
    const { currentPassword, newPassword } = c.req.valid('json')
    await accounts.changePassword(c.get('actor'), { current: currentPassword, next: newPassword }, c.get('address'))
    return c.body(null, 204)
  })

  const sessions = createRoute({
    ...shared,
    method: 'get',
    path: '/me/sessions',
    summary: 'Where I am signed in',
    description: 'The newest login first. A page may be shorter than `limit` and not the last.',
    request: { query: PageQuery },
    responses: { 200: answer('A page of my logins.', pageOf(SignedInDeviceBody)), ...memberProblems() },
  })
  api.openapi(sessions, async (c) => {
    const { cursor, limit } = c.req.valid('query')
    return c.json(await accounts.devices.list(c.get('actor'), cursor ?? null, limit ?? PAGE_LIMIT.default), 200)
  })

  const endSession = createRoute({
    ...shared,
    method: 'delete',
    path: '/me/sessions/{session}',
    summary: 'End a login of mine',
    description: 'Its connections close. It may be the one that asks.',
    request: { params: SessionParams },
    responses: { 204: EMPTY, ...memberProblems('session_not_found') },
  })
  api.openapi(endSession, async (c) => {
    await accounts.devices.end(c.get('actor'), c.req.valid('param').session)
    return c.body(null, 204)
  })

  const endOtherSessions = createRoute({
    ...shared,
    method: 'delete',
    path: '/me/sessions',
    summary: 'End all my other logins',
    description: 'All but the one that asks; their connections close.',
    responses: { 204: EMPTY, ...memberProblems() },
  })
  api.openapi(endOtherSessions, async (c) => {
    await accounts.devices.endOthers(c.get('actor'))
    return c.body(null, 204)
  })

  const users = createRoute({
    ...shared,
    method: 'get',
    path: '/users',
    summary: 'Users by id, or found by name',
    description: 'Exactly one of `ids` and `q`. `q` finds at most 20, the exact user name first, nobody disabled.',
    request: { query: UsersQuery },
    responses: {
      200: answer(
        'Those that exist, by id in the order asked for; without role.',
        z.object({ items: z.array(UserBody) }),
      ),
      ...memberProblems('bad_text'),
    },
  })
  api.openapi(users, async (c) => {
    const { ids = [], q } = c.req.valid('query')
    return c.json({ items: q === undefined ? await accounts.usersByIds(ids) : await accounts.findUsers(q.trim()) }, 200)
  })

  const myRooms = createRoute({
    ...shared,
    method: 'get',
    path: '/me/rooms',
    summary: 'My rooms, the liveliest first',
    request: { query: PageQuery },
    responses: { 200: answer('A page of my rooms.', pageOf(RoomSummaryBody)), ...memberProblems() },
  })
  api.openapi(myRooms, async (c) => {
    const { cursor, limit } = c.req.valid('query')
    return c.json(await rooms.mine(c.get('actor'), cursor ?? null, limit ?? PAGE_LIMIT.default), 200)
  })
  return api
}
