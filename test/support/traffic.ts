/** What people do while something breaks: they talk, change what they said, and come and go. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, Position, RoomEvent } from '../../src/protocol/model.ts'
import type { Delivery } from './checker.ts'
import { type Item, Line } from './line.ts'
import type { Person } from './people.ts'
import type { Random } from './random.ts'
import type { Writer } from './witnesses.ts'

const CHANGES = ['edit', 'delete', 'reaction'] as const

/**
 * Sends, and edits, deletes and reacts to what was acknowledged, until told to stop; no message is changed twice.
 * `everyMs`: between two messages; `window`: messages that may wait for their acknowledgement.
 */
export async function talk(
  writer: Writer,
  rooms: string[],
  random: Random,
  stop: AbortSignal,
  { everyMs = 2, window = 8 } = {},
): Promise<void> {
  let looked = 0
  while (!stop.aborted) {
    await sleep(everyMs)
    if (writer.unacked < window) writer.send(random.pick(rooms))
    if (writer.acked.size <= looked || !writer.line.live || !random.chance(0.3)) continue
    looked = writer.acked.size
    const newest = [...writer.acked.values()].at(-1)
    if (newest !== undefined) writer.change(random.pick(CHANGES), newest, `${newest.clientMessageId}, edited`)
  }
}

/** Milliseconds after which an answer over HTTP is given up: longer than the server itself waits for anything. */
const ANSWER_MS = 15_000
const AGAIN_MS = 20
const ASK_AGAIN_MS = 30

/**
 * Joins and leaves a room over HTTP, each step again until its outcome is known, and stays in the end. Meanwhile a
 * connection to any of the nodes asks for all that it can get of the room, member or not, and notes what came (P5).
 */
export class Visitor {
  readonly deliveries: Delivery[] = []
  readonly problems: string[] = []
  /** How often it was let in. */
  visits = 0
  readonly line: Line
  readonly #apis: readonly string[]
  readonly #person: Person
  readonly #room: string
  readonly #random: Random
  /** The newest that it knows of. */
  #position: Position = { epoch: 1, seq: 0 }
  #asking: NodeJS.Timeout
  #stopped = false

  /** `apis`: nodes that answer HTTP, one of them at random each time; `gateways` by default. */
  constructor(options: {
    gateways: readonly string[]
    apis?: readonly string[]
    person: Person
    room: string
    random: Random
    pingMs?: number
  }) {
    const { gateways, apis = gateways, person, room, random, pingMs = 0 } = options
    this.#apis = apis
    this.#person = person
    this.#room = room
    this.#random = random
    this.line = new Line({
      url: gateways,
      token: person.accessToken,
      ready: () => this.line.ask('watch', { rooms: [room] }, () => {}),
      push: (item) => this.#pushed(item),
      pingMs,
    })
    this.#asking = setInterval(() => this.#askAround(), ASK_AGAIN_MS)
  }

  /** Comes and goes until told to stop. */
  async comeAndGo(stop: AbortSignal): Promise<void> {
    let inside = false
    while (!stop.aborted) {
      await sleep(AGAIN_MS + this.#random.whole(0, 100))
      const status = await this.#step(inside ? 'leave' : 'join')
      // Kicked, or a leave whose answer was lost: told by the next one (403).
      if (inside && (status === 204 || status === 403)) inside = false
      else if (!inside && status === 200) {
        inside = true
        this.visits++
      }
    }
    // Unless it was stopped: in a test that failed there may be nobody left to let it in.
    while (!this.#stopped && (await this.#step('join')) !== 200) await sleep(AGAIN_MS)
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#asking)
    this.line.stop()
  }

  /** The status; 0 when the outcome is not known. */
  async #step(what: 'join' | 'leave'): Promise<number> {
    try {
      const url = this.#random.pick(this.#apis)
      const { status } = await this.#person.at(url, ANSWER_MS).call('POST', `/rooms/${this.#room}/${what}`)
      if (![200, 204, 403, 429, 503, 507].includes(status)) this.problems.push(`${what} was answered with ${status}`)
      return status
    } catch {
      return 0
    }
  }

  #askAround(): void {
    if (!this.line.live) return
    const room = this.#room
    const { epoch, seq } = this.#position
    const what = this.#random.whole(0, 2)
    // From a little before what it knows: the end of its own membership lies there.
    const after = Math.max(0, seq - this.#random.whole(0, 3))
    if (what === 0) this.line.ask('events', { room, after, epoch, limit: 100 }, (ok) => this.#got(ok, 'events'))
    else if (what === 1)
      this.line.ask('subscribe', { room, position: { epoch, seq: after } }, (ok) => this.#got(ok, 'subscribe'))
    else this.line.ask('watch', { rooms: [room] }, (ok) => this.#heads(ok?.heads, 'watch'))
  }

  #got(ok: Item | null, by: string): void {
    if (ok === null) return
    const events = (ok.events ?? []) as RoomEvent[]
    const messages = (ok.messages ?? []) as Message[]
    const epoch = (ok.epoch ?? (ok.position as Position | undefined)?.epoch) as number
    for (const { seq } of [events.at(-1), messages.at(-1)].filter((last) => last !== undefined))
      this.#note(seq, by, epoch)
  }

  #pushed(item: Item): void {
    if (item.push === 'event' && item.room === this.#room) this.#note((item.event as RoomEvent).seq, 'a push')
    if (item.push === 'heads') this.#heads(item.rooms, 'heads')
  }

  #heads(heads: unknown, by: string): void {
    for (const { room, seq, epoch } of (heads ?? []) as { room: string; seq: number; epoch: number }[])
      if (room === this.#room) this.#note(seq, by, epoch)
  }

  #note(seq: number, by: string, epoch = this.#position.epoch): void {
    this.deliveries.push({
      user: this.#person.id,
      room: this.#room,
      epoch,
      seq,
      at: Date.now(),
      by,
    })
    if (epoch > this.#position.epoch) this.#position = { epoch, seq }
    else this.#position.seq = Math.max(this.#position.seq, seq)
  }
}

/** Puts people out of a room, now and then, until told to stop; they may come back. Answers how many kicks succeeded. */
export async function kickAround(options: {
  owner: Person
  apis: readonly string[]
  room: string
  people: Person[]
  random: Random
  stop: AbortSignal
}): Promise<number> {
  const { owner, apis, room, people, random, stop } = options
  let kicks = 0
  while (!stop.aborted) {
    await sleep(random.whole(30, 200))
    const { id } = random.pick(people)
    const there = owner.at(random.pick(apis), ANSWER_MS)
    const { status } = await there.call('DELETE', `/rooms/${room}/members/${id}`).catch(() => ({ status: 0 }))
    if (status === 204) kicks++
  }
  return kicks
}
