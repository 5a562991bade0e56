import type {
  Ban,
  LeaveReason,
  Member,
  MemberRole,
  Membership,
  NotifyLevel,
  Page,
  RoomSummary,
} from '../protocol/model.ts'
import type { Change } from './rooms.ts'

/** How far a user has read a room. `n` counts the room's messages up to `seq`. */
export interface ReadCursor {
  room: string
  user: string
  seq: number
  n: number
}

/** Which members are wanted; all where it names nothing. */
export interface MembersWanted {
  /** Whose user name begins so, or a word of whose display name does, in any case. */
  q?: string
  /** Only members among these users. */
  among?: string[]
}

/**
 * Who belongs to which room. Each change commits together with its event in the room's sequence. Capacity is held by one
 * conditional update: a crowd that joins at the same instant fills the room exactly.
 */
export interface Memberships {
  /**
   * Joining again changes nothing and has no events. Who comes into a room that everybody left becomes its owner.
   * Rejects `room_full`, `banned`, `room_not_found`, `user_not_found`.
   */
  join(room: string, user: string, actor: string, at: number): Promise<{ membership: Membership; change: Change }>
  /**
   * Ends a membership; ending none changes nothing. With `ban` the user cannot join again until `unban`, and a user who is
   * no member can be banned too. Rejects `last_owner` when the last owner would leave others behind (but for a direct
   * room, which comes back when one of the pair makes it again), `room_not_found`.
   */
  end(room: string, user: string, actor: string, at: number, reason: LeaveReason): Promise<Change>
  unban(room: string, user: string): Promise<void>
  /** Rejects `not_a_member` when the user is none, `last_owner`. The same role again changes nothing. */
  setRole(room: string, user: string, actor: string, at: number, role: MemberRole): Promise<Change>
  setNotify(room: string, user: string, notify: NotifyLevel): Promise<void>
  get(room: string, user: string): Promise<Membership | null>
  /** Owners first, then moderators, then members, each by the time they joined. `online` is false: presence knows it. */
  list(room: string, cursor: string | null, limit: number, wanted?: MembersWanted): Promise<Page<Member>>
  /** Who is banned, the latest first. */
  bans(room: string, cursor: string | null, limit: number): Promise<Page<Ban>>
  /** The rooms of a user, the liveliest first. */
  ofUser(user: string, cursor: string | null, limit: number): Promise<Page<RoomSummary>>
  /** Ids of all rooms of a user, the liveliest first, at most `limit`. */
  roomIdsOf(user: string, limit: number): Promise<string[]>
  /** Gathered writes: read cursors that only move forward, and times of last exit. Unknown members are passed over. */
  saveProgress(cursors: ReadCursor[], exits: { room: string; user: string; at: number }[]): Promise<void>
}
