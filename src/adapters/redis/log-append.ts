import type { Appended, Draft } from '../../ports/log.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import type { Turns } from '../sql/postgres/turns.ts'
import { type AppendCall, CALL_BYTES, CALL_DRAFTS, type RoomDrafts } from './log-call.ts'
import { argumentsOf, codeOf, readAnswer, sizeOf, type Waiting, waitingOf } from './log-drafts.ts'
import type { FactFinder, Loads } from './log-facts.ts'

/** A draft may need the room first, then a member, then a message; and what was loaded may be out of date once more. */
const ROUNDS_WITHOUT_PROGRESS = 6
const NOTHING: Loads = { epoch: '', rooms: new Map() }

/**
 * Appends drafts, each partition by itself: in one round when all that they need is there already. What is not, the log asks
 * for; it is read from the database and the drafts that waited for it go once more. In each room the drafts keep their order.
 */
export class Appender {
  readonly #append: AppendCall
  readonly #facts: FactFinder
  readonly #turns: Turns

  constructor(append: AppendCall, facts: FactFinder, turns: Turns) {
    this.#append = append
    this.#facts = facts
    this.#turns = turns
  }

  /** Drafts fail one by one, also with what concerns their partition alone: `unavailable`, `log_fenced`, `log_full`. */
  append(drafts: Draft[]): Promise<Appended[]> {
    const rooms = drafts.map((draft) => draft.room)
    return this.#turns.take(rooms, async () => {
      const results = new Array<Appended>(drafts.length)
      await Promise.all(this.#byPartition(drafts).map(([partition, some]) => this.#appendTo(partition, some, results)))
      return results
    })
  }

  #byPartition(drafts: Draft[]): [partition: number, waiting: Waiting[]][] {
    const groups = new Map<number, Waiting[]>()
    const partitions = new Map<string, number>()
    for (const [place, draft] of drafts.entries()) {
      let partition = partitions.get(draft.room)
      if (partition === undefined) {
        partition = this.#append.partitionOf(draft.room)
        partitions.set(draft.room, partition)
      }
      const group = groups.get(partition)
      if (group === undefined) groups.set(partition, [waitingOf(draft, place)])
      else group.push(waitingOf(draft, place))
    }
    return [...groups]
  }

  async #appendTo(partition: number, waiting: Waiting[], results: Appended[]): Promise<void> {
    for (let from = 0; from < waiting.length; ) {
      let to = from
      for (let bytes = 0; to < waiting.length && to - from < CALL_DRAFTS && bytes < CALL_BYTES; to++)
        bytes += sizeOf(waiting[to] as Waiting)
      await this.#appendSome(partition, waiting.slice(from, to), results)
      from = to
    }
  }

  async #appendSome(partition: number, drafts: Waiting[], results: Appended[]): Promise<void> {
    let waiting = drafts
    let loads = NOTHING
    let asOf = 0
    try {
      for (let idle = 0; idle < ROUNDS_WITHOUT_PROGRESS && waiting.length > 0; idle++) {
        const before = waiting.length
        const { state, now, answers } = await this.#call(partition, asOf, loads, waiting, results)
        if (state === 'fenced') return refuse(waiting, 'log_fenced', results)
        // Out of date is what was loaded: all of it is loaded anew.
        waiting =
          state === 'stale' ? waiting.map(({ draft, place }) => ({ ...waitingOf(draft, place), need: 'r' })) : answers
        loads = NOTHING
        asOf = now
        if (waiting.length > 0) ({ loads, waiting } = await this.#find(partition, waiting, results))
        if (waiting.length < before) idle = 0
      }
      refuse(waiting, 'unavailable', results)
    } catch (error) {
      refuse(waiting, codeOf(error), results)
    }
  }

  /** One call; answers the drafts that wait on. */
  async #call(
    partition: number,
    asOf: number,
    loads: Loads,
    waiting: Waiting[],
    results: Appended[],
  ): Promise<{ state: string; now: number; answers: Waiting[] }> {
    const rooms = new Map<string, { call: RoomDrafts; of: Waiting[] }>()
    for (const each of waiting) {
      const { room } = each.draft
      let group = rooms.get(room)
      if (group === undefined) {
        group = { call: { room, load: loads.rooms.get(room) ?? '', drafts: [] }, of: [] }
        rooms.set(room, group)
      }
      group.call.drafts.push(argumentsOf(each))
      group.of.push(each)
    }
    const order = [...rooms.values()]
    const result = await this.#append.call(
      partition,
      asOf,
      loads.epoch,
      order.map(({ call }) => call),
    )
    const left: Waiting[] = []
    if (result.state !== 'ok') return { ...result, answers: left }
    for (const [i, each] of order.flatMap(({ of }) => of).entries()) {
      const answer = readAnswer(result.answers[i] as string)
      if ('need' in answer) {
        each.need = answer.need
        left.push(each)
      } else results[each.place] = answer
    }
    return { ...result, answers: left }
  }

  /** Asks the database. While it does not answer, those that need it are refused, and those that waited for them go on. */
  async #find(
    partition: number,
    waiting: Waiting[],
    results: Appended[],
  ): Promise<{ loads: Loads; waiting: Waiting[] }> {
    try {
      const { loads, known } = await this.#facts.find(partition, waiting)
      for (const { waiting: each, answer } of known) results[each.place] = answer
      const repeats = new Set(known.map((each) => each.waiting))
      return { loads, waiting: waiting.filter((each) => !repeats.has(each)) }
    } catch (error) {
      refuse(
        waiting.filter(({ need }) => need !== 'w'),
        codeOf(error),
        results,
      )
      return { loads: NOTHING, waiting: waiting.filter(({ need }) => need === 'w') }
    }
  }
}

function refuse(waiting: Waiting[], code: ErrorCode, results: Appended[]): void {
  for (const { place } of waiting) results[place] = { ok: false, code }
}
