import { factsAfter } from '../../src/protocol/facts.ts'
import type { HeadEntry, RoomNow } from '../../src/protocol/frames.ts'
import { UNREAD_MENTIONS_MAX } from '../../src/protocol/limits.ts'
import { applyEvent, messageOf } from '../../src/protocol/message.ts'
import type { Membership, Message, Position, Room, RoomEvent, RoomSummary } from '../../src/protocol/model.ts'
import type { RoomListEntry } from './api.ts'

/** One room of the list, as far as it is known: replaced, never changed. */
export interface Entry {
  room: Room
  /** Where the room's title, limits and member count, and the role in it, are known to be: heads tell of few of them. */
  factsAt: Position
  membership: Membership
  /** How many messages the room has had. */
  n: number
  /** The `n`s of messages that mention the user, rising; of those that were read some may still be here. */
  mentions: readonly number[]
  lastMessage: Message | null
  peer?: string
}

/** What a page of the list says, and what was heard live and may be ahead of it. */
export function entryOf(summary: RoomSummary, heard: Entry | undefined): Entry {
  const { room, membership, unread, unreadMentions = [], lastMessage, peer } = summary
  const n = membership.readN + unread
  const told: Entry = {
    ...{ room, factsAt: room.position, membership, n, mentions: unreadMentions, lastMessage },
    ...(peer && { peer }),
  }
  if (heard === undefined) return told
  let entry = told
  if (isAhead(heard.room.position, room.position)) {
    entry = {
      ...heard,
      room: { ...room, position: heard.room.position },
      factsAt: room.position,
      mentions: unreadMentions,
    }
  }
  entry.membership = withRead(membership, heard.membership.readSeq, heard.membership.readN)
  if (isAhead(heard.factsAt, room.position)) {
    entry.room = { ...heard.room, position: entry.room.position }
    entry.factsAt = heard.factsAt
    entry.membership = { ...entry.membership, role: heard.membership.role }
  }
  for (const mention of heard.mentions) if (mention > n) entry = withMention(entry, mention)
  return entry
}

export function withHead(entry: Entry, head: HeadEntry, me: string): Entry {
  const { position } = entry.room
  let { membership } = entry
  if (head.readN !== undefined) membership = withRead(membership, 0, head.readN)
  if (head.epoch === position.epoch && head.seq < position.seq) return { ...entry, membership }
  const told = head.lastMessage
  const lastMessage = told !== undefined && told.rev >= (entry.lastMessage?.rev ?? 0) ? told : entry.lastMessage
  if (lastMessage?.sender === me) membership = withRead(membership, lastMessage.seq, lastMessage.n)
  const isMentioned = lastMessage !== null && mentions(me, lastMessage.sender, lastMessage.mentions)
  return {
    ...(isMentioned ? withMention(entry, lastMessage.n) : entry),
    room: { ...entry.room, ...head.changes, position: { epoch: head.epoch, seq: head.seq } },
    membership,
    n: head.n,
    lastMessage: told !== undefined && head.epoch !== position.epoch ? told : lastMessage,
  }
}

export function withEvent(entry: Entry, event: RoomEvent, me: string): Entry {
  const { epoch, seq } = entry.room.position
  const next: Entry = { ...entry }
  // A head may have told of it already, but not of what it changed.
  if (event.seq > entry.factsAt.seq) {
    next.room = factsAfter(entry.room, event)
    next.factsAt = { epoch: entry.factsAt.epoch, seq: event.seq }
    if (event.type === 'member' && event.user === me) next.membership = { ...entry.membership, role: event.role }
  }
  if (event.seq > seq) next.room = { ...next.room, position: { epoch, seq: event.seq } }
  if (event.type === 'message') {
    if (event.n > entry.n) next.n = event.n
    if (mentions(me, event.actor, event.mentions ?? [])) next.mentions = withMention(entry, event.n).mentions
    if (event.seq > (entry.lastMessage?.seq ?? 0)) next.lastMessage = messageOf(event)
    if (event.actor === me) next.membership = withRead(entry.membership, event.seq, event.n)
  } else if (entry.lastMessage !== null) next.lastMessage = applyEvent(entry.lastMessage, event)
  return next
}

/** The room was opened: what happened to it while it was closed is in this. */
export function withNow(entry: Entry, { role, ...facts }: RoomNow, at: Position): Entry {
  if (isAhead(entry.factsAt, at)) return entry
  const position = isAhead(entry.room.position, at) ? entry.room.position : at
  const room = { ...entry.room, ...facts, position }
  return { ...entry, room, factsAt: at, membership: { ...entry.membership, role } }
}

export function withRead(membership: Membership, seq: number, n: number): Membership {
  if (n <= membership.readN) return membership
  return { ...membership, readSeq: Math.max(membership.readSeq, seq), readN: n }
}

export function withMention(entry: Entry, n: number): Entry {
  if (entry.mentions.includes(n)) return entry
  const mentions = [...entry.mentions, n].sort((a, b) => a - b).slice(-UNREAD_MENTIONS_MAX)
  return { ...entry, mentions }
}

/** The entry as it is shown. */
export function shownOf({ room, membership, n, mentions, lastMessage, peer }: Entry): RoomListEntry {
  const unreadMentions = mentions.filter((number) => number > membership.readN)
  return {
    ...{ room, membership, lastMessage },
    unread: Math.max(0, n - membership.readN),
    mentions: unreadMentions.length,
    unreadMentions,
    activeAt: lastMessage?.at ?? membership.joinedAt,
    ...(peer && { peer }),
  }
}

function mentions(me: string, sender: string, mentioned: readonly string[]): boolean {
  return sender !== me && mentioned.includes(me)
}

function isAhead(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.seq > b.seq
}
