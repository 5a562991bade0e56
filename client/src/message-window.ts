import { applyEvent, messageOf } from '../../src/protocol/message.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { isNoticeEvent, type Notice } from '../../src/protocol/notice.ts'
import type { Place } from './api.ts'
import { MessageRun } from './message-run.ts'

/** Changes of messages that are not loaded yet, kept while a page with them may be on the way. */
const LATE_MAX = 1_000
/** How many times over the bound scrolling may fill a run; then it loses its other end. */
const SCROLLED = 4

export interface HistoryPage {
  messages: readonly Message[]
  notices: readonly Notice[]
}

/** A page on its way, with the changes that happen meanwhile. */
export interface PageTicket {
  readonly kind: 'older' | 'newer' | 'around'
  /** The message that an older or a newer page adjoins. */
  readonly at: number
  readonly run: MessageRun
  late: RoomEvent[]
  stale: boolean
}

/**
 * What is shown of a room's messages: one run without a hole. Mostly it is the live one, which ends at the newest message.
 * After a jump it may lie anywhere else; the live run is kept beside it, so that the way back needs no request, and the two
 * become one when loading makes them meet. Every change of a message goes to both. Bounded: each run loses the end that is
 * farther from the reader.
 */
export class MessageWindow {
  readonly #bound: number
  #keep: number
  #live = new MessageRun([], [])
  /** Shown instead of the live run. */
  #away: MessageRun | null = null
  #turn = 0
  #tickets = new Set<PageTicket>()

  constructor(bound: number) {
    this.#bound = bound
    this.#keep = bound
  }

