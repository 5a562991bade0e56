import type { MemberRole, RoomKind } from '../protocol/model.ts'

/** What can be asked of a room, beyond what every member may do. */
export type RoomRight =
  | 'invite'
  | 'kick'
  | 'ban'
  | 'set_role'
  | 'change_room'
  | 'delete_room'
  | 'delete_others_messages'

const RIGHTS: Record<MemberRole, ReadonlySet<RoomRight>> = {
  owner: new Set(['invite', 'kick', 'ban', 'set_role', 'change_room', 'delete_room', 'delete_others_messages']),
  moderator: new Set(['invite', 'kick', 'ban', 'delete_others_messages']),
  member: new Set(),
}

/** Rights that make no sense between two people, whatever their roles. */
const NOT_IN_DIRECT: ReadonlySet<RoomRight> = new Set([
  'invite',
  'kick',
  'ban',
  'set_role',
  'change_room',
  'delete_others_messages',
])

export function may(role: MemberRole, kind: RoomKind, right: RoomRight): boolean {
  return RIGHTS[role].has(right) && !(kind === 'direct' && NOT_IN_DIRECT.has(right))
}

const RANK: Record<MemberRole, number> = { member: 0, moderator: 1, owner: 2 }

/** Whether `role` stands above `other`: a moderator removes members, never another moderator or an owner. Owners reach all. */
export function outranks(role: MemberRole, other: MemberRole): boolean {
  return role === 'owner' || RANK[role] > RANK[other]
}
