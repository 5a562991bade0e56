/** The things that travel: rooms, members, messages, events. Times are ms since 1970 UTC, ids UUIDv7 strings unless said. */

export type RoomKind = 'open' | 'group' | 'direct'
export type MemberRole = 'owner' | 'moderator' | 'member'
export type UserRole = 'user' | 'admin'
/** What an acknowledgement promises (P1). */
export type Durability = 'stored' | 'logged' | 'replicated'
export type LeaveReason = 'left' | 'kicked' | 'banned' | 'room_deleted'
export type NotifyLevel = 'all' | 'mentions' | 'none'

/** A place in a room's sequence. A seq without its epoch says nothing after the log lost data. */
export interface Position {
  epoch: number
  seq: number
}

export interface User {
  id: string
  username: string
  displayName: string
  /** Only in answers about oneself. */
  role?: UserRole
  createdAt: number
}

/** What everybody may know before they are signed in. */
export interface WaysIn {
  /** Whether anybody may make an account; the set-up link works either way. */
  registration: 'open' | 'closed'
}

/** A login of the caller's own: a device, or a browser, where they are signed in. */
export interface SignedInDevice {
  id: string
  /** Whether it is the login that asks. */
  current: boolean
  /** The `User-Agent` at the login, at most 256 characters; null when it is not known. */
  device: string | null
  /** The address that the login was made from; null when it is not known. */
  address: string | null
  createdAt: number
  /** When it last renewed its access token. */
  lastUsedAt: number
  /** When it ends if it is not used. */
  expiresAt: number
}

export interface Room {
  id: string
  kind: RoomKind
  title: string
  /** The most members that the room may have; null: the server's own limit alone. */
  capacity: number | null
  memberCount: number
  createdBy: string
  createdAt: number
  position: Position
}

/** A room as one user sees it. */
export interface SeenRoom extends Room {
  /** There when this user is banned and cannot join. */
  banned?: true
}

export interface Membership {
  role: MemberRole
  joinedAt: number
  readSeq: number
  readN: number
  notify: NotifyLevel
  lastExitAt: number | null
}

/** A member as the members page lists it. */
export interface Member {
  user: string
  role: MemberRole
  joinedAt: number
  online: boolean
  lastExitAt: number | null
  /** How far this member has read: lets a client count who has not read a message. */
  readSeq: number
  readN: number
}

/** A user who cannot join a room until the ban is lifted. */
export interface Ban {
  user: string
  at: number
  /** Who banned them. */
  by: string
}

export interface Reaction {
  emoji: string
  count: number
  /** The first users who reacted, at most REACTION_USERS. */
  users: string[]
}

/** How many users a reaction names; its count goes on. */
export const REACTION_USERS = 20

export interface FileRef {
  id: string
  name: string
  type: string
  size: number
}

export interface Message {
  seq: number
  /** Counts messages only: 1 for the room's first. */
  n: number
  sender: string
  clientMessageId: string
  /** null once deleted. */
  body: string | null
  at: number
  editedAt?: number
  deletedAt?: number
  /** The seq of the message that this one answers. */
  replyTo?: number
  mentions: string[]
  reactions: Reaction[]
  files: FileRef[]
  /** The highest seq that this message reflects: events on it with seq <= rev are already in it. */
  rev: number
}

interface EventBase {
  seq: number
  at: number
  /** The user who caused it. */
  actor: string
}
export interface MessageEvent extends EventBase {
  type: 'message'
  n: number
  clientMessageId: string
  /** The body as it is now: null when the message has been deleted since. */
  body: string | null
  replyTo?: number
  mentions?: string[]
  files?: FileRef[]
}
export interface EditEvent extends EventBase {
  type: 'edit'
  target: number
  /** The body as it is now: null when the message has been deleted since. */
  body: string | null
  mentions?: string[]
}
export interface DeleteEvent extends EventBase {
  type: 'delete'
  target: number
}
export interface ReactionEvent extends EventBase {
  type: 'reaction'
  target: number
  emoji: string
  on: boolean
}
export interface JoinEvent extends EventBase {
  type: 'join'
  user: string
  role: MemberRole
}
export interface LeaveEvent extends EventBase {
  type: 'leave'
  user: string
  reason: LeaveReason
}
export interface MemberEvent extends EventBase {
  type: 'member'
  user: string
  role: MemberRole
}
export interface RoomChangedEvent extends EventBase {
  type: 'room'
  changes: { title?: string; capacity?: number | null }
}
/** One change of a room; `seq` is its place in the room's gap-free sequence (P2). */
export type RoomEvent =
  | MessageEvent
  | EditEvent
  | DeleteEvent
  | ReactionEvent
  | JoinEvent
  | LeaveEvent
  | MemberEvent
  | RoomChangedEvent
export type RoomEventType = RoomEvent['type']

/** One of the caller's rooms, as `GET /me/rooms` lists it. */
export interface RoomSummary {
  room: Room
  membership: Membership
  /** max(0, room.n - membership.readN) */
  unread: number
  /** The `n`s of unread messages that mention the caller, rising: the newest UNREAD_MENTIONS_MAX. */
  unreadMentions: number[]
  lastMessage: Message | null
  /** Of a direct room: the other user, a member now or not. */
  peer?: string
}

export interface Page<T> {
  items: T[]
  nextCursor: string | null
}
