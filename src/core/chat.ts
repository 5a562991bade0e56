import type { Bus } from '../ports/bus.ts'
import type { History } from '../ports/history.ts'
import type { Appended, Draft, Log, MessageDraft } from '../ports/log.ts'
import { type ErrorCode, YeoulError } from '../protocol/errors.ts'
import type { EventsAnswer, SendAnswer, SendCommand } from '../protocol/frames.ts'
import { CLIENT_MESSAGE_ID_LENGTH, EMOJI_LENGTH, EVENTS_LIMIT, type Limits, PAGE_LIMIT } from '../protocol/limits.ts'
import type { Message, RoomEvent } from '../protocol/model.ts'
import { type Notice, withNotice } from '../protocol/notice.ts'
import type { Access } from './access.ts'
import type { Actor } from './actor.ts'
import type { AppendQueue } from './append-queue.ts'
import type { HotRooms } from './hot-rooms.ts'
import type { Mentions } from './mentions.ts'
import type { Metrics } from './metrics.ts'
import { may } from './permissions.ts'
import type { Progress } from './progress.ts'
import { checkText } from './text.ts'

/** How often the halves of a page around a message are read when the epoch was raised between them. */
const AROUND_TRIES = 3
const SEQ_MAX = Number.MAX_SAFE_INTEGER
/** What notices of one page are folded from, at most: so many readings of so many events. */
const NOTICE_READS = 10
const NOTICES_READ = 1_000

/** Which messages a page holds: at most one of the first four is given, none for the newest. */
export interface PageRange {
  before?: number
  after?: number
  around?: number
  aroundN?: number
  limit?: number
  notices?: boolean
}

export type SendInput = Omit<SendCommand, 'op'>

/** The use cases of messages: what a member does in a room, over any transport. */
export class Chat {
  readonly #log: Log
  readonly #history: History
  readonly #bus: Bus
  readonly #appends: AppendQueue
  readonly #hotRooms: HotRooms
  readonly #access: Access
  readonly #mentions: Mentions
  readonly #progress: Progress
  readonly #limits: () => Limits
  readonly #metrics: Metrics

  constructor(parts: {
    log: Log
    history: History
    bus: Bus
    appends: AppendQueue
    hotRooms: HotRooms
    access: Access
    mentions: Mentions
    progress: Progress
    limits: () => Limits
    metrics: Metrics
  }) {
    this.#log = parts.log
    this.#history = parts.history
    this.#bus = parts.bus
    this.#appends = parts.appends
    this.#hotRooms = parts.hotRooms
    this.#access = parts.access
    this.#mentions = parts.mentions
    this.#progress = parts.progress
    this.#limits = parts.limits
    this.#metrics = parts.metrics
  }

