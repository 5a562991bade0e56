import type { Rooms } from '../ports/rooms.ts'
import { YeoulError } from '../protocol/errors.ts'
import type { MemberRole, RoomKind } from '../protocol/model.ts'
import type { HotRoom } from './hot-room.ts'
import type { HotRooms } from './hot-rooms.ts'

/**
 * What a user may know of a room: members all; everybody that an open room exists; nobody else anything. Asked of the hot
 * room where there is one, of the store otherwise.
 */
export class Access {
  readonly #rooms: Rooms
  readonly #hotRooms: HotRooms

  constructor(rooms: Rooms, hotRooms: HotRooms) {
    this.#rooms = rooms
    this.#hotRooms = hotRooms
  }

  /** The member's role. Rejects `not_a_member` in an open room, `room_not_found` otherwise. */
  async member(room: string, user: string): Promise<{ role: MemberRole; kind: RoomKind }> {
    const hot = this.#hotRooms.get(room)
    if (hot !== undefined) return { role: await this.memberOf(hot, user), kind: hot.kind }
    const access = await this.#rooms.access(room, user)
    if (access === null || (access.role === null && access.kind !== 'open')) throw new YeoulError('room_not_found')
    if (access.role === null) throw new YeoulError('not_a_member')
    return { role: access.role, kind: access.kind }
  }

  /** As `member`, by the store as it is now: asked after a read, it says that all that was read may be shown (P5). */
  async stillMember(room: string, user: string): Promise<void> {
    const access = await this.#rooms.access(room, user)
    if (access === null || access.role === null)
      throw new YeoulError(access?.kind === 'open' ? 'not_a_member' : 'room_not_found')
  }

  /** The role of a user in a hot room, kept there. Rejects as `member` does. */
  async memberOf(hot: HotRoom, user: string): Promise<MemberRole> {
    const role = await hot.lookUp(user, async () => (await this.#rooms.access(hot.id, user))?.role ?? null)
    if (role === null) throw new YeoulError(hot.kind === 'open' ? 'not_a_member' : 'room_not_found')
    return role
  }

  /** What a refused append is called before this user: a hidden room stays hidden. */
  async refusal(room: string, user: string): Promise<'not_a_member' | 'room_not_found'> {
    const access = await this.#rooms.access(room, user)
    return access !== null && (access.kind === 'open' || access.role !== null) ? 'not_a_member' : 'room_not_found'
  }
}
