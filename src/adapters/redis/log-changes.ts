import { setTimeout as sleep } from 'node:timers/promises'
import type { Change } from '../../ports/rooms.ts'
import type { RoomEvent } from '../../protocol/model.ts'
import type { Turns } from '../sql/postgres/turns.ts'
import type { Relay } from './log-relay.ts'

/** So long appends wait for a change of their room that was asked for before them. */
const PATIENCE_MS = 1_000

/**
 * Changes of rooms and members: made in the database, then placed in the log. Within a node they take effect in the order in
 * which they and the appends were asked for; but a database that hangs keeps nobody from sending: then the change comes later.
 */
export class Changes {
  readonly #relay: Relay
  readonly #turns: Turns
  /** Changes that took longer and have no answer yet: while there are any, others keep nobody waiting. */
  #overdue = 0

  constructor(relay: Relay, turns: Turns) {
    this.#relay = relay
    this.#turns = turns
  }

  /**
   * `make` changes the database, `placeOf` says what of it is to be appended, and to which room; `always`: something may wait
   * that is no event. Answers what `make` did, and the change with the seqs that it got.
   */
  async make<T>(
    room: string,
    make: () => Promise<T>,
    placeOf: (made: T) => { room: string; change: Change },
    always = false,
  ): Promise<{ made: T; change: Change }> {
    const place = async (made: T) => {
      const to = placeOf(made)
      return { made, change: await this.#place(to.room, to.change, always) }
    }
    const making = Promise.withResolvers<T>()
    const early = await this.#turns.take([room], async () => {
      make().then(making.resolve, making.reject)
      if (await this.#isQuick(making.promise)) return place(await making.promise)
      return null
    })
    if (early !== null) return early
    const made = await making.promise
    return this.#turns.take([room], () => place(made))
  }

  async #isQuick(making: Promise<unknown>): Promise<boolean> {
    const answered = making.then(
      () => true,
      () => true,
    )
    const patience = new AbortController()
    const late = sleep(this.#overdue > 0 ? 0 : PATIENCE_MS, false, patience)
    const quick = await Promise.race([answered, late])
    patience.abort()
    late.catch(() => {})
    if (!quick) {
      this.#overdue++
      void answered.then(() => this.#overdue--)
    }
    return quick
  }

  async #place(room: string, change: Change, always: boolean): Promise<Change> {
    const waiting = change.events.filter((event) => event.seq < 0)
    if (waiting.length === 0 && !always) return change
    const places = await this.#relay.bring(
      room,
      waiting.map((event) => -event.seq),
    )
    let { epoch } = change
    const events = change.events.map((event): RoomEvent => {
      const place = places.get(-event.seq)
      if (place === undefined) return event
      epoch = place.epoch
      return { ...event, seq: place.seq }
    })
    return { epoch, events }
  }
}
