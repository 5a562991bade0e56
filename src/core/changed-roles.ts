import type { Administration } from '../ports/administration.ts'
import type { UserRole } from '../protocol/model.ts'
import { Poll } from './poll.ts'

/**
 * Roles that became others while access tokens that name the old ones may still be alive. Such a token counts as expired: its
 * client fetches a new one, which names the role of now, and nobody is signed out. The bus tells at once, the database every
 * 2 s what the bus may have lost. Held in memory, so that a check costs no read and works while the database is down.
 */
export class ChangedRoles {
  readonly #administration: Pick<Administration, 'changedRoles'>
  readonly #accessTokenMs: number
  readonly #changed = new Map<string, { role: UserRole; until: number }>()
  #since: number
  // A database that does not answer is told of by those who ask it for more.
  readonly #poll = new Poll(
    () => this.#look(),
    () => {},
  )

  constructor(options: { administration: Pick<Administration, 'changedRoles'>; accessTokenMs: number }) {
    this.#administration = options.administration
    this.#accessTokenMs = options.accessTokenMs
    this.#since = Date.now() - options.accessTokenMs - OVERLAP_MS
  }

  /** The role of a user if it changed lately. */
  of(user: string): UserRole | undefined {
    return this.#changed.get(user)?.role
  }

  changed(user: string, role: UserRole): void {
    // To the end: the oldest are looked at first.
    this.#changed.delete(user)
    this.#changed.set(user, { role, until: performance.now() + this.#accessTokenMs + OVERLAP_MS })
  }

  /** Reads once what changed before this node started, then goes on every `pollMs`. */
  start(pollMs: number): Promise<void> {
    return this.#poll.start(pollMs)
  }

  stop(): void {
    this.#poll.stop()
  }

  async #look(): Promise<void> {
    const now = Date.now()
    for (const [user, role] of await this.#administration.changedRoles(this.#since)) this.changed(user, role)
    // Two looks overlap: clocks of nodes differ, and a commit may come later than its time says.
    this.#since = now - OVERLAP_MS
    const mono = performance.now()
    for (const [user, { until }] of this.#changed) {
      if (until > mono) break
      this.#changed.delete(user)
    }
  }
}

const OVERLAP_MS = 30_000
