import type { HeadEntry, RoomNow } from '../../src/protocol/frames.ts'
import { PAGE_LIMIT } from '../../src/protocol/limits.ts'
import type { NotifyLevel, Position, RoomEvent, RoomSummary } from '../../src/protocol/model.ts'
import type { Mention, RoomList, RoomListEntry, RoomListSnapshot } from './api.ts'
import type { Api } from './api-http.ts'
import type { KeptConnection } from './connection.ts'
import { asYeoulError, type YeoulError } from './errors.ts'
import { LiveValue } from './live.ts'
import { backoff, type Surroundings } from './platform.ts'
import { type Entry, entryOf, shownOf, withEvent, withHead, withMention, withNow, withRead } from './room-entry.ts'

/** Rooms that are listed and watched, as the server's `limits.watched` allows by default. */
const LISTED = 1_000
/** How long several reasons to load again are gathered. */
const GATHER_MS = 200
/** Over how long lists are loaded anew that missed messages. */
const SPREAD_MS = 15_000
/** How long watching goes on without a subscriber: a page that changes views comes back at once. */
const LINGER_MS = 2_000
/** After this long, coming back loads the list anew; before it, only when the rooms are others. */
const FRESH_MS = 5 * 60_000

/** All rooms of the user with their unread counts: listed over HTTP once, then kept live by `watch`. */
export class LiveRoomList implements RoomList {
  readonly #around: Surroundings
  readonly #connection: KeptConnection
  readonly #api: Api
  readonly #connect: () => void
  readonly #live: LiveValue<RoomListSnapshot>
  readonly #onMention = new Set<(mention: Mention) => void>()
  readonly #entries = new Map<string, Entry>()
  /** The shown form of each entry, made once: an entry is replaced, never changed. */
  readonly #forms = new WeakMap<Entry, RoomListEntry>()
  #state: RoomListSnapshot['state'] = 'idle'
  #error: YeoulError | undefined
  #me = ''
  #watching = false
  #loadedAt = Number.NEGATIVE_INFINITY
  /** What came while a list travelled, which may be older. */
  #travelling: { heads: Map<string, HeadEntry>; removed: Set<string> } | null = null
  #loading: Promise<void> | null = null
  /** The load that follows the one under way. */
  #next: Promise<void> | null = null
  #attempt = 0
  #turn = 0
  #reloadTimer: unknown = null
  #lingerTimer: unknown = null

  constructor(around: Surroundings, connection: KeptConnection, api: Api, connect: () => void) {
    this.#around = around
    this.#connection = connection
    this.#api = api
    this.#connect = connect
    this.#live = new LiveValue(() => this.#make(), around.clock, around.onError)
  }

  readonly getSnapshot = (): RoomListSnapshot => this.#live.getSnapshot()
  readonly subscribe = (listener: () => void): (() => void) => {
    const unsubscribe = this.#live.subscribe(listener)
    this.#around.clock.clearTimeout(this.#lingerTimer)
    this.#connect()
    this.#follow()
    return () => {
      unsubscribe()
      if (this.#live.listeners === 0) this.#linger()
    }
  }

  get(room: string): RoomListEntry | undefined {
    const entry = this.#entries.get(room)
    return entry && this.#shown(entry)
  }

  onMention(listener: (mention: Mention) => void): () => void {
    const own = (mention: Mention) => listener(mention)
    this.#onMention.add(own)
    return () => this.#onMention.delete(own)
  }

  reload(): Promise<void> {
    const turn = this.#turn
    if (this.#loading === null) return this.#begin()
    // What is under way may have been read before what the caller knows of.
    this.#next ??= this.#loading.then(() => (turn === this.#turn ? this.#begin() : undefined))
    return this.#next
  }

  #begin(): Promise<void> {
    this.#next = null
    const loading = this.#load(this.#turn).finally(() => {
      if (this.#loading === loading) this.#loading = null
    })
    this.#loading = loading
    return loading
  }

