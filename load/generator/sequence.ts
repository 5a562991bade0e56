/**
 * What one connection saw of one room, judged against P2: every seq after the start, once, in rising order. A seq that
 * comes before a smaller one leaves a hole; filling it later counts as out of order, not filling it as lost.
 */
export class Sequence {
  /** The next seq that is expected. */
  next: number
  received = 0
  duplicated = 0
  outOfOrder = 0
  readonly #holes = new Set<number>()
  #overflow = 0

  /** `head`: the seq that the subscription started at. */
  constructor(head: number) {
    this.next = head + 1
  }

  /** Takes the seqs first..last, as they arrived together. */
  take(first: number, last: number): void {
    if (first === this.next) {
      this.next = last + 1
      this.received += last - first + 1
      return
    }
    for (let seq = first; seq <= last; seq++) this.#takeOne(seq)
  }

  #takeOne(seq: number): void {
    if (seq >= this.next) {
      // Holes are remembered one by one, up to a limit; beyond it they count as lost for good.
      for (let hole = this.next; hole < seq; hole++) {
        if (this.#holes.size < 100_000) this.#holes.add(hole)
        else this.#overflow++
      }
      this.next = seq + 1
      this.received++
    } else if (this.#holes.delete(seq)) {
      this.outOfOrder++
      this.received++
    } else {
      this.duplicated++
    }
  }

  /** How many of the events up to the room's head never came. */
  lost(head: number): number {
    return this.#holes.size + this.#overflow + Math.max(0, head + 1 - this.next)
  }

  /** What is missing up to the room's head, in words for whoever looks for the reason. */
  missing(head: number): string {
    const holes = [...this.#holes].slice(0, 5)
    const end = head >= this.next ? [`${this.next} to ${head}, the end`] : []
    return [...holes, ...end].join(', ')
  }
}
