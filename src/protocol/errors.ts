/**
 * Every error that Yeoul answers, one row each: the only place where a code, its HTTP status, its close code and its
 * retryability are decided. `docs/errors.md` is made from this table and a test keeps the two equal.
 */

export interface ErrorRow {
  /** HTTP status of the problem document. */
  readonly status: number
  /** WebSocket close code, when this error ends the connection. */
  readonly close?: number
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean
  readonly meaning: string
}

const row = (status: number, retryable: boolean, meaning: string, close?: number): ErrorRow =>
  close === undefined ? { status, retryable, meaning } : { status, retryable, meaning, close }

export const ERRORS = {
  // Requests that must change before they can succeed
  bad_request: row(400, false, 'The request does not fit its schema; `detail` says where.'),
  bad_frame: row(400, false, 'The frame is not a JSON object or an array of them in UTF-8.', 4400),
  unknown_op: row(400, false, 'No such operation; the connection goes on.'),
  body_too_long: row(400, false, 'The message body is longer than `limits.bodyLength`.'),
  bad_text: row(400, false, 'The text holds U+0000 or a lone surrogate, which no database can keep.'),
  payload_too_large: row(413, false, 'The request body is larger than the server takes.'),
  headers_too_large: row(431, false, 'The address and the headers of the request are larger than the server takes.'),
  request_timeout: row(408, true, 'The request did not come to its end in time.'),
  frame_too_large: row(413, false, 'The frame is larger than `limits.frameBytes`.', 4413),
  unsupported_media_type: row(415, false, 'The request body must be `application/json`.'),
  not_found: row(404, false, 'There is nothing at this address.'),
  method_not_allowed: row(405, false, 'This address does not take this method.'),

  // Who is asking
  hello_required: row(401, false, 'The first command must be `hello`.', 4401),
  hello_timeout: row(401, true, 'No `hello` came in time.', 4408),
  unauthenticated: row(401, false, 'There is no valid access token.', 4401),
  token_expired: row(401, false, 'The access token has expired; get a new one with the refresh token.', 4401),
  session_ended: row(401, false, 'The login behind this token has ended (logout, ban or password change).', 4401),
  bad_credentials: row(401, false, 'The user name or the password is wrong.'),
  refresh_invalid: row(401, false, 'The refresh token is unknown, expired or revoked.'),
  refresh_reused: row(401, false, 'The refresh token was spent before; its whole family is revoked.'),
  csrf_header_required: row(403, false, 'A cookie session needs the header `X-Yeoul: 1`.'),
  origin_not_allowed: row(403, false, 'This browser origin is not on the allow-list.', 4403),
  account_disabled: row(403, false, 'The account is disabled.', 4403),
  forbidden: row(403, false, 'The caller may not do this.'),

  // Accounts
  username_taken: row(409, false, 'The user name is taken.'),
  registration_closed: row(403, false, 'This server does not take registrations.'),
  setup_token_invalid: row(403, false, 'The set-up link is wrong, spent or expired.'),
  user_not_found: row(404, false, 'No such user.'),
  reset_token_invalid: row(403, false, 'The reset link is wrong, spent or expired.'),
  last_admin: row(409, false, 'No admin would be left who can sign in; make somebody else an admin first.'),
  session_not_found: row(404, false, 'The caller has no such login, or it has ended.'),

  // Rooms and membership
  room_not_found: row(404, false, 'No such room, or none that the caller may know of.'),
  not_a_member: row(403, false, 'The caller is not a member of this room.'),
  room_full: row(409, false, 'The room has as many members as it may have.'),
  banned: row(403, false, 'The user is banned from this room.'),
  capacity_too_small: row(409, false, 'The room has more members than the new capacity.'),
  last_owner: row(409, false, 'A room keeps at least one owner; hand over the role first.'),
  wrong_room_kind: row(409, false, 'A room of this kind does not allow that.'),
  not_subscribed: row(409, false, 'The session is not subscribed to this room.'),

  // Messages
  message_not_found: row(404, false, 'No message at this seq.'),
  message_deleted: row(409, false, 'The message was deleted.'),
  not_the_sender: row(403, false, 'Only the sender may do this to a message.'),
  too_many_reactions: row(409, false, 'The message has as many different reactions as it may have.'),
  epoch_changed: row(409, false, 'The room lives in another epoch than the command names; subscribe again.'),
  files_not_supported: row(400, false, 'This server has no file service.'),

  // The server's configuration
  config_changed: row(
    409,
    false,
    'The configuration was changed since the version that the caller names; read it again.',
  ),

  // Entries of the log that the database refused
  parked_not_found: row(404, false, 'No such entry is parked; it may have been written or dropped meanwhile.'),
  parked_refused: row(409, false, 'The database refused the entry once more; `detail` says why.'),

  // Limits: every one is an outcome with a name
  rate_limited: row(429, true, 'Too many requests; `retryAfterMs` says when to try again.'),
  too_many_commands: row(429, true, 'The connection sent far more commands than its limits allow.', 4429),
  too_many_in_flight: row(429, true, 'More commands are unanswered on this connection than `limits.inFlight`.'),
  too_many_subscriptions: row(409, false, 'The session has as many subscriptions as `limits.subscriptions`.'),
  too_many_watched: row(400, false, 'The list is longer than `limits.watched`.'),
  too_many_connections: row(503, true, 'The node or the address has as many connections as it may have.', 4503),
  slow_consumer: row(503, true, 'The connection did not read what was sent to it.', 4508),
  frame_timeout: row(408, true, 'A frame was begun and not finished in time, or while too many others were not.', 4408),
  heartbeat_timeout: row(408, true, 'Nothing was heard from the client for two heartbeats.', 4408),

  // The server's own state
  overloaded: row(503, true, 'More messages wait to be stored than the node holds; nothing was stored.'),
  unavailable: row(503, true, 'A part that this request needs is down; nothing was stored.'),
  log_full: row(507, true, 'The log has no memory left until its events are in the database; nothing was stored.'),
  log_fenced: row(503, true, 'The log was restarted or lost data; nothing is stored until its rooms have a new epoch.'),
  storage_full: row(507, true, 'The disk is full; nothing was stored, reading goes on.'),
  draining: row(503, true, 'The node is shutting down; connect again.', 4503),
  internal: row(500, true, 'The server failed; the log of the server names the cause.', 4500),
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

/** An outcome that the caller is told: thrown by core, turned into a reply, a problem document or a close by a transport. */
export class YeoulError extends Error {
  readonly code: ErrorCode
  /** When to try again, in ms from now. */
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message?: string, retryAfterMs?: number) {
    super(message ?? ERRORS[code].meaning)
    this.name = 'YeoulError'
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

/** The close code of an error that ends the connection; undefined for one that does not. */
export function closeCodeOf(code: ErrorCode): number | undefined {
  return (ERRORS[code] as ErrorRow).close
}
