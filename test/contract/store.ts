import { newId } from '../../src/core/ids.ts'
import type { Accounts } from '../../src/ports/accounts.ts'
import type { Administration } from '../../src/ports/administration.ts'
import type { History } from '../../src/ports/history.ts'
import type { Appended, Draft, Log, MessageDraft } from '../../src/ports/log.ts'
import type { Login, Logins } from '../../src/ports/logins.ts'
import type { Memberships } from '../../src/ports/memberships.ts'
import type { ResetLinks } from '../../src/ports/reset-links.ts'
import type { NewRoom, Rooms } from '../../src/ports/rooms.ts'
import type { SettingsLog } from '../../src/ports/settings.ts'
import type { RoomEvent } from '../../src/protocol/model.ts'

/** The ports that keep what lasts, as one adapter implements them. */
export interface Store {
  log: Log
  accounts: Accounts
  logins: Logins
  rooms: Rooms
  memberships: Memberships
  history: History
  settings: SettingsLog
  resetLinks: ResetLinks
  administration: Administration
}

/** A store under test. A contract suite asks for one and gives it back. */
export interface OpenStore {
  store: Store
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<Store>
  /** Everything that is kept, as text: to look for what must not be there. */
  dump(): Promise<string>
  /** What an audit of the data finds wrong. */
  problems(): Promise<string[]>
  close(): Promise<void>
}
export type OpenEmptyStore = () => Promise<OpenStore>

export const HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'

/** Makes a user and answers the id. */
export async function newUser(store: Store, username = `u${newId().slice(-12)}`): Promise<string> {
  const createdAt = Date.now()
  const user = await store.accounts.create({
    id: newId(),
    username,
    displayName: username.toUpperCase(),
    passwordHash: HASH,
    role: 'user',
    createdAt,
  })
  return user.id
}

export function newUsers(store: Store, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => newUser(store)))
}

/** A login of this user. */
export function newLogin(login: Pick<Login, 'user'> & Partial<Login>): Login {
  const createdAt = login.createdAt ?? 1_000
  return {
    sid: newId(),
    createdAt,
    expiresAt: 9_000,
    lastUsedAt: createdAt,
    cookie: false,
    device: 'A browser',
    address: '192.0.2.7',
    ...login,
  }
}

/** Makes an open room of the users, the first its owner, and answers the id. */
export async function newRoom(store: Store, users: string[], with_: Partial<NewRoom> = {}): Promise<string> {
  const [owner, ...memberIds] = users
  const { room } = await store.rooms.create({
    id: newId(),
    kind: 'open',
    title: '여울',
    capacity: null,
    createdBy: owner as string,
    at: Date.now(),
    memberIds,
    ...with_,
  })
  return room.id
}

export function message(room: string, actor: string, body: string, more: Partial<MessageDraft> = {}): MessageDraft {
  return {
    type: 'message',
    room,
    actor,
    body,
    clientMessageId: newId(),
    replyTo: null,
    mentions: [],
    files: [],
    retry: false,
    ...more,
  }
}

/** Appends one draft. */
export async function append(store: Store, draft: Draft): Promise<Appended> {
  const [appended] = await store.log.append([draft])
  return appended as Appended
}

/** Sends a message and answers its seq. */
export async function say(store: Store, room: string, actor: string, body: string): Promise<number> {
  const appended = await append(store, message(room, actor, body))
  if (!appended.ok) throw new Error(appended.code)
  return appended.seq
}

/** The whole sequence of a room, read in small pages. */
export async function allEvents(store: Store, room: string, pageSize = 7): Promise<RoomEvent[]> {
  const events: RoomEvent[] = []
  for (;;) {
    const page = await store.log.read(room, events.length, pageSize)
    if (page.events.length === 0) return events
    events.push(...page.events)
  }
}

/** The predicate that assert.rejects takes, for an error with this code. */
export function code(expected: string): { code: string } {
  return { code: expected }
}
