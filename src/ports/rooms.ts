import type { MemberRole, Page, Room, RoomEvent, RoomKind } from '../protocol/model.ts'

export interface NewRoom {
  id: string
  kind: RoomKind
  title: string
  capacity: number | null
  createdBy: string
  at: number
  /** Users who become members with the creator, in this order; for a direct room exactly one. */
  memberIds: string[]
}

/** What a change of a room or of its members appended to the room's sequence, ready to be published. */
export interface Change {
  epoch: number
  events: RoomEvent[]
}

/** A room with what the server needs beyond what clients see. */
export interface RoomRecord extends Room {
  /** How many messages the room has had. */
  n: number
}

/** A room as admins see it listed. */
export interface ListedRoom extends RoomRecord {
  /** When the newest message was sent; null when there was none. */
  lastMessageAt: number | null
}

/**
 * Rooms. Each change commits together with its event in the room's sequence (P2, decision 1), or not at all.
 * A room that was deleted is like one that never was: `room_not_found`.
 */
export interface Rooms {
  /**
   * Makes the room with its creator as owner and `memberIds` as members. A direct room that exists already for the pair
   * comes back with no events. Rejects `user_not_found` for an unknown member, `room_full` when they exceed the capacity.
   */
  create(room: NewRoom): Promise<{ room: RoomRecord; created: boolean; change: Change }>
  get(id: string): Promise<RoomRecord | null>
  /** Open rooms whose title holds `q` (any case; all when empty), the liveliest first. */
  listOpen(q: string, cursor: string | null, limit: number): Promise<Page<Room>>
  /** All open rooms and groups, otherwise as `listOpen`. Direct rooms are private: no list shows them. */
  list(q: string, cursor: string | null, limit: number): Promise<Page<ListedRoom>>
  /** Rejects `capacity_too_small`, `room_not_found`. Changing nothing appends nothing. */
  update(
    id: string,
    actor: string,
    at: number,
    changes: { title?: string; capacity?: number | null },
  ): Promise<{ room: RoomRecord; change: Change }>
  /** Ends every membership with a `leave` event (reason `room_deleted`) and then hides the room. Answers who was a member. */
  remove(id: string, actor: string, at: number): Promise<{ change: Change; members: string[] }>
  /** The role of a member in a room by its id, or null; the room's kind, and whether it is full. One read for every authorisation. */
  access(
    id: string,
    user: string,
  ): Promise<{ kind: RoomKind; role: MemberRole | null; banned: boolean; full: boolean } | null>
}
