import type { RoomEvent } from '../../../protocol/model.ts'
import { jsonList } from '../event-rows.ts'
import { type ReactionSummary, react } from '../reactions.ts'
import { eventTypeNumber } from '../tables.ts'
import { BadEntry, type ParsedEntry } from './write-back-entries.ts'
import type {
  CursorChange,
  EventRow,
  Folded,
  MentionChange,
  MessageChange,
  ReactionChange,
  RoomChange,
  WrittenMessage,
  WrittenRoom,
} from './write-back-rows.ts'

/** What must be known before a batch can be folded. */
export interface Known {
  rooms: Map<string, WrittenRoom>
  /** The key of each user by id. */
  users: Map<string, number>
  /** The messages of earlier batches on which this one has reactions, by `messageKey`. */
  messages: Map<string, WrittenMessage | null>
}

export function messageKey(room: string, seq: number): string {
  return `${room} ${seq}`
}

/**
 * Folds a batch into rows: counters and cursors to one step each, and what happens to a message to one change, in the order
 * of the log. Throws `BadEntry` at the first entry that does not fit.
 */
export function fold(batch: ParsedEntry[], known: Known): Folded {
  return new Folding(known).fold(batch)
}

class Folding {
  readonly #known: Known
  readonly #events: EventRow[] = []
  /** The messages that this batch brings, if it changes any at all, and the changes on earlier ones. */
  readonly #own = new Map<string, EventRow>()
  readonly #messages = new Map<string, MessageChange>()
  readonly #rooms = new Map<string, RoomChange>()
  readonly #cursors = new Map<string, CursorChange>()
  readonly #reactions = new Map<string, Map<string, ReactionChange>>()
  readonly #firstOfId = new Map<string, EventRow>()
  readonly #sharedIds = new Set<string>()
  #hasChanges = false

  constructor(known: Known) {
    this.#known = known
  }

  fold(batch: ParsedEntry[]): Folded {
    this.#hasChanges = batch.some(({ event }) => changesMessage(event))
    for (const entry of batch) this.#entry(entry)
    return {
      events: this.#events,
      messages: [...this.#messages.values()],
      rooms: [...this.#rooms.values()],
      cursors: [...this.#cursors.values()],
      reactions: [...this.#reactions.values()].flatMap((each) => [...each.values()]),
      mentions: this.#mentions(),
    }
  }

  /** Whom the batch's messages mention in the end, and those that it edits. */
  #mentions(): MentionChange[] {
    const mentions: MentionChange[] = []
    const note = (message: Omit<MentionChange, 'user'>, users: string) => {
      for (const user of JSON.parse(users) as string[]) mentions.push({ ...message, user })
    }
    for (const { roomPk, seq, n, actorPk, mentions: users } of this.#events)
      if (users !== null) note({ roomPk, seq, n, actorPk }, users)
    for (const { roomPk, seq, edit, deletedAt } of this.#messages.values())
      if (edit !== null && edit.mentions !== null && deletedAt === null)
        note({ roomPk, seq, n: null, actorPk: edit.senderPk }, edit.mentions)
    return mentions
  }

  #entry(entry: ParsedEntry): void {
    const room = this.#roomOf(entry)
    const { event } = entry
    const row = this.#row(entry, room.room.pk)
    switch (event.type) {
      case 'message':
        row.clientMessageId = this.#clientIdOnce(row, event.clientMessageId)
        row.body = event.body
        row.replyTo = event.replyTo ?? null
        row.mentions = jsonList(event.mentions)
        row.files = jsonList(event.files)
        row.rev = entry.seq
        // Erased before it was written: its delete follows, and should that be lost, the text stays erased all the same.
        if (event.body === null) row.deletedAt = event.at
        room.lastMessageSeq = entry.seq
        room.lastAt = event.at
        if (this.#hasChanges) this.#own.set(messageKey(entry.room, entry.seq), row)
        this.#moveCursor(room, row.actorPk, entry)
        break
      case 'edit':
        row.target = event.target
        this.#edit(entry, row, event.target, event.body, jsonList(event.mentions))
        break
      case 'delete':
        row.target = event.target
        this.#delete(entry, room.room.pk, event.target)
        break
      case 'reaction':
        row.target = event.target
        row.detail = event.emoji
        row.on = event.on ? 1 : 0
        this.#react(entry, room.room.pk, event.target, event.emoji, row.actorPk, event.on)
        break
      case 'join':
        row.subjectPk = this.#user(entry, event.user)
        row.detail = event.role
        // Who comes in has read what was before.
        this.#moveCursor(room, row.subjectPk, entry)
        break
      case 'member':
        row.subjectPk = this.#user(entry, event.user)
        row.detail = event.role
        break
      case 'leave':
        row.subjectPk = this.#user(entry, event.user)
        row.detail = event.reason
        break
      case 'room':
        row.detail = JSON.stringify(event.changes)
        break
    }
    this.#events.push(row)
    room.seq = entry.seq
    room.n = entry.n
  }

  #roomOf(entry: ParsedEntry): RoomChange {
    let change = this.#rooms.get(entry.room)
    if (change === undefined) {
      const room = this.#known.rooms.get(entry.room)
      if (room === undefined) throw new BadEntry(entry.partition, `there is no room ${entry.room}`)
      change = { room, seq: room.seq, n: room.n, lastMessageSeq: room.lastMessageSeq, lastAt: null }
      this.#rooms.set(entry.room, change)
    }
    const n = change.n + (entry.event.type === 'message' ? 1 : 0)
    if (entry.seq !== change.seq + 1 || entry.n !== n) {
      const found = `event ${entry.seq} (message ${entry.n})`
      const why = `room ${entry.room} goes on with ${found} after event ${change.seq} (message ${change.n})`
      throw new BadEntry(entry.partition, why, true)
    }
    return change
  }

  #row(entry: ParsedEntry, roomPk: number): EventRow {
    const { event } = entry
    return {
      roomPk,
      seq: entry.seq,
      type: eventTypeNumber(event.type),
      at: event.at,
      actorPk: this.#user(entry, event.actor),
      n: entry.n,
      clientMessageId: null,
      body: null,
      replyTo: null,
      mentions: null,
      files: null,
      reactions: [],
      editedAt: null,
      deletedAt: null,
      rev: null,
      target: null,
      subjectPk: null,
      detail: null,
      on: null,
    }
  }

  #user(entry: ParsedEntry, id: string): number {
    const pk = this.#known.users.get(id)
    if (pk === undefined) throw new BadEntry(entry.partition, `there is no user ${id}`)
    return pk
  }

  /** The log forgets ids after its window: a repeat later on is a message of its own, under a name of its own. */
  #clientIdOnce(row: EventRow, id: string): string {
    const first = this.#firstOfId.get(id)
    if (first === undefined) {
      this.#firstOfId.set(id, row)
      return id
    }
    // Ids are nearly always made to be the only one of their kind in the world; these are not.
    const key = `${row.roomPk} ${row.actorPk} ${id}`
    const taken = (first.roomPk === row.roomPk && first.actorPk === row.actorPk) || this.#sharedIds.has(key)
    this.#sharedIds.add(key)
    return taken ? renamed(id, row.seq) : id
  }

  #moveCursor({ room }: RoomChange, userPk: number, { seq, n }: ParsedEntry): void {
    this.#cursors.set(`${room.pk} ${userPk}`, { roomPk: room.pk, userPk, seq, n })
  }

