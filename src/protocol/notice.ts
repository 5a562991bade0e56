import type { JoinEvent, LeaveEvent, MemberEvent, MemberRole, RoomChangedEvent, RoomEvent } from './model.ts'

/** How many users a notice names; its count goes on. */
export const NOTICE_USERS = 20

/** The events that notices tell of: what happened to the room and its members. */
export type NoticeEvent = JoinEvent | LeaveEvent | MemberEvent | RoomChangedEvent

/**
 * A line between two messages: somebody came or went, a role changed, the room did. A crowd that comes between the same two
 * messages is one notice, however many they are.
 */
export interface Notice {
  /** The first event that it tells of. */
  seq: number
  at: number
  /** How many messages the room had before it: it stands after the message with this `n`. */
  n: number
  kind: 'joined' | 'left' | 'kicked' | 'banned' | 'role' | 'room'
  actor: string
  /** Whom it is about, the first NOTICE_USERS of them, each once; none for `room`. */
  users: string[]
  /** How many events it tells of. */
  count: number
  /** Of `role`: the new one. */
  role?: MemberRole
  /** Of `room`: what is otherwise now. */
  changes?: RoomChangedEvent['changes']
}

export function isNoticeEvent(event: RoomEvent): event is NoticeEvent {
  return event.type === 'join' || event.type === 'leave' || event.type === 'member' || event.type === 'room'
}

/**
 * The notices of a run of events: `event` follows those that are in `notices`, and the room had `n` messages before it.
 * Answers a new list. Server and clients fold by this one function, so that a line reads the same live and in history.
 */
export function withNotice(notices: readonly Notice[], event: NoticeEvent, n: number): Notice[] {
  const notice = noticeOf(event, n)
  if (notice.kind === 'joined' || notice.kind === 'left') {
    for (let i = notices.length - 1; i >= 0 && notices[i]!.n === n; i--) {
      const alike = notices[i]!
      if (alike.kind !== notice.kind) continue
      const [user] = notice.users as [string]
      const isNamed = alike.users.includes(user) || alike.users.length >= NOTICE_USERS
      const users = isNamed ? alike.users : [...alike.users, user]
      return notices.with(i, { ...alike, users, count: alike.count + 1 })
    }
  }
  return [...notices, notice]
}

function noticeOf(event: NoticeEvent, n: number): Notice {
  const { seq, at, actor } = event
  const base = { seq, at, n, actor, count: 1 }
  switch (event.type) {
    case 'join':
      return { ...base, kind: 'joined', users: [event.user] }
    case 'leave': {
      const { reason } = event
      return { ...base, kind: reason === 'kicked' || reason === 'banned' ? reason : 'left', users: [event.user] }
    }
    case 'member':
      return { ...base, kind: 'role', users: [event.user], role: event.role }
    case 'room':
      return { ...base, kind: 'room', users: [], changes: event.changes }
  }
}
