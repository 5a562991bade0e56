/**
 * The public interface of @yeoul/client; its HTTP half is in api-http.ts. Times are ms since 1970 UTC, spans are ms, ids are
 * UUIDv7 strings. Everything that changes is a `Live<T>` (api-live.ts).
 */
import type { RoomNow } from '../../src/protocol/frames.ts'
import type { Limits } from '../../src/protocol/limits.ts'
import type {
  LeaveReason,
  Member,
  Membership,
  Message,
  Position,
  Room,
  RoomEvent,
  User,
} from '../../src/protocol/model.ts'
import type { Notice } from '../../src/protocol/notice.ts'
import type { Api, Auth, AuthOptions } from './api-http.ts'
import type { Live } from './api-live.ts'
import type { YeoulError } from './errors.ts'

export interface ClientOptions {
  /** Where the server is, such as `https://chat.example.org`; in a page the page's own origin when left out. */
  url?: string
  /** `{ session: 'cookie' }` in a page, `{ session: 'token' }` in programs, `{ getToken }` for a service that mints tokens. */
  auth: AuthOptions
  /**
   * Keeps unsent messages while no program runs, `indexedDbOutbox()` in a page; from when it is known whose they are (signed
   * in; with `getToken`, once connected). Without it the outbox lives in memory.
   */
  storage?: OutboxStorage
  /** Bounds and paces; every one has a default. */
  tuning?: Partial<Tuning>
  /** Told of errors that have no caller: an exception in a handler, an answer that cannot be understood. Default: console.error. */
  onError?: (error: unknown) => void
  /** For tests and unusual hosts; each default is the platform's own. */
  platform?: Partial<Platform>
}

export interface Tuning {
  /** The longest wait before the first attempt to reconnect; doubles with each attempt (full jitter). Default 500. */
  backoffMs: number
  /** The longest wait before any attempt. Default 5,000. */
  backoffCapMs: number
  /** How long opening a connection, `hello` included, or an HTTP request may take. Default 10,000. */
  timeoutMs: number
  /** Unsent messages that the outbox holds; more are refused with `outbox_full`. Default 1,000. */
  outboxMessages: number
  /** Messages of one room on the way at a time. With 1 (default) the order of sending survives every failure. */
  sendWindow: number
  /** Pushed events of a room that are held while a gap is filled; beyond it they are dropped and fetched again. Default 1,000. */
  heldEvents: number
  /**
   * Messages that a timeline keeps; the oldest leave first and can be loaded again. Scrolling keeps more, up to four times as
   * many; then those at the other end leave. Default 5,000.
   */
  timelineMessages: number
  /** Messages in one page of history. Default 50. */
  pageSize: number
  /** Closed timelines that are kept so that opening them again fetches only what is new. Default 8. */
  keptTimelines: number
}

/** An unsent message as a storage keeps it. `failed`: why it was refused; it waits for the user. */
export type StoredMessage = Pick<
  PendingMessage,
  'room' | 'clientMessageId' | 'body' | 'replyTo' | 'fileIds' | 'createdAt'
> & { readonly failed?: { code: YeoulError['code']; message: string } }

/**
 * Where unsent messages wait while no program runs. Every message belongs to a user: it is never given to another. A rejection
 * costs no message, only its survival; it is told to `onError`. Nothing is called after `close()`.
 */
export interface OutboxStorage {
  /**
   * Calls `found` with what the user left behind, at most once for each message, and again when a program that held some of it
   * has ended: several programs may share a storage, and each message is held by one of them. Resolves after the first call.
   */
  claim(user: string, found: (messages: StoredMessage[]) => void): Promise<void>
  /** Keeps a message, or what it has become; resolves when it is durable. Calls take effect in their order. */
  put(user: string, message: StoredMessage): Promise<void>
  remove(user: string, clientMessageId: string): Promise<void>
  /** Removes everything of a user, whoever holds it. */
  erase(user: string): Promise<void>
  /** Lets go of what it holds; all of it stays stored. */
  close(): void
}

