import { createRoute, z } from '@hono/zod-openapi'
import { PAGE_LIMIT, TITLE_LENGTH } from '../../../protocol/limits.ts'
import type { HttpDeps } from '../deps.ts'
import type { Guard } from '../guard.ts'
import { type Api, answer, BY_TOKEN, body, EMPTY, memberProblems, newApi } from '../openapi.ts'
import {
  Capacity,
  Id,
  pageOf,
  RoomBody,
  RoomKinds,
  RoomParams,
  RoomsQuery,
  SeenRoomBody,
  Title,
  text,
} from '../schemas.ts'

export function roomRoutes(deps: HttpDeps, guard: Guard): Api {
  const { rooms } = deps
  const api = newApi()
  const shared = { middleware: [guard.authenticated], security: BY_TOKEN, tags: ['Rooms'] }

  const create = createRoute({
    ...shared,
    method: 'post',
    path: '/rooms',
    summary: 'Make a room',
    description: 'The caller is its owner. A direct room names one other member, and is one per pair.',
    request: {
      body: body(
        z.object({
          title: text({ max: TITLE_LENGTH.max })
            .optional()
            .openapi({ description: 'Rooms other than direct ones need one.' }),
          kind: RoomKinds.default('open'),
          capacity: Capacity.optional(),
          memberIds: z.array(Id).max(1_000).optional(),
        }),
      ),
    },
    responses: {
      201: answer('The room was made.', RoomBody),
      200: answer('The direct room of these two exists already.', RoomBody),
      ...memberProblems('bad_text', 'user_not_found', 'room_full', 'wrong_room_kind'),
    },
  })
  api.openapi(create, async (c) => {
    const { room, created } = await rooms.create(c.get('actor'), c.req.valid('json'))
    return created ? c.json(room, 201) : c.json(room, 200)
  })

  const listOpen = createRoute({
    ...shared,
    method: 'get',
    path: '/rooms',
    summary: 'Open rooms, the liveliest first',
    request: { query: RoomsQuery },
    responses: { 200: answer('A page of open rooms.', pageOf(RoomBody)), ...memberProblems('bad_text') },
  })
  api.openapi(listOpen, async (c) => {
    const { q, cursor, limit } = c.req.valid('query')
    return c.json(await rooms.listOpen(c.get('actor'), q ?? '', cursor ?? null, limit ?? PAGE_LIMIT.default), 200)
  })

  const get = createRoute({
    ...shared,
    method: 'get',
    path: '/rooms/{room}',
    summary: 'A room',
    request: { params: RoomParams },
    responses: { 200: answer('The room.', SeenRoomBody), ...memberProblems('room_not_found') },
  })
  api.openapi(get, async (c) => c.json(await rooms.get(c.get('actor'), c.req.valid('param').room), 200))

  const update = createRoute({
    ...shared,
    method: 'patch',
    path: '/rooms/{room}',
    summary: 'Change a room',
    request: {
      params: RoomParams,
      body: body(z.object({ title: Title.optional(), capacity: Capacity.optional() })),
    },
    responses: {
      200: answer('The room as it is now.', RoomBody),
      ...memberProblems(
        'bad_text',
        'room_not_found',
        'not_a_member',
        'forbidden',
        'capacity_too_small',
        'wrong_room_kind',
      ),
    },
  })
  api.openapi(update, async (c) =>
    c.json(await rooms.update(c.get('actor'), c.req.valid('param').room, c.req.valid('json')), 200),
  )

  const remove = createRoute({
    ...shared,
    method: 'delete',
    path: '/rooms/{room}',
    summary: 'Delete a room',
    request: { params: RoomParams },
    responses: { 204: EMPTY, ...memberProblems('room_not_found', 'not_a_member', 'forbidden') },
  })
  api.openapi(remove, async (c) => {
    await rooms.remove(c.get('actor'), c.req.valid('param').room)
    return c.body(null, 204)
  })
  return api
}
