import type { Answers, Push } from '../../src/protocol/frames.ts'
import { EVENTS_LIMIT } from '../../src/protocol/limits.ts'
import type { LeaveReason, Position, RoomEvent } from '../../src/protocol/model.ts'
import type { Feed, FeedHandlers } from './api.ts'
import type { KeptConnection } from './connection.ts'
import { YeoulError } from './errors.ts'
import { backoff, type Surroundings } from './platform.ts'

/** How often a range read may bring nothing before the room is begun anew. */
const EMPTY_READS = 3

/** How long an own leave may take to arrive once the server said that the room is gone. */
const LEAVE_MS = 300

/** Pushes that name a room. */
export type RoomPush = Extract<Push, { room: string }>

type State =
  /** No connection. */
  | { at: 'detached' }
  | { at: 'subscribing' }
  /** The next push is `position.seq + 1`. */
  | { at: 'live' }
  /** Events up to `to` are being fetched; pushes wait in `held`, rising. */
  | { at: 'filling'; to: number; held: RoomEvent[]; empty: number }
  /** The server could not answer; asks again when the timer fires. */
  | { at: 'pausing'; timer: unknown }
  | { at: 'ended' }

/**
 * One room's events, each once and in order (P2, P4).
 *
 * detached -> subscribing -> live <-> filling; `lagging` and `reset` lead back to subscribing, a lost connection to
 * detached, a retryable failure to pausing. `ended` is final. An answer counts only while the ticket under which it was
 * asked is the current one.
 */
export class RoomFeed implements Feed {
  readonly room: string
  readonly #around: Surroundings
  readonly #connection: KeptConnection
  readonly #handlers: FeedHandlers
  readonly #onClosed: () => void
  #state: State = { at: 'detached' }
  #position: Position | null
  #ticket = 0
  #attempt = 0
  /** An own leave that was read while catching up; a later join may have followed. */
  #leftBy: LeaveReason | null = null
  #user = ''
  #doubt: unknown = null

  constructor(
    around: Surroundings,
    connection: KeptConnection,
    room: string,
    handlers: FeedHandlers,
    from: Position | null,
    onClosed: () => void,
  ) {
    this.#around = around
    this.#connection = connection
    this.room = room
    this.#handlers = handlers
    this.#position = from
    this.#onClosed = onClosed
  }

  position(): Position | null {
    return this.#position
  }

