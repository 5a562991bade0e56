import type { LeaveReason, MemberRole, Message, RoomEvent } from '../../protocol/model.ts'
import type { NoticeEvent } from '../../protocol/notice.ts'
import type { ReactionSummary } from './reactions.ts'
import { EVENT_TYPES } from './tables.ts'

/** How a list is kept: as NULL when it is empty, as most are. */
export function jsonList(list: unknown[] | undefined): string | null {
  return list === undefined || list.length === 0 ? null : JSON.stringify(list)
}

/** The columns of an event in the order in which both databases select them; an edit has its message's body and mentions. */
export type EventColumns = [
  seq: number,
  type: number,
  at: number,
  actorPk: number,
  n: number,
  clientMessageId: string | null,
  body: string | null,
  replyTo: number | null,
  mentions: string | null,
  files: string | null,
  target: number | null,
  subjectPk: number | null,
  detail: string | null,
  on: number | null,
]

/** The columns of a message, in the order of MESSAGE_COLUMNS. */
export type MessageColumns = [
  seq: number,
  n: number,
  at: number,
  actorPk: number,
  clientMessageId: string,
  body: string | null,
  replyTo: number | null,
  mentions: string | null,
  files: string | null,
  reactions: string | null,
  editedAt: number | null,
  deletedAt: number | null,
  rev: number,
]

export const MESSAGE_COLUMNS =
  'seq, n, at, actor_pk, client_message_id, body, reply_to, mentions, files, reactions, edited_at, deleted_at, rev'

/** `userId` answers the id of each user key in the row. */
export function eventOf(row: EventColumns, userId: (pk: number) => string): RoomEvent {
  const [seq, type, at, actorPk, n, clientMessageId, body, replyTo, mentions, files, target, subjectPk, detail, on] =
    row
  const actor = userId(actorPk)
  const name = EVENT_TYPES[type]
  switch (name) {
    case 'message':
      return {
        type: name,
        seq,
        at,
        actor,
        n,
        clientMessageId: clientMessageId as string,
        body,
        ...(replyTo !== null && { replyTo }),
        ...(mentions !== null && { mentions: JSON.parse(mentions) }),
        ...(files !== null && { files: JSON.parse(files) }),
      }
    case 'edit':
      return {
        type: name,
        seq,
        at,
        actor,
        target: target as number,
        body,
        ...(mentions !== null && { mentions: JSON.parse(mentions) }),
      }
    case 'delete':
      return { type: name, seq, at, actor, target: target as number }
    case 'reaction':
      return { type: name, seq, at, actor, target: target as number, emoji: detail as string, on: on === 1 }
    case 'join':
    case 'member':
      return { type: name, seq, at, actor, user: userId(subjectPk as number), role: detail as MemberRole }
    case 'leave':
      return { type: name, seq, at, actor, user: userId(subjectPk as number), reason: detail as LeaveReason }
    case 'room':
      return { type: name, seq, at, actor, changes: JSON.parse(detail as string) }
  }
  throw new Error(`event ${seq} has the unknown type ${type}`)
}

/** What a port answers for the notices that were found in a range. */
export function noticesOf(
  found: { event: RoomEvent; n: number }[],
  { before, limit }: { before: number; limit: number },
): { events: { event: NoticeEvent; n: number }[]; through: number } {
  const events = found as { event: NoticeEvent; n: number }[]
  return { events, through: events.length < limit ? before - 1 : (events.at(-1) as { event: NoticeEvent }).event.seq }
}

export function messageOf(row: MessageColumns, userId: (pk: number) => string): Message {
  const [seq, n, at, actorPk, clientMessageId, body, replyTo, mentions, files, reactions, editedAt, deletedAt, rev] =
    row
  return {
    seq,
    n,
    sender: userId(actorPk),
    clientMessageId,
    body,
    at,
    ...(editedAt !== null && { editedAt }),
    ...(deletedAt !== null && { deletedAt }),
    ...(replyTo !== null && { replyTo }),
    mentions: mentions === null ? [] : JSON.parse(mentions),
    reactions:
      reactions === null
        ? []
        : (JSON.parse(reactions) as ReactionSummary).map(([emoji, count, users]) => ({
            emoji,
            count,
            users: users.map((pk) => userId(pk)),
          })),
    files: files === null ? [] : JSON.parse(files),
    rev,
  }
}
