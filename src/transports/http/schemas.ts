import { z } from '@hono/zod-openapi'
import { ERRORS, type ErrorCode } from '../../protocol/errors.ts'
import type { EventsAnswer, SendAnswer } from '../../protocol/frames.ts'
import {
  CAPACITY_MAX,
  CLIENT_MESSAGE_ID_LENGTH,
  DISPLAY_NAME_LENGTH,
  EMOJI_LENGTH,
  EVENTS_LIMIT,
  PAGE_LIMIT,
  PASSWORD_LENGTH,
  TITLE_LENGTH,
  UNREAD_MENTIONS_MAX,
  USERNAME,
} from '../../protocol/limits.ts'
import type {
  Ban,
  Member,
  Membership,
  Message,
  Room,
  RoomEvent,
  RoomSummary,
  SeenRoom,
  SignedInDevice,
  User,
} from '../../protocol/model.ts'
import { NOTICE_USERS, type Notice } from '../../protocol/notice.ts'
import type { ProblemDocument } from './problems.ts'

// What comes in

/** Text that a database can keep (decision 7); `length` is in UTF-16 units. */
export const text = (length: { min?: number; max: number }, tooLong: ErrorCode = 'bad_request') =>
  z
    .string()
    .min(length.min ?? 0)
    .refine((value) => value.length <= length.max, {
      params: { code: tooLong },
      message: `longer than ${length.max}`,
    })
    .refine((value) => value.isWellFormed() && !value.includes('\0'), {
      params: { code: 'bad_text' satisfies ErrorCode },
      message: 'holds U+0000 or a lone surrogate',
    })
    .openapi({ minLength: length.min ?? 0, maxLength: length.max })

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
export const Id = z.string().regex(UUID).openapi({ example: '019b2f6e-7a3c-7c1d-9f00-5d2a8c4e1b90' })

/** A whole number that travels as text, in a path or a query. */
export const wholeText = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number)
    .refine((n) => n >= min && n <= max, { message: `must be from ${min} to ${max}` })
    .openapi({ type: 'integer', minimum: min, maximum: max })

const SEQ_MAX = Number.MAX_SAFE_INTEGER
export const Seq = z.int().min(0).max(SEQ_MAX)
export const Epoch = z.int().min(0).max(SEQ_MAX).openapi({
  description: 'The epoch that the caller knows; `epoch_changed` when the room lives in another one.',
})

export const SessionParams = z.object({ session: Id })
export const RoomParams = z.object({ room: Id })
export const UserParams = z.object({ user: Id })
export const MemberParams = z.object({ room: Id, user: Id })
export const MessageParams = z.object({ room: Id, seq: wholeText(1, SEQ_MAX) })
export const ReactionParams = z.object({
  room: Id,
  seq: wholeText(1, SEQ_MAX),
  emoji: text(EMOJI_LENGTH).openapi({ example: '👍' }),
})

export const PageQuery = z.object({
  limit: wholeText(1, PAGE_LIMIT.max).optional().openapi({ default: PAGE_LIMIT.default }),
  cursor: text({ min: 1, max: 512 })
    .optional()
    .openapi({ description: '`nextCursor` of the page before; a cursor of another list is `bad_request`.' }),
})
export const RoomsQuery = PageQuery.extend({
  q: text({ max: TITLE_LENGTH.max }).optional().openapi({ description: 'Part of the title, in any case.' }),
})
/** Up to 100 ids, as one text. */
const Ids = z
  .string()
  .max(100 * 37)
  .transform((value) => value.split(','))
  .pipe(z.array(Id).min(1).max(100))
  .optional()
  .openapi({ type: 'string', description: 'Up to 100 user ids, parted by commas.' })
const NameQuery = text({ min: 1, max: 64 })
  .refine((q) => q.trim() !== '', { message: 'must not be blank' })
  .optional()
  .openapi({ description: 'The beginning of a user name or of a word of a display name, in any case.' })

export const MembersQuery = PageQuery.extend({
  online: z
    .enum(['true', 'false'])
    .optional()
    .transform((value) => value === 'true')
    .openapi({ type: 'boolean', description: 'Only members who are online (of at most 2,000 of them).' }),
  q: NameQuery,
  ids: Ids,
})
export const MessagesQuery = z
  .object({
    before: wholeText(1, SEQ_MAX).optional().openapi({ description: 'Only messages with a lower seq.' }),
    after: wholeText(0, SEQ_MAX).optional().openapi({ description: 'Only messages with a higher seq.' }),
    around: wholeText(1, SEQ_MAX).optional().openapi({
      description: 'Messages on both sides of this seq, and the one that it is of.',
    }),
    aroundN: wholeText(1, SEQ_MAX).optional().openapi({
      description: 'The same around the room’s message number `n`, such as the first unread one.',
    }),
    limit: wholeText(1, PAGE_LIMIT.max).optional().openapi({ default: PAGE_LIMIT.default }),
    notices: z
      .enum(['true', 'false'])
      .optional()
      .transform((value) => value === 'true')
      .openapi({ type: 'boolean', description: 'Also tell what happened to the room and its members in between.' }),
  })
  .refine(
    ({ before, after, around, aroundN }) =>
      [before, after, around, aroundN].filter((place) => place !== undefined).length <= 1,
    { message: 'takes one of `before`, `after`, `around` and `aroundN`' },
  )
