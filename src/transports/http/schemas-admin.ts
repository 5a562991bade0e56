import { z } from '@hono/zod-openapi'
import type {
  AdminNode,
  AdminRoom,
  AdminUser,
  ConfigChange,
  ConfigInForce,
  Figures,
  ParkedItem,
  ResetLink,
  Summary,
} from '../../protocol/model-admin.ts'
import { Id, PageQuery, RoomBody, text, UserBody, UserRoles, wholeText } from './schemas.ts'

const At = z.int().openapi({ description: 'In ms since 1970 UTC.' })
const Value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()])
const Key = z.string().openapi({ example: 'limits.bodyLength' })
const Version = z.int().min(0).openapi({ description: 'How many changes were made before.' })

export const ConfigBody = z
  .object({
    version: Version,
    items: z.array(
      z.object({
        key: Key,
        env: z.string().openapi({ description: 'Its environment variable.' }),
        flag: z.string().nullable(),
        value: Value.openapi({ description: 'In force. Of a secret null.' }),
        default: Value,
        source: z.string().openapi({
          description: '`default`, `env NAME`, `flag --name`, `file NAME`, or `run time` for what an admin set.',
        }),
        changeable: z.boolean().openapi({ description: 'Whether it may change while the server runs.' }),
        secret: z.boolean(),
        min: z.int().optional(),
        max: z.int().optional(),
        choices: z.array(z.string()).optional(),
        form: z.string().openapi({ description: 'What a value must be.' }),
        description: z.string(),
      }),
    ),
  })
  .openapi('Config') satisfies z.ZodType<ConfigInForce>

const GIVEN_MAX = 4_096
export const WantedChangeBody = z.object({
  version: Version.optional().openapi({
    description: 'The version that the caller has seen; when there is a newer one: `config_changed`.',
  }),
  changes: z
    .record(
      z.string().max(64),
      z.union([
        text({ max: GIVEN_MAX }),
        z.number(),
        z.boolean(),
        z.array(text({ max: GIVEN_MAX })).max(GIVEN_MAX),
        z.null(),
      ]),
    )
    .openapi({ description: 'By option its new value; null: what each node started with.' }),
})

export const ConfigChangeBody = z
  .object({
    version: Version,
    at: At,
    actor: Id.nullable().openapi({ description: 'The admin’s user id.' }),
    changes: z.record(Key, z.object({ from: Value, to: Value })),
  })
  .openapi('ConfigChange') satisfies z.ZodType<ConfigChange>

const Count = z.int().min(0)
const PerSecond = z.number().min(0)
const P99 = z.number().nullable()
const Backlog = Count.openapi({
  description: 'Events of the Redis log that are not in the database yet; 0 where there is no such log.',
})
export const NodeBody = z
  .object({
    id: Id.openapi({ description: 'New at each start.' }),
    name: z.string(),
    roles: z.array(z.string()),
    version: z.string(),
    startedAt: At,
    keys: z.array(z.string()).openapi({
      description:
        'The ids of the keys whose access tokens it takes; it signs with the first. Not the keys themselves.',
    }),
    state: z.enum(['starting', 'ready', 'draining']),
    connections: Count,
    sessions: Count.openapi({ description: 'Connections that said hello.' }),
    hotRooms: Count.openapi({ description: 'Rooms held in memory.' }),
    sendsPerSecond: z.number().openapi({ description: 'Messages accepted in the last second.' }),
    deliveriesPerSecond: PerSecond.openapi({
      description: 'Events written, times the connections they were written to.',
    }),
    deliveryP99Ms: P99.openapi({ description: 'From the time of an event until it is written to the connections.' }),
    ackP99Ms: P99.openapi({ description: 'From the dispatch of a batch of messages until it is durable.' }),
    backlog: Backlog,
    load: z.number().openapi({ description: 'The share of time that its main thread was busy, 0 to 1.' }),
    memory: Count.openapi({ description: 'Resident memory, in bytes.' }),
    seenAt: At.openapi({ description: 'Its last heartbeat.' }),
  })
  .openapi('Node') satisfies z.ZodType<AdminNode>

export const AdminUsersQuery = PageQuery.extend({
  q: text({ max: 64 })
    .optional()
    .openapi({ description: 'The beginning of a user name or of a word of a display name, in any case.' }),
})

export const AdminUserBody = z
  .object({ ...UserBody.shape, role: UserRoles, disabled: z.boolean() })
  .openapi('AdminUser') satisfies z.ZodType<AdminUser>

export const ResetLinkBody = z
  .object({ token: z.string(), url: z.string(), expiresAt: At })
  .openapi('ResetLink') satisfies z.ZodType<ResetLink>

export const AdminRoomBody = z
  .object({
    ...RoomBody.shape,
    messageCount: Count.openapi({ description: 'Deleted messages too.' }),
    lastMessageAt: At.nullable(),
  })
  .openapi('AdminRoom') satisfies z.ZodType<AdminRoom>

export const FiguresQuery = z.object({
  since: wholeText(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .openapi({ description: 'Only points after this time, in ms since 1970 UTC.' }),
})

export const FiguresBody = z
  .object({
    everyMs: z.int().openapi({ description: 'The time between two points.' }),
    points: z.array(
      z.object({
        at: At,
        connections: Count,
        sessions: Count,
        messagesPerSecond: PerSecond,
        deliveriesPerSecond: PerSecond,
        deliveryP99Ms: P99,
        ackP99Ms: P99,
        backlog: Backlog,
        load: z.number(),
        memory: Count,
        nodes: Count,
      }),
    ),
  })
  .openapi('Figures') satisfies z.ZodType<Figures>

export const SummaryBody = z
  .object({
    users: Count,
    disabledUsers: Count,
    rooms: Count.openapi({ description: 'Of every kind.' }),
    messages: Count.openapi({ description: 'Deleted ones too.' }),
    storageLevel: z.enum(['stored', 'logged', 'replicated']),
    version: z.string(),
    uptimeMs: Count,
    parked: Count,
  })
  .openapi('Summary') satisfies z.ZodType<Summary>

export const EntryParams = z.object({ entry: wholeText(1, Number.MAX_SAFE_INTEGER) })

export const ParkedBody = z
  .object({
    id: Count,
    partition: Count,
    room: z.string(),
    seq: Count,
    why: z.string().openapi({ description: 'What the database said.' }),
    tries: Count,
    at: At,
  })
  .openapi('ParkedEntry') satisfies z.ZodType<ParkedItem>
