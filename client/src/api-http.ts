/** The HTTP half of the public interface: signing in, and one method per endpoint. */
import type { EventsAnswer, SendAnswer } from '../../src/protocol/frames.ts'
import type {
  Ban,
  Member,
  MemberRole,
  Membership,
  Message,
  NotifyLevel,
  Page,
  Room,
  RoomKind,
  RoomSummary,
  SeenRoom,
  SignedInDevice,
  User,
  WaysIn,
} from '../../src/protocol/model.ts'
import type { Notice } from '../../src/protocol/notice.ts'
import type { AdminApi } from './api-admin.ts'
import type { Live } from './api-live.ts'
import type { YeoulError } from './errors.ts'

export type AuthOptions =
  /** A page on the server's own origin or a listed one: the refresh token is an HttpOnly cookie, shared by all tabs. */
  | { session: 'cookie' }
  /** A program: the refresh token is held in memory; keep it with `onRefreshToken` (null: it is void) and give it back here. */
  | { session: 'token'; refreshToken?: string; onRefreshToken?: (refreshToken: string | null) => void }
  /** A service signs in its own users: called whenever a fresh access token is needed. */
  | { getToken: () => Promise<string> }

export type AuthState =
  /** Nobody asked yet: call `restore()`, `login()`, `register()`, or `client.connect()`. */
  | { state: 'unknown' }
  /** `error` tells why when the login ended without `logout()`. */
  | { state: 'signedOut'; error?: YeoulError }
  /** `user` is null with `getToken`: there `connection` tells the id. */
  | { state: 'signedIn'; user: User | null }

/**
 * Signing in and out. Methods reject YeoulError; with `getToken`, only `restore` and `logout` are of use. Tabs that share a cookie
 * session sign in and out together.
 */
export interface Auth extends Live<AuthState> {
  register(account: { username: string; password: string; displayName?: string; setupToken?: string }): Promise<User>
  login(credentials: { username: string; password: string }): Promise<User>
  /**
   * Sets a new password by the token of a reset link and signs in; the user's other logins end. Rejects
   * `reset_token_invalid`, `account_disabled`.
   */
  reset(given: { token: string; password: string }): Promise<User>
  /** Which ways in the server offers, for a page to show before anybody is signed in. */
  waysIn(): Promise<WaysIn>
  /** Takes up the login of an earlier visit. Resolves whether there is one; rejects when the server cannot be reached. */
  restore(): Promise<boolean>
  /**
   * Ends the login, the connection, and unsent messages, stored ones too. Resolves false when the server could not be told:
   * here the login is over, but the refresh token stays good there until it expires.
   */
  logout(): Promise<boolean>
  /** An access token that is valid for some seconds at least. For calls that the SDK does not make itself. */
  token(): Promise<string>
}

export interface PageQuery {
  limit?: number
  cursor?: string
}

export interface Api {
  readonly admin: AdminApi

  me(): Promise<User>
  /** A new password needs the current one, and ends the user's other logins. */
  updateMe(changes: { displayName?: string; password?: string; currentPassword?: string }): Promise<User>
  /** Where the user is signed in, the newest login first. */
  sessions(query?: PageQuery): Promise<Page<SignedInDevice>>
  /** Ends one of these; its connections close. Rejects `session_not_found` when it has ended already. */
  endSession(id: string): Promise<void>
  /** Ends all of them but this client's own. */
  endOtherSessions(): Promise<void>
  /** The users that exist among `ids` (at most 100). */
  users(ids: readonly string[]): Promise<User[]>
  /**
   * At most 20 users whose user name, or a word of whose display name, begins with `q` (1 to 64 characters, in any case);
   * the exact user name first. Nobody whose account is disabled.
   */
  findUsers(q: string): Promise<User[]>

  myRooms(query?: PageQuery): Promise<Page<RoomSummary>>
  openRooms(query?: PageQuery & { q?: string }): Promise<Page<Room>>
  /** A direct room needs no title, names the other member, and is one per pair: making it again gives the same one. */
  createRoom(room: { title?: string; kind?: RoomKind; capacity?: number; memberIds?: string[] }): Promise<Room>
  room(room: string): Promise<SeenRoom>
  updateRoom(room: string, changes: { title?: string; capacity?: number | null }): Promise<Room>
  deleteRoom(room: string): Promise<void>

  join(room: string): Promise<Membership>
  leave(room: string): Promise<void>
  /**
   * Owners first, then moderators, then members, each by the time they joined. `online`: only those who are online; `q`: only
   * those whose user name, or a word of whose display name, begins so (1 to 64 characters, in any case); `ids`: only those
   * among these users (at most 100).
   */
  members(
    room: string,
    query?: PageQuery & { online?: boolean; q?: string; ids?: readonly string[] },
  ): Promise<Page<Member>>
  invite(room: string, user: string): Promise<void>
  kick(room: string, user: string): Promise<void>
  setRole(room: string, user: string, role: MemberRole): Promise<void>
  /** Bans (ending the membership) or, with `false`, lifts the ban. */
  ban(room: string, user: string, banned?: boolean): Promise<void>
  /** Who is banned, the latest first. For owners and moderators. */
  bans(room: string, query?: PageQuery): Promise<Page<Ban>>
  setNotify(room: string, notify: NotifyLevel): Promise<void>

  /** `before` and `after` are seqs, exclusive; the newest page when neither is given. Items in rising seq. */
  messages(room: string, query?: { before?: number; after?: number; limit?: number }): Promise<Message[]>
  /**
   * A page as `messages` gives it, also around a message (`around`, a seq) or a number (`aroundN`), with what happened to the
   * room and its members in between.
   */
  history(
    room: string,
    query?: { before?: number; after?: number; around?: number; aroundN?: number; limit?: number },
  ): Promise<{ messages: Message[]; notices: Notice[] }>
  /** One message, or null when there is none at that seq. */
  message(room: string, seq: number): Promise<Message | null>
  /** One attempt, no outbox: `client.send` is what survives failures. Repeat it with the same id and `retry: true`. */
  send(
    room: string,
    message: { clientMessageId: string; body: string; replyTo?: number; fileIds?: string[]; retry?: boolean },
  ): Promise<SendAnswer>
  edit(room: string, seq: number, body: string): Promise<void>
  delete(room: string, seq: number): Promise<void>
  react(room: string, seq: number, emoji: string, on: boolean): Promise<void>
  events(room: string, query: { after: number; epoch: number; limit?: number }): Promise<EventsAnswer>
  markRead(room: string, seq: number): Promise<void>
}