  close(): void {
    if (this.#state.at === 'ended') return
    this.#unsubscribe()
    this.#become({ at: 'ended' })
    this.#onClosed()
  }

  /** There is a connection: goes on where it was. */
  online(user: string): void {
    this.#user = user
    if (this.#state.at === 'detached') this.#subscribe(this.#position)
  }

  offline(): void {
    if (this.#state.at === 'ended' || this.#state.at === 'detached') return
    this.#become({ at: 'detached' })
    this.#tell('recovering')
  }

  /** The server says that the room is no longer the user's: the leave should arrive at once; else it is asked for. */
  removed(): void {
    const { clock } = this.#around
    clock.clearTimeout(this.#doubt)
    this.#doubt = clock.setTimeout(() => {
      if (this.#state.at === 'live' || this.#state.at === 'filling') this.#subscribe(this.#position)
    }, LEAVE_MS)
  }

  push(push: RoomPush): void {
    const { at } = this.#state
    // What comes in other states belongs to an earlier subscription of this connection.
    if (at !== 'live' && at !== 'filling') return
    switch (push.push) {
      case 'event':
        this.#pushed(push.event)
        return
      case 'lagging':
        this.#tell('recovering')
        this.#subscribe(this.#position)
        return
      case 'reset':
        this.#tell('recovering')
        this.#subscribe(null)
        return
      case 'presence': {
        const { online = [], offline = [], count } = push
        this.#run(() => this.#handlers.presence?.({ snapshot: false, online, offline, count }))
        return
      }
      case 'typing':
        this.#run(() => this.#handlers.typing?.(push.user))
        return
      case 'read': {
        const { user, seq, n } = push
        this.#run(() => this.#handlers.read?.({ user, seq, n }))
        return
      }
      default:
    }
  }

  #subscribe(position: Position | null): void {
    const ticket = this.#become({ at: 'subscribing' })
    const { room } = this
    const command = position === null ? { room } : { room, position }
    this.#connection.ask({ op: 'subscribe', ...command }, (answer, error) => {
      if (ticket !== this.#ticket) return
      if (answer === null) this.#refused(error!)
      else this.#subscribed(answer, position)
    })
  }

  #subscribed(answer: Answers['subscribe'], asked: Position | null): void {
    const { now, head, position } = answer
    if (now !== undefined) this.#run(() => this.#handlers.subscribed?.(now, { epoch: position.epoch, seq: head }))
    if (!answer.recovered) {
      this.#leftBy = null
      this.#position = answer.position
      const { messages, notices, position } = answer
      const ticket = this.#ticket
      this.#run(() => this.#handlers.reset({ messages, ...(notices && { notices }), position }))
      if (ticket === this.#ticket) this.#caughtUp()
    } else if (asked === null) {
      this.#refused(new YeoulError('bad_answer', 'The server recovered from no position.', true))
      return
    } else {
      this.#position = { epoch: answer.position.epoch, seq: asked.seq }
      const delivered = this.#deliverAll(answer.events)
      if (delivered === 'stopped') return
      // A hole would be the server's mistake; a page without one is always to be had.
      if (delivered === 'hole' || this.#position.seq !== answer.position.seq) {
        this.#subscribe(null)
        return
      }
      if (answer.more) this.#fill({ at: 'filling', to: answer.head, held: [], empty: 0 })
      else this.#caughtUp()
    }
    this.#askPresence()
  }

  #caughtUp(): void {
    this.#attempt = 0
    this.#become({ at: 'live' })
    this.#tell('live')
  }

  #askPresence(): void {
    if (this.#handlers.presence === undefined || this.#isEnded()) return
    this.#connection.ask({ op: 'presence', room: this.room }, (answer) => {
      if (answer === null || (this.#state.at !== 'live' && this.#state.at !== 'filling')) return
      const { online, count } = answer
      this.#run(() => this.#handlers.presence?.({ snapshot: true, online, offline: [], count }))
    })
  }

  #refused(error: YeoulError): void {
    if (error.retryable) this.#pause(error)
    else if (this.#leftBy !== null && isGone(error)) this.#end(this.#leftBy)
    else this.#end('not_a_member', error)
  }

