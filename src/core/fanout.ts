import type { Bus, RoomNotice, UserNotice } from '../ports/bus.ts'
import type { Log } from '../ports/log.ts'
import { YeoulError } from '../protocol/errors.ts'
import type { Push } from '../protocol/frames.ts'
import type { Limits } from '../protocol/limits.ts'
import type { RoomEvent } from '../protocol/model.ts'
import type { ChangedRoles } from './changed-roles.ts'
import type { EndedLogins } from './ended-logins.ts'
import type { Flusher } from './flusher.ts'
import type { HeadCell, Heads } from './heads.ts'
import type { HotRoom } from './hot-room.ts'
import type { HotRooms } from './hot-rooms.ts'
import type { Hub } from './hub.ts'
import type { Metrics } from './metrics.ts'
import type { MissedRooms } from './missed-rooms.ts'
import type { Fragment } from './write-queue.ts'

/**
 * How long an event that came too early waits for the one before it, until the log is asked. What the bus lost it tells of
 * by itself; a gap alone is mostly one node that is slower than another for a moment, and a node that is busy should not
 * be given reads to do for it.
 */
const GAP_MS = 150
/** … and how long until it is asked again for what it does not have yet. */
const RETRY_MS = 20
const FILL = 1_000
/** How often the log is asked for what an event that came too early says must be there. */
const FILL_TRIES = 10
/** Heads that are compared at a time. */
const COMPARE = 1_000
/** Events that came too early and wait; beyond, they are dropped: the log has them. */
const EARLY_MAX = 10_000
/** Typing pushes that one room gets within a tick of presence; the rest are dropped. */
const TYPING_MAX = 10

/**
 * Node-local delivery. Takes what the bus brings of a room, restores its order by seq (filling gaps from the log), applies
 * it to the hot room and queues it for the room's subscribers; takes a member out at their `leave` (P5).
 */
export class FanOut {
  readonly #log: Log
  readonly #hub: Hub
  readonly #hotRooms: HotRooms
  readonly #heads: Heads
  readonly #flusher: Flusher
  readonly #metrics: Metrics
  readonly #limits: () => Limits
  readonly #endedLogins: EndedLogins
  readonly #changedRoles: ChangedRoles
  readonly #settingsChanged: () => void
  readonly #lostAnswers: () => number
  readonly #failed: (error: unknown) => void
  #lostBefore = 0
  /** Whether a room may miss events that no gap will show. */
  #unsure = false
  #comparing = false
  #early = new Map<HotRoom, RoomEvent[]>()
  #typing = new Map<string, number>()
  /** Watched rooms of which something is missing, that will be read. */
  readonly #filling = new Set<string>()

  constructor(parts: {
    log: Log
    bus: Bus
    hub: Hub
    hotRooms: HotRooms
    heads: Heads
    flusher: Flusher
    metrics: Metrics
    limits: () => Limits
    endedLogins: EndedLogins
    changedRoles: ChangedRoles
    /** Told that an admin changed the configuration on some node. */
    settingsChanged: () => void
    missedRooms: MissedRooms
    /** How many times the database may have committed what it could not answer any more, so that nobody published it. */
    lostAnswers: () => number
    failed: (error: unknown) => void
  }) {
    this.#log = parts.log
    this.#hub = parts.hub
    this.#hotRooms = parts.hotRooms
    this.#heads = parts.heads
    this.#flusher = parts.flusher
    this.#metrics = parts.metrics
    this.#limits = parts.limits
    this.#endedLogins = parts.endedLogins
    this.#changedRoles = parts.changedRoles
    this.#settingsChanged = parts.settingsChanged
    this.#lostAnswers = parts.lostAnswers
    this.#failed = parts.failed
    parts.bus.listen({
      room: (room, notice) => this.#room(room, notice),
      user: (user, notice) => this.#user(user, notice),
      missed: (concerns) => this.#missed(concerns),
      usersMissed: () => parts.missedRooms.look(),
    })
  }

