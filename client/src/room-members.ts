import type { Member, Message, Page, RoomEvent } from '../../src/protocol/model.ts'
import type { MembersSnapshot, RoomMembers } from './api.ts'
import type { Api } from './api-http.ts'
import { asYeoulError, type YeoulError } from './errors.ts'
import { LiveValue } from './live.ts'
import { type MemberChange, MemberMap } from './member-map.ts'
import type { Surroundings } from './platform.ts'

/** A room with at most so many members is loaded whole; of a bigger one so many at first. */
const WHOLE = 500
const PAGE = 200
/** Ids in one request, as the server allows. */
const IDS = 100
/** After a reconnect the list is loaded again somewhere within this time, so that a crowd that comes back does not ask at once. */
const REFRESH_MS = { least: 1_000, spread: 4_000 }
/** How often it is asked who is online where the server only counts them. */
const RECOUNT_MS = { least: 15_000, spread: 15_000 }
/** How long those who came online and are not loaded are gathered. */
const GATHER_MS = 500

/**
 * The participants of a room: pages, then the room's events, presence and read cursors. Of a big room the first members are
 * loaded, and more when asked for: all who are online, then everybody in their order.
 */
export class LiveRoomMembers implements RoomMembers {
  readonly #around: Surroundings
  readonly #room: string
  readonly #api: Api
  readonly #now: () => number
  readonly #live: LiveValue<MembersSnapshot>
  readonly #members = new MemberMap()
  #state: MembersSnapshot['state'] = 'idle'
  #complete = false
  #onlineComplete = false
  /** Where the lists go on: of those online from null, of everybody from the end of the first load. */
  #cursors: { online: string | null; all: string | null } = { online: null, all: null }
  #error: YeoulError | undefined
  /** What happened while pages travelled: applied to them again, for a page may be older than it. */
  readonly #travelling = new Set<MemberChange[]>()
  #loading: Promise<void> | null = null
  #more: Promise<boolean> | null = null
  #followers = 0
  /** Users who came online and are not loaded. */
  readonly #missing = new Set<string>()
  #turn = 0
  #timer: unknown = null
  #recountTimer: unknown = null
  #missingTimer: unknown = null

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

