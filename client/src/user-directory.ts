import type { User } from '../../src/protocol/model.ts'
import type { UserDirectory } from './api.ts'
import type { Api } from './api-http.ts'
import { LiveValue } from './live.ts'
import type { Surroundings } from './platform.ts'

/** Ids in one request, as the server allows. */
const BATCH = 100
/** Users that are kept; those who were heard of longest ago leave first. */
const KEPT = 5_000
/** How long ids are gathered before they are asked for. */
const GATHER_MS = 10
/** How long an id that brought no user is not asked for again; after a failed request, until the next connection. */
const ABSENT_MS = 30_000
/** A name that is older than this is asked for again when somebody looks at it, and shown meanwhile. */
const AGE_MS = 300_000
/** The same after a room was opened: whoever comes to look sees names as they are. */
const FRESH_MS = 10_000
/** The least span between two requests for names that are known: in a hot room thousands of them are looked at. */
const AGAIN_MS = 15_000

/** Names by id. People change theirs seldom, and nobody is told: a name is asked for again now and then, when it is looked at. */
export class KeptUsers implements UserDirectory {
  readonly #around: Surroundings
  readonly #api: Api
  readonly #live: LiveValue<ReadonlyMap<string, User>>
  readonly #users = new Map<string, User>()
  /** When each was last heard of. */
  readonly #heard = new Map<string, number>()
  readonly #wanted = new Set<string>()
  /** Known ones to be asked for again, at most one request of them. */
  readonly #old = new Set<string>()
  /** Names heard before that are old, however young. */
  #anewAt = Number.NEGATIVE_INFINITY
  #againAt = Number.NEGATIVE_INFINITY
  /** When an id was last asked for. */
  readonly #asked = new Map<string, number>()
  #timer: unknown = null
  #stopped = false
  #failed = false
  /** Set by the client: told of a user who is new here or not as before. */
  onChange: (user: User) => void = () => {}

  constructor(around: Surroundings, api: Api) {
    this.#around = around
    this.#api = api
    this.#live = new LiveValue(() => new Map(this.#users), around.clock, around.onError)
  }

  readonly getSnapshot = (): ReadonlyMap<string, User> => this.#live.getSnapshot()
  readonly subscribe = (listener: () => void): (() => void) => this.#live.subscribe(listener)

  get(id: string): User | undefined {
    const user = this.#users.get(id)
    if (user === undefined) this.#want(id)
    else this.#lookAt(id)
    return user
  }

  async load(ids: readonly string[]): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !this.#users.has(id))
    for (let i = 0; i < unknown.length; i += BATCH) await this.#ask(unknown.slice(i, i + BATCH))
  }

  put(user: User): void {
    if (this.#keep(user)) this.#live.changed()
  }

  /** Somebody comes to look: a room was opened. */
  lookAnew(): void {
    this.#anewAt = this.#around.clock.now() - FRESH_MS
    this.#againAt = Number.NEGATIVE_INFINITY
  }

  /** There is a connection: what failed before is asked again by whoever still looks. */
  online(): void {
    if (!this.#failed) return
    this.#failed = false
    this.#asked.clear()
    this.#live.changed()
  }

  stop(): void {
    this.#stopped = true
    this.#around.clock.clearTimeout(this.#timer)
    this.#live.stop()
  }

  #lookAt(id: string): void {
    const now = this.#around.clock.now()
    const heardAt = this.#heard.get(id) ?? now
    if (heardAt >= now - AGE_MS && heardAt >= this.#anewAt) return
    if (this.#stopped || now < this.#againAt || this.#old.size >= BATCH) return
    if (now - (this.#asked.get(id) ?? Number.NEGATIVE_INFINITY) < FRESH_MS) return
    this.#note(id, this.#old)
  }

  #want(id: string): void {
    const { clock } = this.#around
    if (this.#stopped || clock.now() - (this.#asked.get(id) ?? Number.NEGATIVE_INFINITY) < ABSENT_MS) return
    this.#note(id, this.#wanted)
  }

  #note(id: string, among: Set<string>): void {
    const { clock } = this.#around
    if (this.#asked.size >= KEPT) this.#asked.clear()
    this.#asked.set(id, clock.now())
    among.add(id)
    this.#timer ??= clock.setTimeout(() => this.#gathered(), GATHER_MS)
  }

  #gathered(): void {
    this.#timer = null
    const wanted = [...this.#wanted]
    const old = [...this.#old]
    this.#wanted.clear()
    this.#old.clear()
    if (wanted.length > 0) {
      this.load(wanted).catch(() => {
        this.#failed = true
      })
    }
    if (old.length > 0) {
      this.#againAt = this.#around.clock.now() + AGAIN_MS
      // What is known goes on being shown, and is asked for again when it is looked at later.
      this.#ask(old).catch(() => {})
    }
  }

  async #ask(ids: string[]): Promise<void> {
    const changed = (await this.#api.users(ids)).filter((user) => this.#keep(user))
    if (changed.length > 0) this.#live.changed()
  }

  /** Answers whether anything is new. What did not change keeps its identity. */
  #keep(user: User): boolean {
    const { id } = user
    const known = this.#users.get(id)
    this.#users.delete(id)
    this.#heard.delete(id)
    const same = known !== undefined && known.username === user.username && known.displayName === user.displayName
    // The server tells a role only to its owner: an answer without one takes none away.
    this.#users.set(id, same ? known : { ...known, ...user })
    this.#heard.set(id, this.#around.clock.now())
    if (this.#users.size > KEPT) {
      const [oldest] = this.#users.keys()
      this.#users.delete(oldest as string)
      this.#heard.delete(oldest as string)
    }
    if (!same) this.onChange(user)
    return !same
  }
}
