import type { User } from '../../src/protocol/model.ts'
import type { UserDirectory } from './api.ts'
import type { Api } from './api-http.ts'
import { LiveValue } from './live.ts'
import type { Surroundings } from './platform.ts'

/** Ids in one request, as the server allows. */
const BATCH = 100
/** Users that are kept; those who came first leave first. */
const KEPT = 5_000
/** How long ids are gathered before they are asked for. */
const GATHER_MS = 10
/** How long an id that brought no user is not asked for again; after a failed request, until the next connection. */
const ABSENT_MS = 30_000

/** Names by id. */
export class KeptUsers implements UserDirectory {
  readonly #around: Surroundings
  readonly #api: Api
  readonly #live: LiveValue<ReadonlyMap<string, User>>
  readonly #users = new Map<string, User>()
  readonly #wanted = new Set<string>()
  /** When an id was last asked for. */
  readonly #asked = new Map<string, number>()
  #timer: unknown = null
  #stopped = false
  #failed = false

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
    return user
  }

  async load(ids: readonly string[]): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !this.#users.has(id))
    for (let i = 0; i < unknown.length; i += BATCH) await this.#ask(unknown.slice(i, i + BATCH))
  }

  put(user: User): void {
    this.#keep(user)
    this.#live.changed()
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

  #want(id: string): void {
    const { clock } = this.#around
    if (this.#stopped || clock.now() - (this.#asked.get(id) ?? Number.NEGATIVE_INFINITY) < ABSENT_MS) return
    if (this.#asked.size >= KEPT) this.#asked.clear()
    this.#asked.set(id, clock.now())
    this.#wanted.add(id)
    this.#timer ??= clock.setTimeout(() => this.#gathered(), GATHER_MS)
  }

  #gathered(): void {
    this.#timer = null
    const ids = [...this.#wanted]
    this.#wanted.clear()
    this.load(ids).catch(() => {
      this.#failed = true
    })
  }

  async #ask(ids: string[]): Promise<void> {
    for (const user of await this.#api.users(ids)) this.#keep(user)
    this.#live.changed()
  }

  #keep(user: User): void {
    this.#users.delete(user.id)
    this.#users.set(user.id, user)
    if (this.#users.size > KEPT) this.#users.delete(this.#users.keys().next().value as string)
  }
}
