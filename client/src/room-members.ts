import type { Member, MemberRole, Message, RoomEvent } from '../../src/protocol/model.ts'
import type { MembersSnapshot, RoomMembers } from './api.ts'
import type { Api } from './api-http.ts'
import { asYeoulError, type YeoulError } from './errors.ts'
import { LiveValue } from './live.ts'
import type { Surroundings } from './platform.ts'

/** The most members that are listed. */
const LISTED = 500
const PAGE = 100
/** After a reconnect the list is loaded again somewhere within this time, so that a crowd that comes back does not ask at once. */
const REFRESH_MS = { least: 1_000, spread: 4_000 }
const RANK: Record<MemberRole, number> = { owner: 0, moderator: 1, member: 2 }

type Change =
  | { kind: 'event'; event: RoomEvent; n: number }
  | { kind: 'read'; user: string; seq: number; n: number }
  | { kind: 'online'; user: string; online: boolean; at: number }

/** The participants of a room: pages once, then the room's events, presence and read cursors. */
export class LiveRoomMembers implements RoomMembers {
  readonly #around: Surroundings
  readonly #room: string
  readonly #api: Api
  readonly #now: () => number
  readonly #live: LiveValue<MembersSnapshot>
  #members = new Map<string, Member>()
  #state: MembersSnapshot['state'] = 'idle'
  #complete = false
  #error: YeoulError | undefined
  /** What happened while pages travelled: applied to them again, for a page may be older than it. */
  #meanwhile: Change[] | null = null
  #loading: Promise<void> | null = null
  #turn = 0
  #timer: unknown = null

  constructor(around: Surroundings, api: Api, room: string) {
    this.#around = around
    this.#room = room
    this.#api = api
    this.#now = () => around.clock.now()
    this.#live = new LiveValue(() => this.#make(), around.clock, around.onError)
  }

  readonly getSnapshot = (): MembersSnapshot => this.#live.getSnapshot()
  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#state === 'idle') this.load()
    return this.#live.subscribe(listener)
  }

  load(): Promise<void> {
    if (this.#loading !== null) return this.#loading
    const loading = this.#load(++this.#turn).finally(() => {
      if (this.#loading === loading) this.#loading = null
    })
    this.#loading = loading
    return loading
  }

  /** Loads again what was loaded: the room was begun anew, or changes may have been missed. */
  refresh(): void {
    if (this.#state === 'ready' || this.#state === 'failed') this.load()
  }

  /** The connection was away: read cursors may have moved unseen. */
  refreshSoon(): void {
    if (this.#live.listeners === 0 || this.#state === 'idle') return
    const { clock } = this.#around
    clock.clearTimeout(this.#timer)
    const wait = this.#state === 'failed' ? 0 : REFRESH_MS.least + this.#around.random() * REFRESH_MS.spread
    this.#timer = clock.setTimeout(() => this.refresh(), wait)
  }

  /** `n`: how many messages the room has, as far as known; one who joins has read them. */
  apply(event: RoomEvent, n: number): void {
    this.#note({ kind: 'event', event, n })
  }

  read(user: string, seq: number, n: number): void {
    this.#note({ kind: 'read', user, seq, n })
  }

  presence(user: string, online: boolean): void {
    this.#note({ kind: 'online', user, online, at: this.#now() })
  }

  /** Members besides the sender whose read cursor is before the message; null unless all are known, at most `most`. */
  unreadBy(message: Message, most: number): number | null {
    if (this.#state !== 'ready' || !this.#complete || this.#members.size > most) return null
    let count = 0
    for (const member of this.#members.values()) {
      if (member.user !== message.sender && member.readN < message.n) count++
    }
    return count
  }

  clear(): void {
    this.#turn++
    this.#around.clock.clearTimeout(this.#timer)
    this.#loading = null
    this.#meanwhile = null
    this.#members.clear()
    this.#state = 'idle'
    this.#complete = false
    this.#error = undefined
    this.#live.changed()
  }

  stop(): void {
    this.#turn++
    this.#around.clock.clearTimeout(this.#timer)
    this.#live.stop()
  }

  async #load(turn: number): Promise<void> {
    if (this.#state !== 'ready') this.#state = 'loading'
    this.#meanwhile = []
    this.#live.changed()
    try {
      const found: Member[] = []
      let cursor: string | null = null
      do {
        const query: { limit: number; cursor?: string } = cursor === null ? { limit: PAGE } : { limit: PAGE, cursor }
        const page = await this.#api.members(this.#room, query)
        found.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null && found.length < LISTED && turn === this.#turn)
      if (turn !== this.#turn) return
      this.#members = new Map(found.map((member) => [member.user, member]))
      this.#complete = cursor === null
      this.#state = 'ready'
      this.#error = undefined
      for (const change of this.#meanwhile) this.#change(change)
    } catch (error) {
      if (turn !== this.#turn) return
      this.#error = asYeoulError(error)
      if (this.#members.size === 0) this.#state = 'failed'
    } finally {
      if (turn === this.#turn) this.#meanwhile = null
      this.#live.changed()
    }
  }

  #note(change: Change): void {
    this.#meanwhile?.push(change)
    if (this.#state === 'ready' && this.#change(change)) this.#live.changed()
  }

  #change(change: Change): boolean {
    if (change.kind === 'event') return this.#event(change.event, change.n)
    const member = this.#members.get(change.user)
    if (member === undefined) return false
    if (change.kind === 'read') return this.#moveCursor(member, change.seq, change.n)
    if (member.online === change.online) return false
    const lastExitAt = change.online ? member.lastExitAt : change.at
    this.#members.set(member.user, { ...member, online: change.online, lastExitAt })
    return true
  }

  #event(event: RoomEvent, n: number): boolean {
    switch (event.type) {
      case 'message': {
        const sender = this.#members.get(event.actor)
        return sender !== undefined && this.#moveCursor(sender, event.seq, event.n)
      }
      case 'join': {
        if (this.#members.has(event.user) || (!this.#complete && this.#members.size >= LISTED)) return false
        const { user, role, at, seq } = event
        this.#members.set(user, {
          user,
          role,
          joinedAt: at,
          online: false,
          lastExitAt: null,
          readSeq: seq,
          readN: n,
        })
        return true
      }
      case 'leave':
        return this.#members.delete(event.user)
      case 'member': {
        const member = this.#members.get(event.user)
        if (member === undefined) return false
        this.#members.set(event.user, { ...member, role: event.role })
        return true
      }
      default:
        return false
    }
  }

  #moveCursor(member: Member, seq: number, n: number): boolean {
    if (n <= member.readN) return false
    this.#members.set(member.user, { ...member, readSeq: Math.max(member.readSeq, seq), readN: n })
    return true
  }

  #make(): MembersSnapshot {
    const members = [...this.#members.values()].sort(
      (a, b) => RANK[a.role] - RANK[b.role] || a.joinedAt - b.joinedAt || (a.user < b.user ? -1 : 1),
    )
    const base = { state: this.#state, members, complete: this.#complete }
    return this.#error === undefined ? base : { ...base, error: this.#error }
  }
}
