import type { Clock } from './api.ts'
import type { Live } from './api-live.ts'

/** The shortest span between two tellings of one live value. */
const FRAME_MS = 16

/**
 * A live value whose snapshot is made when somebody looks at it. The first change after a quiet frame is told in a
 * microtask, what follows together at the end of the frame: a hot room does not render once per message.
 */
export class LiveValue<T> implements Live<T> {
  readonly #make: () => T
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #listeners = new Set<() => void>()
  #snapshot: { value: T } | null = null
  #telling = false
  #toldAt = Number.NEGATIVE_INFINITY
  #timer: unknown = null

  constructor(make: () => T, clock: Clock, onError: (error: unknown) => void) {
    this.#make = make
    this.#clock = clock
    this.#onError = onError
  }

  readonly getSnapshot = (): T => {
    this.#snapshot ??= { value: this.#make() }
    return this.#snapshot.value
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    // A function of its own, so that subscribing one listener twice needs unsubscribing twice.
    const own = () => listener()
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** Says that the snapshot is out of date. */
  changed(): void {
    this.#snapshot = null
    if (this.#telling || this.#listeners.size === 0) return
    this.#telling = true
    const wait = this.#toldAt + FRAME_MS - this.#clock.now()
    if (wait <= 0) queueMicrotask(() => this.#tell())
    else this.#timer = this.#clock.setTimeout(() => this.#tell(), wait)
  }

  /** Drops a telling that waits; listeners stay. */
  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer)
    this.#timer = null
    this.#telling = false
  }

  #tell(): void {
    // Stopped meanwhile.
    if (!this.#telling) return
    this.#telling = false
    this.#timer = null
    this.#toldAt = this.#clock.now()
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