/** What the client takes from its surroundings. */
export interface Platform {
  connect(url: string, protocols: string[]): SocketLike
  fetch: typeof globalThis.fetch
  clock: Clock
  /** In [0, 1), as Math.random. */
  random(): number
}
export interface Clock {
  now(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}
/** The part of WebSocket that is used. */
export interface SocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(text: string): void
  close(code?: number, reason?: string): void
}

/** `createClient(options)`: makes a client; nothing is sent before it is asked to. */
export type CreateClient = (options: ClientOptions) => Client

export interface Client {
  readonly auth: Auth
  /** Every HTTP operation of the protocol. Rejects YeoulError. */
  readonly api: Api
  readonly connection: Connection
  /** The user's own rooms, live. Loads and watches from the first subscriber on, until the last is gone. */
  readonly rooms: RoomList
  /** Names of users by id, fetched together and kept. */
  readonly users: UserDirectory
  /**
   * The live timeline of a room. Opening it again while it is open gives the same one, and each `close()` takes back one
   * opening. The timeline waits for a connection by itself; being no member shows in its snapshot.
   */
  openRoom(room: string): Timeline
  /**
   * The bare event feed of a room, for programs: each event once and in order (P2, P4). One feed per room, and not beside
   * an open timeline: throws Error. With `from`, begins after that position when the server still can.
   */
  subscribe(room: string, handlers: FeedHandlers, from?: Position): Feed
  /** Queues a message; it is sent now or as soon as there is a connection, once, in order. Throws YeoulError `outbox_full`. */
  send(room: string, body: string, options?: SendOptions): Sending
  /** How many messages of all rooms are not acknowledged: signing out would lose them. */
  unsent(): number
  /**
   * Connects and stays connected until `close()`, signing out, or a refusal that no retry helps. Safe to call again. Signing
   * in later connects too. `openRoom`, `subscribe`, `send` and the first subscriber of `rooms` do this by themselves.
   */
  connect(): void
  /** Ends the connection, all timers and all feeds; stored unsent messages stay stored. The client cannot be used again. */
  close(): void
}

/**
 * idle -> connecting -> online -> waiting -> connecting …; closed is the end until `connect()` is called again.
 */
export type ConnectionState =
  | { state: 'idle' }
  | { state: 'connecting'; attempt: number }
  | { state: 'online'; user: string; sessionId: string; limits: Limits }
  /** The next attempt starts at `retryAt`. */
  | { state: 'waiting'; retryAt: number; attempt: number; error: YeoulError }
  /** `error` tells why it ended by itself; absent after `close()`, before sign-in and after signing out. */
  | { state: 'closed'; error?: YeoulError }

export interface Connection extends Live<ConnectionState> {
  /** When waiting, tries now. */
  retryNow(): void
  /** Resolves once online; rejects when the state becomes `closed`. */
  online(): Promise<void>
}

// Sending

export interface SendOptions {
  /** The seq of the message that this one answers. */
  replyTo?: number
  fileIds?: string[]
}
export interface Sending {
  readonly clientMessageId: string
  /**
   * Resolves when the server acknowledged the message as durable. Rejects only for good: refused (not retryable),
   * `discarded`, `signed_out` or `closed`. It may be left unheeded: no unhandled rejection comes of it.
   */
  readonly acknowledged: Promise<{ seq: number; n: number; at: number; duplicate: boolean }>
}
/** An own message that is not in `messages` yet. */
export interface PendingMessage {
  readonly room: string
  readonly clientMessageId: string
  readonly body: string
  readonly replyTo?: number
  readonly fileIds?: string[]
  readonly createdAt: number
  /**
   * `queued`: waits for its turn or for a connection · `sending`: on the way · `acknowledged`: durable, its event is about
   * to arrive · `failed`: refused, see `error`; waits for `retry` or `discard`.
   */
  readonly status: 'queued' | 'sending' | 'acknowledged' | 'failed'
  readonly error?: YeoulError
}

// Timelines

