import { factsAfter, type RoomFacts } from '../protocol/facts.ts'
import type { RoomNow } from '../protocol/frames.ts'
import { applyEvent, messageOf } from '../protocol/message.ts'
import type { MemberRole, Message, MessageEvent, RoomEvent, RoomKind } from '../protocol/model.ts'
import { isNoticeEvent, type Notice, withNotice } from '../protocol/notice.ts'
import type { WriteQueue } from './write-queue.ts'

/** How many messages the newest page holds. */
export const NEWEST_PAGE = 50

/** A session receives this room live; suspended while its connection reads too slowly (`lagging`). */
export interface Subscription {
  readonly room: HotRoom
  /** The way to the session's connection. */
  readonly queue: WriteQueue
  suspended: boolean
  /** Takes it away from its session. */
  end(): void
}

/** An event of the tail with its encoding, made when it is first needed. */
interface Kept {
  event: RoomEvent
  json: string | null
}

/** What a hot room starts from: one consistent reading of the store. */
export interface HotStart {
  id: string
  kind: RoomKind
  facts: RoomFacts
  epoch: number
  head: number
  n: number
  messages: Message[]
  /** Contiguous, ending at `head`. */
  tail: RoomEvent[]
}

/**
 * The newest part of one room, in memory: head, hot tail, newest page, and the members that were asked for. Loaded once and
 * kept by fan-out, event by event, so that subscribing and reconnecting read no database.
 *
 * Nothing erased or replaced stays: an edit or a delete that passes rewrites its target in the tail and in the page.
 */
export class HotRoom {
  readonly id: string
  readonly kind: RoomKind
  readonly epoch: number
  /** Subscriptions that receive this room live, in no order. */
  readonly subscribers = new Set<Subscription>()
  head: number
  n: number
  #facts: RoomFacts
  /** What goes before and after an event to make a push of it. */
  readonly #prefix: string
  #messages: Message[]
  #pageJson: string | null = null
  #tail: Kept[]
  #members = new Map<string, MemberRole>()
  /** Look-ups under way: how many of a user, and whether an event about the user passed meanwhile. */
  #lookups = new Map<string, { running: number; stale: boolean }>()
  /** Pushes that wait for the next flush: encoded events and the first seq among them. */
  pending = ''
  pendingEvents = 0
  pendingFrom = 0
  pendingSince = 0
  /** Ephemeral pushes that wait for the next flush. */
  ephemeral = ''

  constructor(start: HotStart) {
    this.id = start.id
    this.kind = start.kind
    this.#facts = start.facts
    this.epoch = start.epoch
    this.head = start.head
    this.n = start.n
    this.#messages = start.messages
    this.#tail = start.tail.map((event) => ({ event, json: null }))
    this.#prefix = `{"push":"event","room":"${start.id}","event":`
  }

  get tailLength(): number {
    return this.#tail.length
  }
  get memberCount(): number {
    return this.#facts.memberCount
  }
  get live(): boolean {
    return this.subscribers.size > 0
  }

