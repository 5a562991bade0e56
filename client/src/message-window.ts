import { applyEvent, messageOf } from '../../src/protocol/message.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'

/** Changes of messages that are not loaded yet, kept while a page with them may be on the way. */
const LATE_MAX = 1_000
/** How many times over the bound scrolling back may fill the window. */
const SCROLLED = 4

/** A run of a room's messages without a hole, ending at the newest. Bounded: the oldest leave. */
export class MessageWindow {
  readonly #bound: number
  #keep: number
  #messages: Message[] = []
  #copy: readonly Message[] | null = null
  #hasOlder = false
  #page: { before: number; late: RoomEvent[]; stale: boolean } | null = null

  constructor(bound: number) {
    this.#bound = bound
    this.#keep = bound
  }

  get hasOlder(): boolean {
    return this.#hasOlder && this.#messages.length < this.#bound * SCROLLED
  }
  get loading(): boolean {
    return this.#page !== null
  }
  get newest(): Message | undefined {
    return this.#messages.at(-1)
  }

  list(): readonly Message[] {
    this.#copy ??= this.#messages.slice()
    return this.#copy
  }

  /** The newest message at or before a seq. */
  upTo(seq: number): Message | undefined {
    return this.#messages[this.#after(seq) - 1]
  }

  reset(messages: readonly Message[]): void {
    this.#messages = [...messages]
    this.#copy = null
    this.#page = null
    this.#keep = this.#bound
    // n counts messages from 1, so the oldest one tells whether it is the first.
    this.#hasOlder = (messages[0]?.n ?? 1) > 1
  }

  apply(event: RoomEvent): void {
    switch (event.type) {
      case 'message':
        this.#messages.push(messageOf(event))
        this.#copy = null
        this.#trim()
        return
      case 'edit':
      case 'delete':
      case 'reaction':
        this.#change(event, event.target)
        return
      default:
    }
  }

  /** Begins a page before the oldest message; null when there is none or one is under way. */
  beginPage(): { before: number } | null {
    const oldest = this.#messages[0]
    if (oldest === undefined || !this.hasOlder || this.#page !== null) return null
    this.#page = { before: oldest.seq, late: [], stale: false }
    return this.#page
  }

  /**
   * Takes the page that was begun, up to date with what happened while it travelled. False when it is of no use: the room
   * was reset meanwhile, or more happened than was kept; then it may be begun again.
   */
  addPage(page: object, messages: readonly Message[]): boolean {
    if (this.#page === null || this.#page !== page) return false
    const { late, stale, before } = this.#page
    this.#page = null
    if (stale) return false
    const older = messages.filter((m) => m.seq < before)
    const current = late.length === 0 ? older : older.map((m) => late.reduce(applyEvent, m))
    this.#hasOlder = older.length > 0 && older[0]!.n > 1
    this.#messages = current.concat(this.#messages)
    this.#copy = null
    // Room for what arrives while the reader is up there.
    this.#keep = Math.max(this.#keep, this.#messages.length + this.#bound / 4)
    return true
  }

  dropPage(page: object): void {
    if (this.#page === page) this.#page = null
  }

  /** Nobody looks: back to the bound. */
  shrink(): void {
    this.#keep = this.#bound
    this.#page = null
    this.#trim()
  }

  #change(event: RoomEvent, target: number): void {
    const i = this.#after(target) - 1
    const message = this.#messages[i]
    if (message?.seq === target) {
      const changed = applyEvent(message, event)
      if (changed === message) return
      this.#messages[i] = changed
      this.#copy = null
    } else if (this.#page !== null && target < this.#page.before) {
      if (this.#page.late.length < LATE_MAX) this.#page.late.push(event)
      else this.#page.stale = true
    }
  }

  /** Trims a tenth at once, so that a full window is not moved for each message; never under a page that is under way. */
  #trim(): void {
    if (this.#page !== null || this.#messages.length <= this.#keep * 1.1) return
    this.#messages.splice(0, this.#messages.length - this.#keep)
    this.#copy = null
    this.#hasOlder = true
  }

  /** The index of the first message after a seq. */
  #after(seq: number): number {
    let low = 0
    let high = this.#messages.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#messages[middle]!.seq <= seq) low = middle + 1
      else high = middle
    }
    return low
  }
}
