import { type Dialect, type RoomPosition, roomOf } from './dialect.ts'
import type { Run } from './payload.ts'
import { Sequence } from './sequence.ts'
import { count, roomTally, type Tally } from './tally.ts'

/** The connection on which rooms are followed. */
interface Line {
  nextId(): number
  write(text: string): void
  fail(error: Error): void
}

/**
 * Where a connection stands in each stream that it follows, and what it has asked for to stand there again: positions are kept
 * over a cut, questions are not.
 */
export class Following {
  /** By stream. */
  readonly sequences = new Map<string, Sequence>()
  readonly #dialect: Dialect
  readonly #tally: Tally
  readonly #rooms: readonly string[]
  readonly #line: Line
  readonly #epochs = new Map<string, number>()
  readonly #asked = new Map<number, RoomPosition | string>()
  /** Of the pages that are asked for. */
  readonly #pages = new Map<number, string>()
  /** Rooms of which pages up to a seq are on the way; the pushes that came meanwhile. */
  readonly #filling = new Map<string, { to: number; held: Run[] }>()

  constructor(dialect: Dialect, tally: Tally, rooms: readonly string[], line: Line) {
    this.#dialect = dialect
    this.#tally = tally
    this.#rooms = rooms
    this.#line = line
  }

  /** Whether all that was asked for has come. */
  get complete(): boolean {
    return this.#asked.size === 0 && this.#pages.size === 0
  }

  cut(): void {
    this.#asked.clear()
    this.#pages.clear()
    this.#filling.clear()
  }

  subscribe(room: string): void {
    const epoch = this.#epochs.get(room)
    const from = epoch === undefined ? null : { room, epoch, seq: (this.sequences.get(room)?.next ?? 1) - 1 }
    const id = this.#line.nextId()
    this.#asked.set(id, from ?? room)
    this.#line.write(this.#dialect.subscribe(id, room, from))
  }

  take(run: Run): void {
    const filling = this.#filling.size === 0 ? undefined : this.#filling.get(run.room)
    if (filling !== undefined) {
      filling.held.push(run)
      return
    }
    const sequence = this.sequences.get(run.room) ?? this.#firstOf(run.room)
    sequence.take(run.first, run.last)
  }

  /** Takes the answer to a question of this side; false when it is to none. */
  answered(id: number, ok: unknown, error: string | null): boolean {
    const paged = this.#pages.get(id)
    if (paged !== undefined) {
      this.#pages.delete(id)
      if (error !== null) this.#refused('events', error)
      else this.#paged(paged, ok)
      return true
    }
    const asked = this.#asked.get(id)
    if (asked === undefined) return false
    this.#asked.delete(id)
    if (error !== null) this.#refused('subscribe', error)
    else if (typeof asked === 'string') this.#subscribed(asked, null, ok)
    else this.#subscribed(asked.room, asked, ok)
    return true
  }

  #refused(what: string, error: string): void {
    count(this.#tally.refused, error)
    this.#line.fail(new Error(`${what}: ${error}`))
  }

  #subscribed(room: string, from: RoomPosition | null, ok: unknown): void {
    const answer = this.#dialect.subscribed(room, from, ok)
    if (from !== null) this.#tally.resumed++
    this.#epochs.set(room, answer.epoch)
    if (answer.byNode === true) {
      if (!answer.recovered) this.#tally.notRecovered++
      return
    }
    const sequence = this.sequences.get(room)
    if (sequence === undefined) {
      this.sequences.set(room, new Sequence(answer.seq))
      const one = roomTally(this.#tally, room)
      one.start = Math.min(one.start, answer.seq)
      return
    }
    this.#catchUp(sequence, answer.caughtUp)
    if (!answer.recovered) this.#tally.notRecovered++
    if (answer.head !== undefined) {
      this.#filling.set(room, { to: answer.head, held: [] })
      this.#askPage(room, sequence, answer.head)
    }
  }

  #catchUp(sequence: Sequence, seqs: number[]): void {
    for (const seq of seqs) sequence.take(seq, seq)
    this.#tally.caughtUp += seqs.length
  }

  #askPage(room: string, sequence: Sequence, to: number): void {
    const id = this.#line.nextId()
    this.#pages.set(id, room)
    const from = { room, epoch: this.#epochs.get(room)!, seq: sequence.next - 1 }
    this.#line.write(this.#dialect.events!(id, from, to))
  }

  #paged(room: string, ok: unknown): void {
    const seqs = this.#dialect.paged(ok)
    const { to, held } = this.#filling.get(room)!
    const sequence = this.sequences.get(room)!
    this.#catchUp(sequence, seqs ?? [])
    // A page with nothing before the end is the server's mistake: what is missing then counts as lost.
    if (seqs !== null && seqs.length > 0 && sequence.next <= to) {
      this.#askPage(room, sequence, to)
      return
    }
    if (seqs === null) this.#tally.notRecovered++
    this.#filling.delete(room)
    for (const run of held) sequence.take(run.first, run.last)
  }

  /** What is due of a stream up to its head; made where nothing of it has come. */
  sequenceOf(stream: string): Sequence {
    return this.sequences.get(stream) ?? this.#begin(stream)
  }

  #firstOf(stream: string): Sequence {
    const room = roomOf(stream)
    // Before the answer to its subscription there is no position to judge a room's event by: P2 has it come after.
    if (room === stream || !this.#rooms.includes(room)) throw new Error('an event of a room that is not subscribed')
    return this.#begin(stream)
  }

  #begin(stream: string): Sequence {
    const sequence = new Sequence(0)
    this.sequences.set(stream, sequence)
    roomTally(this.#tally, stream).start = 0
    return sequence
  }
}