  /** Brings a hot room up to date with events, in any order, known or not. */
  take(hot: HotRoom, epoch: number, events: RoomEvent[]): void {
    // An epoch only rises: what comes late from before says nothing any more.
    if (epoch < hot.epoch) return
    if (epoch > hot.epoch) return this.#reset(hot, epoch)
    const now = Date.now()
    let taken = 0
    for (const event of events) {
      if (event.seq <= hot.head) {
        if (hot.contradicts(event)) return this.#wentBack(hot)
        continue
      }
      if (event.seq > hot.head + 1) {
        this.#tooEarly(hot, event)
        continue
      }
      taken++
      if (!this.#apply(hot, event, now)) continue
      this.#hotRooms.grew(hot, taken)
      return this.#end(hot)
    }
    if (taken === 0) return
    this.#hotRooms.grew(hot, taken)
    if (this.#early.size > 0 && this.#early.has(hot)) this.#takeEarly(hot)
  }

  /** Hands a room's fragment to its subscribers; who cannot take it lags from here on. */
  deliver(hot: HotRoom, fragment: Fragment, from: number): void {
    // `forEach`, because an iterator allocates for each subscriber.
    hot.subscribers.forEach((subscription) => {
      if (subscription.queue.offer(fragment)) return
      subscription.suspended = true
      hot.subscribers.delete(subscription)
      this.#metrics.slowReader('lagging')
      const position = { epoch: hot.epoch, seq: from - 1 }
      subscription.queue.push(JSON.stringify({ push: 'lagging', room: hot.id, position }))
    })
  }

  /** Called once a second. */
  tick(): void {
    this.#typing.clear()
    const lost = this.#lostAnswers()
    if (lost === this.#lostBefore && !this.#unsure) return
    this.#lostBefore = lost
    this.#unsure = false
    this.#missed(() => true)
  }

  /** One look at a time; what is missed meanwhile makes up the next one. */
  #missed(concerns: (room: string) => boolean): void {
    if (this.#comparing) this.#unsure = true
    else void this.#compareHeads(concerns)
  }

  #room(room: string, notice: RoomNotice): void {
    if (notice.kind === 'events') {
      this.#watched(room, notice.epoch, notice.events)
      const hot = this.#hotRooms.get(room)
      if (hot !== undefined) this.take(hot, notice.epoch, notice.events)
      else this.#hotRooms.hold(room, notice.epoch, notice.events)
      return
    }
    const hot = this.#hotRooms.get(room)
    if (hot === undefined || !hot.live) return
    if (notice.kind === 'typing') {
      const typing = (this.#typing.get(room) ?? 0) + 1
      this.#typing.set(room, typing)
      if (typing > TYPING_MAX) return
      this.#flusher.ephemeral(hot, JSON.stringify({ push: 'typing', room, user: notice.user }))
    } else if (hot.memberCount <= this.#limits().readReceiptMembers) {
      const { user, seq, n } = notice
      this.#flusher.ephemeral(hot, JSON.stringify({ push: 'read', room, user, seq, n }))
    }
  }

  #user(user: string, notice: UserNotice): void {
    switch (notice.kind) {
      case 'logins_ended':
        for (const sid of notice.sids) this.#endedLogins.end(sid)
        break
      case 'role_changed':
        this.#changedRoles.changed(user, notice.role)
        break
      case 'room_added':
        for (const session of this.#hub.ofUser(user)) session.roomAdded(notice.room)
        break
      case 'room_removed':
        for (const session of this.#hub.ofUser(user)) session.roomRemoved(notice.room)
        break
      case 'mentioned': {
        const { room, seq, n, actor } = notice
        this.#tell(user, { push: 'mentioned', room, seq, n, actor })
        break
      }
      case 'notify':
        this.#tell(user, { push: 'notify', room: notice.room, notify: notice.notify })
        break
      case 'read':
        for (const session of this.#hub.ofUser(user)) {
          if (session.id !== notice.by) session.readElsewhere(notice.room, notice.n)
        }
        break
      case 'settings_changed':
        this.#settingsChanged()
        break
    }
  }

  /** Pushes to all sessions of a user. */
  #tell(user: string, push: Push): void {
    const text = JSON.stringify(push)
    for (const session of this.#hub.ofUser(user)) session.queue.push(text)
  }

  /** Applies the next event; true when the room is gone with it. */
  #apply(hot: HotRoom, event: RoomEvent, now: number): boolean {
    const waiting = hot.pendingEvents
    hot.apply(event, now)
    if (waiting === 0 && hot.pendingEvents > 0) this.#flusher.markRoom(hot)
    if (event.type !== 'leave') return false
    if (event.reason === 'room_deleted') {
      // Everybody leaves, one event each. Telling each of all the others would be quadratic; `room_removed` tells them.
      return true
    }
    let cut = false
    for (const session of this.#hub.ofUser(event.user)) {
      if (!session.subscribes(hot.id)) continue
      // P5: the leave is the last that they get.
      if (!cut) this.#flusher.cut(hot)
      cut = true
      session.unsubscribed(hot.id)
    }
    return false
  }

  #tooEarly(hot: HotRoom, event: RoomEvent): void {
    const early = this.#early.get(hot)
    if (early === undefined) {
      this.#early.set(hot, [event])
      setTimeout(() => void this.#fill(hot), GAP_MS).unref()
    } else if (early.length < EARLY_MAX) early.push(event)
  }

  #takeEarly(hot: HotRoom): void {
    const early = (this.#early.get(hot) ?? []).filter((event) => event.seq > hot.head).sort((a, b) => a.seq - b.seq)
    const first = early[0]
    if (first === undefined) {
      this.#early.delete(hot)
      return
    }
    this.#early.set(hot, early)
    if (first.seq === hot.head + 1) {
      let end = 1
      while (end < early.length && early[end]?.seq === first.seq + end) end++
      this.#early.set(hot, early.slice(end))
      this.take(hot, hot.epoch, early.slice(0, end))
      if (this.#early.get(hot)?.length === 0) this.#early.delete(hot)
    }
  }

  /** Moves the head of a watched room. Who watches without being subscribed stops at their `leave` too (P5). */
  #watched(room: string, epoch: number, events: RoomEvent[]): void {
    const before = this.#heads.get(room)?.seq
    const missing = this.#heads.apply(room, epoch, events)
    if (before !== undefined) this.#readBySending(room, before, events)
    const known = new Set<string>()
    for (const event of events.toReversed()) {
      if (event.type !== 'leave' && event.type !== 'join') continue
      if (event.type === 'leave' && !known.has(event.user))
        for (const session of this.#hub.ofUser(event.user)) session.unwatch(room)
      // The last word counts: who came back watches on.
      known.add(event.user)
    }
    if (missing && !this.#filling.has(room)) {
      this.#filling.add(room)
      setTimeout(() => void this.#fillGap(room), GAP_MS).unref()
    }
  }

  /** One's own message moves one's cursor: who watches on another session learns it here, without a notice of its own. */
  #readBySending(room: string, after: number, events: RoomEvent[]): void {
    for (const event of events) {
      if (event.type !== 'message' || event.seq <= after) continue
      for (const session of this.#hub.ofUser(event.actor)) session.readElsewhere(room, event.n)
    }
  }

  async #fillGap(room: string): Promise<void> {
    try {
      const cell = this.#heads.get(room)
      // What came too early may have found its place by now; what is being read brings it.
      if (cell !== undefined && cell.early.length > 0 && cell.reading === null) await this.#fillHead(cell)
    } catch (error) {
      this.#failed(error)
      this.#unsure = true
    } finally {
      this.#filling.delete(room)
    }
  }

  /** Reads from the log what the bus did not bring of a watched room. */
  async #fillHead(cell: HeadCell): Promise<void> {
    for (let before = -1; before < cell.seq; ) {
      before = cell.seq
      let range: Awaited<ReturnType<Log['read']>>
      try {
        range = await this.#log.read(cell.room, before, FILL)
      } catch (error) {
        // Nobody is told anything of a room that is gone.
        if (error instanceof YeoulError && error.code === 'room_not_found') return
        throw error
      }
      this.#watched(cell.room, range.head.epoch, range.events)
      if (cell.seq >= range.head.seq) return
    }
  }

  /** Reads from the log what the bus did not bring, until nothing is missing. */
  async #fill(hot: HotRoom): Promise<void> {
    try {
      for (let tries = 0; tries < FILL_TRIES; ) {
        const { head, events } = await this.#log.read(hot.id, hot.head, FILL)
        if (this.#hotRooms.get(hot.id) !== hot) break
        const before = hot.head
        this.take(hot, head.epoch, events)
        if (this.#early.has(hot)) this.#takeEarly(hot)
        // What came too early while the log was read needs another look.
        if (hot.head >= head.seq && !this.#early.has(hot)) break
        if (hot.head > before) continue
        // Later, when heads are compared.
        if (++tries === FILL_TRIES) this.#unsure = true
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    } catch (error) {
      this.#failed(error)
      this.#unsure = true
    }
    this.#early.delete(hot)
  }

  /** Finds what was never published: the last events of a room leave no gap. */
  async #compareHeads(concerns: (room: string) => boolean): Promise<void> {
    this.#comparing = true
    try {
      // What is being read now may have been read before what was missed.
      await this.#hotRooms.loaded(concerns)
      for (const cell of await this.#heads.behind(concerns)) await this.#fillHead(cell)
      const rooms = this.#hotRooms.all().filter((hot) => concerns(hot.id))
      for (let i = 0; i < rooms.length; i += COMPARE) {
        const some = rooms.slice(i, i + COMPARE)
        const before = new Map(some.map((hot) => [hot.id, hot.head]))
        const heads = await this.#log.heads(some.map((hot) => hot.id))
        for (const hot of some) {
          const head = heads.get(hot.id)
          if (this.#hotRooms.get(hot.id) !== hot) continue
          if (head === undefined) this.#end(hot)
          else if (head.epoch > hot.epoch) this.#reset(hot, head.epoch)
          else if (head.seq > hot.head) await this.#fill(hot)
          else if (head.epoch === hot.epoch && head.seq < (before.get(hot.id) ?? 0)) this.#wentBack(hot)
        }
      }
    } catch (error) {
      this.#failed(error)
      this.#unsure = true
    } finally {
      this.#comparing = false
    }
  }

  /** The room is gone: its subscribers get what waits, and nothing more. */
  #end(hot: HotRoom): void {
    this.#flusher.cut(hot)
    for (const subscription of [...hot.subscribers]) subscription.end()
    this.#early.delete(hot)
    this.#hotRooms.drop(hot)
  }

  /**
   * The log lost what it had given out, and nobody raised the epoch: a standby of its database took over that was behind. Who
   * listens begins anew with what is there.
   */
  #wentBack(hot: HotRoom): void {
    const what = `room ${hot.id}: events up to ${hot.head} were given out and lost`
    this.#failed(new Error(`${what}; if a standby took over that was behind, run yeoul raise-epochs`))
    this.#reset(hot, hot.epoch)
  }

  #reset(hot: HotRoom, epoch: number): void {
    this.#flusher.cut(hot)
    const text = JSON.stringify({ push: 'reset', room: hot.id, epoch })
    for (const subscription of [...hot.subscribers]) {
      subscription.queue.push(text)
      subscription.end()
    }
    this.#early.delete(hot)
    this.#hotRooms.drop(hot)
  }
}