  get hasOlder(): boolean {
    // n counts messages from 1, so the oldest one tells whether it is the first.
    return (this.#shown.first?.n ?? 1) > 1
  }
  get hasNewer(): boolean {
    return this.#away !== null
  }
  get loadingOlder(): boolean {
    return this.#isLoading('older')
  }
  get loadingNewer(): boolean {
    return this.#isLoading('newer')
  }
  /** The newest message of the room, shown or not. */
  get newest(): Message | undefined {
    return this.#live.last
  }
  /** Goes up when another run is shown that has nothing to do with the one before. */
  get turn(): number {
    return this.#turn
  }
  get notices(): readonly Notice[] {
    return this.#shown.notices
  }

  list(): readonly Message[] {
    return this.#shown.list()
  }

  /** The newest shown message at or before a seq. */
  upTo(seq: number): Message | undefined {
    return this.#shown.upTo('seq', seq)
  }

  /** `notices` undefined: they were not at hand. */
  reset(messages: readonly Message[], notices: readonly Notice[] = []): void {
    this.#live = new MessageRun(messages, notices)
    this.#away = null
    this.#tickets.clear()
    this.#keep = this.#bound
  }

  /** Notices of the page that the live run was begun with. */
  addNotices(notices: readonly Notice[]): void {
    this.#live.addNotices(notices)
  }

  apply(event: RoomEvent): void {
    switch (event.type) {
      case 'message':
        this.#live.push(messageOf(event))
        if (this.#away !== null) this.#join()
        this.#trim()
        return
      case 'edit':
      case 'delete':
      case 'reaction':
        this.#live.change(event, event.target)
        this.#away?.change(event, event.target)
        for (const ticket of this.#tickets) {
          if (ticket.late.length < LATE_MAX) ticket.late.push(event)
          else ticket.stale = true
        }
        return
      default:
        if (isNoticeEvent(event)) this.#live.happened(event)
    }
  }

  /** The message at a place, or the nearest one, if what is loaded reaches there; then its run is shown. */
  show(place: Place): Message | undefined {
    if (reaches(this.#shown, place, this.hasNewer)) return this.near(place)
    if (this.#away === null || !reaches(this.#live, place, false)) return undefined
    this.toLatest()
    return this.near(place)
  }

  /** The shown message at a place; else the one before it, else the first. */
  near(place: Place): Message | undefined {
    return this.#shown.upTo(...placeOf(place)) ?? this.#shown.first
  }

  toLatest(): void {
    if (this.#away === null) return
    this.#away = null
    this.#tickets.clear()
    this.#turn++
  }

  /** Begins a page; null when there is none on that side, or one is under way. */
  begin(kind: PageTicket['kind']): PageTicket | null {
    const run = this.#shown
    if (kind === 'older' ? !this.hasOlder : kind === 'newer' && !this.hasNewer) return null
    if (kind !== 'around' && this.#isLoading(kind)) return null
    const edge = kind === 'older' ? run.first : run.last
    const ticket: PageTicket = { kind, at: edge?.seq ?? 0, run, late: [], stale: false }
    this.#tickets.add(ticket)
    return ticket
  }

  /**
   * Takes the page that was begun, up to date with what happened while it travelled. False when it is of no use: the room
   * was reset or another run is shown by now, or more happened than was kept; then it may be begun again.
   */
  add(ticket: PageTicket, page: HistoryPage): boolean {
    if (!this.#tickets.delete(ticket) || ticket.stale) return false
    const { late } = ticket
    const messages =
      late.length === 0 ? page.messages : page.messages.map((message) => late.reduce(applyEvent, message))
    if (ticket.kind === 'around') {
      this.#jump(new MessageRun(messages, page.notices))
      return true
    }
    const run = this.#shown
    if (ticket.run !== run) return false
    if (ticket.kind === 'older') {
      if (run.first?.seq !== ticket.at) return false
      run.prepend(
        messages.filter((message) => message.seq < ticket.at),
        page.notices,
      )
      this.#grewBack(run)
    } else {
      if (run.last?.seq !== ticket.at) return false
      run.append(
        messages.filter((message) => message.seq > ticket.at),
        page.notices,
      )
      this.#join()
      if (run.length > this.#most) run.keepLast(this.#most)
    }
    return true
  }

  drop(ticket: PageTicket): void {
    this.#tickets.delete(ticket)
  }

  /** Nobody looks: back to the newest messages, and to the bound. */
  shrink(): void {
    this.#away = null
    this.#tickets.clear()
    this.#keep = this.#bound
    this.#trim()
  }

  get #shown(): MessageRun {
    return this.#away ?? this.#live
  }
  get #most(): number {
    return this.#bound * SCROLLED
  }

  #isLoading(kind: PageTicket['kind']): boolean {
    for (const ticket of this.#tickets) if (ticket.kind === kind && ticket.run === this.#shown) return true
    return false
  }

  #jump(run: MessageRun): void {
    const shown = this.#shown
    if (shown.meets(run)) {
      shown.absorb(run)
      this.#grewBack(shown)
      return
    }
    if (run.length === 0) return
    this.#away = run
    this.#turn++
    this.#join()
  }

  /** The shown run and the live one are one as soon as they meet. */
  #join(): void {
    if (!this.#away?.meets(this.#live)) return
    this.#away.absorb(this.#live)
    this.#live = this.#away
    this.#away = null
    this.#keep = Math.max(this.#keep, Math.min(this.#live.length, this.#most) + this.#bound / 4)
  }

  /** Older messages came: what is too much goes at the newer end, and the live run, if it was that one, lives on beside it. */
  #grewBack(run: MessageRun): void {
    if (run.length > this.#most) {
      if (run === this.#live) {
        this.#live = run.tail(this.#bound)
        this.#away = run
        // Not up to the live run: they are to meet when the reader comes down again.
        run.keepFirst(this.#most - this.#bound)
      } else run.keepFirst(this.#most)
    }
    // Room for what arrives while the reader is up there.
    if (run === this.#live) this.#keep = Math.max(this.#keep, run.length + this.#bound / 4)
    else this.#keep = this.#bound
  }

  /** Trims a tenth at once, so that a full run is not moved for each message; never under a page that is under way. */
  #trim(): void {
    if (this.#live.length <= this.#keep * 1.1) return
    for (const ticket of this.#tickets) if (ticket.run === this.#live && ticket.kind === 'older') return
    this.#live.keepLast(this.#keep)
  }
}

function reaches({ first, last }: MessageRun, place: Place, hasNewer: boolean): boolean {
  if (first === undefined || last === undefined) return false
  const [by, value] = placeOf(place)
  return (value >= first[by] || first.n === 1) && (value <= last[by] || !hasNewer)
}

function placeOf(place: Place): [by: 'seq' | 'n', value: number] {
  return 'seq' in place ? ['seq', place.seq] : ['n', place.n]
}
