import { applyEvent } from '../../src/protocol/message.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { type Notice, type NoticeEvent, withNotice } from '../../src/protocol/notice.ts'

/** Notices that one run keeps; the oldest leave. */
const NOTICES_KEPT = 2_000

/** A run of a room's messages without a hole, rising, with what happened between them. */
export class MessageRun {
  #messages: Message[]
  #notices: readonly Notice[]
  #copy: readonly Message[] | null = null

  constructor(messages: readonly Message[], notices: readonly Notice[]) {
    this.#messages = [...messages]
    this.#notices = notices
  }

  get length(): number {
    return this.#messages.length
  }
  get first(): Message | undefined {
    return this.#messages[0]
  }
  get last(): Message | undefined {
    return this.#messages.at(-1)
  }
  get notices(): readonly Notice[] {
    return this.#notices
  }

  list(): readonly Message[] {
    this.#copy ??= this.#messages.slice()
    return this.#copy
  }

  /** The newest message at or before a place. */
  upTo(by: 'seq' | 'n', value: number): Message | undefined {
    return this.#messages[this.#after(by, value) - 1]
  }

  /** The next message of the room; one that a page brought before is passed over. */
  push(message: Message): void {
    if (message.seq <= (this.last?.seq ?? 0)) return
    this.#messages.push(message)
    this.#copy = null
  }

  /** The next thing that happened after the last message; what pages told before is passed over. */
  happened(event: NoticeEvent): void {
    if (event.seq < (this.last?.seq ?? 0)) return
    this.#setNotices(withNotice(this.#notices, event, this.last?.n ?? 0))
  }

  /** Applies a change of a message of this run. */
  change(event: RoomEvent, target: number): void {
    const i = this.#after('seq', target) - 1
    const message = this.#messages[i]
    if (message?.seq !== target) return
    const changed = applyEvent(message, event)
    if (changed === message) return
    this.#messages[i] = changed
    this.#copy = null
  }

  prepend(messages: readonly Message[], notices: readonly Notice[]): void {
    this.#messages = messages.concat(this.#messages)
    this.#copy = null
    this.#setNotices([...notices, ...this.#notices])
  }

  append(messages: readonly Message[], notices: readonly Notice[]): void {
    this.#messages = this.#messages.concat(messages)
    this.#copy = null
    this.#setNotices([...this.#notices, ...notices])
  }

  /** Notices that were not known when its first messages were. */
  addNotices(notices: readonly Notice[]): void {
    this.#setNotices([...notices, ...this.#notices].sort((a, b) => a.seq - b.seq))
  }

  /** Keeps only so many of the newest. */
  keepLast(count: number): void {
    this.#messages = this.#messages.slice(-count)
    this.#copy = null
    const first = this.first?.seq ?? 0
    this.#notices = this.#notices.filter((notice) => notice.seq > first)
  }

  /** Keeps only so many of the oldest. */
  keepFirst(count: number): void {
    this.#messages = this.#messages.slice(0, count)
    this.#copy = null
    const last = this.last?.seq ?? 0
    this.#notices = this.#notices.filter((notice) => notice.seq < last)
  }

  /** The newest part, as a run of its own. */
  tail(count: number): MessageRun {
    const tail = new MessageRun(this.#messages, this.#notices)
    tail.keepLast(count)
    return tail
  }

  /** Whether both hold a message that is the same: then there is no hole between them, nor anything untold. */
  meets({ first, last }: MessageRun): boolean {
    if (first === undefined || last === undefined || this.first === undefined || this.last === undefined) return false
    return this.first.seq <= last.seq && first.seq <= this.last.seq
  }

  /** Takes in a run that it meets. */
  absorb(other: MessageRun): void {
    const [low, high] = this.first!.seq <= other.first!.seq ? [this, other] : [other, this]
    const from = high.first!.seq
    const to = high.last!.seq
    // Of a message that both have, the one that reflects more.
    const shared = new Map(low.#messages.slice(low.#after('seq', from - 1)).map((message) => [message.seq, message]))
    const upper = high.#messages.map((message) => {
      const twin = shared.get(message.seq)
      return twin !== undefined && twin.rev > message.rev ? twin : message
    })
    const below = low.#messages.slice(0, low.#after('seq', from - 1))
    const beyond = low.#messages.slice(low.#after('seq', to))
    // What happened after the last message is known to the one that reaches further, or that was told of it.
    const past = low.last!.seq > to || high.#notices.every((notice) => notice.seq < to) ? low : high
    const notices = [
      ...low.#notices.filter((notice) => notice.seq < from),
      ...high.#notices.filter((notice) => notice.seq > from && notice.seq < to),
      ...past.#notices.filter((notice) => notice.seq > to),
    ]
    this.#messages = below.concat(upper, beyond)
    this.#copy = null
    this.#setNotices(notices)
  }

  #setNotices(notices: readonly Notice[]): void {
    this.#notices = notices.length > NOTICES_KEPT ? notices.slice(-NOTICES_KEPT) : notices
  }

  /** The index of the first message after a place. */
  #after(by: 'seq' | 'n', value: number): number {
    let low = 0
    let high = this.#messages.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#messages[middle]![by] <= value) low = middle + 1
      else high = middle
    }
    return low
  }
}
