/**
 * The witnesses of the fault tests: writers that send through anything and remember what they were told, followers that
 * take each room from position to position, and the comparison of both with what the server has in the end (P1–P4).
 */
import assert from 'node:assert/strict'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { type Item, Line } from './line.ts'
import type { Person } from './people.ts'

const RETRY_MS = 50

interface Sent {
  room: string
  body: string
  tries: number
}

/** Sends messages and resends what was not acknowledged, marked as a retry. */
export class Writer {
  readonly person: Person
  readonly line: Line
  /** clientMessageId -> what the acknowledgement said. */
  readonly acked = new Map<string, { room: string; seq: number; body: string }>()
  readonly problems: string[] = []
  /** Codes of refusals that may succeed later. */
  readonly refusals = new Map<string, number>()
  readonly #unacked = new Map<string, Sent>()
  /** Refused and to be tried again, after a time that doubles until something is acknowledged. */
  readonly #refused = new Map<string, Sent>()
  #retryMs = RETRY_MS
  #made = 0

  constructor(url: string, person: Person, options: { pingMs?: number } = {}) {
    this.person = person
    this.line = new Line({ url, token: person.accessToken, ready: () => this.#resend(), ...options })
  }

  get unacked(): number {
    return this.#unacked.size
  }

  send(room: string, body = `${this.person.username} says ${this.#made}`): string {
    const clientMessageId = `${this.person.username}-${this.#made++}`
    const sent = { room, body, tries: 0 }
    this.#unacked.set(clientMessageId, sent)
    if (this.line.live) this.#try(clientMessageId, sent)
    return clientMessageId
  }

  #resend(): void {
    for (const [id, sent] of this.#unacked) this.#try(id, sent)
  }

  #try(clientMessageId: string, sent: Sent): void {
    const { room, body } = sent
    const retry = sent.tries++ > 0
    this.line.ask('send', { room, clientMessageId, body, ...(retry && { retry }) }, (ok, err) => {
      if (ok !== null) return this.#acknowledged(clientMessageId, sent, ok)
      if (err?.retryable) {
        this.refusals.set(err.code, (this.refusals.get(err.code) ?? 0) + 1)
        if (this.#refused.size === 0) setTimeout(() => this.#retryRefused(), this.#retryMs)
        this.#refused.set(clientMessageId, sent)
      } else this.problems.push(`${clientMessageId} was refused: ${err?.code}`)
    })
  }

  #retryRefused(): void {
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS * 16)
    const refused = [...this.#refused]
    this.#refused.clear()
    for (const [id, sent] of refused) if (this.#unacked.has(id)) this.#try(id, sent)
  }

  #acknowledged(id: string, { room, body }: Sent, ok: Item): void {
    const seq = ok.seq as number
    const before = this.acked.get(id)
    if (before !== undefined && before.seq !== seq)
      this.problems.push(`[P3] ${id} was acknowledged at ${before.seq} and at ${seq}`)
    if (ok.durability !== 'stored') this.problems.push(`[P1] ${id} is ${ok.durability}`)
    this.acked.set(id, { room, seq, body })
    this.#retryMs = RETRY_MS
    this.#unacked.delete(id)
  }
}

interface Run {
  epoch: number
  /** From seq 1 on. */
  events: RoomEvent[]
  /** Pushes that wait until the range before them was fetched. */
  held: RoomEvent[] | null
}

/** Follows rooms from their first event on, by position, through anything. */
export class Follower {
  readonly line: Line
  readonly runs = new Map<string, Run>()
  readonly problems: string[] = []
  /** Answers to `subscribe` that were a recovery, and how many `lagging` pushes came. */
  recoveries = 0
  laggings = 0

  constructor(url: string, person: Person, rooms: string[], options: { epoch?: number; pingMs?: number } = {}) {
    for (const room of rooms) this.runs.set(room, { epoch: options.epoch ?? 1, events: [], held: null })
    this.line = new Line({
      url,
      token: person.accessToken,
      ready: () => this.#subscribeAll(),
      push: (item) => this.#pushed(item),
      ...options,
    })
  }

  head(room: string): number {
    return this.#run(room).events.length
  }

  #subscribeAll(): void {
    for (const room of this.runs.keys()) this.#subscribe(room)
  }

  #subscribe(room: string): void {
    const run = this.#run(room)
    run.held = null
    this.line.ask('subscribe', { room, position: this.#position(run) }, (ok, err) => {
      if (ok === null) {
        if (err?.retryable) setTimeout(() => this.line.live && this.#subscribe(room), 50)
        else this.problems.push(`subscribe was refused: ${err?.code}`)
        return
      }
      if (ok.recovered !== true) {
        this.problems.push(`[P4] nothing was lost, and yet the position ${run.events.length} was not recovered`)
        return
      }
      this.recoveries++
      for (const event of ok.events as RoomEvent[]) this.#take(run, event, 'the answer')
      if (ok.more === true) {
        run.held = []
        this.#fetch(room, run, ok.head as number)
      }
    })
  }

  #fetch(room: string, run: Run, head: number): void {
    const { epoch, seq } = this.#position(run)
    this.line.ask('events', { room, after: seq, epoch, limit: 1_000 }, (ok, err) => {
      if (err?.retryable) return void setTimeout(() => this.line.live && this.#fetch(room, run, head), 50)
      if (ok?.recovered !== true) return void this.problems.push('[P4] a range could not be fetched')
      for (const event of ok.events as RoomEvent[]) if (event.seq <= head) this.#take(run, event, 'a range')
      if (run.events.length < head) return this.#fetch(room, run, head)
      const held = run.held ?? []
      run.held = null
      for (const event of held) this.#take(run, event, 'a held push')
    })
  }