  /** Takes the next event: `event.seq` is `head + 1`. Queues its push when somebody listens. */
  apply(event: RoomEvent, now: number): void {
    this.head = event.seq
    this.#facts = factsAfter(this.#facts, event)
    const kept: Kept = { event, json: null }
    switch (event.type) {
      case 'message':
        this.n = event.n
        this.#messages.push(messageOf(event))
        if (this.#messages.length > NEWEST_PAGE * 2) this.#messages = this.#messages.slice(-NEWEST_PAGE)
        break
      case 'edit':
      case 'delete':
        this.#rewrite(event.target, event)
        this.#touch(event.target, event)
        break
      case 'reaction':
        this.#touch(event.target, event)
        break
      case 'join':
        this.#setMember(event.user, event.role)
        break
      case 'leave':
        this.#setMember(event.user, null)
        break
      case 'member':
        this.#setMember(event.user, event.role)
        break
    }
    this.#pageJson = null
    this.#tail.push(kept)
    if (this.subscribers.size === 0) return
    const json = encode(kept)
    if (this.pendingEvents === 0) {
      this.pendingFrom = event.seq
      this.pendingSince = event.at === 0 ? now : event.at
      this.pending = `${this.#prefix + json}}`
    } else {
      this.pending += `,${this.#prefix}${json}}`
    }
    this.pendingEvents++
  }

  /** Forgets the oldest events of the tail; answers how many went. */
  trimTail(keep: number): number {
    const surplus = this.#tail.length - keep
    if (surplus <= 0) return 0
    this.#tail = this.#tail.slice(surplus)
    return surplus
  }

  /** Whether the tail holds every event after `seq`. */
  covers(seq: number): boolean {
    return seq <= this.head && seq >= this.head - this.#tail.length
  }

  /** Events with seq > after and seq <= to, as `[…]`: `covers(after)` holds. */
  tailJson(after: number, to: number): string {
    const first = this.#tail.length - (this.head - after)
    const end = this.#tail.length - (this.head - to)
    let json = '['
    for (let i = first; i < end; i++) json += i === first ? encode(this.#at(i)) : `,${encode(this.#at(i))}`
    return `${json}]`
  }

  /** Whether the tail has another event at this one's seq. */
  contradicts({ seq, at, actor }: RoomEvent): boolean {
    const known = this.#tail[this.#tail.length - 1 - (this.head - seq)]?.event
    return known !== undefined && (known.at !== at || known.actor !== actor)
  }

  tailEvents(after: number, limit: number): RoomEvent[] {
    const first = this.#tail.length - (this.head - after)
    return this.#tail.slice(first, first + limit).map((kept) => kept.event)
  }

  newestPage(): Message[] {
    return this.#messages.slice(-NEWEST_PAGE)
  }

  /** The newest page as it stands in an answer, with its notices when the tail reaches back that far. */
  newestPageJson(): string {
    if (this.#pageJson === null) {
      const messages = this.newestPage()
      const notices = this.#noticesOf(messages)
      this.#pageJson = `"messages":${JSON.stringify(messages)}`
      if (notices !== null) this.#pageJson += `,"notices":${JSON.stringify(notices)}`
    }
    return this.#pageJson
  }

  #noticesOf([first]: Message[]): Notice[] | null {
    const from = first === undefined || first.n === 1 ? 0 : first.seq
    if (!this.covers(from)) return null
    let n = from === 0 ? 0 : (first?.n ?? 0)
    let notices: Notice[] = []
    for (const event of this.tailEvents(from, this.head - from)) {
      if (event.type === 'message') n = event.n
      else if (isNoticeEvent(event)) notices = withNotice(notices, event, n)
    }
    return notices
  }

  /** What a subscriber is told besides, as it is at the head. */
  now(role: MemberRole): RoomNow {
    const { title, capacity, memberCount } = this.#facts
    return { title, capacity, memberCount, role }
  }

  /** `n` of the newest message at or before `seq`, or null when that lies before what is kept. */
  countUpTo(seq: number): number | null {
    if (seq >= this.head) return this.n
    for (let i = this.#messages.length - 1; i >= 0; i--) {
      const message = this.#messages[i] as Message
      if (message.seq <= seq) return message.n
    }
    return this.n === 0 || this.#messages[0]?.n === 1 ? 0 : null
  }

  /** The role of a member, null for one who is known to be none, undefined when nobody asked yet. */
  roleOf(user: string): MemberRole | null | undefined {
    return this.#members.get(user)
  }

  /** Keeps what `look` finds, unless an event about this user passed meanwhile: then it is looked up again. */
  async lookUp(user: string, look: () => Promise<MemberRole | null>): Promise<MemberRole | null> {
    for (;;) {
      const known = this.#members.get(user)
      if (known !== undefined) return known
      const mark = this.#lookups.get(user) ?? { running: 0, stale: false }
      mark.running++
      this.#lookups.set(user, mark)
      try {
        const role = await look()
        if (mark.stale) continue
        // Only members are kept: strangers have no end.
        if (role !== null) this.#members.set(user, role)
        return role
      } finally {
        if (--mark.running === 0 && this.#lookups.get(user) === mark) this.#lookups.delete(user)
      }
    }
  }

  #setMember(user: string, role: MemberRole | null): void {
    const mark = this.#lookups.get(user)
    if (mark !== undefined) {
      mark.stale = true
      this.#lookups.delete(user)
    }
    if (role === null) this.#members.delete(user)
    else this.#members.set(user, role)
  }

  /** Applies an event to the message of the newest page that it is about. */
  #touch(target: number, event: RoomEvent): void {
    const i = this.#messages.findLastIndex((message) => message.seq <= target)
    const message = this.#messages[i]
    if (message?.seq === target) this.#messages[i] = applyEvent(message, event)
  }

  /** Brings what the tail says of a message to its text as it is now: null once deleted. */
  #rewrite(target: number, event: RoomEvent & { type: 'edit' | 'delete' }): void {
    const body = event.type === 'edit' ? event.body : null
    const mentions = event.type === 'edit' ? event.mentions : undefined
    for (let i = Math.max(0, this.#tail.length - (this.head - target)); i < this.#tail.length; i++) {
      const kept = this.#at(i)
      const about = kept.event
      if (about.seq === target && about.type === 'message') {
        const next: MessageEvent = { ...about, body }
        if (mentions === undefined) delete next.mentions
        else next.mentions = mentions
        if (body === null) delete next.files
        this.#tail[i] = { event: next, json: null }
      } else if (about.type === 'edit' && about.target === target) {
        const next = { ...about, body }
        if (mentions === undefined) delete next.mentions
        else next.mentions = mentions
        this.#tail[i] = { event: next, json: null }
      }
    }
  }

  #at(i: number): Kept {
    return this.#tail[i] as Kept
  }
}

function encode(kept: Kept): string {
  kept.json ??= JSON.stringify(kept.event)
  return kept.json
}
