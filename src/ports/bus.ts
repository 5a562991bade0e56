import type { NotifyLevel, RoomEvent, UserRole } from '../protocol/model.ts'

/** What one node tells all nodes about a room. */
export type RoomNotice =
  | { kind: 'events'; epoch: number; events: RoomEvent[] }
  | { kind: 'typing'; user: string }
  | { kind: 'read'; user: string; seq: number; n: number }

/** What one node tells all sessions of a user, or about a user's logins. */
export type UserNotice =
  | { kind: 'room_added'; room: string }
  | { kind: 'room_removed'; room: string }
  | { kind: 'read'; room: string; seq: number; n: number /** The session that read: it knows already. */; by: string }
  /** A message mentions the user, who was a member after it was appended. */
  | { kind: 'mentioned'; room: string; seq: number; n: number; actor: string }
  /** The user wants to be told of more or less of a room. */
  | { kind: 'notify'; room: string; notify: NotifyLevel }
  | { kind: 'logins_ended'; sids: string[] }
  /** An admin gave the user another role than their access tokens name. */
  | { kind: 'role_changed'; role: UserRole }
  /** Told with the admin who did it as the user; every node looks at the settings then. */
  | { kind: 'settings_changed' }

export interface BusHandlers {
  room(room: string, notice: RoomNotice): void
  user(user: string, notice: UserNotice): void
  /** Notices may have been lost: of the rooms for which `concerns` says so. Told about once a second while it lasts. */
  missed(concerns: (room: string) => boolean): void
  /** Notices to users may have been lost, and are heard again from here on. */
  usersMissed(): void
}

/**
 * Node to node, best effort: a hint, never the record. Notices of one room arrive in the order in which one node published
 * them; across nodes fan-out restores the order by seq and fills gaps from the log. A node hears of a room only while it
 * has interest in it. A loss of events is noticed within about two seconds and told (`missed`).
 */
export interface Bus {
  publish(room: string, notice: RoomNotice): void
  publishToUser(user: string, notice: UserNotice): void
  /** Called once at start, before any interest. */
  listen(handlers: BusHandlers): void
  /** Counts up and down: a room is heard of while its count is above 0. */
  addInterest(room: string): void
  dropInterest(room: string): void
}
