import type { Logins } from '../ports/logins.ts'

/**
 * Logins that ended while their access tokens may still be alive. The bus tells at once, the database every 2 s what the
 * bus may have lost (decision 26). An entry is forgotten when no access token of it can be alive.
 */
export class EndedLogins {
  readonly #logins: Logins
  readonly #accessTokenMs: number
  readonly #onEnd: (sid: string) => void
  readonly #failed: (error: unknown) => void
  /** sid -> when to forget it, on the clock of this node. */
  #ended = new Map<string, number>()
  #since: number
  #timer: NodeJS.Timeout | null = null

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
    this.#failed = options.failed
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
  async start(pollMs: number): Promise<void> {
    await this.#poll()
    this.#timer = setInterval(() => void this.#poll().catch(this.#failed), pollMs)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  async #poll(): Promise<void> {
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
