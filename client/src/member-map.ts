import type { Member, MemberRole, Message, RoomEvent } from '../../src/protocol/model.ts'

/** The most members of one room that are kept; the list of a room that has more ends there. */
const KEPT = 20_000
const RANK: Record<MemberRole, number> = { owner: 0, moderator: 1, member: 2 }

/** What moves a member: told live, and applied again to a page that may be older than it. */
export type MemberChange =
  /** `n`: how many messages the room has, as far as known; one who joins has read them. */
  | { kind: 'event'; event: RoomEvent; n: number }
  | { kind: 'read'; user: string; seq: number; n: number }
  | { kind: 'online'; user: string; online: boolean; at: number }

/** Members of a room by user, as far as they were loaded; a member is replaced, never changed. */
export class MemberMap {
  #members = new Map<string, Member>()
  /** Users in the order of the list: a cursor that moves, as every message does to its sender's, sorts nothing anew. */
  #order: string[] | null = null
  #list: readonly Member[] | null = null

  get size(): number {
    return this.#members.size
  }

  get full(): boolean {
    return this.#members.size >= KEPT
  }

  get(user: string): Member | undefined {
    return this.#members.get(user)
  }

  clear(): void {
    this.#members.clear()
    this.#sortAnew()
  }

  /** Takes in a page. Whoever is known keeps the cursor that is further; who is here is as the page says. */
  add(page: readonly Member[]): void {
    this.#sortAnew()
    for (const member of page) {
      const known = this.#members.get(member.user)
      if (known === undefined && this.full) continue
      const ahead = known !== undefined && known.readN > member.readN
      this.#members.set(
        member.user,
        ahead ? { ...member, readSeq: Math.max(known.readSeq, member.readSeq), readN: known.readN } : member,
      )
    }
  }

  /** The whole list of those who are online: everybody else is not. */
  onlyOnline(users: ReadonlySet<string>, at: number): void {
    for (const member of this.#members.values()) {
      if (member.online && !users.has(member.user)) this.#set({ ...member, online: false, lastExitAt: at })
    }
  }

  /** Answers whether something changed. */
  change(change: MemberChange): boolean {
    if (change.kind === 'event') return this.#event(change.event, change.n)
    const member = this.#members.get(change.user)
    if (member === undefined) return false
    if (change.kind === 'read') return this.#moveCursor(member, change.seq, change.n)
    if (member.online === change.online) return false
    this.#set({ ...member, online: change.online, lastExitAt: change.online ? member.lastExitAt : change.at })
    return true
  }

  /** Members besides the sender whose read cursor is before the message. */
  unreadBy(message: Message): number {
    let count = 0
    for (const member of this.#members.values()) {
      if (member.user !== message.sender && member.readN < message.n) count++
    }
    return count
  }

  /** Owners first, then moderators, then members, each by the time they joined. */
  list(): readonly Member[] {
    this.#order ??= [...this.#members.values()]
      .sort((a, b) => RANK[a.role] - RANK[b.role] || a.joinedAt - b.joinedAt || (a.user < b.user ? -1 : 1))
      .map(({ user }) => user)
    this.#list ??= this.#order.map((user) => this.#members.get(user) as Member)
    return this.#list
  }

  #event(event: RoomEvent, n: number): boolean {
    switch (event.type) {
      case 'message': {
        const sender = this.#members.get(event.actor)
        return sender !== undefined && this.#moveCursor(sender, event.seq, event.n)
      }
      case 'join': {
        if (this.#members.has(event.user) || this.full) return false
        const { user, role, at, seq } = event
        this.#sortAnew()
        this.#set({ user, role, joinedAt: at, online: false, lastExitAt: null, readSeq: seq, readN: n })
        return true
      }
      case 'leave':
        this.#sortAnew()
        return this.#members.delete(event.user)
      case 'member': {
        const member = this.#members.get(event.user)
        if (member === undefined) return false
        this.#sortAnew()
        this.#set({ ...member, role: event.role })
        return true
      }
      default:
        return false
    }
  }

  #moveCursor(member: Member, seq: number, n: number): boolean {
    if (n <= member.readN) return false
    this.#set({ ...member, readSeq: Math.max(member.readSeq, seq), readN: n })
    return true
  }

  #sortAnew(): void {
    this.#order = null
    this.#list = null
  }

  #set(member: Member): void {
    this.#members.set(member.user, member)
    this.#list = null
  }
}
