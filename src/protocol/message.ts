import { type Message, type MessageEvent, REACTION_USERS, type Reaction, type RoomEvent } from './model.ts'

/** The message that a `message` event brings into being. */
export function messageOf(event: MessageEvent): Message {
  const message: Message = {
    seq: event.seq,
    n: event.n,
    sender: event.actor,
    clientMessageId: event.clientMessageId,
    body: event.body,
    at: event.at,
    mentions: event.mentions ?? [],
    reactions: [],
    files: event.files ?? [],
    rev: event.seq,
  }
  if (event.replyTo !== undefined) message.replyTo = event.replyTo
  return message
}

/**
 * The message after an event on it: a new object, or the same one when the event is about something else or is already
 * in it (`seq <= rev`). The server's hot pages and every client apply events by this one function, so they cannot differ.
 */
export function applyEvent(message: Message, event: RoomEvent): Message {
  if (event.seq <= message.rev) return message
  switch (event.type) {
    case 'edit':
      if (event.target !== message.seq || message.deletedAt !== undefined) return message
      // A null body says that a delete follows; the text itself is erased already.
      if (event.body === null) return { ...message, body: null, rev: event.seq }
      return { ...message, body: event.body, mentions: event.mentions ?? [], editedAt: event.at, rev: event.seq }
    case 'delete':
      if (event.target !== message.seq) return message
      return { ...message, body: null, mentions: [], files: [], reactions: [], deletedAt: event.at, rev: event.seq }
    case 'reaction':
      if (event.target !== message.seq || message.deletedAt !== undefined) return message
      return { ...message, reactions: react(message.reactions, event.emoji, event.actor, event.on), rev: event.seq }
    default:
      return message
  }
}

function react(reactions: Reaction[], emoji: string, user: string, on: boolean): Reaction[] {
  const i = reactions.findIndex((r) => r.emoji === emoji)
  const old = reactions[i]
  if (old === undefined) return on ? [...reactions, { emoji, count: 1, users: [user] }] : reactions
  const count = old.count + (on ? 1 : -1)
  if (count <= 0) return reactions.filter((r) => r !== old)
  const users = on
    ? old.users.length < REACTION_USERS
      ? [...old.users, user]
      : old.users
    : old.users.filter((u) => u !== user)
  return reactions.with(i, { emoji, count, users })
}
