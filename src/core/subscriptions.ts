import type { Log } from '../ports/log.ts'
import type { Presence } from '../ports/presence.ts'
import { YeoulError } from '../protocol/errors.ts'
import type { Limits } from '../protocol/limits.ts'
import type { Position, RoomEvent } from '../protocol/model.ts'
import type { Access } from './access.ts'
import { endAtOwnLeave } from './chat.ts'
import type { Flusher } from './flusher.ts'
import type { HotRoom, Subscription } from './hot-room.ts'
import type { HotRooms } from './hot-rooms.ts'
import type { Metrics } from './metrics.ts'
import type { Progress } from './progress.ts'
import type { WriteQueue } from './write-queue.ts'

/** A position may lie this many times `limits.catchUp` back, and is then recovered in several steps (`more`). */
const STEPS = 10

/** A live session, as far as its subscriptions go. */
export interface SubscribingSession {
  readonly user: string
  readonly ended: boolean
  readonly queue: WriteQueue
  readonly subscriptionCount: number
  subscription(room: string): Subscription | undefined
  subscribed(subscription: Subscription): void
  unsubscribed(room: string): void
}

/**
 * Begins and ends subscriptions. The seam is exact: what waits for the room's subscribers is cut off first, then answer and
 * subscription are made in one synchronous step, so that pushes begin where the answer ends.
 */
export class Subscriptions {
  readonly #log: Log
  readonly #hotRooms: HotRooms
  readonly #access: Access
  readonly #flusher: Flusher
  readonly #presence: Presence
  readonly #progress: Progress
  readonly #metrics: Metrics
  readonly #limits: () => Limits

  constructor(parts: {
    log: Log
    hotRooms: HotRooms
    access: Access
    flusher: Flusher
    presence: Presence
    progress: Progress
    metrics: Metrics
    limits: () => Limits
  }) {
    this.#log = parts.log
    this.#hotRooms = parts.hotRooms
    this.#access = parts.access
    this.#flusher = parts.flusher
    this.#presence = parts.presence
    this.#progress = parts.progress
    this.#metrics = parts.metrics
    this.#limits = parts.limits
  }