  /**
   * Stores a message and answers when it is durable (P1). A repeat gets the first one's answer (P3).
   * Rejects `body_too_long`, `bad_text`, `not_a_member`, `room_not_found`, `message_not_found` (replyTo), `overloaded`, …
   */
  async send(actor: Actor, input: SendInput): Promise<SendAnswer> {
    const draft = await this.draft(actor, input)
    const { seq, n, at, duplicate } = await this.#append(draft)
    return { seq, n, at, durability: this.#log.level, duplicate }
  }

  /** The first half of `send`, checked and ready for `submit`; a promise only when a mentioned name must be looked up. */
  draft(actor: Actor, input: SendInput): MessageDraft | Promise<MessageDraft> {
    if (input.fileIds !== undefined && input.fileIds.length > 0) throw new YeoulError('files_not_supported')
    const { length } = input.clientMessageId
    if (length < CLIENT_MESSAGE_ID_LENGTH.min || length > CLIENT_MESSAGE_ID_LENGTH.max)
      throw new YeoulError('bad_request', '`clientMessageId` is empty or too long.')
    this.#checkBody(input.body)
    const draft: MessageDraft = {
      type: 'message',
      room: input.room,
      actor: actor.user,
      clientMessageId: input.clientMessageId,
      body: input.body,
      replyTo: input.replyTo ?? null,
      mentions: [],
      files: [],
      retry: input.retry ?? false,
    }
    const mentions = this.#mentions.in(input.body)
    if (Array.isArray(mentions)) {
      draft.mentions = mentions
      return draft
    }
    return mentions.then((found) => {
      draft.mentions = found
      return draft
    })
  }

  /** The second half of `send`: takes the draft's place in the order now, tells the outcome later. */
  submit(draft: MessageDraft, done: (result: Appended) => void): void {
    this.#appends.push(draft, done)
  }

  get durability() {
    return this.#log.level
  }

  /** Changes one's own message. */
  async edit(actor: Actor, room: string, seq: number, body: string, epoch?: number) {
    this.#checkBody(body)
    if (epoch !== undefined) await this.#checkEpoch(room, actor.user, epoch)
    const mentions = this.#mentions.in(body)
    const draft: Draft = {
      type: 'edit',
      room,
      actor: actor.user,
      target: seq,
      body,
      mentions: Array.isArray(mentions) ? mentions : await mentions,
    }
    return this.#change(draft)
  }

  /** Erases a message: one's own, or any with the right to. */
  async delete(actor: Actor, room: string, seq: number, epoch?: number) {
    if (epoch !== undefined) await this.#checkEpoch(room, actor.user, epoch)
    const draft: Draft = { type: 'delete', room, actor: actor.user, target: seq, moderate: false }
    // Mostly it is one's own: then nobody's role need be known.
    const own = await this.#appended(draft)
    if (own.ok) return { seq: own.seq, at: own.at }
    if (own.code === 'not_the_sender') {
      const { role, kind } = await this.#access.member(room, actor.user)
      if (may(role, kind, 'delete_others_messages')) return this.#change({ ...draft, moderate: true })
    }
    throw new YeoulError(await this.refusal(room, actor.user, own.code))
  }

  /** Adds or takes back a reaction; one that is so already changes nothing. */
  async react(actor: Actor, room: string, seq: number, emoji: string, on: boolean, epoch?: number) {
    if (emoji.length < EMOJI_LENGTH.min || emoji.length > EMOJI_LENGTH.max)
      throw new YeoulError('bad_request', '`emoji` is empty or too long.')
    checkText(emoji)
    if (epoch !== undefined) await this.#checkEpoch(room, actor.user, epoch)
    const most = this.#limits().reactionsPerMessage
    return this.#change({ type: 'reaction', room, actor: actor.user, target: seq, emoji, on, most })
  }

  /**
   * A page of messages in rising seq: before a seq, after one, around one (or around the message number `aroundN`), or the
   * newest. With `notices` also what happened to the room and its members in between.
   */
  async messages(actor: Actor, room: string, range: PageRange): Promise<{ items: Message[]; notices?: Notice[] }> {
    const { messages: items, head } = await this.#page(room, range)
    const notices = range.notices === true ? await this.#notices(room, spanOf(range, items, head)) : undefined
    await this.#access.stillMember(room, actor.user)
    return notices === undefined ? { items } : { items, notices }
  }

  async #page(room: string, range: PageRange): Promise<{ messages: Message[]; head: number }> {
    const { before, after, around, aroundN } = range
    const limit = Math.min(range.limit ?? PAGE_LIMIT.default, PAGE_LIMIT.max)
    // Beyond the last message is the newest page.
    const middle =
      around ?? (aroundN === undefined ? undefined : ((await this.#history.seqOf(room, aroundN)) ?? SEQ_MAX))
    if (middle === undefined) {
      const range = { ...(before !== undefined && { before }), ...(after !== undefined && { after }), limit }
      return this.#history.messages(room, range)
    }
    const half = Math.ceil(limit / 2)
    for (let tries = 0; tries < AROUND_TRIES; tries++) {
      const [upTo, beyond] = await Promise.all([
        this.#history.messages(room, { before: Math.min(middle, SEQ_MAX - 1) + 1, limit: half }),
        this.#history.messages(room, { after: middle, limit: limit - half }),
      ])
      // Two readings of one epoch meet without a hole: a message never moves.
      if (upTo.epoch === beyond.epoch) return { messages: upTo.messages.concat(beyond.messages), head: upTo.head }
    }
    throw new YeoulError('unavailable', 'The epoch of the room rises faster than the room is read.')
  }

  /** A crowd of more than NOTICE_READS * NOTICES_READ is told as far as it was read. */
  async #notices(room: string, { after, before }: { after: number; before: number }): Promise<Notice[]> {
    let notices: Notice[] = []
    let from = after
    for (let reads = 0; reads < NOTICE_READS && from < before - 1; reads++) {
      const { events, through } = await this.#history.notices(room, { after: from, before, limit: NOTICES_READ })
      for (const { event, n } of events) notices = withNotice(notices, event, n)
      if (notices.length >= PAGE_LIMIT.max) return notices.slice(0, PAGE_LIMIT.max)
      from = through
    }
    return notices
  }

  /** Events after a position: from the hot tail when it reaches back that far, from the log otherwise (P4). */
  async events(
    actor: Actor,
    room: string,
    after: number,
    epoch: number,
    limit: number = EVENTS_LIMIT.default,
  ): Promise<EventsAnswer> {
    await this.#access.member(room, actor.user)
    const most = Math.min(limit, EVENTS_LIMIT.max)
    const hot = this.#hotRooms.get(room)
    if (hot !== undefined && hot.epoch === epoch && hot.covers(after)) {
      this.#metrics.recovery('tail')
      const events = endAtOwnLeave(hot.tailEvents(after, most), actor.user)
      return { epoch, recovered: true, events, head: hot.head }
    }
    const { head, events } = await this.#log.read(room, after, most)
    if (head.epoch !== epoch || after > head.seq) {
      this.#metrics.recovery('page_lost')
      return { epoch: head.epoch, recovered: false, events: [], head: head.seq }
    }
    this.#metrics.recovery('log')
    const shown = endAtOwnLeave(events, actor.user)
    // The log may be ahead of what this node has heard: a leave before `after` is known to the store alone.
    if (shown.at(-1)?.type !== 'leave') await this.#access.stillMember(room, actor.user)
    return { epoch, recovered: true, events: shown, head: head.seq }
  }

  /** Moves the read cursor forward; saved with many others, told to the user's other sessions and to small rooms. */
  async read(actor: Actor, room: string, seq: number, epoch?: number, session = ''): Promise<void> {
    await this.#access.member(room, actor.user)
    if (epoch !== undefined) await this.#checkEpoch(room, actor.user, epoch)
    const hot = this.#hotRooms.get(room)
    let at = seq
    let n = hot?.countUpTo(seq) ?? null
    let now = hot?.epoch ?? 0
    if (hot !== undefined) at = Math.min(seq, hot.head)
    if (n === null) {
      const head = await this.#log.head(room)
      if (head === null) throw new YeoulError('room_not_found')
      at = Math.min(seq, head.seq)
      now = head.epoch
      n = at === head.seq ? head.n : await this.#history.countUpTo(room, at)
    }
    if (!this.#progress.read({ room, user: actor.user, seq: at, n }, now, session)) return
    if (hot === undefined || hot.memberCount <= this.#limits().readReceiptMembers)
      this.#bus.publish(room, { kind: 'read', user: actor.user, seq: at, n })
  }

  /** What an append that was refused is called before this user. */
  async refusal(room: string, user: string, code: ErrorCode): Promise<ErrorCode> {
    return code === 'not_a_member' ? this.#access.refusal(room, user) : code
  }

  async #change(draft: Draft): Promise<{ seq: number; at: number }> {
    const { seq, at } = await this.#append(draft)
    return { seq, at }
  }

  async #append(draft: Draft): Promise<Appended & { ok: true }> {
    const result = await this.#appended(draft)
    if (!result.ok) throw new YeoulError(await this.refusal(draft.room, draft.actor, result.code))
    return result
  }

  #appended(draft: Draft): Promise<Appended> {
    return new Promise((resolve) => this.#appends.push(draft, resolve))
  }

  #checkBody(body: string): void {
    if (body.length > this.#limits().bodyLength) throw new YeoulError('body_too_long')
    checkText(body)
    if (body.trim() === '') throw new YeoulError('bad_request', 'The message is empty.')
  }

  async #checkEpoch(room: string, user: string, epoch: number): Promise<void> {
    await this.#access.member(room, user)
    const now = this.#hotRooms.get(room)?.epoch ?? (await this.#log.head(room))?.epoch
    if (now !== epoch) throw new YeoulError('epoch_changed')
  }
}

/**
 * Where the notices of a page lie: with its messages, and on that side where the page meets what the caller has. So pages
 * that meet tell of each event once.
 */
function spanOf(range: PageRange, items: Message[], head: number): { after: number; before: number } {
  const first = items[0]
  const last = items.at(-1)
  const fromStart = first === undefined || first.n === 1 ? 0 : first.seq
  if (range.after !== undefined) return { after: range.after, before: last?.seq ?? range.after }
  if (range.before !== undefined) return { after: fromStart, before: range.before }
  const isNewest = range.around === undefined && range.aroundN === undefined
  return { after: fromStart, before: isNewest ? head + 1 : (last?.seq ?? 0) }
}

/** Cuts a range at the user's own leave, unless it is followed by a join of theirs (P5). */
export function endAtOwnLeave(events: RoomEvent[], user: string): RoomEvent[] {
  const last = events.findLastIndex((event) => (event.type === 'leave' || event.type === 'join') && event.user === user)
  return last >= 0 && events[last]?.type === 'leave' ? events.slice(0, last + 1) : events
}

/** The event that an appended draft became. */
export function eventOf(draft: Draft, appended: Appended & { ok: true }): RoomEvent {
  const { seq, at, n } = appended
  const { actor } = draft
  switch (draft.type) {
    case 'message': {
      const event: RoomEvent = {
        seq,
        type: 'message',
        at,
        actor,
        n,
        clientMessageId: draft.clientMessageId,
        body: draft.body,
      }
      if (draft.replyTo !== null) event.replyTo = draft.replyTo
      if (draft.mentions.length > 0) event.mentions = draft.mentions
      if (draft.files.length > 0) event.files = draft.files
      return event
    }
    case 'edit': {
      const event: RoomEvent = { seq, type: 'edit', at, actor, target: draft.target, body: draft.body }
      if (draft.mentions.length > 0) event.mentions = draft.mentions
      return event
    }
    case 'delete':
      return { seq, type: 'delete', at, actor, target: draft.target }
    case 'reaction':
      return { seq, type: 'reaction', at, actor, target: draft.target, emoji: draft.emoji, on: draft.on }
  }
}
