import type { Logins } from '../ports/logins.ts'
import { Poll } from './poll.ts'

/**
 * Logins that ended while their access tokens may still be alive. The bus tells at once, the database every 2 s what the
 * bus may have lost (decision 26). An entry is forgotten when no access token of it can be alive.
 */
export class EndedLogins {
  readonly #logins: Logins
  readonly #accessTokenMs: number
  readonly #onEnd: (sid: string) => void
  readonly #poll: Poll
  /** sid -> when to forget it, on the clock of this node. */
  #ended = new Map<string, number>()
  #since: number

  constructor(options: {
    logins: Logins
    accessTokenMs: number
    /** Told once of each login that ends. */
    onEnd: (sid: string) => void
    failed: (error: unknown) => void
  }) {
    this.#logins = options.logins
    this.#accessTokenMs = options.accessTokenMs
    this.#onEnd = options.onEnd
    this.#poll = new Poll(() => this.#look(), options.failed)
    this.#since = Date.now() - options.accessTokenMs - OVERLAP_MS
  }

  has(sid: string): boolean {
    return this.#ended.has(sid)
  }

  end(sid: string): void {
    if (this.#ended.has(sid)) return
    this.#ended.set(sid, performance.now() + this.#accessTokenMs + OVERLAP_MS)
    this.#onEnd(sid)
  }

  /** Reads once what ended before this node started, then goes on every `pollMs`. */
  start(pollMs: number): Promise<void> {
    return this.#poll.start(pollMs)
  }

  stop(): void {
    this.#poll.stop()
  }

  async #look(): Promise<void> {
    const now = Date.now()
    for (const sid of await this.#logins.endedSince(this.#since)) this.end(sid)
    // Two looks overlap: clocks of nodes differ, and a commit may come later than its time says.
    this.#since = now - OVERLAP_MS
    const mono = performance.now()
    for (const [sid, until] of this.#ended) {
      if (until > mono) break
      this.#ended.delete(sid)
    }
  }
}

const OVERLAP_MS = 30_000