  #edit(entry: ParsedEntry, row: EventRow, target: number, body: string | null, mentions: string | null): void {
    const { at } = entry.event
    const own = this.#own.get(messageKey(entry.room, target))
    if (own !== undefined) {
      own.editedAt = at
      own.rev = entry.seq
      if (own.deletedAt !== null) return
      own.body = body
      own.mentions = mentions
      if (body === null) erase(own, at)
      return
    }
    const change = this.#messageChange(entry, row.roomPk, target)
    change.edit = { body, mentions, at, senderPk: row.actorPk }
    if (body === null) this.#eraseWritten(change, at)
  }

  #delete(entry: ParsedEntry, roomPk: number, target: number): void {
    const own = this.#own.get(messageKey(entry.room, target))
    if (own !== undefined) {
      own.rev = entry.seq
      erase(own, entry.event.at)
      this.#reactions.delete(`${roomPk} ${target}`)
      return
    }
    this.#eraseWritten(this.#messageChange(entry, roomPk, target), entry.event.at)
  }

  /** The rows of its reactions go with it in the statement. */
  #eraseWritten(change: MessageChange, at: number): void {
    change.deletedAt = at
    change.reactions = null
    this.#reactions.delete(`${change.roomPk} ${change.seq}`)
  }

  #react(entry: ParsedEntry, roomPk: number, target: number, emoji: string, userPk: number, on: boolean): void {
    const key = messageKey(entry.room, target)
    const own = this.#own.get(key)
    if (own !== undefined) {
      own.rev = entry.seq
      if (own.deletedAt !== null) return
      own.reactions = react(own.reactions, emoji, userPk, on)
    } else {
      const written = this.#known.messages.get(key)
      if (written === undefined || written === null)
        throw new BadEntry(entry.partition, `room ${entry.room} has no message ${target} to react to`)
      const change = this.#messageChange(entry, roomPk, target)
      if (written.deleted || change.deletedAt !== null) return
      change.reactions ??= written.reactions === null ? [] : JSON.parse(written.reactions)
      change.reactions = react(change.reactions as ReactionSummary, emoji, userPk, on)
    }
    const place = `${roomPk} ${target}`
    let reactions = this.#reactions.get(place)
    if (reactions === undefined) {
      reactions = new Map()
      this.#reactions.set(place, reactions)
    }
    reactions.set(`${userPk} ${emoji}`, { roomPk, target, emoji, userPk, seq: on ? entry.seq : null })
  }

  #messageChange(entry: ParsedEntry, roomPk: number, target: number): MessageChange {
    const key = messageKey(entry.room, target)
    let change = this.#messages.get(key)
    if (change === undefined) {
      change = { room: entry.room, roomPk, seq: target, rev: 0, edit: null, deletedAt: null, reactions: null }
      this.#messages.set(key, change)
    }
    change.rev = entry.seq
    return change
  }
}

/** The messages of earlier batches whose reactions a batch changes. */
export function reactedBefore(batch: ParsedEntry[]): { room: string; seq: number }[] {
  if (!batch.some(({ event }) => event.type === 'reaction')) return []
  const own = new Set<string>()
  const found = new Map<string, { room: string; seq: number }>()
  for (const { room, seq, event } of batch) {
    if (event.type === 'message') own.add(messageKey(room, seq))
    else if (event.type === 'reaction') {
      const key = messageKey(room, event.target)
      if (!own.has(key)) found.set(key, { room, seq: event.target })
    }
  }
  return [...found.values()]
}

function changesMessage({ type }: RoomEvent): boolean {
  return type === 'edit' || type === 'delete' || type === 'reaction'
}

/** What a client message id is called when the room has it already. */
export function renamed(id: string, seq: number): string {
  return `${id}#${seq}`
}

function erase(row: EventRow, at: number): void {
  row.body = null
  row.mentions = null
  row.files = null
  row.reactions = []
  row.deletedAt = at
}
