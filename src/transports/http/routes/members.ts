import { createRoute, z } from '@hono/zod-openapi'
import { PAGE_LIMIT } from '../../../protocol/limits.ts'
import type { HttpDeps } from '../deps.ts'
import type { Guard } from '../guard.ts'
import { type Api, answer, BY_TOKEN, body, EMPTY, memberProblems, newApi, optionalBody } from '../openapi.ts'
import {
  BanBody,
  MemberBody,
  MemberParams,
  MemberRoles,
  MembershipBody,
  MembersQuery,
  NotifyLevels,
  PageQuery,
  pageOf,
  RoomParams,
} from '../schemas.ts'

export function memberRoutes(deps: HttpDeps, guard: Guard): Api {
  const { rooms } = deps
  const api = newApi()
  const shared = { middleware: [guard.authenticated], security: BY_TOKEN, tags: ['Members'] }

  const join = createRoute({
    ...shared,
    method: 'post',
    path: '/rooms/{room}/join',
    summary: 'Join an open room',
    description: 'Joining again changes nothing.',
    request: { params: RoomParams },
    responses: {
      200: answer('The caller’s membership.', MembershipBody),
      ...memberProblems('room_not_found', 'room_full', 'banned', 'wrong_room_kind'),
    },
  })
  api.openapi(join, async (c) => c.json(await rooms.join(c.get('actor'), c.req.valid('param').room), 200))

  const leave = createRoute({
    ...shared,
    method: 'post',
    path: '/rooms/{room}/leave',
    summary: 'Leave a room',
    request: { params: RoomParams },
    responses: { 204: EMPTY, ...memberProblems('room_not_found', 'last_owner', 'wrong_room_kind') },
  })
  api.openapi(leave, async (c) => {
    await rooms.leave(c.get('actor'), c.req.valid('param').room)
    return c.body(null, 204)
  })

  for (const [method, path] of [
    ['put', '/rooms/{room}/notify'],
    ['patch', '/rooms/{room}/me'],
  ] as const) {
    const setNotify = createRoute({
      ...shared,
      method,
      path,
      summary: 'Choose what I am told of a room',
      request: { params: RoomParams, body: body(z.object({ notify: NotifyLevels })) },
      responses: {
        200: answer('The caller’s membership as it is now.', MembershipBody),
        ...memberProblems('room_not_found', 'not_a_member'),
      },
    })
    api.openapi(setNotify, async (c) =>
      c.json(await rooms.setNotify(c.get('actor'), c.req.valid('param').room, c.req.valid('json').notify), 200),
    )
  }

  const list = createRoute({
    ...shared,
    method: 'get',
    path: '/rooms/{room}/members',
    summary: 'Members of a room',
    description: '`q`, `ids` and `online` each narrow the list; the cursor goes on in the narrowed list.',
    request: { params: RoomParams, query: MembersQuery },
    responses: {
      200: answer('Owners first, then moderators, then members, each by the time they joined.', pageOf(MemberBody)),
      ...memberProblems('room_not_found', 'not_a_member'),
    },
  })
  api.openapi(list, async (c) => {
    const { cursor, limit, online, q, ids } = c.req.valid('query')
    const page = {
      cursor: cursor ?? null,
      limit: limit ?? PAGE_LIMIT.default,
      online,
      ...(q !== undefined && { q: q.trim() }),
      ...(ids !== undefined && { ids }),
    }
    return c.json(await rooms.members(c.get('actor'), c.req.valid('param').room, page), 200)
  })

  const invite = createRoute({
    ...shared,
    method: 'post',
    path: '/rooms/{room}/members/{user}',
    summary: 'Invite a user into a room',
    description: 'For owners and moderators. The user is a member at once; inviting a member changes nothing.',
    request: { params: MemberParams },
    responses: {
      200: answer('The user’s membership.', MembershipBody),
      ...memberProblems(
        'room_not_found',
        'not_a_member',
        'forbidden',
        'user_not_found',
        'room_full',
        'banned',
        'wrong_room_kind',
      ),
    },
  })
  api.openapi(invite, async (c) => {
    const { room, user } = c.req.valid('param')
    return c.json(await rooms.invite(c.get('actor'), room, user), 200)
  })

  const kick = createRoute({
    ...shared,
    method: 'delete',
    path: '/rooms/{room}/members/{user}',
    summary: 'Remove a member from a room',
    request: { params: MemberParams },
    responses: {
      204: EMPTY,
      ...memberProblems('room_not_found', 'not_a_member', 'forbidden', 'user_not_found', 'wrong_room_kind'),
    },
  })
  api.openapi(kick, async (c) => {
    const { room, user } = c.req.valid('param')
    await rooms.kick(c.get('actor'), room, user)
    return c.body(null, 204)
  })

  const setRole = createRoute({
    ...shared,
    method: 'put',
    path: '/rooms/{room}/members/{user}/role',
    summary: 'Set a member’s role',
    request: { params: MemberParams, body: body(z.object({ role: MemberRoles })) },
    responses: {
      204: EMPTY,
      ...memberProblems(
        'room_not_found',
        'not_a_member',
        'forbidden',
        'user_not_found',
        'last_owner',
        'wrong_room_kind',
      ),
    },
  })
  api.openapi(setRole, async (c) => {
    const { room, user } = c.req.valid('param')
    await rooms.setRole(c.get('actor'), room, user, c.req.valid('json').role)
    return c.body(null, 204)
  })

  const ban = createRoute({
    ...shared,
    method: 'put',
    path: '/rooms/{room}/members/{user}/ban',
    summary: 'Ban a user from a room, or lift the ban',
    description: 'A ban ends the membership, and keeps the user from joining until it is lifted.',
    request: {
      params: MemberParams,
      body: optionalBody(z.object({ banned: z.boolean().optional().openapi({ default: true }) })),
    },
    responses: {
      204: EMPTY,
      ...memberProblems('room_not_found', 'not_a_member', 'forbidden', 'user_not_found', 'wrong_room_kind'),
    },
  })
  api.openapi(ban, async (c) => {
    const { room, user } = c.req.valid('param')
    await rooms.ban(c.get('actor'), room, user, c.req.valid('json').banned ?? true)
    return c.body(null, 204)
  })

  const bans = createRoute({
    ...shared,
    method: 'get',
    path: '/rooms/{room}/bans',
    summary: 'Who is banned from a room',
    description: 'For owners and moderators.',
    request: { params: RoomParams, query: PageQuery },
    responses: {
      200: answer('The latest first; `by` is who banned them.', pageOf(BanBody)),
      ...memberProblems('room_not_found', 'not_a_member', 'forbidden', 'wrong_room_kind'),
    },
  })
  api.openapi(bans, async (c) => {
    const { cursor, limit } = c.req.valid('query')
    const page = await rooms.bans(
      c.get('actor'),
      c.req.valid('param').room,
      cursor ?? null,
      limit ?? PAGE_LIMIT.default,
    )
    return c.json(page, 200)
  })

  const unban = createRoute({
    ...shared,
    method: 'delete',
    path: '/rooms/{room}/members/{user}/ban',
    summary: 'Lift a ban',
    request: { params: MemberParams },
    responses: {
      204: EMPTY,
      ...memberProblems('room_not_found', 'not_a_member', 'forbidden', 'user_not_found', 'wrong_room_kind'),
    },
  })
  api.openapi(unban, async (c) => {
    const { room, user } = c.req.valid('param')
    await rooms.ban(c.get('actor'), room, user, false)
    return c.body(null, 204)
  })
  return api
}
