import type { Appended, Draft, MessageDraft, ReactionDraft } from '../../../ports/log.ts'
import type { ErrorCode } from '../../../protocol/errors.ts'
import { jsonList } from '../event-rows.ts'
import { type ReactionSummary, react } from '../reactions.ts'
import { eventTypeNumber, LIVELY_STEP } from '../tables.ts'

/** A room that the transaction holds: its counters as they are stored. */
export interface HeldRoom {
  readonly pk: number
  readonly epoch: number
  readonly storedSeq: number
  readonly livelyAt: number
  seq: number
  n: number
  lastMessageSeq: number | null
  touched: boolean
}

export interface Target {
  readonly n: number
  readonly actorPk: number
  deleted: boolean
  rev: number
  reactions: string | null
}

/** A draft with the keys of its room and its actor; undefined for what does not exist. */
export interface KeyedDraft {
  draft: Draft
  roomPk: number | undefined
  actorPk: number | undefined
}

/** What the transaction sees of the drafts' rooms, once it holds them. */
export interface Seen {
  rooms: Map<number, HeldRoom>
  /** Drafts, by their place, whose actor is no member. */
  outsiders: Set<number>
  /** Messages, by their draft's place, that were stored before. */
  repeats: Map<number, { seq: number; n: number; at: number }>
  /** Messages that drafts refer to, by `placeOf`. */
  targets: Map<string, Target>
  /** Reactions that are set, by `reactionOf`. */
  reactions: Set<string>
}

export function placeOf(roomPk: number, seq: number): string {
  return `${roomPk} ${seq}`
}

export function reactionOf(roomPk: number, target: number, userPk: number, emoji: string): string {
  return `${roomPk} ${target} ${userPk} ${emoji}`
}

/** A new message. */
export interface NewMessage {
  room: HeldRoom
  seq: number
  n: number
  actorPk: number
  draft: MessageDraft
}

/** A new event on a message. */
export interface NewChange {
  room: HeldRoom
  seq: number
  type: number
  actorPk: number
  n: number
  target: number
  detail: string | null
  on: number | null
}

/** What becomes of a message; its last edit counts, and a deletion more than any. */
export interface Patch {
  roomPk: number
  seq: number
  n: number
  actorPk: number
  rev: number
  edit: { body: string; mentions: string[] } | null
  deleted: boolean
  /** Whether `reactions` is to be stored. */
  reacted: boolean
  reactions: string | null
}

/** A message as it is in the end, for one whom it mentions. */
export interface NewMention {
  roomPk: number
  seq: number
  n: number
  actorPk: number
  user: string
}

/** A reaction as it is in the end: `seq` of the event that set it, or null when it was taken back. */
export interface ReactionState {
  roomPk: number
  target: number
  userPk: number
  emoji: string
  seq: number | null
}

/**
 * Decides what a batch of drafts does, one after the other, each on what those before it left: who is refused, who repeats,
 * which seq the others get. It touches no database; what is to be stored stands in its fields.
 */
export class AppendPlan {
  readonly results: Appended[] = []
  readonly messages: NewMessage[] = []
  readonly changes: NewChange[] = []
  readonly patches = new Map<string, Patch>()
  readonly reactions = new Map<string, ReactionState>()
  /** The newest message of each sender in each room, by `placeOf` of their keys. */
  readonly cursors = new Map<string, NewMessage>()
  readonly #seen: Seen
  readonly #at: number
  /** Messages of this very batch, so that a repeat within it is found. */
  readonly #sent = new Map<string, NewMessage>()

  constructor(at: number, drafts: KeyedDraft[], seen: Seen) {
    this.#at = at
    this.#seen = seen
    drafts.forEach((draft, i) => {
      const outcome = this.#appendOne(draft, i)
      this.results.push(typeof outcome === 'string' ? { ok: false, code: outcome } : outcome)
    })
  }

