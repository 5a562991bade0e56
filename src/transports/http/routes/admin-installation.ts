import { createRoute } from '@hono/zod-openapi'
import type { HttpDeps } from '../deps.ts'
import type { Guard } from '../guard.ts'
import { type Api, answer, BY_TOKEN, EMPTY, memberProblems, newApi } from '../openapi.ts'
import { PageQuery, pageOf, RoomParams, RoomsQuery } from '../schemas.ts'
import { AdminRoomBody, EntryParams, FiguresBody, FiguresQuery, ParkedBody, SummaryBody } from '../schemas-admin.ts'

/** What the installation holds and how it does: rooms, figures, parked entries. Core refuses all but admins. */
export function adminInstallationRoutes(deps: HttpDeps, guard: Guard): Api {
  const { admin, figures } = deps
  const api = newApi()
  const shared = { middleware: [guard.authenticated], security: BY_TOKEN, tags: ['Administration'] }

  const summary = createRoute({
    ...shared,
    method: 'get',
    path: '/admin/summary',
    summary: 'What the installation holds, in numbers',
    description: 'As the database has it: what waits in the Redis log is not counted yet.',
    responses: { 200: answer('The numbers.', SummaryBody), ...memberProblems('forbidden') },
  })
  api.openapi(summary, async (c) => c.json(await admin.summary(c.get('actor')), 200))

  const watch = createRoute({
    ...shared,
    method: 'get',
    path: '/admin/figures',
    summary: 'How all nodes together did in the last ten minutes',
    description:
      'Sums over the nodes; of the percentiles and the load the highest. As the node that answers has seen it since it ' +
      'started; ask with `since` for what is new.',
    request: { query: FiguresQuery },
    responses: { 200: answer('The points, rising.', FiguresBody), ...memberProblems('forbidden') },
  })
  api.openapi(watch, (c) => c.json(figures.since(c.get('actor'), c.req.valid('query').since), 200))

  const rooms = createRoute({
    ...shared,
    method: 'get',
    path: '/admin/rooms',
    summary: 'Open rooms and groups, the liveliest first',
    description: 'Direct rooms are private and never listed. What is said in a room is for its members, whoever asks.',
    request: { query: RoomsQuery },
    responses: { 200: answer('A page of rooms.', pageOf(AdminRoomBody)), ...memberProblems('bad_text', 'forbidden') },
  })
  api.openapi(rooms, async (c) => c.json(await admin.rooms(c.get('actor'), c.req.valid('query')), 200))

  const remove = createRoute({
    ...shared,
    method: 'delete',
    path: '/admin/rooms/{room}',
    summary: 'Delete a room, as its owner could',
    description: 'A direct room of others is `room_not_found`, as in the list.',
    request: { params: RoomParams },
    responses: { 204: EMPTY, ...memberProblems('forbidden', 'room_not_found') },
  })
  api.openapi(remove, async (c) => {
    await admin.removeRoom(c.get('actor'), c.req.valid('param').room)
    return c.body(null, 204)
  })

  const parked = createRoute({
    ...shared,
    method: 'get',
    path: '/admin/parked',
    summary: 'Entries of the Redis log that the database refused, the oldest first',
    description: 'Without what they hold. Where there is no such log, there is none.',
    request: { query: PageQuery },
    responses: { 200: answer('A page of entries.', pageOf(ParkedBody)), ...memberProblems('forbidden') },
  })
  api.openapi(parked, async (c) => c.json(await admin.parked(c.get('actor'), c.req.valid('query')), 200))

  const retry = createRoute({
    ...shared,
    method: 'post',
    path: '/admin/parked/{entry}/retry',
    summary: 'Write a parked entry in its place',
    request: { params: EntryParams },
    responses: { 204: EMPTY, ...memberProblems('forbidden', 'parked_not_found', 'parked_refused', 'unavailable') },
  })
  api.openapi(retry, async (c) => {
    await admin.retryParked(c.get('actor'), c.req.valid('param').entry)
    return c.body(null, 204)
  })
  return api
}
