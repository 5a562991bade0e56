import type { ErrorCode } from '../protocol/errors.ts'
import type { Limits } from '../protocol/limits.ts'
import type { WriteQueue } from './write-queue.ts'

/** A session as the rest of its node sees it. */
export interface LocalSession {
  readonly id: string
  readonly queue: WriteQueue
  /** Bytes of a frame that is not complete yet. */
  readonly unfinished: number
  close(code: ErrorCode): void
  /** The limits are others from here on; `push` tells it. */
  limitsChanged(limits: Limits, push: string): void
  /** Looks after itself; called about once a second. */
  sweep(now: number, short: boolean): void
  subscribes(room: string): boolean
  unsubscribed(room: string): void
  unwatch(room: string): void
  roomAdded(room: string): void
  roomRemoved(room: string): void
  readElsewhere(room: string, n: number): void
  /** Rooms may have come and gone without a notice. */
  compareRooms(): Promise<void>
}

/** The sessions of this node: by id, by user, by login. */
export class Hub {
  readonly sessions = new Set<LocalSession>()
  #live = 0
  readonly #byUser = new Map<string, Set<LocalSession>>()
  readonly #bySid = new Map<string, Set<LocalSession>>()

  /** Sessions that said hello. */
  get live(): number {
    return this.#live
  }

  /** A connection opened; nobody knows yet whose. */
  open(session: LocalSession): void {
    this.sessions.add(session)
  }

  /** The session said `hello`. */
  authenticated(session: LocalSession, user: string, sid: string): void {
    this.#live++
    add(this.#byUser, user, session)
    add(this.#bySid, sid, session)
  }

  closed(session: LocalSession, user: string | null, sid: string | null): void {
    this.sessions.delete(session)
    if (user !== null) {
      this.#live--
      remove(this.#byUser, user, session)
    }
    if (sid !== null) remove(this.#bySid, sid, session)
  }

  /** The session goes on with a token of another login of its user. */
  movedLogin(session: LocalSession, from: string, to: string): void {
    remove(this.#bySid, from, session)
    add(this.#bySid, to, session)
  }

  /** Tells every session, all at once, of limits that are others from here on. */
  limitsChanged(limits: Limits): void {
    const push = JSON.stringify({ push: 'limits', limits })
    for (const session of this.sessions) session.limitsChanged(limits, push)
  }

  ofUser(user: string): Iterable<LocalSession> {
    return this.#byUser.get(user) ?? []
  }

  ofLogin(sid: string): Iterable<LocalSession> {
    return this.#bySid.get(sid) ?? []
  }
}

function add(index: Map<string, Set<LocalSession>>, key: string, session: LocalSession): void {
  const set = index.get(key)
  if (set === undefined) index.set(key, new Set([session]))
  else set.add(session)
}

function remove(index: Map<string, Set<LocalSession>>, key: string, session: LocalSession): void {
  const set = index.get(key)
  set?.delete(session)
  if (set?.size === 0) index.delete(key)
}
