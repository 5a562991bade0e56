/** The limits that `hello` tells and a `limits` push changes. Sizes are in UTF-16 units where they say length, in bytes otherwise. */
export interface Limits {
  /** The longest message body, in UTF-16 code units. */
  bodyLength: number
  /** The largest frame that a client may send, in bytes. */
  frameBytes: number
  /** Rooms that one session may be subscribed to. */
  subscriptions: number
  /** Rooms that one session may watch. */
  watched: number
  /** Messages a second that one session may send, on average; 0: no limit. */
  sendsPerSecond: number
  /** Commands of one connection that may be unanswered at a time. */
  inFlight: number
  /** The most events that a subscription catches up in one go. */
  catchUp: number
  /** `read` pushes go out only in rooms with at most this many members. */
  readReceiptMembers: number
  /** Presence names users only in rooms with at most this many online; above, it only counts. */
  presenceNames: number
  /** Different emoji on one message. */
  reactionsPerMessage: number
}

export const DEFAULT_LIMITS: Limits = {
  bodyLength: 8_000,
  frameBytes: 65_536,
  subscriptions: 200,
  watched: 1_000,
  sendsPerSecond: 20,
  inFlight: 1_024,
  catchUp: 1_000,
  readReceiptMembers: 100,
  presenceNames: 200,
  reactionsPerMessage: 50,
}

/** What `limits.bodyLength` may be at most. */
export const BODY_LENGTH_MAX = 60_000

/** Lengths that are part of the protocol, not options. */
export const USERNAME = /^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?$/
/** Of accounts that another service signs in: they have no password, and nobody can register such a name. */
export const EXTERNAL_USERNAME = /^ext-[0-9a-f]{24}$/
export const PASSWORD_LENGTH = { min: 8, max: 256 } as const
export const DISPLAY_NAME_LENGTH = { min: 1, max: 64 } as const
export const TITLE_LENGTH = { min: 1, max: 100 } as const
export const CLIENT_MESSAGE_ID_LENGTH = { min: 1, max: 64 } as const
export const EMOJI_LENGTH = { min: 1, max: 32 } as const
export const PAGE_LIMIT = { default: 50, max: 200 } as const
export const EVENTS_LIMIT = { default: 200, max: 1_000 } as const
/** People that one message mentions. */
export const MENTIONS_MAX = 50
/** Unread mentions of one room that a list of rooms names: the newest. */
export const UNREAD_MENTIONS_MAX = 100
/** The most members that any room may have. */
export const CAPACITY_MAX = 100_000
