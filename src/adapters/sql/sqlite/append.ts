import type { StatementSync } from 'node:sqlite'
import { UNREAD_MENTIONS_MAX } from '../../../protocol/limits.ts'
import { jsonList } from '../event-rows.ts'
import { type ReactionSummary, react } from '../reactions.ts'
import { DELETE, EDIT, LIVELY_STEP, MESSAGE, REACTION } from '../tables.ts'
import {
  APPENDED,
  DRAFT_WIDTH,
  type FlatDrafts,
  REFUSALS,
  REFUSED,
  REPEATED,
  RESULT_WIDTH,
  type Refusal,
} from './drafts.ts'
import type { CachedMember, CachedRoom, RoomCache } from './room-cache.ts'
import type { Sqlite } from './sqlite.ts'

interface Target {
  seq: number
  n: number
  actorPk: number
  deleted: boolean
  rev: number
  reactions: string | null
}

/**
 * The hot path: appends a batch of drafts inside the writer's transaction. A message costs one insert; the counters of each
 * room and the read cursor of each sender are written once a batch.
 */
export class Appender {
  readonly #cache: RoomCache
  readonly #statements: ReturnType<typeof prepareAll>
  readonly #rooms: CachedRoom[] = []
  readonly #senders: { room: CachedRoom; member: CachedMember }[] = []
  #at = 0
  #results = new Float64Array(0)
  #place = 0

  constructor(sqlite: Sqlite, cache: RoomCache) {
    this.#cache = cache
    this.#statements = prepareAll(sqlite)
  }

  /** Answers RESULT_WIDTH doubles per draft. When it throws, the cache is to be cleared. */
  append(at: number, drafts: FlatDrafts): Float64Array {
    this.#at = at
    this.#results = new Float64Array((drafts.length / DRAFT_WIDTH) * RESULT_WIDTH)
    this.#rooms.length = 0
    this.#senders.length = 0
    this.#place = 0
    for (let i = 0; i < drafts.length; i += DRAFT_WIDTH) {
      const refusal = this.#appendOne(drafts, i)
      if (refusal !== null) this.#answer(REFUSED + REFUSALS.indexOf(refusal), 0, 0, 0, 0)
      this.#place += RESULT_WIDTH
    }
    this.#storeCounters()
    return this.#results
  }

  /** Answers the draft, or says why it is refused. */
  #appendOne(drafts: FlatDrafts, i: number): Refusal | null {
    const type = drafts[i] as number
    const actor = drafts[i + 2] as string
    const room = this.#cache.room(drafts[i + 1] as string)
    if (room === null) return 'room_not_found'
    const member = this.#cache.member(room, actor)
    if (member === null) {
      // Who sent it before leaving is told so: nothing is appended by that.
      if (type === MESSAGE && this.#repeatOfFormerMember(room, actor, drafts[i + 4] as string)) return null
      return 'not_a_member'
    }
    if (type === MESSAGE) return this.#message(room, member, drafts, i)
    const target = this.#target(room, drafts[i + 3] as number)
    if (target === null) return 'message_not_found'
    switch (type) {
      case EDIT:
        return this.#edit(room, member, target, drafts, i)
      case DELETE:
        return this.#delete(room, member, target, drafts, i)
      default:
        return this.#react(room, member, target, drafts, i)
    }
  }

