import type { ReactionSummary } from '../reactions.ts'

/** A room as it is in the database; only who holds the lease of its partition moves it. */
export interface WrittenRoom {
  pk: number
  seq: number
  n: number
  lastMessageSeq: number | null
}

/** A message of an earlier batch, as far as reactions need it. Null: there is none at this seq. */
export interface WrittenMessage {
  deleted: boolean
  reactions: string | null
}

/** An event as it is stored; a message with all that its own batch did to it. */
export interface EventRow {
  roomPk: number
  seq: number
  type: number
  at: number
  actorPk: number
  n: number
  clientMessageId: string | null
  body: string | null
  replyTo: number | null
  mentions: string | null
  files: string | null
  reactions: ReactionSummary
  editedAt: number | null
  deletedAt: number | null
  rev: number | null
  target: number | null
  subjectPk: number | null
  detail: string | null
  on: number | null
}

/** All that a batch does to one message of an earlier batch. */
export interface MessageChange {
  room: string
  roomPk: number
  seq: number
  rev: number
  /** The newest; who edits a message has sent it. */
  edit: { body: string | null; mentions: string | null; at: number; senderPk: number } | null
  deletedAt: number | null
  /** Null: no reaction changed. */
  reactions: ReactionSummary | null
}

export interface RoomChange {
  room: WrittenRoom
  seq: number
  n: number
  lastMessageSeq: number | null
  /** The time of the newest message of the batch; null when it has none. */
  lastAt: number | null
}

export interface CursorChange {
  roomPk: number
  userPk: number
  seq: number
  n: number
}

/** A message for one whom it mentions. */
export interface MentionChange {
  roomPk: number
  seq: number
  /** Null for a message of an earlier batch. */
  n: number | null
  actorPk: number
  user: string
}

export interface ReactionChange {
  roomPk: number
  target: number
  emoji: string
  userPk: number
  /** The event that set it; null when it was taken back. */
  seq: number | null
}

/** A batch as rows: each row of the database that it touches is in here once. */
export interface Folded {
  events: EventRow[]
  messages: MessageChange[]
  rooms: RoomChange[]
  cursors: CursorChange[]
  reactions: ReactionChange[]
  mentions: MentionChange[]
}
