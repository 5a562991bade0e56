import type { Surroundings } from './platform.ts'

const COUNTER_MAX = 0xfff

/**
 * UUIDv7 (RFC 9562): the first 48 bits are the time, so that ids made one after the other lie together in the server's
 * index; the next 12 count within a millisecond (method 1), so that the order of the ids is the order of writing; the rest
 * is random. A clock that is set back does not take the ids back.
 */
export class MessageIds {
  readonly #around: Pick<Surroundings, 'clock' | 'random'>
  #time = 0
  #counter = 0

  constructor(around: Pick<Surroundings, 'clock' | 'random'>) {
    this.#around = around
  }

  next(): string {
    const now = Math.floor(this.#around.clock.now())
    if (now > this.#time) {
      this.#time = now
      // From the lower half, so that there is room to count.
      this.#counter = this.#random(COUNTER_MAX >> 1)
    } else if (this.#counter < COUNTER_MAX) this.#counter++
    else {
      this.#time++
      this.#counter = 0
    }
    const time = hex(this.#time, 12)
    const variant = (8 + this.#random(4)).toString(16)
    const rest = hex(this.#random(2 ** 48), 12)
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(this.#counter, 3)}-${variant}${hex(this.#random(4_096), 3)}-${rest}`
  }

  #random(below: number): number {
    return Math.floor(this.#around.random() * below)
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
