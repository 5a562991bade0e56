import type { RoomNow } from '../../src/protocol/frames.ts'
import type { LeaveReason, Message, Position, RoomEvent } from '../../src/protocol/model.ts'
import type { Feed, FeedHandlers, Place, RoomMembers, Sending, SendOptions, Timeline, TimelineSnapshot } from './api.ts'
import type { Api } from './api-http.ts'
import type { KeptConnection } from './connection.ts'
import type { YeoulError } from './errors.ts'
import { isGone } from './feed.ts'
import { LiveValue } from './live.ts'
import { MessageWindow } from './message-window.ts'
import type { Outbox } from './outbox.ts'
import type { Surroundings } from './platform.ts'
import type { ReadMarks } from './read-marks.ts'
import { LiveRoomMembers } from './room-members.ts'
import { TimelinePages } from './timeline-pages.ts'
import { Typists } from './typists.ts'

/** The shortest span between two `typing` commands. */
const TYPING_PACE_MS = 3_000

/** How long word of being let in again may run ahead of the leave before it. */
const READMITTED_MS = 3_000

/** What a timeline takes from the client that it belongs to. */
export interface TimelineParts {
  around: Surroundings
  connection: KeptConnection
  api: Api
  outbox: Outbox
  marks: ReadMarks
  /** The signed-in user's id; empty before the first connection. */
  me(): string
  openFeed(room: string, handlers: FeedHandlers, from: Position | null): Feed
  /** Told of each beginning, each event and each own reading, for the list of rooms. */
  subscribed(room: string, now: RoomNow, at: Position): void
  seen(room: string, event: RoomEvent): void
  read(room: string, seq: number, n: number): void
  /** One opening fewer. */
  release(timeline: RoomTimeline): void
}

/**
 * What a person sees of a room: its messages without a hole, own messages on their way, who is there and who types. Fed by
 * one RoomFeed while it is open; keeps its position when closed, so that opening it again fetches only what is new.
 */
export class RoomTimeline implements Timeline {
  readonly room: string
  readonly #parts: TimelineParts
  readonly #live: LiveValue<TimelineSnapshot>
  readonly #window: MessageWindow
  readonly #pages: TimelinePages
  readonly #members: LiveRoomMembers
  readonly #typists: Typists
  readonly #listeners = new Set<(event: RoomEvent) => void>()
  #feed: Feed | null = null
  #state: TimelineSnapshot['state'] = 'loading'
  #ended: LeaveReason | 'not_a_member' | undefined
  #error: YeoulError | undefined
  #position: Position | null = null
  #resets = 0
  #online = new Set<string>()
  #onlineCount = 0
  #typedAt = Number.NEGATIVE_INFINITY
  #readmittedAt = Number.NEGATIVE_INFINITY

  constructor(parts: TimelineParts, room: string) {
    this.#parts = parts
    this.room = room
    const { around } = parts
    this.#live = new LiveValue(() => this.#make(), around.clock, around.onError)
    this.#window = new MessageWindow(around.tuning.timelineMessages)
    this.#pages = new TimelinePages(room, parts.api, this.#window, around.tuning.pageSize, () => this.#live.changed())
    this.#members = new LiveRoomMembers(around, parts.api, room)
    this.#typists = new Typists(around.clock, () => this.#live.changed())
  }

  readonly getSnapshot = (): TimelineSnapshot => this.#live.getSnapshot()
  readonly subscribe = (listener: () => void): (() => void) => this.#live.subscribe(listener)

  get members(): RoomMembers {
    return this.#members
  }

  // What the application does

  send(body: string, options?: SendOptions): Sending {
    this.#typedAt = Number.NEGATIVE_INFINITY
    return this.#parts.outbox.add(this.room, body, options)
  }

  retry(clientMessageId: string): Sending {
    return this.#parts.outbox.retry(this.room, clientMessageId)
  }

  discard(clientMessageId: string): void {
    this.#parts.outbox.discard(this.room, clientMessageId)
  }

  loadOlder(): Promise<boolean> {
    return this.#pages.load('older')
  }

