import type { Accounts } from '../ports/accounts.ts'
import type { Bus } from '../ports/bus.ts'
import type { Memberships, MembersWanted } from '../ports/memberships.ts'
import type { Presence } from '../ports/presence.ts'
import type { Change, RoomRecord, Rooms } from '../ports/rooms.ts'
import { YeoulError } from '../protocol/errors.ts'
import { CAPACITY_MAX, PAGE_LIMIT, TITLE_LENGTH } from '../protocol/limits.ts'
import type {
  Ban,
  Member,
  MemberRole,
  Membership,
  NotifyLevel,
  Page,
  Room,
  RoomKind,
  RoomSummary,
  SeenRoom,
} from '../protocol/model.ts'
import type { Access } from './access.ts'
import type { Actor } from './actor.ts'
import type { Audit } from './audit.ts'
import { newId } from './ids.ts'
import { may, outranks, type RoomRight } from './permissions.ts'
import type { Progress } from './progress.ts'
import { checkText } from './text.ts'

/** The most users that a room begins with. */
const FIRST_MEMBERS_MAX = 1_000

/** The most users online that a members page is made of. */
const ONLINE_LISTED = 2_000

/** The use cases of rooms and their members. Every change is published as the event that it is. */
export class RoomService {
  readonly #rooms: Rooms
  readonly #memberships: Memberships
  readonly #accounts: Accounts
  readonly #presence: Presence
  readonly #bus: Bus
  readonly #logPublishes: boolean
  readonly #access: Access
  readonly #progress: Progress
  readonly #audit: Audit

  constructor(parts: {
    rooms: Rooms
    memberships: Memberships
    accounts: Accounts
    presence: Presence
    bus: Bus
    /** Whether whoever makes a change has told all nodes of its events already; see `Log.publishes`. */
    logPublishes: boolean
    access: Access
    progress: Progress
    audit: Audit
  }) {
    this.#rooms = parts.rooms
    this.#memberships = parts.memberships
    this.#accounts = parts.accounts
    this.#presence = parts.presence
    this.#bus = parts.bus
    this.#logPublishes = parts.logPublishes
    this.#access = parts.access
    this.#progress = parts.progress
    this.#audit = parts.audit
  }