  online(user: string): void {
    this.#me = user
    this.#watching = false
    if (this.#live.listeners > 0) this.#follow()
  }

  offline(): void {
    this.#watching = false
  }

  heads(heads: HeadEntry[]): void {
    for (const head of heads) {
      this.#travelling?.heads.set(head.room, head)
      const entry = this.#entries.get(head.room)
      if (entry !== undefined) this.#entries.set(head.room, withHead(entry, head, this.#me))
      else if (this.#travelling === null) this.#reloadSoon()
    }
    this.#live.changed()
  }

  added(): void {
    if (this.#state !== 'idle') this.#reloadSoon()
  }

  removed(room: string): void {
    this.#travelling?.removed.add(room)
    if (this.#entries.delete(room)) this.#live.changed()
  }

  /** An event of an open room: known here before the heads tell. */
  seen(room: string, event: RoomEvent): void {
    const entry = this.#entries.get(room)
    if (entry === undefined) return
    if (event.type === 'leave' && event.user === this.#me) {
      this.removed(room)
      return
    }
    this.#entries.set(room, withEvent(entry, event, this.#me))
    this.#live.changed()
  }

  /** A room was opened, or is caught up with: what it is by now. */
  subscribed(room: string, now: RoomNow, at: Position): void {
    const entry = this.#entries.get(room)
    if (entry === undefined) return
    this.#entries.set(room, withNow(entry, now, at))
    this.#live.changed()
  }

  /** The user read this far, here. */
  read(room: string, seq: number, n: number): void {
    const entry = this.#entries.get(room)
    if (entry === undefined || n <= entry.membership.readN) return
    this.#entries.set(room, { ...entry, membership: withRead(entry.membership, seq, n) })
    this.#live.changed()
  }

  /** A message mentions the user; here before or after its event and its head. */
  mentioned(mention: Mention): void {
    const entry = this.#entries.get(mention.room)
    if (entry !== undefined) {
      this.#entries.set(mention.room, withMention(entry, mention.n))
      this.#live.changed()
    }
    for (const listener of [...this.#onMention]) {
      try {
        listener(mention)
      } catch (error) {
        this.#around.onError(error)
      }
    }
  }

  /** The user wants to be told of more or less of a room. */
  notify(room: string, notify: NotifyLevel): void {
    const entry = this.#entries.get(room)
    if (entry === undefined) return
    this.#entries.set(room, { ...entry, membership: { ...entry.membership, notify } })
    this.#live.changed()
  }

  /** Another user, or none: nothing of this one stays. */
  clear(): void {
    this.#turn++
    this.#stopTimers()
    this.#entries.clear()
    this.#travelling = null
    this.#loading = null
    this.#next = null
    this.#watching = false
    this.#state = 'idle'
    this.#error = undefined
    this.#loadedAt = Number.NEGATIVE_INFINITY
    this.#live.changed()
  }

  stop(): void {
    this.#turn++
    this.#stopTimers()
    this.#live.stop()
  }

  #stopTimers(): void {
    this.#around.clock.clearTimeout(this.#reloadTimer)
    this.#around.clock.clearTimeout(this.#lingerTimer)
    this.#reloadTimer = null
  }

  /** Watches, and lists what is not listed. */
  #follow(): void {
    if (this.#connection.state.state !== 'online' || this.#watching) return
    this.#watching = true
    if (this.#around.clock.now() - this.#loadedAt > FRESH_MS) this.reload()
    const turn = this.#turn
    this.#connection.ask({ op: 'watch', rooms: 'all' }, (answer, error) => {
      if (turn !== this.#turn) return
      if (answer === null) {
        this.#watching = false
        if (error?.retryable) this.#reloadSoon(backoff(this.#around, this.#attempt++))
        return
      }
      this.#attempt = 0
      const missed =
        this.#travelling === null && answer.heads.some(({ room, n }) => n > (this.#entries.get(room)?.n ?? n))
      // Nobody told which of them mention the user. Many come back together: they do not ask together.
      if (missed) this.#reloadSoon(GATHER_MS + this.#around.random() * SPREAD_MS)
      this.heads(answer.heads)
      const there = new Set(answer.heads.map((head) => head.room))
      const gone = this.#travelling === null && [...this.#entries.keys()].some((room) => !there.has(room))
      if (gone) this.#reloadSoon()
    })
  }

  #linger(): void {
    const { clock } = this.#around
    clock.clearTimeout(this.#lingerTimer)
    this.#lingerTimer = clock.setTimeout(() => {
      if (!this.#watching || this.#live.listeners > 0) return
      this.#watching = false
      this.#loadedAt = Number.NEGATIVE_INFINITY
      this.#connection.ask({ op: 'watch', rooms: [] }, () => {})
    }, LINGER_MS)
  }

  #reloadSoon(wait = GATHER_MS): void {
    if (this.#reloadTimer !== null) return
    this.#reloadTimer = this.#around.clock.setTimeout(() => {
      this.#reloadTimer = null
      this.reload()
      if (this.#live.listeners > 0) this.#follow()
    }, wait)
  }

  async #load(turn: number): Promise<void> {
    this.#travelling = { heads: new Map(), removed: new Set() }
    if (this.#state !== 'ready') this.#state = 'loading'
    this.#live.changed()
    try {
      const summaries: RoomSummary[] = []
      let cursor: string | null = null
      do {
        const limit = PAGE_LIMIT.max
        const page = await this.#api.myRooms(cursor === null ? { limit } : { limit, cursor })
        summaries.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null && summaries.length < LISTED && turn === this.#turn)
      if (turn === this.#turn) this.#take(summaries)
    } catch (thrown) {
      if (turn !== this.#turn) return
      const error = asYeoulError(thrown)
      this.#error = error
      if (this.#state !== 'ready') this.#state = 'failed'
      if (error.retryable)
        this.#reloadSoon(Math.max(error.retryAfterMs ?? 0, 1_000, backoff(this.#around, this.#attempt++)))
    } finally {
      if (turn === this.#turn) this.#travelling = null
      this.#live.changed()
    }
  }

  #take(summaries: RoomSummary[]): void {
    const before = new Map(this.#entries)
    this.#entries.clear()
    const { heads, removed } = this.#travelling!
    for (const summary of summaries) {
      const { id } = summary.room
      if (removed.has(id)) continue
      const entry = entryOf(summary, before.get(id))
      const head = heads.get(id)
      this.#entries.set(id, head === undefined ? entry : withHead(entry, head, this.#me))
    }
    this.#state = 'ready'
    this.#error = undefined
    this.#attempt = 0
    this.#loadedAt = this.#around.clock.now()
  }

  #shown(entry: Entry): RoomListEntry {
    let form = this.#forms.get(entry)
    if (form === undefined) {
      form = shownOf(entry)
      this.#forms.set(entry, form)
    }
    return form
  }

  #make(): RoomListSnapshot {
    const rooms = [...this.#entries.values()].map((entry) => this.#shown(entry)).sort((a, b) => b.activeAt - a.activeAt)
    let unread = 0
    let mentions = 0
    for (const entry of rooms) {
      if (entry.membership.notify !== 'none') unread += entry.unread
      mentions += entry.mentions
    }
    const base = { state: this.#state, rooms, unread, mentions }
    return this.#error === undefined ? base : { ...base, error: this.#error }
  }
}
