import { createRoute, z } from '@hono/zod-openapi'
import { YeoulError } from '../../../protocol/errors.ts'
import { BODY_LENGTH_MAX } from '../../../protocol/limits.ts'
import type { HttpDeps } from '../deps.ts'
import type { Guard } from '../guard.ts'
import { type Api, answer, BY_TOKEN, body, EMPTY, memberProblems, newApi } from '../openapi.ts'
import {
  ChangeAnswerBody,
  ClientMessageId,
  Epoch,
  EpochQuery,
  EventsAnswerBody,
  EventsQuery,
  MessageBody,
  MessageParams,
  MessagesQuery,
  NoticeBody,
  ReactionParams,
  RoomParams,
  SendAnswerBody,
  Seq,
  text,
} from '../schemas.ts'

export function messageRoutes(deps: HttpDeps, guard: Guard): Api {
  const { chat } = deps
  const api = newApi()
  const shared = { middleware: [guard.authenticated], security: BY_TOKEN, tags: ['Messages'] }
  // The limit may change while the server runs: core holds to it.
  const Body = text({ min: 1, max: BODY_LENGTH_MAX }, 'body_too_long').openapi({
    description: 'At most `limits.bodyLength` UTF-16 units, as `hello` tells them.',
  })

  const list = createRoute({
    ...shared,
    method: 'get',
    path: '/rooms/{room}/messages',
    summary: 'A page of a room’s messages',
    description:
      'The newest without a place; else before, after or around one. In rising seq always. With `notices` also what ' +
      'happened to the room and its members in between: joins, leaves, roles, changes of the room.',
    request: { params: RoomParams, query: MessagesQuery },
    responses: {
      200: answer(
        'The page. `nextCursor` is null: go on with `before` or `after`. `notices` when they were asked for.',
        z.object({ items: z.array(MessageBody), notices: z.array(NoticeBody).optional(), nextCursor: z.null() }),
      ),
      ...memberProblems('room_not_found', 'not_a_member'),
    },
  })
  api.openapi(list, async (c) => {
    const page = await chat.messages(c.get('actor'), c.req.valid('param').room, c.req.valid('query'))
    return c.json({ ...page, nextCursor: null }, 200)
  })

  const send = createRoute({
    ...shared,
    method: 'post',
    path: '/rooms/{room}/messages',
    summary: 'Send a message',
    description:
      'Idempotent by `clientMessageId`: a repeat gets the first one’s seq back. Set `retry` when this may be a repeat.',
    request: {
      params: RoomParams,
      body: body(
        z.object({
          clientMessageId: ClientMessageId,
          body: Body,
          replyTo: Seq.min(1).optional().openapi({ description: 'The seq of the message that this one answers.' }),
          fileIds: z
            .array(text({ max: 64 }))
            .max(100)
            .optional(),
          retry: z.boolean().optional(),
        }),
      ),
    },
    responses: {
      201: answer('Stored as `durability` says.', SendAnswerBody),
      200: answer('A repeat; this is what the first one got.', SendAnswerBody),
      ...memberProblems(
        'bad_text',
        'body_too_long',
        'room_not_found',
        'not_a_member',
        'message_not_found',
        'files_not_supported',
        'overloaded',
        'unavailable',
        'log_full',
        'log_fenced',
        'storage_full',
      ),
    },
  })
  api.openapi(send, async (c) => {
    const { fileIds, ...message } = c.req.valid('json')
    if (fileIds !== undefined && fileIds.length > 0) throw new YeoulError('files_not_supported')
    const sent = await chat.send(c.get('actor'), { room: c.req.valid('param').room, ...message })
    return sent.duplicate ? c.json(sent, 200) : c.json(sent, 201)
  })

  const edit = createRoute({
    ...shared,
    method: 'patch',
    path: '/rooms/{room}/messages/{seq}',
    summary: 'Edit a message',
    request: { params: MessageParams, body: body(z.object({ body: Body, epoch: Epoch.optional() })) },
    responses: {
      200: answer('The edit’s place in the room.', ChangeAnswerBody),
      ...memberProblems(
        'bad_text',
        'body_too_long',
        'room_not_found',
        'not_a_member',
        'message_not_found',
        'not_the_sender',
        'message_deleted',
        'epoch_changed',
      ),
    },
  })
  api.openapi(edit, async (c) => {
    const { room, seq } = c.req.valid('param')
    const changed = c.req.valid('json')
    return c.json(await chat.edit(c.get('actor'), room, seq, changed.body, changed.epoch), 200)
  })

  const remove = createRoute({
    ...shared,
    method: 'delete',
    path: '/rooms/{room}/messages/{seq}',
    summary: 'Delete a message',
    description: 'Its text is gone from every read path.',
    request: { params: MessageParams, query: EpochQuery },
    responses: {
      200: answer('The deletion’s place in the room.', ChangeAnswerBody),
      ...memberProblems(
        'room_not_found',
        'not_a_member',
        'message_not_found',
        'not_the_sender',
        'message_deleted',
        'epoch_changed',
      ),
    },
  })
  api.openapi(remove, async (c) => {
    const { room, seq } = c.req.valid('param')
    return c.json(await chat.delete(c.get('actor'), room, seq, c.req.valid('query').epoch), 200)
  })

  for (const [method, on] of [
    ['put', true],
    ['delete', false],
  ] as const) {
    const react = createRoute({
      ...shared,
      method,
      path: '/rooms/{room}/messages/{seq}/reactions/{emoji}',
      summary: on ? 'React to a message' : 'Take a reaction back',
      description: 'What is so already appends nothing.',
      request: { params: ReactionParams, query: EpochQuery },
      responses: {
        200: answer('The reaction’s place in the room, or the message’s `rev`.', ChangeAnswerBody),
        ...memberProblems(
          'room_not_found',
          'not_a_member',
          'message_not_found',
          'message_deleted',
          'too_many_reactions',
          'epoch_changed',
        ),
      },
    })
    api.openapi(react, async (c) => {
      const { room, seq, emoji } = c.req.valid('param')
      return c.json(await chat.react(c.get('actor'), room, seq, emoji, on, c.req.valid('query').epoch), 200)
    })
  }

  const events = createRoute({
    ...shared,
    method: 'get',
    path: '/rooms/{room}/events',
    summary: 'The events of a room after a position',
    description:
      '`recovered: false` when they cannot be told: drop what you had of the room and read its newest messages.',
    request: { params: RoomParams, query: EventsQuery },
    responses: {
      200: answer('Contiguous events in rising seq.', EventsAnswerBody),
      ...memberProblems('room_not_found', 'not_a_member'),
    },
  })
  api.openapi(events, async (c) => {
    const { after, epoch, limit } = c.req.valid('query')
    return c.json(await chat.events(c.get('actor'), c.req.valid('param').room, after, epoch, limit), 200)
  })

  const read = createRoute({
    ...shared,
    method: 'put',
    path: '/rooms/{room}/read',
    summary: 'Say how far I have read',
    description: 'The read cursor never moves back.',
    request: { params: RoomParams, body: body(z.object({ seq: Seq, epoch: Epoch.optional() })) },
    responses: { 204: EMPTY, ...memberProblems('room_not_found', 'not_a_member', 'epoch_changed') },
  })
  api.openapi(read, async (c) => {
    const { seq, epoch } = c.req.valid('json')
    await chat.read(c.get('actor'), c.req.valid('param').room, seq, epoch)
    return c.body(null, 204)
  })
  return api
}