  #pushed(item: Item): void {
    const run = this.runs.get(item.room as string)
    if (run === undefined) return
    if (item.push === 'event') {
      const event = item.event as RoomEvent
      if (run.held !== null) run.held.push(event)
      else this.#take(run, event, 'a push')
    } else if (item.push === 'lagging') {
      this.laggings++
      const { seq } = item.position as { seq: number }
      if (seq !== run.events.length) this.problems.push(`lagging says ${seq}, delivered was ${run.events.length}`)
      this.#subscribe(item.room as string)
    }
  }

  #take(run: Run, event: RoomEvent, from: string): void {
    const last = run.events.length
    if (event.seq === last + 1) run.events.push(event)
    else this.problems.push(`[P4] ${from} brings ${event.seq} after ${last}`)
  }

  #run(room: string): Run {
    return this.runs.get(room) as Run
  }

  #position(run: Run): { epoch: number; seq: number } {
    return { epoch: run.epoch, seq: run.events.length }
  }
}

/** Every event of a room, as the server has it now. */
export async function wholeRun(reader: Person, room: string, epoch = 1): Promise<RoomEvent[]> {
  const run: RoomEvent[] = []
  for (;;) {
    const { status, body } = await reader.call<{ events: RoomEvent[]; head: number; recovered: boolean }>(
      'GET',
      `/rooms/${room}/events?after=${run.length}&epoch=${epoch}&limit=1000`,
    )
    assert.equal(status, 200)
    assert.equal(body.recovered, true)
    run.push(...body.events)
    if (run.length >= body.head) return run
    assert.ok(body.events.length > 0, 'a range below the head is not empty')
  }
}

/** Waits until a condition holds; fails with `what` after `ms`. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: () => string, ms: number) {
  const end = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > end) assert.fail(`after ${ms} ms: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/**
 * Waits until everything sent was acknowledged and every follower is at the head, then compares: acknowledged is there,
 * once, at its seq; sequences have no hole; every follower's run is the room's.
 */
export async function assertWitnessed(all: {
  rooms: string[]
  reader: Person
  writers: Writer[]
  followers: Follower[]
  withinMs: number
}): Promise<Map<string, RoomEvent[]>> {
  const { rooms, reader, writers, followers, withinMs } = all
  const told = () => [...writers, ...followers].flatMap((witness) => witness.problems)
  const waiting = () => writers.reduce((sum, writer) => sum + writer.unacked, 0)
  await eventually(
    () => waiting() === 0 || told().length > 0,
    () => `${waiting()} messages are not acknowledged`,
    withinMs,
  )
  assert.deepEqual(told(), [])
  const runs = new Map<string, RoomEvent[]>()
  for (const room of rooms) runs.set(room, await wholeRun(reader, room))
  for (const [room, run] of runs) {
    await eventually(
      () => followers.every((one) => !one.runs.has(room) || one.head(room) >= run.length) || told().length > 0,
      () => `followers are at ${followers.map((one) => one.runs.get(room)?.events.length)} of ${run.length}`,
      withinMs,
    )
  }
  assert.deepEqual(told(), [])
  for (const [room, run] of runs) checkRun(room, run, writers, followers)
  return runs
}

function checkRun(room: string, run: RoomEvent[], writers: Writer[], followers: Follower[]): void {
  const once = new Set<string>()
  for (const [i, event] of run.entries()) {
    assert.equal(event.seq, i + 1, '[P2] the sequence has no hole')
    if (event.type !== 'message') continue
    const key = `${event.actor} ${event.clientMessageId}`
    assert.ok(!once.has(key), `[P3] ${key} is stored once`)
    once.add(key)
  }
  for (const { acked, person } of writers) {
    for (const [id, ack] of acked) {
      if (ack.room !== room) continue
      const event = run[ack.seq - 1]
      assert.equal(event?.type, 'message', `[P1] ${id} is at ${ack.seq}`)
      assert.deepEqual([event.actor, event.clientMessageId], [person.id, id], `[P1] ${id} is at ${ack.seq}`)
    }
  }
  const names = run.map(nameOf)
  for (const follower of followers) {
    const followed = follower.runs.get(room)
    if (followed !== undefined) assert.deepEqual(followed.events.slice(0, run.length).map(nameOf), names)
  }
}

/** What an event is, but for text that an edit or a delete may have changed since. */
function nameOf(event: RoomEvent): string {
  const { seq, type, actor } = event
  switch (event.type) {
    case 'message':
      return `${seq} ${type} ${actor} ${event.clientMessageId} ${event.n}`
    case 'edit':
    case 'delete':
      return `${seq} ${type} ${actor} ${event.target}`
    case 'reaction':
      return `${seq} ${type} ${actor} ${event.target} ${event.emoji} ${event.on}`
    case 'join':
    case 'leave':
    case 'member':
      return `${seq} ${type} ${actor} ${event.user}`
    case 'room':
      return `${seq} ${type} ${actor}`
  }
}

/** Every message of a room, by seq, read page by page from the newest back. */
export async function allMessages(reader: Person, room: string): Promise<Map<number, Message>> {
  const messages = new Map<number, Message>()
  for (let before = ''; ; ) {
    const { status, body } = await reader.call<{ items: Message[] }>(
      'GET',
      `/rooms/${room}/messages?limit=200${before}`,
    )
    assert.equal(status, 200)
    for (const message of body.items) messages.set(message.seq, message)
    const first = body.items[0]
    if (first === undefined) return messages
    before = `&before=${first.seq}`
  }
}