export const EventsQuery = z.object({
  after: wholeText(0, SEQ_MAX),
  epoch: wholeText(0, SEQ_MAX),
  limit: wholeText(1, EVENTS_LIMIT.max).optional().openapi({ default: EVENTS_LIMIT.default }),
})
export const EpochQuery = z.object({ epoch: wholeText(0, SEQ_MAX).optional() })
export const UsersQuery = z
  .object({
    ids: Ids,
    q: NameQuery,
  })
  .refine(({ ids, q }) => (ids === undefined) !== (q === undefined), { message: 'needs one of ids and q' })

export const Username = z
  .string()
  .max(64)
  .transform((name) => name.toLowerCase())
  .refine((name) => USERNAME.test(name), { message: 'letters a–z, digits, and . _ - between them, at most 32' })
  .openapi({ type: 'string', pattern: USERNAME.source.replaceAll('a-z', 'A-Za-z'), example: 'mina' })
export const Password = text(PASSWORD_LENGTH).openapi({ format: 'password' })
export const DisplayName = text(DISPLAY_NAME_LENGTH)
  .refine((name) => name.trim() !== '', { message: 'must not be blank' })
  .openapi({ pattern: '\\S' })
export const ClientMessageId = text(CLIENT_MESSAGE_ID_LENGTH)
export const Title = text(TITLE_LENGTH)
  .refine((title) => title.trim() !== '', { message: 'must not be blank' })
  .openapi({ pattern: '\\S' })
export const Capacity = z.int().min(1).max(CAPACITY_MAX).nullable().openapi({
  description: 'The most members that the room may have; null: the server’s own limit alone.',
})
export const RoomKinds = z.enum(['open', 'group', 'direct'])
export const UserRoles = z.enum(['user', 'admin'])
export const MemberRoles = z.enum(['owner', 'moderator', 'member'])
export const NotifyLevels = z.enum(['all', 'mentions', 'none'])

// What goes out. `satisfies` holds each schema to the type that the server answers with.

const Time = z.int().openapi({ description: 'In ms since 1970 UTC.' })
const Count = z.int().min(0)

export const UserBody = z
  .object({
    id: Id,
    username: z.string(),
    displayName: z.string(),
    role: UserRoles.optional().openapi({ description: 'Only in answers about oneself.' }),
    createdAt: Time,
  })
  .openapi('User') satisfies z.ZodType<User>

export const SignedInDeviceBody = z
  .object({
    id: Id,
    current: z.boolean().openapi({ description: 'Whether it is the login that asks.' }),
    device: z
      .string()
      .nullable()
      .openapi({ description: 'The `User-Agent` at the login, at most 256 characters; null when it is not known.' }),
    address: z
      .string()
      .nullable()
      .openapi({ description: 'The address that the login was made from; null when it is not known.' }),
    createdAt: Time,
    lastUsedAt: z.int().openapi({ description: 'When it last renewed its access token, in ms since 1970 UTC.' }),
    expiresAt: z.int().openapi({ description: 'When it ends if it is not used, in ms since 1970 UTC.' }),
  })
  .openapi('SignedInDevice') satisfies z.ZodType<SignedInDevice>

const PositionBody = z.object({ epoch: Count, seq: Count }).openapi('Position')

export const RoomBody = z
  .object({
    id: Id,
    kind: RoomKinds,
    title: z.string(),
    capacity: z.int().nullable(),
    memberCount: Count,
    createdBy: Id,
    createdAt: Time,
    position: PositionBody,
  })
  .openapi('Room') satisfies z.ZodType<Room>

export const SeenRoomBody = z
  .object({
    ...RoomBody.shape,
    banned: z.literal(true).optional().openapi({ description: 'There when the caller is banned and cannot join.' }),
  })
  .openapi('SeenRoom') satisfies z.ZodType<SeenRoom>

export const MembershipBody = z
  .object({
    role: MemberRoles,
    joinedAt: Time,
    readSeq: Count,
    readN: Count,
    notify: NotifyLevels,
    lastExitAt: Time.nullable(),
  })
  .openapi('Membership') satisfies z.ZodType<Membership>

export const MemberBody = z
  .object({
    user: Id,
    role: MemberRoles,
    joinedAt: Time,
    online: z.boolean(),
    lastExitAt: Time.nullable(),
    readSeq: Count,
    readN: Count,
  })
  .openapi('Member') satisfies z.ZodType<Member>