  /** The rooms whose counters move. */
  touchedRooms(): HeldRoom[] {
    return [...this.#seen.rooms.values()].filter((room) => room.touched)
  }

  /** Whether `lively_at` of a room is to follow. */
  isLivelier(room: HeldRoom): boolean {
    return this.hasSpoken(room) && this.#at - room.livelyAt >= LIVELY_STEP
  }

  /** Whether the batch has a message for the room. */
  hasSpoken(room: HeldRoom): boolean {
    return room.lastMessageSeq !== null && room.lastMessageSeq > room.storedSeq
  }

  /** Whom new messages mention, and edited ones now. */
  mentions(): NewMention[] {
    const mentions: NewMention[] = []
    const note = (roomPk: number, { seq, n, actorPk }: NewMessage | Patch, users: string[]) => {
      for (const user of users) mentions.push({ roomPk, seq, n, actorPk, user })
    }
    for (const message of this.messages) {
      const patch = this.patches.get(placeOf(message.room.pk, message.seq))
      if (patch === undefined || (patch.edit === null && !patch.deleted))
        note(message.room.pk, message, message.draft.mentions)
    }
    for (const patch of this.patches.values())
      if (patch.edit !== null && !patch.deleted) note(patch.roomPk, patch, patch.edit.mentions)
    return mentions
  }

  #appendOne({ draft, roomPk, actorPk }: KeyedDraft, i: number): Appended | ErrorCode {
    const room = roomPk === undefined ? undefined : this.#seen.rooms.get(roomPk)
    if (room === undefined) return 'room_not_found'
    if (actorPk === undefined) return 'not_a_member'
    if (this.#seen.outsiders.has(i)) {
      // Who sent it before leaving is told so: nothing is appended by that.
      const repeat = draft.type === 'message' ? this.#repeat(room, i) : null
      return repeat ?? 'not_a_member'
    }
    if (draft.type === 'message') return this.#message(room, actorPk, draft, i)
    const target = this.#seen.targets.get(placeOf(room.pk, draft.target))
    if (target === undefined) return 'message_not_found'
    switch (draft.type) {
      case 'edit': {
        if (target.actorPk !== actorPk) return 'not_the_sender'
        if (target.deleted) return 'message_deleted'
        const change = this.#change(room, actorPk, draft, target)
        this.#patchOf(room, draft.target, target).edit = draft
        return change
      }
      case 'delete': {
        if (target.actorPk !== actorPk && !draft.moderate) return 'not_the_sender'
        if (target.deleted) return 'message_deleted'
        const change = this.#change(room, actorPk, draft, target)
        target.deleted = true
        target.reactions = null
        this.#patchOf(room, draft.target, target).deleted = true
        return change
      }
      case 'reaction':
        return this.#react(room, actorPk, draft, target)
    }
  }

  #message(room: HeldRoom, actorPk: number, draft: MessageDraft, i: number): Appended | ErrorCode {
    if (draft.replyTo !== null && !this.#seen.targets.has(placeOf(room.pk, draft.replyTo))) return 'message_not_found'
    const repeat = this.#repeat(room, i)
    if (repeat !== null) return repeat
    const id = `${room.pk} ${actorPk} ${draft.clientMessageId}`
    const before = this.#sent.get(id)
    if (before !== undefined) return this.#answer(room, before.seq, before.n, true)
    const seq = ++room.seq
    const n = ++room.n
    room.lastMessageSeq = seq
    room.touched = true
    const message: NewMessage = { room, seq, n, actorPk, draft }
    this.messages.push(message)
    this.#sent.set(id, message)
    this.cursors.set(placeOf(room.pk, actorPk), message)
    this.#seen.targets.set(placeOf(room.pk, seq), { n, actorPk, deleted: false, rev: seq, reactions: null })
    return this.#answer(room, seq, n, false)
  }

  #repeat(room: HeldRoom, i: number): Appended | null {
    const repeat = this.#seen.repeats.get(i)
    return repeat === undefined ? null : { ok: true, epoch: room.epoch, ...repeat, duplicate: true }
  }

  #react(room: HeldRoom, actorPk: number, draft: ReactionDraft, target: Target): Appended | ErrorCode {
    if (target.deleted) return 'message_deleted'
    const { emoji, on } = draft
    const place = reactionOf(room.pk, draft.target, actorPk, emoji)
    if (this.#seen.reactions.has(place) === on) return this.#answer(room, target.rev, 0, true)
    const summary: ReactionSummary = target.reactions === null ? [] : JSON.parse(target.reactions)
    if (on && summary.length >= draft.most && !summary.some((each) => each[0] === emoji)) return 'too_many_reactions'
    const change = this.#change(room, actorPk, draft, target)
    const { seq } = change
    this.reactions.set(place, { roomPk: room.pk, target: draft.target, userPk: actorPk, emoji, seq: on ? seq : null })
    if (on) this.#seen.reactions.add(place)
    else this.#seen.reactions.delete(place)
    const changed = react(summary, emoji, actorPk, on)
    target.reactions = jsonList(changed)
    const patch = this.#patchOf(room, draft.target, target)
    patch.reacted = true
    patch.reactions = target.reactions
    return change
  }

  /** Appends an event on a message. */
  #change(
    room: HeldRoom,
    actorPk: number,
    draft: Exclude<Draft, MessageDraft>,
    target: Target,
  ): Appended & { ok: true } {
    const seq = ++room.seq
    room.touched = true
    target.rev = seq
    this.changes.push({
      room,
      seq,
      type: eventTypeNumber(draft.type),
      actorPk,
      n: room.n,
      target: draft.target,
      detail: draft.type === 'reaction' ? draft.emoji : null,
      on: draft.type === 'reaction' ? Number(draft.on) : null,
    })
    return this.#answer(room, seq, 0, false)
  }

  #patchOf(room: HeldRoom, seq: number, { n, actorPk, rev }: Target): Patch {
    const place = placeOf(room.pk, seq)
    let patch = this.patches.get(place)
    if (patch === undefined) {
      patch = { roomPk: room.pk, seq, n, actorPk, rev, edit: null, deleted: false, reacted: false, reactions: null }
      this.patches.set(place, patch)
    }
    patch.rev = rev
    return patch
  }

  #answer(room: HeldRoom, seq: number, n: number, duplicate: boolean): Appended & { ok: true } {
    return { ok: true, epoch: room.epoch, seq, n, at: this.#at, duplicate }
  }
}