  #message(room: CachedRoom, member: CachedMember, drafts: FlatDrafts, i: number): Refusal | null {
    const replyTo = drafts[i + 3] as number | null
    if (replyTo !== null && this.#target(room, replyTo) === null) return 'message_not_found'
    const clientMessageId = drafts[i + 4] as string
    const body = drafts[i + 5] as string
    const seq = room.seq + 1
    const n = room.n + 1
    // The unique index finds a repeat (P3); then no seq is taken.
    const { changes } = this.#statements.insertMessage.run(
      room.pk,
      seq,
      this.#at,
      member.userPk,
      n,
      clientMessageId,
      body,
      replyTo,
      drafts[i + 6] as string | null,
      drafts[i + 7] as string | null,
      seq,
    )
    if (changes === 0) {
      this.#repeat(room, member.userPk, clientMessageId)
      return null
    }
    this.#mention(room, member, seq, n, drafts[i + 6] as string | null)
    this.#touch(room)
    room.seq = seq
    room.n = n
    room.lastMessageSeq = seq
    if (member.sentSeq === 0) this.#senders.push({ room, member })
    member.sentSeq = seq
    member.sentN = n
    this.#answer(APPENDED, room.epoch, seq, n, this.#at)
    return null
  }

  #edit(room: CachedRoom, member: CachedMember, target: Target, drafts: FlatDrafts, i: number): Refusal | null {
    if (target.actorPk !== member.userPk) return 'not_the_sender'
    if (target.deleted) return 'message_deleted'
    const seq = this.#change(room, member, EDIT, target.seq, null, null)
    const body = drafts[i + 5] as string
    const mentions = drafts[i + 6] as string | null
    this.#statements.editMessage.run(body, mentions, this.#at, seq, room.pk, target.seq)
    this.#statements.eraseMentions.run(room.pk, target.seq)
    this.#mention(room, member, target.seq, target.n, mentions)
    return null
  }

  #delete(room: CachedRoom, member: CachedMember, target: Target, drafts: FlatDrafts, i: number): Refusal | null {
    const moderate = drafts[i + 5] === 1
    if (target.actorPk !== member.userPk && !moderate) return 'not_the_sender'
    if (target.deleted) return 'message_deleted'
    const seq = this.#change(room, member, DELETE, target.seq, null, null)
    this.#statements.eraseMessage.run(this.#at, seq, room.pk, target.seq)
    this.#statements.eraseMentions.run(room.pk, target.seq)
    if (target.reactions !== null) this.#statements.eraseReactions.run(room.pk, target.seq)
    return null
  }

  #react(room: CachedRoom, member: CachedMember, target: Target, drafts: FlatDrafts, i: number): Refusal | null {
    if (target.deleted) return 'message_deleted'
    const emoji = drafts[i + 4] as string
    const on = drafts[i + 5] === 1
    const has = this.#statements.findReaction.get(room.pk, target.seq, emoji, member.userPk) !== undefined
    if (has === on) {
      this.#answer(REPEATED, room.epoch, target.rev, 0, this.#at)
      return null
    }
    const summary: ReactionSummary = target.reactions === null ? [] : JSON.parse(target.reactions)
    const entry = summary.find((each) => each[0] === emoji)
    if (on && entry === undefined && summary.length >= (drafts[i + 6] as number)) {
      return 'too_many_reactions'
    }
    const seq = this.#change(room, member, REACTION, target.seq, emoji, on ? 1 : 0)
    if (on) this.#statements.insertReaction.run(room.pk, target.seq, emoji, member.userPk, seq)
    else this.#statements.deleteReaction.run(room.pk, target.seq, emoji, member.userPk)
    const changed = react(summary, emoji, member.userPk, on)
    this.#statements.setReactions.run(jsonList(changed), seq, room.pk, target.seq)
    return null
  }

  /** Notes the message for each member whom it mentions and who has not read so far; then the oldest that are too many go. */
  #mention(room: CachedRoom, sender: CachedMember, seq: number, n: number, mentions: string | null): void {
    if (mentions === null) return
    const members = this.#statements.findMentioned.all(mentions, room.pk) as unknown as [number, number][]
    for (const [userPk, readSeq] of members) {
      if (userPk === sender.userPk || readSeq >= seq) continue
      this.#statements.insertMention.run(userPk, room.pk, seq, n)
      this.#statements.trimMentions.run(userPk, room.pk, readSeq, userPk, room.pk)
    }
  }

  /** Appends an event on a message and answers its draft. */
  #change(
    room: CachedRoom,
    member: CachedMember,
    type: number,
    target: number,
    detail: string | null,
    on: number | null,
  ): number {
    const seq = room.seq + 1
    this.#statements.insertChange.run(room.pk, seq, type, this.#at, member.userPk, room.n, target, detail, on)
    this.#touch(room)
    room.seq = seq
    this.#answer(APPENDED, room.epoch, seq, 0, this.#at)
    return seq
  }

  #target(room: CachedRoom, seq: number): Target | null {
    const row = this.#statements.findMessage.get(room.pk, seq) as unknown as
      | [number, number | null, number, string | null, number]
      | undefined
    if (row === undefined) return null
    return { seq, n: row[4], actorPk: row[0], deleted: row[1] !== null, rev: row[2], reactions: row[3] }
  }

  #repeatOfFormerMember(room: CachedRoom, user: string, clientMessageId: string): boolean {
    const row = this.#statements.findUser.get(user) as unknown as [number] | undefined
    return row !== undefined && this.#repeat(room, row[0], clientMessageId)
  }

  #repeat(room: CachedRoom, userPk: number, clientMessageId: string): boolean {
    const row = this.#statements.findRepeat.get(room.pk, userPk, clientMessageId) as unknown as
      | [number, number, number]
      | undefined
    if (row === undefined) return false
    this.#answer(REPEATED, room.epoch, row[0], row[1], row[2])
    return true
  }

  #touch(room: CachedRoom): void {
    if (room.touched) return
    room.touched = true
    this.#rooms.push(room)
  }

  #storeCounters(): void {
    const { setRoom, setLively, setReadCursor } = this.#statements
    for (const room of this.#rooms) {
      const { changes } = setRoom.run(
        room.seq,
        room.n,
        room.lastMessageSeq,
        room.lastMessageSeq !== null && room.lastMessageSeq > room.storedSeq ? this.#at : null,
        room.pk,
        room.storedSeq,
      )
      if (changes !== 1) throw new Error(`room ${room.id} changed beside the writer`)
      room.storedSeq = room.seq
      room.touched = false
      if (this.#at - room.livelyAt >= LIVELY_STEP && room.lastMessageSeq !== null) {
        setLively.run(this.#at, room.pk)
        room.livelyAt = this.#at
      }
    }
    for (const { room, member } of this.#senders) {
      setReadCursor.run(member.sentSeq, member.sentN, room.pk, member.userPk, member.sentSeq)
      member.sentSeq = 0
    }
  }

  #answer(state: number, epoch: number, seq: number, n: number, at: number): void {
    const results = this.#results
    results[this.#place] = state
    results[this.#place + 1] = epoch
    results[this.#place + 2] = seq
    results[this.#place + 3] = n
    results[this.#place + 4] = at
  }
}

function prepareAll({ prepare }: Sqlite) {
  return {
    insertMessage: prepare(`
      INSERT INTO events (room_pk, seq, type, at, actor_pk, n, client_message_id, body, reply_to, mentions, files, rev)
      VALUES (?, ?, ${MESSAGE}, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (room_pk, actor_pk, client_message_id) WHERE client_message_id IS NOT NULL DO NOTHING`),
    insertChange: prepare(`
      INSERT INTO events (room_pk, seq, type, at, actor_pk, n, target, detail, is_on)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    findRepeat: prepare(`
      SELECT seq, n, at FROM events WHERE room_pk = ? AND actor_pk = ? AND client_message_id = ?`),
    findUser: prepare('SELECT pk FROM users WHERE id = ?'),
    findMessage: prepare(`
      SELECT actor_pk, deleted_at, rev, reactions, n FROM events WHERE room_pk = ? AND seq = ? AND type = ${MESSAGE}`),
    editMessage: prepare(`
      UPDATE events SET body = ?, mentions = ?, edited_at = ?, rev = ? WHERE room_pk = ? AND seq = ?`),
    eraseMessage: prepare(`
      UPDATE events SET body = NULL, mentions = NULL, files = NULL, reactions = NULL, deleted_at = ?, rev = ?
      WHERE room_pk = ? AND seq = ?`),
    eraseReactions: prepare('DELETE FROM reactions WHERE room_pk = ? AND target = ?'),
    findReaction: prepare(`
      SELECT 1 FROM reactions WHERE room_pk = ? AND target = ? AND emoji = ? AND user_pk = ?`),
    insertReaction: prepare('INSERT INTO reactions (room_pk, target, emoji, user_pk, seq) VALUES (?, ?, ?, ?, ?)'),
    deleteReaction: prepare(`
      DELETE FROM reactions WHERE room_pk = ? AND target = ? AND emoji = ? AND user_pk = ?`),
    setReactions: prepare('UPDATE events SET reactions = ?, rev = ? WHERE room_pk = ? AND seq = ?'),
    findMentioned: prepare(`
      SELECT m.user_pk, m.read_seq FROM json_each(?) j JOIN users u ON u.id = j.value
      JOIN members m ON m.room_pk = ? AND m.user_pk = u.pk`),
    insertMention: prepare('INSERT OR IGNORE INTO mentions (user_pk, room_pk, seq, n) VALUES (?, ?, ?, ?)'),
    trimMentions: prepare(`
      DELETE FROM mentions WHERE user_pk = ? AND room_pk = ? AND seq <= max(?, coalesce((
        SELECT seq FROM mentions WHERE user_pk = ? AND room_pk = ?
        ORDER BY seq DESC LIMIT 1 OFFSET ${UNREAD_MENTIONS_MAX}), 0))`),
    eraseMentions: prepare('DELETE FROM mentions WHERE room_pk = ? AND seq = ?'),
    setRoom: prepare(`
      UPDATE rooms SET seq = ?, n = ?, last_message_seq = ?, last_at = coalesce(?, last_at) WHERE pk = ? AND seq = ?`),
    setLively: prepare('UPDATE rooms SET lively_at = ? WHERE pk = ?'),
    setReadCursor: prepare(`
      UPDATE members SET read_seq = ?, read_n = ? WHERE room_pk = ? AND user_pk = ? AND read_seq < ?`),
  } satisfies Record<string, StatementSync>
}
