import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Appended, Draft } from '../../src/ports/log.ts'
import { ERRORS } from '../../src/protocol/errors.ts'
import { allEvents, message, type Store } from '../contract/store.ts'
import { Random } from './random.ts'

type Acknowledged = Appended & { ok: true }
interface Sent {
  room: string
  id: string
  body: string
  appended: Acknowledged
}

const BATCH = 20
const PAUSE_MS = 10

/** A load on a log, and afterwards what must be in the database: messages, with some edits, deletes and reactions. */
export class LogLoad {
  readonly #store: Store
  readonly #rooms: string[]
  readonly #users: string[]
  readonly #random = new Random()
  readonly #sent: Sent[] = []
  /** What stands at a place of a room's sequence: `room epoch seq`. */
  readonly #places = new Map<string, string>()
  readonly epochs = new Set<number>()
  #stopped = false
  #running: Promise<void> = Promise.resolve()

  constructor(store: Store, rooms: string[], users: string[]) {
    this.#store = store
    this.#rooms = rooms
    this.#users = users
  }

  start(): this {
    this.#running = this.#run()
    // Its failure is told by `stop`.
    this.#running.catch(() => {})
    return this
  }

  get acknowledged(): number {
    return this.#sent.length
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    assert.ok(this.#sent.length > 0)
  }

  async until(met: () => boolean, withinMs: number): Promise<void> {
    for (const end = Date.now() + withinMs; !met(); await sleep(20))
      assert.ok(Date.now() < end, `it did not happen within ${withinMs} ms (SEED=${this.#random.seed})`)
  }

  /** Every acknowledged message is stored once, at its seq; of those for which `must` holds. */
  async assertStored(store: Store, must: (appended: Acknowledged) => boolean = () => true): Promise<void> {
    for (const room of this.#rooms) {
      const stored = new Map<string, number[]>()
      for (const event of await allEvents(store, room, 500)) {
        if (event.type !== 'message') continue
        stored.set(event.clientMessageId, [...(stored.get(event.clientMessageId) ?? []), event.seq])
      }
      for (const { id, appended } of this.#sent.filter((each) => each.room === room && must(each.appended)))
        assert.deepEqual(stored.get(id), [appended.seq], `message ${id} of ${room} (SEED=${this.#random.seed})`)
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#append(Array.from({ length: BATCH }, () => this.#draft()))
      await sleep(PAUSE_MS)
    }
  }

  #draft(): Draft {
    const random = this.#random
    const room = random.pick(this.#rooms)
    const actor = random.pick(this.#users)
    const known = this.#sent.length > 0 ? random.pick(this.#sent.slice(-200)) : undefined
    if (known === undefined || random.chance(0.8)) return message(room, actor, `text ${random.whole(0, 1e9)}`)
    const change = { room: known.room, actor, target: known.appended.seq }
    if (random.chance(0.4)) return { ...change, type: 'edit', body: `edit ${random.whole(0, 1e9)}`, mentions: [] }
    if (random.chance(0.2)) return { ...change, type: 'delete', moderate: true }
    return { ...change, type: 'reaction', emoji: random.pick(['👍', '❤️']), on: random.chance(0.6), most: 20 }
  }

  /** Messages are sent until they are acknowledged, as a client does; of other changes the outcome is left open. */
  async #append(drafts: Draft[]): Promise<void> {
    let waiting = drafts
    for (let tries = 0; waiting.length > 0; tries++) {
      const results = await this.#store.log.append(waiting)
      const again: Draft[] = []
      for (const [i, draft] of waiting.entries()) {
        const result = results[i] as Appended
        if (result.ok) this.#note(draft, result)
        else if (draft.type === 'message') {
          assert.ok(ERRORS[result.code].retryable, result.code)
          again.push({ ...draft, retry: true })
        }
      }
      if (again.length > 0) await sleep(Math.min(200, 20 * (tries + 1)))
      assert.ok(tries < 300, `drafts are refused for good (SEED=${this.#random.seed})`)
      waiting = again
    }
  }

  #note(draft: Draft, appended: Acknowledged): void {
    if (draft.type !== 'message') return
    const place = `${draft.room} ${appended.epoch} ${appended.seq}`
    const there = this.#places.get(place)
    if (!appended.duplicate || there !== undefined)
      assert.equal(there ?? draft.clientMessageId, draft.clientMessageId, `two messages at ${place}`)
    if (!appended.duplicate) this.#places.set(place, draft.clientMessageId)
    this.epochs.add(appended.epoch)
    this.#sent.push({ room: draft.room, id: draft.clientMessageId, body: draft.body, appended })
  }
}
