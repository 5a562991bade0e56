import { hash, verify } from '@node-rs/argon2'
import { YeoulError } from '../protocol/errors.ts'

/** The hash of an account that no password opens: one whose logins another service vouches for. */
export const NO_PASSWORD = '!'

export interface PasswordOptions {
  /** Hashes computed at a time; each takes 19 MiB and a thread of the pool. */
  parallel?: number
  /** Hashes that may wait for their turn; more are refused with `overloaded`. */
  queue?: number
}

/**
 * Argon2id with the parameters that OWASP recommends (19 MiB, 2 passes). One hash costs about 14 ms of a core, so a crowd
 * of logins is bounded here: a few at a time, a queue with a limit, and `overloaded` beyond it.
 */
export class Passwords {
  readonly #parallel: number
  readonly #queue: number
  readonly #waiting: (() => void)[] = []
  #running = 0
  #computed = 0
  /** What passwords of unknown names are compared with; made at the start, so that not even the first takes longer. */
  readonly #nobody: Promise<string> = hash('the password of nobody')

  constructor(options: PasswordOptions = {}) {
    this.#parallel = options.parallel ?? 2
    this.#queue = options.queue ?? 256
  }

  /** How many hashes were computed since the start. */
  get computed(): number {
    return this.#computed
  }

  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password))
  }

  /**
   * Whether the password is the one behind `known`. With null (no such account) or NO_PASSWORD the answer is false after
   * the same work, so the time taken does not tell whether an account exists.
   */
  async matches(password: string, known: string | null): Promise<boolean> {
    const real = known !== null && known !== NO_PASSWORD
    const against = real ? known : await this.#nobody
    const same = await this.#inTurn(() => verify(against, password))
    return real && same
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#parallel) {
      if (this.#waiting.length >= this.#queue) {
        throw new YeoulError('overloaded', 'Too many passwords are being checked at once.', 1_000)
      }
      // Whoever finishes hands over the place, so #running stays as it is.
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#running++
    }
    try {
      this.#computed++
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}