export interface TimelineSnapshot {
  readonly room: string
  /**
   * `loading`: nothing to show yet · `live`: complete up to now · `recovering`: shows what was, fetches what was missed (or
   * waits for a connection) · `ended`: the membership ended, see `ended` · `failed`: the server refused, see `error`.
   */
  readonly state: 'loading' | 'live' | 'recovering' | 'ended' | 'failed'
  /** `not_a_member` when the leave itself was not seen. */
  readonly ended?: LeaveReason | 'not_a_member'
  readonly error?: YeoulError
  /** Rising seq, no hole between the first and the last. Messages that did not change keep their identity. */
  readonly messages: readonly Message[]
  /** Own messages on their way, in the order of sending; show them below `messages`. */
  readonly pending: readonly PendingMessage[]
  /** What happened to the room and its members between the messages: each stands after the message with its `n`. */
  readonly notices: readonly Notice[]
  readonly hasOlder: boolean
  readonly loadingOlder: boolean
  /** After a jump: `messages` does not reach the newest one. Show `pending` only when it does. */
  readonly hasNewer: boolean
  readonly loadingNewer: boolean
  /** The `n` of the room's newest message, shown or not; 0 when there is none. */
  readonly newestN: number
  /** Goes up when a jump shows another part of the room: `messages` has nothing to do with what was shown before. */
  readonly jumps: number
  /** User ids; complete only while it is as long as `onlineCount` (a big room only counts). */
  readonly online: readonly string[]
  readonly onlineCount: number
  /** Other users who typed within the last seconds. */
  readonly typing: readonly string[]
  /** Goes up with each reset (a hole that could not be filled): drop what was remembered of the room, such as scroll offsets. */
  readonly resets: number
}

/** A place in a room: a message by its seq, or by its number, such as the first unread one. */
export type Place = { seq: number } | { n: number }

export interface Timeline extends Live<TimelineSnapshot> {
  readonly room: string
  /** The participants, loaded with the first subscriber or `load()`, then kept up to date by the room's events. */
  readonly members: RoomMembers
  /** As `client.send`; appears in `pending` at once. */
  send(body: string, options?: SendOptions): Sending
  /** Sends a failed message again, under its id. */
  retry(clientMessageId: string): Sending
  /** Forgets a message that is queued or failed. One that is on the way may arrive all the same. */
  discard(clientMessageId: string): void
  /** Loads the page before the oldest message. Resolves whether there is more. A load that is running is joined. */
  loadOlder(): Promise<boolean>
  /** The same after the newest message that is shown, while `hasNewer`. */
  loadNewer(): Promise<boolean>
  /**
   * Shows the part of the room around a message, however far back: at once when it is loaded, else with one request. Live
   * events go on; `toLatest` leads back. Resolves the message, or the nearest one where there is none; null while nothing is
   * loaded yet, and when another jump was made meanwhile. Rejects YeoulError; then nothing changed.
   */
  goTo(place: Place): Promise<Message | null>
  /** Shows the newest messages again; no request is made. */
  toLatest(): void
  edit(seq: number, body: string): Promise<void>
  delete(seq: number): Promise<void>
  react(seq: number, emoji: string, on: boolean): Promise<void>
  /** Moves the read cursor to a message (the newest when left out); sent at most about once a second. Never moves back. */
  markRead(seq?: number): void
  /** Says that the user types; call it on every key, it is sent at most every 3 s. */
  typing(): void
  /** How many members have not read a message, as KakaoTalk shows it; null when unknown (big room, members not loaded). */
  unreadBy(message: Message): number | null
  /** Each event once and in order, joins and leaves included, as `subscribe` gives them. */
  onEvent(listener: (event: RoomEvent) => void): () => void
  close(): void
}