  #pause(error: YeoulError): void {
    const { clock } = this.#around
    const wait = Math.max(error.retryAfterMs ?? 0, backoff(this.#around, this.#attempt++))
    const timer = clock.setTimeout(() => this.#subscribe(this.#position), wait)
    this.#become({ at: 'pausing', timer })
  }

  #pushed(event: RoomEvent): void {
    const next = this.#position!.seq + 1
    const state = this.#state
    if (state.at === 'filling') {
      if (state.held.length >= this.#around.tuning.heldEvents) {
        // Too many to hold: they are fetched instead, with what was missing before them.
        state.held = []
        state.to = Math.max(state.to, event.seq)
      } else if (event.seq > state.to) state.held.push(event)
    } else if (event.seq === next) {
      this.#deliver(event, 'pushed')
    } else if (event.seq > next) {
      this.#tell('recovering')
      this.#fill({ at: 'filling', to: event.seq - 1, held: [event], empty: 0 })
    }
    // A lower seq is a repeat.
  }

  #fill(state: State & { at: 'filling' }): void {
    const ticket = this.#become(state)
    const { epoch, seq: after } = this.#position!
    const limit = Math.min(EVENTS_LIMIT.max, state.to - after)
    this.#connection.ask({ op: 'events', room: this.room, after, epoch, limit }, (answer, error) => {
      if (ticket !== this.#ticket) return
      if (error !== null && error.code === 'epoch_changed') this.#subscribe(null)
      else if (answer === null) this.#refused(error!)
      else if (!answer.recovered) this.#subscribe(null)
      else this.#filled(state, answer.events)
    })
  }

  #filled(state: State & { at: 'filling' }, events: RoomEvent[]): void {
    const before = this.#position!.seq
    const delivered = this.#deliverAll(events)
    if (delivered === 'stopped') return
    if (delivered === 'hole') {
      this.#subscribe(null)
      return
    }
    if (this.#position!.seq < state.to) {
      const empty = this.#position!.seq > before ? 0 : state.empty + 1
      if (empty >= EMPTY_READS) this.#subscribe(null)
      else this.#fill({ ...state, empty })
      return
    }
    this.#attempt = 0
    while (state.held.length > 0) {
      const event = state.held[0]!
      const next = this.#position!.seq + 1
      if (event.seq > next) {
        this.#fill({ ...state, to: event.seq - 1, empty: 0 })
        return
      }
      state.held.shift()
      if (event.seq === next && !this.#deliver(event, 'pushed')) return
    }
    this.#caughtUp()
  }

  /** Hands on contiguous events; those before the position are repeats. */
  #deliverAll(events: RoomEvent[]): 'all' | 'hole' | 'stopped' {
    const back = events.findLast((event) => event.type === 'join' && event.user === this.#user)
    for (const event of events) {
      const next = this.#position!.seq + 1
      if (event.seq > next) return 'hole'
      if (event.seq < next) continue
      const inside = back !== undefined && event.seq < back.seq
      if (!this.#deliver(event, inside ? 'rejoined' : 'recovered')) return 'stopped'
    }
    return 'all'
  }

  /** Hands on one event; false when nothing may follow it now. */
  #deliver(event: RoomEvent, how: 'pushed' | 'recovered' | 'rejoined'): boolean {
    const ticket = this.#ticket
    const position = { epoch: this.#position!.epoch, seq: event.seq }
    this.#position = position
    this.#run(() => this.#handlers.event(event, position))
    // The handler may have closed the feed.
    if (ticket !== this.#ticket) return false
    if (event.type !== 'leave' || event.user !== this.#user || how === 'rejoined') return true
    if (how === 'recovered') {
      // Perhaps a join followed, beyond what this answer tells: ask for the room as it is now.
      this.#leftBy = event.reason
      this.#subscribe(null)
    } else this.#end(event.reason)
    return false
  }

  #end(reason: LeaveReason | 'not_a_member', error?: YeoulError): void {
    this.#become({ at: 'ended' })
    this.#onClosed()
    this.#run(() => this.#handlers.ended?.(reason, error))
  }

  #unsubscribe(): void {
    const { at } = this.#state
    if (at === 'detached' || at === 'pausing') return
    this.#connection.ask({ op: 'unsubscribe', room: this.room }, () => {})
  }

  #become(state: State): number {
    const { clock } = this.#around
    if (this.#state.at === 'pausing') clock.clearTimeout(this.#state.timer)
    if (state.at === 'ended') clock.clearTimeout(this.#doubt)
    this.#state = state
    return ++this.#ticket
  }

  #isEnded(): boolean {
    return this.#state.at === 'ended'
  }

  #tell(state: 'live' | 'recovering'): void {
    this.#run(() => this.#handlers.state?.(state))
  }

  #run(handler: () => void): void {
    try {
      handler()
    } catch (error) {
      this.#around.onError(error)
    }
  }
}

/** Whether the server says that the room is none of ours. */
export function isGone(error: YeoulError): boolean {
  return error.code === 'not_a_member' || error.code === 'room_not_found' || error.code === 'banned'
}