  loadNewer(): Promise<boolean> {
    return this.#pages.load('newer')
  }

  goTo(place: Place): Promise<Message | null> {
    return this.#pages.goTo(place)
  }

  toLatest(): void {
    this.#pages.toLatest()
  }

  async edit(seq: number, body: string): Promise<void> {
    await this.#parts.connection.request({ op: 'edit', room: this.room, seq, body, ...this.#epoch() })
  }

  async delete(seq: number): Promise<void> {
    await this.#parts.connection.request({ op: 'delete', room: this.room, seq, ...this.#epoch() })
  }

  async react(seq: number, emoji: string, on: boolean): Promise<void> {
    await this.#parts.connection.request({ op: 'react', room: this.room, seq, emoji, on, ...this.#epoch() })
  }

  markRead(seq?: number): void {
    const message = seq === undefined ? this.#window.newest : this.#window.upTo(seq)
    if (message === undefined || this.#position === null) return
    this.#parts.marks.move(this.room, this.#position.epoch, message.seq, message.n)
    this.#members.read(this.#parts.me(), message.seq, message.n)
    this.#parts.read(this.room, message.seq, message.n)
  }

  typing(): void {
    const now = this.#parts.around.clock.now()
    if (this.#state !== 'live' || now - this.#typedAt < TYPING_PACE_MS) return
    this.#typedAt = now
    this.#parts.connection.ask({ op: 'typing', room: this.room }, () => {})
  }

  unreadBy(message: Message): number | null {
    const { state } = this.#parts.connection
    return state.state === 'online' ? this.#members.unreadBy(message, state.limits.readReceiptMembers) : null
  }

  onEvent(listener: (event: RoomEvent) => void): () => void {
    const own = (event: RoomEvent) => listener(event)
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  close(): void {
    this.#parts.release(this)
  }

  // What the client does

  /** Begins to follow the room, from where it was if it was followed before. */
  open(): void {
    if (this.#feed !== null) return
    const over = this.#state === 'ended' || this.#state === 'failed'
    const from = over ? null : this.#position
    this.#state = from === null ? 'loading' : 'recovering'
    this.#ended = undefined
    this.#error = undefined
    this.#live.changed()
    this.#feed = this.#parts.openFeed(this.room, this.#handlers(), from)
  }

  /** The user was let in (again): an ended room comes back to life. The leave may be on its way still. */
  readmitted(): void {
    if (this.#feed === null) this.open()
    else this.#readmittedAt = this.#parts.around.clock.now()
  }

  /** Stops to follow it; what is shown stays. */
  rest(): void {
    this.#feed?.close()
    this.#feed = null
    this.#window.shrink()
    this.#pages.abandon()
    this.#typists.clear()
    this.#setPresence([], 0, true)
    this.#parts.outbox.settleUpTo(this.room, Number.POSITIVE_INFINITY)
    if (this.#state === 'live') this.#state = 'recovering'
    this.#live.changed()
  }

  /** Another user signs in: begins anew, with nothing of what was shown. */
  forget(): void {
    this.rest()
    this.#position = null
    this.#window.reset([])
    this.#members.clear()
    this.open()
  }

  dispose(): void {
    this.rest()
    this.#members.stop()
    this.#live.stop()
  }

  /** The outbox has news of this room. */
  pendingChanged(): void {
    this.#live.changed()
  }

  /** Whether the event at `seq` will still come by the feed. */
  awaits(seq: number): boolean {
    return this.#feed !== null && (this.#position === null || this.#position.seq < seq)
  }

  #handlers(): FeedHandlers {
    return {
      subscribed: (now, at) => this.#parts.subscribed(this.room, now, at),
      reset: (page) => this.#reset(page),
      event: (event, position) => this.#event(event, position),
      state: (state) => {
        if (state === 'live' && this.#state === 'recovering') this.#members.refreshSoon()
        this.#state = state === 'recovering' && this.#position === null ? 'loading' : state
        this.#live.changed()
      },
      ended: (reason, error) => this.#end(reason, error),
      presence: ({ snapshot, online, offline, count }) => {
        // Above a size the server only counts: it says nothing then of those who are known.
        const named = count === online.length
        if (snapshot) this.#setPresence(online, count, named)
        else this.#changePresence(online, offline, count)
        if (online.length + offline.length === 0 && count > 0) this.#members.counted()
      },
      typing: (user) => {
        if (user !== this.#parts.me()) this.#typists.typed(user)
      },
      read: ({ user, seq, n }) => {
        this.#members.read(user, seq, n)
        // `unreadBy` reads it, and it is asked while the timeline is shown.
        this.#live.changed()
      },
    }
  }

  #reset({ messages, notices, position }: Parameters<FeedHandlers['reset']>[0]): void {
    const { outbox } = this.#parts
    const lost = this.#position !== null && this.#position.epoch !== position.epoch
    if (this.#position !== null) this.#resets++
    this.#position = position
    this.#window.reset(messages, notices)
    this.#pages.abandon()
    if (notices === undefined) this.#pages.loadNotices(position.seq, messages.length)
    this.#typists.clear()
    for (const { sender, clientMessageId, seq, n, at } of messages) {
      if (sender === this.#parts.me()) outbox.confirm(this.room, clientMessageId, { seq, n, at })
    }
    // What was acknowledged in a lost epoch may never come.
    outbox.settleUpTo(this.room, lost ? Number.POSITIVE_INFINITY : position.seq)
    this.#members.refresh()
    this.#live.changed()
  }

  #event(event: RoomEvent, position: Position): void {
    this.#position = position
    this.#window.apply(event)
    if (event.type === 'message') {
      this.#typists.stopped(event.actor)
      const { clientMessageId, seq, n, at } = event
      if (event.actor === this.#parts.me()) this.#parts.outbox.confirm(this.room, clientMessageId, { seq, n, at })
    }
    this.#members.apply(event, this.#window.newest?.n ?? 0)
    this.#parts.seen(this.room, event)
    this.#live.changed()
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (error) {
        this.#parts.around.onError(error)
      }
    }
  }

  #end(reason: LeaveReason | 'not_a_member', error: YeoulError | undefined): void {
    this.#feed = null
    this.#error = error
    if (error === undefined || isGone(error)) {
      this.#state = 'ended'
      this.#ended = reason
    } else this.#state = 'failed'
    this.#typists.clear()
    this.#setPresence([], 0, true)
    this.#parts.outbox.settleUpTo(this.room, Number.POSITIVE_INFINITY)
    this.#live.changed()
    if (this.#parts.around.clock.now() - this.#readmittedAt < READMITTED_MS) {
      this.#readmittedAt = Number.NEGATIVE_INFINITY
      this.open()
    }
  }

  #changePresence(online: string[], offline: string[], count: number): void {
    for (const user of online) {
      this.#online.add(user)
      this.#members.presence(user, true)
    }
    for (const user of offline) {
      this.#online.delete(user)
      this.#members.presence(user, false)
    }
    this.#onlineCount = count
    this.#live.changed()
  }

  #setPresence(online: string[], count: number, complete: boolean): void {
    const now = new Set(online)
    this.#changePresence(online, complete ? [...this.#online].filter((user) => !now.has(user)) : [], count)
  }

  #epoch(): { epoch?: number } {
    return this.#position === null ? {} : { epoch: this.#position.epoch }
  }

  #make(): TimelineSnapshot {
    return {
      room: this.room,
      state: this.#state,
      ...(this.#ended === undefined ? {} : { ended: this.#ended }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
      messages: this.#window.list(),
      pending: this.#parts.outbox.pending(this.room),
      notices: this.#window.notices,
      hasOlder: this.#window.hasOlder,
      loadingOlder: this.#window.loadingOlder,
      hasNewer: this.#window.hasNewer,
      loadingNewer: this.#window.loadingNewer,
      newestN: this.#window.newest?.n ?? 0,
      jumps: this.#window.turn,
      online: [...this.#online],
      onlineCount: this.#onlineCount,
      typing: this.#typists.list(),
      resets: this.#resets,
    }
  }
}