export interface MembersSnapshot {
  readonly state: 'idle' | 'loading' | 'ready' | 'failed'
  /** Those who are loaded: owners first, then moderators, then members. Of a room with more than 500, the first 500 at first. */
  readonly members: readonly Member[]
  /** Everybody is loaded. */
  readonly complete: boolean
  /** Everybody who is online is loaded (of at most 2,000). */
  readonly onlineComplete: boolean
  readonly loadingMore: boolean
  readonly error?: YeoulError
}
export interface RoomMembers extends Live<MembersSnapshot> {
  /** Loads (again); the snapshot tells how it went. */
  load(): Promise<void>
  /**
   * Loads a page more of a big room: those who are online until `onlineComplete`, then everybody else until `complete`.
   * Resolves whether there is more. A load that is running is joined.
   */
  loadMore(): Promise<boolean>
  /** One member, fetched when not loaded; null when the user is none. */
  find(user: string): Promise<Member | null>
  /**
   * Call it while a list of people is shown, and what it answers when it no longer is. In a big room the first page of those
   * online is loaded then, whoever comes online is fetched, and where the server only counts, they are asked for now and then.
   */
  follow(): () => void
}

// Bare feeds

export interface FeedHandlers {
  /** Before `reset`, or before the events that were missed: what the room is at `at`, to which those events lead. */
  subscribed?(now: RoomNow, at: Position): void
  /** Begin anew from this page: the first answer without `from`, and whenever a hole could not be filled. */
  reset(page: { messages: Message[]; notices?: Notice[]; position: Position }): void
  /** Each event exactly once, in rising seq without a hole, after `reset` or `from`. Keep `position` to go on from later. */
  event(event: RoomEvent, position: Position): void
  /** Everything up to now was delivered (`live`), or the connection is gone or a gap is being filled (`recovering`). */
  state?(state: 'live' | 'recovering'): void
  /** The membership ended, or the server refuses the room; nothing follows. */
  ended?(reason: LeaveReason | 'not_a_member', error?: YeoulError): void
  /** `snapshot`: `online` is the whole list; else what changed. Above a size only `count` is told. */
  presence?(change: { snapshot: boolean; online: string[]; offline: string[]; count: number }): void
  typing?(user: string): void
  read?(cursor: { user: string; seq: number; n: number }): void
}
export interface Feed {
  readonly room: string
  /** The last delivered position; null before the first answer. */
  position(): Position | null
  close(): void
}

// The list of rooms

export interface RoomListSnapshot {
  readonly state: 'idle' | 'loading' | 'ready' | 'failed'
  /** The liveliest first. */
  readonly rooms: readonly RoomListEntry[]
  /** Unread messages of all rooms but the muted ones (`notify: 'none'`). */
  readonly unread: number
  /** Unread messages that mention the user, muted rooms included. */
  readonly mentions: number
  readonly error?: YeoulError
}
export interface RoomListEntry {
  readonly room: Room
  readonly membership: Membership
  readonly unread: number
  /** Of the unread messages, those that mention the user; counted up to 100. */
  readonly mentions: number
  /** Their `n`s, rising. */
  readonly unreadMentions: readonly number[]
  readonly lastMessage: Message | null
  /** Of a direct room: the other user, a member now or not. */
  readonly peer?: string
  /** When the last message came, or the time of joining. */
  readonly activeAt: number
}
export interface RoomList extends Live<RoomListSnapshot> {
  /** Fetches the list again; the snapshot tells how it went. */
  reload(): Promise<void>
  get(room: string): RoomListEntry | undefined
  /** Told, while connected, of each new message that mentions the user, in any room: at once, mostly before its counts change. */
  onMention(listener: (mention: Mention) => void): () => void
}
/** A message of another that mentions the user. */
export interface Mention {
  readonly room: string
  readonly seq: number
  readonly n: number
  readonly actor: string
}

// Users

export interface UserDirectory extends Live<ReadonlyMap<string, User>> {
  /** The user if known; else asks the server (many ids in one request) and tells through `subscribe`. */
  get(id: string): User | undefined
  /** Resolves once all that exist are known. */
  load(ids: readonly string[]): Promise<void>
  /** Puts in what the program knows already. */
  put(user: User): void
}