  /**
   * Subscribes and hands the answer, encoded, to `answer` in the same step. A promise only when something must be read:
   * with a hot room, a known member and a recent position nothing is.
   */
  subscribe(
    session: SubscribingSession,
    room: string,
    position: Position | undefined,
    answer: (json: string) => void,
  ): undefined | Promise<void> {
    // Nothing is loaded here: who asks may be a stranger, and a load that nobody waits for could fail.
    const hot = this.#hotRooms.use(room)
    if (hot?.roleOf(session.user) && !needsLog(hot, position, this.#catchUp()) && !isAhead(hot, position)) {
      answer(this.#attach(session, hot, position, null))
      return
    }
    return this.#subscribeSlowly(session, room, position, answer)
  }

  /** Gives back what a subscription of this user held. */
  unsubscribe(user: string, subscription: Subscription): void {
    const { room } = subscription
    room.subscribers.delete(subscription)
    if (this.#presence.exit(room.id, user)) this.#progress.exited(room.id, user, Date.now())
  }

  async #subscribeSlowly(
    session: SubscribingSession,
    room: string,
    position: Position | undefined,
    answer: (json: string) => void,
  ): Promise<void> {
    // A stranger makes no room hot.
    if (this.#hotRooms.get(room) === undefined) await this.#access.member(room, session.user)
    for (let behind = true; ; ) {
      const hot = await this.#hotRooms.load(room)
      if (hot === null) throw new YeoulError('room_not_found')
      // The client comes from a node that had heard more: that is no lost position.
      if (behind && isAhead(hot, position)) {
        behind = false
        await this.#hotRooms.bringUpToDate(hot)
        continue
      }
      await this.#access.memberOf(hot, session.user)
      let recovered: Recovered | null = null
      if (position !== undefined && needsLog(hot, position, this.#catchUp())) {
        const { head, events } = await this.#log.read(room, position.seq, this.#catchUp())
        recovered = { epoch: head.epoch, events: endAtOwnLeave(events, session.user) }
      }
      // Anything may have happened meanwhile: the room gone, the member removed, the session closed.
      if (session.ended) return
      if (this.#hotRooms.get(room) !== hot || !hot.roleOf(session.user)) continue
      if (recovered === null && needsLog(hot, position, this.#catchUp())) continue
      answer(this.#attach(session, hot, position, recovered))
      return
    }
  }

  /** The synchronous step: subscribes, and makes the answer that fits. */
  #attach(
    session: SubscribingSession,
    hot: HotRoom,
    position: Position | undefined,
    recovered: Recovered | null,
  ): string {
    this.#flusher.cut(hot)
    this.#begin(session, hot)
    const { epoch, head } = hot
    const now = JSON.stringify(hot.now(hot.roleOf(session.user)!))
    if (position === undefined || isLost(hot, position, this.#catchUp()) || (recovered && recovered.epoch !== epoch)) {
      this.#metrics.recovery(position === undefined ? 'page' : 'page_lost')
      return `{"position":{"epoch":${epoch},"seq":${head}},"recovered":false,${hot.newestPageJson()},"head":${head},"now":${now}}`
    }
    if (recovered === null) {
      this.#metrics.recovery('tail')
      const last = Math.min(head, position.seq + this.#catchUp())
      return recoveredJson(epoch, last, hot.tailJson(position.seq, last), head, now)
    }
    this.#metrics.recovery('log')
    // The log may be ahead of fan-out: what is above the head comes as pushes. What came while it was read is in the tail.
    const events = recovered.events.filter((event) => event.seq <= head)
    const json = JSON.stringify(events)
    const last = events.at(-1)?.seq ?? position.seq
    if (last === head || !hot.covers(last) || events.length >= this.#catchUp())
      return recoveredJson(epoch, last, json, head, now)
    const rest = hot.tailJson(last, head)
    return recoveredJson(epoch, head, json === '[]' ? rest : `${json.slice(0, -1)},${rest.slice(1)}`, head, now)
  }

  #begin(session: SubscribingSession, hot: HotRoom): void {
    const old = session.subscription(hot.id)
    if (old !== undefined) old.room.subscribers.delete(old)
    else if (session.subscriptionCount >= this.#limits().subscriptions) throw new YeoulError('too_many_subscriptions')
    else this.#presence.enter(hot.id, session.user)
    const subscription: Subscription = {
      room: hot,
      queue: session.queue,
      suspended: false,
      end: () => session.unsubscribed(hot.id),
    }
    hot.subscribers.add(subscription)
    session.subscribed(subscription)
  }

  #catchUp(): number {
    return this.#limits().catchUp
  }
}

/** Events after the position, as the log had them. */
interface Recovered {
  epoch: number
  events: RoomEvent[]
}

/** Whether the position is of another epoch, beyond the head, or too far back to be recovered. */
function isLost(hot: HotRoom, position: Position, catchUp: number): boolean {
  return position.epoch !== hot.epoch || position.seq > hot.head || hot.head - position.seq > catchUp * STEPS
}

/** Whether the client knows of what this node has not heard of yet, or of what never was. */
function isAhead(hot: HotRoom, position: Position | undefined): boolean {
  if (position === undefined) return false
  return position.epoch > hot.epoch || (position.epoch === hot.epoch && position.seq > hot.head)
}

function needsLog(hot: HotRoom, position: Position | undefined, catchUp: number): boolean {
  return position !== undefined && !isLost(hot, position, catchUp) && !hot.covers(position.seq)
}

function recoveredJson(epoch: number, last: number, events: string, head: number, now: string): string {
  return `{"position":{"epoch":${epoch},"seq":${last}},"recovered":true,"events":${events},"more":${last < head},"head":${head},"now":${now}}`
}
