import type { Accounts } from '../ports/accounts.ts'
import { MENTIONS_MAX } from '../protocol/limits.ts'

/** `@name`, the whole of it, not preceded by a letter, digit or `@` (an e-mail address mentions nobody). */
const MENTION = /(?<![\p{L}\p{N}@._-])@([A-Za-z0-9](?:[A-Za-z0-9._-]{0,30}[A-Za-z0-9])?)(?![._-]*[A-Za-z0-9])/gu

const CACHE_MAX = 50_000
/** How long an unknown name stays unknown: it may register at any time. */
const UNKNOWN_MS = 30_000

/** Finds who a body mentions. Names that were looked up stay in memory, bounded: a user name never changes. */
export class Mentions {
  readonly #accounts: Accounts
  #known = new Map<string, { id: string | null; until: number }>()

  constructor(accounts: Accounts) {
    this.#accounts = accounts
  }

  /** The ids of the users whose `@username` stands in `body`, each once, at most MENTIONS_MAX; a promise only when somebody must be looked up. */
  in(body: string): string[] | Promise<string[]> {
    if (!body.includes('@')) return []
    const names = new Set<string>()
    for (const match of body.matchAll(MENTION)) {
      names.add((match[1] as string).toLowerCase())
      if (names.size === MENTIONS_MAX) break
    }
    const now = performance.now()
    const unknown = [...names].filter((name) => !this.#fresh(name, now))
    return unknown.length === 0 ? this.#ids(names) : this.#lookUp(names, unknown)
  }

  async #lookUp(names: Set<string>, unknown: string[]): Promise<string[]> {
    const found = await this.#accounts.idsOf(unknown)
    const until = performance.now() + UNKNOWN_MS
    for (const name of unknown) {
      const id = found.get(name) ?? null
      this.#known.delete(name)
      this.#known.set(name, { id, until: id === null ? until : Number.POSITIVE_INFINITY })
    }
    const ids = this.#ids(names)
    for (const name of this.#known.keys()) {
      if (this.#known.size <= CACHE_MAX) break
      this.#known.delete(name)
    }
    return ids
  }

  #fresh(name: string, now: number): boolean {
    const entry = this.#known.get(name)
    return entry !== undefined && entry.until > now
  }

  #ids(names: Set<string>): string[] {
    const ids: string[] = []
    for (const name of names) {
      const id = this.#known.get(name)?.id
      if (id != null) ids.push(id)
    }
    return ids
  }
}