export const BanBody = z.object({ user: Id, at: Time, by: Id }).openapi('Ban') satisfies z.ZodType<Ban>
const RoomChanges = z.object({ title: z.string().optional(), capacity: z.int().nullable().optional() })

const FileRefBody = z.object({ id: z.string(), name: z.string(), type: z.string(), size: Count }).openapi('FileRef')
const ReactionBody = z.object({ emoji: z.string(), count: Count, users: z.array(Id) }).openapi('Reaction')

export const MessageBody = z
  .object({
    seq: Count,
    n: Count,
    sender: Id,
    clientMessageId: z.string(),
    body: z.string().nullable().openapi({ description: 'null once deleted.' }),
    at: Time,
    editedAt: Time.optional(),
    deletedAt: Time.optional(),
    replyTo: Count.optional().openapi({ description: 'The seq of the message that this one answers.' }),
    mentions: z.array(Id),
    reactions: z.array(ReactionBody),
    files: z.array(FileRefBody),
    rev: Count.openapi({ description: 'The highest seq that this message reflects.' }),
  })
  .openapi('Message') satisfies z.ZodType<Message>

export const NoticeBody = z
  .object({
    seq: Count.openapi({ description: 'The first event that it tells of.' }),
    at: Time,
    n: Count.openapi({ description: 'It stands after the message with this `n`.' }),
    kind: z.enum(['joined', 'left', 'kicked', 'banned', 'role', 'room']),
    actor: Id,
    users: z.array(Id).openapi({ description: `The first ${NOTICE_USERS} of them.` }),
    count: Count.openapi({ description: 'How many events it tells of.' }),
    role: MemberRoles.optional(),
    changes: RoomChanges.optional(),
  })
  .openapi('Notice') satisfies z.ZodType<Notice>

const event = { seq: Count, at: Time, actor: Id }
const MessageEventBody = z.object({
  ...event,
  type: z.literal('message'),
  n: Count,
  clientMessageId: z.string(),
  body: z.string().nullable(),
  replyTo: Count.optional(),
  mentions: z.array(Id).optional(),
  files: z.array(FileRefBody).optional(),
})
const EditEventBody = z.object({
  ...event,
  type: z.literal('edit'),
  target: Count,
  body: z.string().nullable(),
  mentions: z.array(Id).optional(),
})
const ReactionEventBody = z.object({
  ...event,
  type: z.literal('reaction'),
  target: Count,
  emoji: z.string(),
  on: z.boolean(),
})
const RoomChangedEventBody = z.object({
  ...event,
  type: z.literal('room'),
  changes: RoomChanges,
})
const RoomEventBody = z
  .discriminatedUnion('type', [
    MessageEventBody,
    EditEventBody,
    z.object({ ...event, type: z.literal('delete'), target: Count }),
    ReactionEventBody,
    z.object({ ...event, type: z.literal('join'), user: Id, role: MemberRoles }),
    z.object({
      ...event,
      type: z.literal('leave'),
      user: Id,
      reason: z.enum(['left', 'kicked', 'banned', 'room_deleted']),
    }),
    z.object({ ...event, type: z.literal('member'), user: Id, role: MemberRoles }),
    RoomChangedEventBody,
  ])
  .openapi('RoomEvent') satisfies z.ZodType<RoomEvent>

export const RoomSummaryBody = z
  .object({
    room: RoomBody,
    membership: MembershipBody,
    unread: Count,
    unreadMentions: z.array(Count).max(UNREAD_MENTIONS_MAX).openapi({
      description: 'The `n`s of unread messages that mention the caller, rising: the newest of them.',
    }),
    lastMessage: z.union([MessageBody, z.null()]),
    peer: Id.optional().openapi({ description: 'Of a direct room: the other user, a member now or not.' }),
  })
  .openapi('RoomSummary') satisfies z.ZodType<RoomSummary>

export const SendAnswerBody = z
  .object({
    seq: Count,
    n: Count,
    at: Time,
    durability: z.enum(['stored', 'logged', 'replicated']),
    duplicate: z.boolean(),
  })
  .openapi('SendAnswer') satisfies z.ZodType<SendAnswer>

export const EventsAnswerBody = z
  .object({ epoch: Count, recovered: z.boolean(), events: z.array(RoomEventBody), head: Count })
  .openapi('EventsAnswer') satisfies z.ZodType<EventsAnswer>

/** What a change of a message answers: its event's place, or the message's `rev` when it changed nothing. */
export const ChangeAnswerBody = z.object({ seq: Count, at: Time }).openapi('ChangeAnswer')

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })

export const ProblemBody = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    detail: z.string(),
    retryable: z.boolean().openapi({ description: 'Whether the same request may succeed later, unchanged.' }),
    retryAfterMs: z.int().optional(),
  })
  .openapi('Problem') satisfies z.ZodType<ProblemDocument>
