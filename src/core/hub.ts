import type { Session } from './session.ts'

/** The sessions of this node: by id, by user, by login. */
export class Hub {
  readonly sessions = new Set<Session>()
  readonly #byUser = new Map<string, Set<Session>>()
  readonly #bySid = new Map<string, Set<Session>>()

  /** A connection opened; nobody knows yet whose. */
  open(session: Session): void {
    this.sessions.add(session)
  }

  /** The session said `hello`. */
  authenticated(session: Session, user: string, sid: string): void {
    add(this.#byUser, user, session)
    add(this.#bySid, sid, session)
  }

  closed(session: Session, user: string | null, sid: string | null): void {
    this.sessions.delete(session)
    if (user !== null) remove(this.#byUser, user, session)
    if (sid !== null) remove(this.#bySid, sid, session)
  }

  /** The session goes on with a token of another login of its user. */
  movedLogin(session: Session, from: string, to: string): void {
    remove(this.#bySid, from, session)
    add(this.#bySid, to, session)
  }

  ofUser(user: string): Iterable<Session> {
    return this.#byUser.get(user) ?? []
  }

  ofLogin(sid: string): Iterable<Session> {
    return this.#bySid.get(sid) ?? []
  }
}

function add(index: Map<string, Set<Session>>, key: string, session: Session): void {
  const set = index.get(key)
  if (set === undefined) index.set(key, new Set([session]))
  else set.add(session)
}

function remove(index: Map<string, Set<Session>>, key: string, session: Session): void {
  const set = index.get(key)
  set?.delete(session)
  if (set?.size === 0) index.delete(key)
}