  /** Makes a room with the caller as its owner; the direct room of a pair is made once and comes back after that. */
  async create(
    actor: Actor,
    wanted: { title?: string; kind?: RoomKind; capacity?: number | null; memberIds?: string[] },
  ): Promise<{ room: Room; created: boolean }> {
    const kind = wanted.kind ?? 'open'
    const memberIds = [...new Set(wanted.memberIds ?? [])].filter((id) => id !== actor.user)
    if (kind === 'direct' && memberIds.length !== 1)
      throw new YeoulError('bad_request', 'A direct room needs exactly one other user in `memberIds`.')
    if (kind === 'open' && memberIds.length > 0)
      throw new YeoulError('bad_request', 'People join an open room by themselves: leave `memberIds` out.')
    if (memberIds.length > FIRST_MEMBERS_MAX)
      throw new YeoulError('bad_request', `A room begins with at most ${FIRST_MEMBERS_MAX} members; invite the others.`)
    if (kind === 'direct' && wanted.capacity != null)
      throw new YeoulError('bad_request', 'A direct room has no capacity of its own.')
    const title = checkTitle(wanted.title ?? '', kind)
    const capacity = checkCapacity(wanted.capacity ?? null)
    const { room, created, change } = await this.#rooms.create({
      id: newId(),
      kind,
      title,
      capacity,
      createdBy: actor.user,
      at: Date.now(),
      memberIds,
    })
    this.#publish(room.id, change)
    // Of a direct room that exists, only who had left comes back to it.
    for (const event of change.events) {
      if (event.type === 'join') this.#bus.publishToUser(event.user, { kind: 'room_added', room: room.id })
    }
    return { room: shown(room), created }
  }

  /** A room that the caller may see: an open one, or one of their own. */
  async get(actor: Actor, id: string): Promise<SeenRoom> {
    const [room, access] = await Promise.all([this.#rooms.get(id), this.#rooms.access(id, actor.user)])
    if (room === null || access === null || (access.kind !== 'open' && access.role === null))
      throw new YeoulError('room_not_found')
    return { ...shown(room), ...(access.banned && { banned: true as const }) }
  }

  listOpen(_actor: Actor, q: string, cursor: string | null, limit: number = PAGE_LIMIT.default): Promise<Page<Room>> {
    return this.#rooms.listOpen(q, cursor, Math.min(limit, PAGE_LIMIT.max))
  }

  async update(actor: Actor, id: string, wanted: { title?: string; capacity?: number | null }): Promise<Room> {
    const { kind } = await this.#need(actor, id, 'change_room')
    const changes: { title?: string; capacity?: number | null } = {}
    if (wanted.title !== undefined) changes.title = checkTitle(wanted.title, kind)
    if (wanted.capacity !== undefined) changes.capacity = checkCapacity(wanted.capacity)
    const { room, change } = await this.#rooms.update(id, actor.user, Date.now(), changes)
    this.#publish(id, change)
    return shown(room)
  }

  /** Ends the room for everybody: its owner may, and an admin. Of a direct room of others an admin knows nothing either. */
  async remove(actor: Actor, id: string): Promise<void> {
    const access = await this.#rooms.access(id, actor.user)
    if (actor.role !== 'admin' || access?.kind === 'direct') await this.#need(actor, id, 'delete_room')
    const { change, members } = await this.#rooms.remove(id, actor.user, Date.now())
    this.#publish(id, change)
    for (const user of members) this.#bus.publishToUser(user, { kind: 'room_removed', room: id })
    if (actor.role === 'admin') this.#audit({ admin: actor.user, did: 'delete_room', room: id })
  }

  /** Joins an open room. Again is fine and changes nothing. */
  async join(actor: Actor, id: string): Promise<Membership> {
    const access = await this.#rooms.access(id, actor.user)
    if (access === null || (access.kind !== 'open' && access.role === null)) throw new YeoulError('room_not_found')
    // This one read refuses a crowd at a full room, so that it does not queue up for a transaction each. Whoever is let by it is
    // judged by the join itself.
    if (access.full && access.role === null && !access.banned) throw new YeoulError('room_full')
    return this.#join(id, actor.user, actor.user)
  }

  async leave(actor: Actor, id: string): Promise<void> {
    await this.#access.member(id, actor.user)
    await this.#end(id, actor.user, actor.user, 'left')
  }

  /** The members, owners first: all, or those among `ids`, those whose name begins with `q`, those who are online now. */
  async members(
    actor: Actor,
    id: string,
    range: { cursor?: string | null; limit?: number; online?: boolean; q?: string; ids?: string[] },
  ): Promise<Page<Member>> {
    await this.#access.member(id, actor.user)
    const limit = Math.min(range.limit ?? PAGE_LIMIT.default, PAGE_LIMIT.max)
    const wanted: MembersWanted = {}
    if (range.q !== undefined) wanted.q = range.q
    if (range.ids !== undefined) wanted.among = range.ids
    if (range.online === true) {
      const { users } = await this.#presence.list(id, ONLINE_LISTED)
      wanted.among = range.ids === undefined ? users : users.filter((user) => range.ids?.includes(user))
    }
    const page = await this.#memberships.list(id, range.cursor ?? null, limit, wanted)
    const users = page.items.map((member) => member.user)
    const online = await this.#presence.among(id, users)
    // Who went while this was read was online when the page was asked for: a page of those online holds nobody else.
    const isOnline = (user: string) => range.online === true || online.has(user)
    return {
      items: page.items.map((member) => ({ ...member, online: isOnline(member.user) })),
      nextCursor: page.nextCursor,
    }
  }

  /** Who may not join until it is lifted, for those who may ban. */
  async bans(actor: Actor, id: string, cursor: string | null, limit: number): Promise<Page<Ban>> {
    await this.#need(actor, id, 'ban')
    return this.#memberships.bans(id, cursor, Math.min(limit, PAGE_LIMIT.max))
  }

  /** Makes somebody a member. Into an open room everybody comes by themselves. */
  async invite(actor: Actor, id: string, user: string): Promise<Membership> {
    const { kind } = await this.#need(actor, id, 'invite')
    if (kind === 'open') throw new YeoulError('wrong_room_kind', 'People join an open room by themselves.')
    const account = await this.#accounts.byId(user)
    if (account === null) throw new YeoulError('user_not_found')
    return this.#join(id, user, actor.user)
  }

  async kick(actor: Actor, id: string, user: string): Promise<void> {
    await this.#needOver(actor, id, user, 'kick')
    await this.#end(id, user, actor.user, 'kicked')
  }

  /** Keeps somebody out, a member or not, or lets them in again. */
  async ban(actor: Actor, id: string, user: string, banned: boolean): Promise<void> {
    await this.#needOver(actor, id, user, 'ban')
    if (!banned) return this.#memberships.unban(id, user)
    if ((await this.#accounts.byId(user)) === null) throw new YeoulError('user_not_found')
    await this.#end(id, user, actor.user, 'banned')
  }

  async setRole(actor: Actor, id: string, user: string, role: MemberRole): Promise<void> {
    await this.#need(actor, id, 'set_role')
    const change = await this.#memberships.setRole(id, user, actor.user, Date.now(), role)
    this.#publish(id, change)
  }

  /** How much of a room the caller wants to be told of. */
  async setNotify(actor: Actor, id: string, notify: NotifyLevel): Promise<Membership> {
    await this.#access.member(id, actor.user)
    await this.#memberships.setNotify(id, actor.user, notify)
    this.#bus.publishToUser(actor.user, { kind: 'notify', room: id, notify })
    const membership = await this.#memberships.get(id, actor.user)
    if (membership === null) throw new YeoulError('not_a_member')
    return membership
  }

  /** The caller's rooms, the liveliest first, with what is unread in each. */
  async mine(actor: Actor, cursor: string | null, limit: number = PAGE_LIMIT.default): Promise<Page<RoomSummary>> {
    // What was read a moment ago must not show as unread.
    await this.#progress.flush()
    return this.#memberships.ofUser(actor.user, cursor, Math.min(limit, PAGE_LIMIT.max))
  }

  async #join(id: string, user: string, actor: string): Promise<Membership> {
    const { membership, change } = await this.#memberships.join(id, user, actor, Date.now())
    this.#publish(id, change)
    if (change.events.length > 0) this.#bus.publishToUser(user, { kind: 'room_added', room: id })
    return membership
  }

  async #end(id: string, user: string, actor: string, reason: 'left' | 'kicked' | 'banned'): Promise<void> {
    const change = await this.#memberships.end(id, user, actor, Date.now(), reason)
    this.#publish(id, change)
    if (change.events.length > 0) this.#bus.publishToUser(user, { kind: 'room_removed', room: id })
  }

  async #need(actor: Actor, id: string, right: RoomRight): Promise<{ role: MemberRole; kind: RoomKind }> {
    const member = await this.#access.member(id, actor.user)
    if (!may(member.role, member.kind, right))
      throw new YeoulError(member.kind === 'direct' ? 'wrong_room_kind' : 'forbidden')
    return member
  }

  /** The right, and a role above that of the one it is used on. */
  async #needOver(actor: Actor, id: string, user: string, right: RoomRight): Promise<void> {
    const { role } = await this.#need(actor, id, right)
    if (user === actor.user) throw new YeoulError('bad_request', 'To go, leave the room.')
    const other = await this.#rooms.access(id, user)
    if (other !== null && other.role !== null && !outranks(role, other.role)) throw new YeoulError('forbidden')
  }

  #publish(room: string, change: Change): void {
    if (change.events.length > 0 && !this.#logPublishes)
      this.#bus.publish(room, { kind: 'events', epoch: change.epoch, events: change.events })
  }
}

function checkTitle(text: string, kind: RoomKind): string {
  checkText(text)
  const title = text.trim()
  const least = kind === 'direct' ? 0 : TITLE_LENGTH.min
  if (title.length < least || title.length > TITLE_LENGTH.max)
    throw new YeoulError('bad_request', `The title must have ${TITLE_LENGTH.min} to ${TITLE_LENGTH.max} characters.`)
  return title
}

function checkCapacity(capacity: number | null): number | null {
  if (capacity !== null && (!Number.isInteger(capacity) || capacity < 1 || capacity > CAPACITY_MAX))
    throw new YeoulError('bad_request', `The capacity must be a whole number from 1 to ${CAPACITY_MAX}.`)
  return capacity
}

function shown({ n: _, ...room }: RoomRecord): Room {
  return room
}
