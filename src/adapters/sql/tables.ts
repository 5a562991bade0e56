import type { Generated, Insertable } from 'kysely'
import type { MemberRole, NotifyLevel, RoomEventType, RoomKind, UserRole } from '../../protocol/model.ts'

/**
 * The tables as kysely sees them. Inside the database rows refer to each other by integer keys (`…_pk`), which never leave
 * this adapter but inside opaque cursors; ids that leave are UUIDv7 text. Times are ms, booleans 0 or 1, lists JSON.
 */
export interface Tables {
  users: UserRow
  setup_tokens: { token_hash: string; expires_at: number; spent_at: number | null }
  logins: LoginRow
  refresh_tokens: RefreshTokenRow
  reset_links: { user_pk: number; token_hash: string; expires_at: number }
  rooms: RoomRow
  members: MemberRow
  bans: { room_pk: number; user_pk: number; at: number; actor_pk: number }
  events: EventRow
  reactions: ReactionRow
  mentions: MentionRow
  cluster: ClusterRow
  settings: SettingsRow
  partitions: PartitionRow
  outbox: OutboxRow
  parked: ParkedRow
}

export interface UserRow {
  pk: Generated<number>
  id: string
  username: string
  display_name: string
  password_hash: string
  role: UserRole
  disabled: number
  /** How another service knows this person. */
  external_id: string | null
  created_at: number
  /** When the role became another one; null when it never did. */
  role_changed_at: number | null
}

export interface LoginRow {
  pk: Generated<number>
  sid: string
  user_pk: number
  created_at: number
  expires_at: number
  cookie: number
  ended_at: number | null
  device: string | null
  address: string | null
  /** null: not since it was made, or not since the column came. */
  last_used_at: number | null
}

export interface RefreshTokenRow {
  token_hash: string
  login_pk: number
  spent_at: number | null
  /** The successor, once spent: its hash, and for cookie logins the token itself, sealed. */
  next_hash: string | null
  sealed: string | null
}

export interface RoomRow {
  pk: Generated<number>
  id: string
  kind: RoomKind
  /** The partition of a cluster that the room belongs to; 0 in the embedded mode. */
  partition: number
  title: string
  /** The title as it is searched: lower case. */
  title_key: string
  capacity: number | null
  epoch: number
  seq: number
  n: number
  member_count: number
  created_by: number
  created_at: number
  /** The time of the last message, or of the creation. */
  last_at: number
  last_message_seq: number | null
  /** `last_at`, but at most a minute behind: it is indexed, and an index that moves with each batch would be dear. */
  lively_at: number
  /** The two users of a direct room, so that there is one per pair. */
  direct_key: string | null
  deleted_at: number | null
}

export interface MemberRow {
  room_pk: number
  user_pk: number
  /** See ROLES. */
  role: number
  joined_at: number
  read_seq: number
  read_n: number
  notify: NotifyLevel
  last_exit_at: number | null
}

/**
 * One row for each seq. A message row is its event and holds the message as it is now; rows of other types refer to it by
 * `target` and hold no text of their own.
 */
export interface EventRow {
  room_pk: number
  seq: number
  /** See EVENT_TYPES. */
  type: number
  at: number
  actor_pk: number
  /** The room's message count up to and including this event: messages are found by `n` through it. */
  n: number
  client_message_id: string | null
  body: string | null
  reply_to: number | null
  /** JSON: user ids. */
  mentions: string | null
  /** JSON: FileRef[]. */
  files: string | null
  /** JSON: [emoji, count, [user keys, at most REACTION_USERS]][], what `reactions` says in full. */
  reactions: string | null
  edited_at: number | null
  deleted_at: number | null
  rev: number | null
  target: number | null
  /** Of join, leave and member events. */
  subject_pk: number | null
  /** The emoji of a reaction, the role of a join or member event, the reason of a leave event, the changes (JSON) of a room event. */
  detail: string | null
  /** Of a reaction: 1 for on. */
  is_on: number | null
}

export interface ReactionRow {
  room_pk: number
  target: number
  emoji: string
  user_pk: number
  /** The event that set it: the order of reacting. */
  seq: number
}

/** One message that mentions one member; of each member and room the newest UNREAD_MENTIONS_MAX. */
export interface MentionRow {
  user_pk: number
  room_pk: number
  seq: number
  n: number
}

/** The cluster that the database belongs to: one row, made by the first node. */
export interface ClusterRow {
  id: string
  partitions: number
  created_at: number
  /** Where all nodes keep their log, `sql` or `redis`; null until the first node that says so. */
  log: string | null
}

/** The configuration that was changed at run time: one row for each change, never edited. */
export interface SettingsRow {
  version: number
  /** JSON */
  changes: string
  actor: string | null
  at: number
}

/** How far a partition of the shared log was written to the database, and by whom. */
export interface PartitionRow {
  pk: number
  /** The instance of the log that `position` belongs to. */
  owner: string | null
  epoch: Generated<number>
  position: Generated<string>
  lease_owner: string | null
  lease_until: Generated<number>
}

/** An event whose room or membership has changed already; the row lives until the event is in the shared log. */
export interface OutboxRow {
  pk: Generated<number>
  room_pk: number
  partition: number
  /** JSON, without seq and n. */
  event: string
  at: number
}

/** An entry of the shared log that could not be written to the database. */
export interface ParkedRow {
  pk: Generated<number>
  partition: number
  entry: string
  room: string
  seq: number
  payload: string
  error: string
  tries: number
  at: number
}

/** Event types by their number in the database. Append only. */
export const EVENT_TYPES = ['message', 'edit', 'delete', 'reaction', 'join', 'leave', 'member', 'room'] as const
export const MESSAGE = 0
export const EDIT = 1
export const DELETE = 2
export const REACTION = 3
/** From here on the types are what notices tell of. */
export const FIRST_TOLD = 4

export function eventTypeNumber(type: RoomEventType): number {
  return EVENT_TYPES.indexOf(type)
}

/** Roles by their number in the database, which is also the order of the members page. */
export const ROLES = ['owner', 'moderator', 'member'] as const satisfies MemberRole[]
export const OWNER = 0

export function roleNumber(role: MemberRole): number {
  return ROLES.indexOf(role)
}

/** How far `lively_at` may fall behind `last_at`, in ms. */
export const LIVELY_STEP = 60_000

export type NewEvent = Insertable<EventRow>
