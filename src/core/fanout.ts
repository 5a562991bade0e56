import type { Bus, RoomNotice, UserNotice } from '../ports/bus.ts'
import type { Log } from '../ports/log.ts'
import type { Limits } from '../protocol/limits.ts'
import type { RoomEvent } from '../protocol/model.ts'
import type { EndedLogins } from './ended-logins.ts'
import type { Flusher } from './flusher.ts'
import type { Heads } from './heads.ts'
import type { HotRoom } from './hot-room.ts'
import type { HotRooms } from './hot-rooms.ts'
import type { Hub } from './hub.ts'
import type { Metrics } from './metrics.ts'
import type { Fragment } from './write-queue.ts'

/** How long an event that came too early waits for the one before it, until the log is asked. */
const GAP_MS = 20
const FILL = 1_000
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
  readonly #failed: (error: unknown) => void
  #early = new Map<HotRoom, RoomEvent[]>()
  #typing = new Map<string, number>()

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
    this.#failed = parts.failed
    parts.bus.listen({
      room: (room, notice) => this.#room(room, notice),
      user: (user, notice) => this.#user(user, notice),
    })
  }

  /** Brings a hot room up to date with events, in any order, known or not. */
  take(hot: HotRoom, epoch: number, events: RoomEvent[]): void {
    if (epoch !== hot.epoch) return this.#reset(hot, epoch)
    const now = Date.now()
    let taken = 0
    for (const event of events) {
      if (event.seq <= hot.head) continue
      if (event.seq > hot.head + 1) {
        this.#tooEarly(hot, event)
        continue
      }
      taken++
      if (this.#apply(hot, event, now)) return
    }
    if (taken === 0) return
    this.#hotRooms.grew(hot, taken)
    if (this.#early.size > 0 && this.#early.has(hot)) this.#takeEarly(hot)
  }

  /** Hands a room's fragment to its subscribers; who cannot take it lags from here on. */
  deliver(hot: HotRoom, fragment: Fragment, from: number): void {
    for (const subscription of hot.subscribers) {
      if (subscription.session.queue.offer(fragment)) continue
      subscription.suspended = true
      hot.subscribers.delete(subscription)
      this.#metrics.slowReader('lagging')
      const position = { epoch: hot.epoch, seq: from - 1 }
      subscription.session.queue.push(JSON.stringify({ push: 'lagging', room: hot.id, position }))
    }
  }

  /** Called once a second. */
  tick(): void {
    this.#typing.clear()
  }

  #room(room: string, notice: RoomNotice): void {
    if (notice.kind === 'events') {
      this.#heads.apply(room, notice.epoch, notice.events)
      const hot = this.#hotRooms.get(room)
      if (hot !== undefined) this.take(hot, notice.epoch, notice.events)
      else this.#hotRooms.hold(room, notice.events)
      // Who watches a room without being subscribed stops at the same event.
      for (const event of notice.events) {
        if (event.type !== 'leave') continue
        for (const session of this.#hub.ofUser(event.user)) session.unwatch(room)
      }
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
      case 'room_added':
        for (const session of this.#hub.ofUser(user)) session.roomAdded(notice.room)
        break
      case 'room_removed':
        for (const session of this.#hub.ofUser(user)) session.roomRemoved(notice.room)
        break
      case 'read':
        for (const session of this.#hub.ofUser(user)) {
          if (session.id !== notice.by) session.readElsewhere(notice.room, notice.n)
        }
        break
    }
  }

  /** Applies the next event; true when the room is gone with it. */
  #apply(hot: HotRoom, event: RoomEvent, now: number): boolean {
    const waiting = hot.pendingEvents
    hot.apply(event, now)
    if (waiting === 0 && hot.pendingEvents > 0) this.#flusher.markRoom(hot)
    if (event.type !== 'leave') return false
    if (event.reason === 'room_deleted') {
      // Everybody leaves, one event each. Telling each of all the others would be quadratic; `room_removed` tells them.
      this.#flusher.cut(hot)
      for (const subscription of [...hot.subscribers]) subscription.session.unsubscribed(hot.id)
      this.#hotRooms.drop(hot)
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

  /** Reads from the log what the bus did not bring, until nothing is missing. */
  async #fill(hot: HotRoom): Promise<void> {
    try {
      while (this.#early.has(hot) && this.#hotRooms.get(hot.id) === hot) {
        const { head, events } = await this.#log.read(hot.id, hot.head, FILL)
        this.take(hot, head.epoch, events)
        if (this.#early.has(hot)) this.#takeEarly(hot)
        if (events.length < FILL && hot.head >= head.seq) break
      }
      this.#early.delete(hot)
    } catch (error) {
      this.#failed(error)
      // The next event tries again; whoever subscribes gets what the log holds.
      this.#early.delete(hot)
    }
  }

  #reset(hot: HotRoom, epoch: number): void {
    this.#flusher.cut(hot)
    const text = JSON.stringify({ push: 'reset', room: hot.id, epoch })
    for (const subscription of [...hot.subscribers]) {
      subscription.session.queue.push(text)
      subscription.session.unsubscribed(hot.id)
    }
    this.#early.delete(hot)
    this.#hotRooms.drop(hot)
  }
}