  loadMore(): Promise<boolean> {
    // Where a page goes on is known once the load is done.
    if (this.#loading !== null) return this.#loading.then(() => this.loadMore())
    if (this.#more !== null) return this.#more
    if (this.#state !== 'ready' || this.#complete || this.#members.full) return Promise.resolve(false)
    const more = this.#loadMore(this.#turn).finally(() => {
      if (this.#more === more) this.#more = null
      this.#live.changed()
    })
    this.#more = more
    this.#live.changed()
    return more
  }

  async find(user: string): Promise<Member | null> {
    const known = this.#members.get(user)
    if (known !== undefined) return known
    if (this.#state === 'ready' && this.#complete) return null
    const page = await this.#fetch(this.#turn, () => this.#api.members(this.#room, { ids: [user] }))
    // Too late: the list is being loaded anew, and says nothing of this user yet.
    return page === null ? this.find(user) : (this.#members.get(user) ?? null)
  }

  follow(): () => void {
    this.#followers++
    this.#showOnline()
    let following = true
    return () => {
      if (following) this.#followers--
      following = false
    }
  }

  /** Loads again what was loaded: the room was begun anew, or changes may have been missed. */
  refresh(): void {
    if (this.#state === 'ready' || this.#state === 'failed') this.load()
  }

  /** The connection was away: read cursors may have moved unseen, and in a big room people have come and gone. */
  refreshSoon(): void {
    if (this.#live.listeners === 0 || this.#state === 'idle') return
    const { clock } = this.#around
    clock.clearTimeout(this.#timer)
    const wait = this.#state === 'failed' ? 0 : this.#somewhere(REFRESH_MS)
    this.#timer = clock.setTimeout(() => {
      if (this.#complete || this.#state !== 'ready') this.refresh()
      else if (this.#followers > 0) this.#recount()
    }, wait)
  }

  apply(event: RoomEvent, n: number): void {
    this.#note({ kind: 'event', event, n })
  }

  read(user: string, seq: number, n: number): void {
    this.#note({ kind: 'read', user, seq, n })
  }

  presence(user: string, online: boolean): void {
    this.#note({ kind: 'online', user, online, at: this.#now() })
    if (!online) this.#missing.delete(user)
    else if (this.#followers > 0 && !this.#complete && this.#members.get(user) === undefined) this.#miss(user)
  }

  /** Somebody came or went, and the server only says how many there are. */
  counted(): void {
    if (this.#followers === 0 || this.#recountTimer !== null) return
    this.#recountTimer = this.#around.clock.setTimeout(() => {
      this.#recountTimer = null
      if (this.#followers > 0) this.#recount()
    }, this.#somewhere(RECOUNT_MS))
  }

  /** Members besides the sender whose read cursor is before the message; null unless all are known, at most `most`. */
  unreadBy(message: Message, most: number): number | null {
    if (this.#state !== 'ready' || !this.#complete || this.#members.size > most) return null
    return this.#members.unreadBy(message)
  }

  clear(): void {
    this.#turn++
    this.#stopTimers()
    this.#loading = null
    this.#more = null
    this.#travelling.clear()
    this.#members.clear()
    this.#state = 'idle'
    this.#complete = false
    this.#onlineComplete = false
    this.#error = undefined
    this.#live.changed()
  }

  stop(): void {
    this.#turn++
    this.#stopTimers()
    this.#live.stop()
  }

  async #load(turn: number): Promise<void> {
    if (this.#state !== 'ready') this.#state = 'loading'
    this.#live.changed()
    const meanwhile = this.#travels()
    try {
      const found: Member[] = []
      let cursor: string | null = null
      do {
        const limit = Math.min(PAGE, WHOLE - found.length)
        const page: Page<Member> = await this.#api.members(this.#room, cursor === null ? { limit } : { limit, cursor })
        found.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null && found.length < WHOLE && turn === this.#turn)
      if (turn !== this.#turn) return
      this.#more = null
      this.#members.clear()
      this.#take(found, meanwhile)
      this.#complete = cursor === null
      this.#onlineComplete = this.#complete
      this.#cursors = { online: null, all: cursor }
      this.#state = 'ready'
      this.#error = undefined
      this.#showOnline()
    } catch (error) {
      if (turn !== this.#turn) return
      this.#error = asYeoulError(error)
      if (this.#state === 'loading') this.#state = 'failed'
    } finally {
      this.#travelling.delete(meanwhile)
      this.#live.changed()
    }
  }

  async #loadMore(turn: number): Promise<boolean> {
    const online = !this.#onlineComplete
    const cursor = online ? this.#cursors.online : this.#cursors.all
    const query = { limit: PAGE, ...(cursor !== null && { cursor }), ...(online && { online: true }) }
    const page = await this.#fetch(turn, () => this.#api.members(this.#room, query))
    if (page === null) return false
    const ended = page.nextCursor === null
    if (online) {
      this.#cursors.online = page.nextCursor
      this.#onlineComplete = ended
      return true
    }
    this.#cursors.all = page.nextCursor
    this.#complete = ended
    return !ended
  }

  /** Asks who is online, all of them as far as the server names them, and takes it that nobody else is. */
  async #recount(): Promise<void> {
    const turn = this.#turn
    const meanwhile = this.#travels()
    try {
      const found: Member[] = []
      let cursor: string | null = null
      do {
        const query = { limit: PAGE, online: true }
        const page: Page<Member> = await this.#api.members(this.#room, cursor === null ? query : { ...query, cursor })
        found.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null && turn === this.#turn)
      if (turn !== this.#turn) return
      this.#members.onlyOnline(new Set(found.map(({ user }) => user)), this.#now())
      this.#take(found, meanwhile)
      this.#onlineComplete = true
    } catch {
      // The list stays as it was; the next change of the count asks again.
    } finally {
      this.#travelling.delete(meanwhile)
      this.#live.changed()
    }
  }

  /** Whoever looks at the list sees those first who are online. */
  #showOnline(): void {
    if (this.#followers > 0 && this.#state === 'ready' && !this.#onlineComplete) this.loadMore().catch(() => {})
  }

  #miss(user: string): void {
    this.#missing.add(user)
    this.#missingTimer ??= this.#around.clock.setTimeout(() => {
      this.#missingTimer = null
      this.#fetchMissing().catch(() => {})
    }, GATHER_MS)
  }

  async #fetchMissing(): Promise<void> {
    const users = [...this.#missing]
    this.#missing.clear()
    for (let i = 0; i < users.length; i += IDS) {
      await this.#fetch(this.#turn, () => this.#api.members(this.#room, { ids: users.slice(i, i + IDS), limit: IDS }))
    }
    this.#live.changed()
  }

  /** Asks for a page and takes it in; null when it came too late to be of use. */
  async #fetch(turn: number, ask: () => Promise<Page<Member>>): Promise<Page<Member> | null> {
    const meanwhile = this.#travels()
    try {
      const page = await ask()
      if (turn !== this.#turn) return null
      this.#take(page.items, meanwhile)
      this.#live.changed()
      return page
    } catch (error) {
      throw asYeoulError(error)
    } finally {
      this.#travelling.delete(meanwhile)
    }
  }

  #travels(): MemberChange[] {
    const meanwhile: MemberChange[] = []
    this.#travelling.add(meanwhile)
    return meanwhile
  }

  #take(members: readonly Member[], meanwhile: readonly MemberChange[]): void {
    this.#members.add(members)
    for (const change of meanwhile) this.#members.change(change)
  }

  #note(change: MemberChange): void {
    for (const meanwhile of this.#travelling) meanwhile.push(change)
    if (this.#state === 'ready' && this.#members.change(change)) this.#live.changed()
  }

  #somewhere({ least, spread }: { least: number; spread: number }): number {
    return least + this.#around.random() * spread
  }

  #stopTimers(): void {
    const { clock } = this.#around
    for (const timer of [this.#timer, this.#recountTimer, this.#missingTimer]) clock.clearTimeout(timer)
    this.#recountTimer = null
    this.#missingTimer = null
    this.#missing.clear()
  }

  #make(): MembersSnapshot {
    const base = {
      state: this.#state,
      members: this.#members.list(),
      complete: this.#complete,
      onlineComplete: this.#onlineComplete,
      loadingMore: this.#more !== null,
    }
    return this.#error === undefined ? base : { ...base, error: this.#error }
  }
}
