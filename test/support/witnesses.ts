/**
 * The witnesses of the fault tests: writers that send through anything and remember what they were told, followers that
 * take each room from position to position, and their comparison with what the server has in the end (P1–P5, checker.ts).
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Durability, Message, Position, RoomEvent } from '../../src/protocol/model.ts'
import {
  type Acknowledged,
  type ChangeAcknowledged,
  type Delivery,
  type Followed,
  type Loss,
  type StoredRoom,
  type View,
  violations,
} from './checker.ts'
import { type Item, Line } from './line.ts'
import { PATIENCE_MS } from './patience.ts'
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
  readonly acked = new Map<string, Acknowledged>()
  readonly changes: ChangeAcknowledged[] = []
  readonly problems: string[] = []
  /** Codes of refusals that may succeed later. */
  readonly refusals = new Map<string, number>()
  readonly #unacked = new Map<string, Sent>()
  /** Refused and to be tried again, after a time that doubles until something is acknowledged. */
  readonly #refused = new Map<string, Sent>()
  readonly #durability: Durability
  #retryMs = RETRY_MS
  #made = 0

  /** `durability`: what every acknowledgement must name. */
  constructor(
    url: string | readonly string[],
    person: Person,
    { durability = 'stored', ...options }: { pingMs?: number; durability?: Durability } = {},
  ) {
    this.person = person
    this.#durability = durability
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

  /** Edits, deletes or reacts to a message, once, whatever comes of it. */
  change(type: ChangeAcknowledged['type'], { room, seq: target }: Pick<Acknowledged, 'room' | 'seq'>, body = ''): void {
    const [op, fields] = {
      edit: ['edit', { body }] as const,
      delete: ['delete', {}] as const,
      reaction: ['react', { emoji: '👍', on: true }] as const,
    }[type]
    this.line.ask(op, { room, seq: target, ...fields }, (ok) => {
      if (ok === null) return
      const { seq, at } = ok as { seq: number; at: number }
      const change = { type, user: this.person.id, room, target, seq, at }
      this.changes.push(type === 'edit' ? { ...change, body } : change)
    })
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
    const durability = ok.durability as Durability
    if (durability !== this.#durability) this.problems.push(`[P1] ${id} is ${durability}`)
    this.acked.set(id, { user: this.person.id, room, clientMessageId: id, body, seq, durability, at: ok.at as number })
    this.#retryMs = RETRY_MS
    this.#unacked.delete(id)
  }
}

interface Run {
  /** The last one grows. */
  views: View[]
  /** Pushes that wait until the range before them was fetched. */
  held: RoomEvent[] | null
}

/** Follows rooms from their first event on, by position, through anything. */
export class Follower {
  readonly person: Person
  readonly line: Line
  readonly runs = new Map<string, Run>()
  readonly problems: string[] = []
  /** Answers to `subscribe` that were a recovery, and how many `lagging` pushes came. */
  recoveries = 0
  laggings = 0
  readonly #losses: boolean

  /** `epoch`: the one that the rooms begin with; `losses`: whether the log may lose data, so that epochs rise. */
  constructor(
    url: string | readonly string[],
    person: Person,
    rooms: string[],
    options: { epoch?: number; pingMs?: number; losses?: boolean } = {},
  ) {
    const { epoch = 1, losses = false } = options
    this.person = person
    this.#losses = losses
    for (const room of rooms) this.runs.set(room, { views: [{ epoch, from: 0, page: null, events: [] }], held: null })
    this.line = new Line({
      url,
      token: person.accessToken,
      ready: () => this.#subscribeAll(),
      push: (item) => this.#pushed(item),
      ...options,
    })
  }

  head(room: string): number {
    return this.#position(this.#run(room)).seq
  }

  /** What it saw, room by room. */
  followed(): Followed[] {
    return [...this.runs].map(([room, { views }]) => ({ who: this.person.username, room, views }))
  }

  #subscribeAll(): void {
    for (const room of this.runs.keys()) this.#subscribe(room)
  }

  #subscribe(room: string): void {
    const run = this.#run(room)
    run.held = null
    const position = this.#position(run)
    this.line.ask('subscribe', { room, position }, (ok, err) => {
      if (ok === null) {
        if (err?.retryable) setTimeout(() => this.line.live && this.#subscribe(room), 50)
        else this.problems.push(`subscribe was refused: ${err?.code}`)
        return
      }
      if (ok.recovered !== true) return this.#reset(run, position, ok)
      this.recoveries++
      for (const event of ok.events as RoomEvent[]) this.#take(run, event, 'the answer')
      if (ok.more === true) {
        run.held = []
        this.#fetch(room, run, ok.head as number)
      }
    })
  }

  /** The log lost data: what comes now begins with a page. */
  #reset(run: Run, before: Position, { position, messages }: Item): void {
    const { epoch, seq } = position as Position
    if (!this.#losses || epoch < before.epoch)
      this.problems.push(`[P4] nothing was lost, and yet ${JSON.stringify(before)} was not recovered`)
    else run.views.push({ epoch, from: seq, page: messages as Message[], events: [] })
  }

  #fetch(room: string, run: Run, head: number): void {
    const { epoch, seq } = this.#position(run)
    this.line.ask('events', { room, after: seq, epoch, limit: 1_000 }, (ok, err) => {
      if (err?.retryable) return void setTimeout(() => this.line.live && this.#fetch(room, run, head), 50)
      if (ok?.recovered !== true) {
        // The `reset` that goes with it begins again.
        if (!this.#losses) this.problems.push('[P4] a range could not be fetched')
        return
      }
      for (const event of ok.events as RoomEvent[]) if (event.seq <= head) this.#take(run, event, 'a range')
      if (this.#position(run).seq < head) return this.#fetch(room, run, head)
      const held = run.held ?? []
      run.held = null
      for (const event of held) this.#take(run, event, 'a held push')
    })
  }

  #pushed(item: Item): void {
    const room = item.room as string
    const run = this.runs.get(room)
    if (run === undefined) return
    if (item.push === 'event') {
      const event = item.event as RoomEvent
      if (run.held !== null) run.held.push(event)
      else this.#take(run, event, 'a push')
    } else if (item.push === 'lagging') {
      this.laggings++
      const { seq } = item.position as { seq: number }
      const delivered = this.#position(run).seq
      if (seq !== delivered) this.problems.push(`lagging says ${seq}, delivered was ${delivered}`)
      this.#subscribe(room)
    } else if (item.push === 'reset') this.#subscribe(room)
  }

  #take(run: Run, event: RoomEvent, from: string): void {
    const last = this.#position(run).seq
    if (event.seq === last + 1) run.views.at(-1)?.events.push(event)
    else this.problems.push(`[P4] ${this.person.username}: ${from} brings ${event.seq} after ${last}`)
  }

  #run(room: string): Run {
    return this.runs.get(room) as Run
  }

  #position(run: Run): Position {
    const { epoch, from, events } = run.views.at(-1) as View
    return { epoch, seq: from + events.length }
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

/** A room as a member reads it from the server now. */
export async function storedRoom(reader: Person, room: string): Promise<StoredRoom> {
  const { body } = await reader.call<{ position: Position }>('GET', `/rooms/${room}`)
  const { epoch } = body.position
  return { epoch, events: await wholeRun(reader, room, epoch), messages: await allMessages(reader, room) }
}

/** Waits until a condition holds; fails with `what` after `ms`. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: () => string, ms = PATIENCE_MS) {
  const end = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > end) assert.fail(`after ${ms} ms: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export interface Witnesses {
  rooms: string[]
  /** How the end is read: by a member of the rooms, or in another way. */
  reader: Person | ((room: string) => Promise<StoredRoom>)
  writers: Writer[]
  followers: Follower[]
  /** What came to users who went in and out of rooms. */
  deliveries?: Delivery[]
  /** When the log lost its data. */
  losses?: Loss[]
  /** How long acknowledgements and followers may take from now on. */
  withinMs?: number
}

/**
 * Waits until everything sent was acknowledged and every follower is at the head; then nothing of what anybody was told
 * may contradict what is stored (P1–P5). Answers the rooms as they are stored.
 */
export async function assertWitnessed(all: Witnesses): Promise<Map<string, StoredRoom>> {
  const { rooms, reader, writers, followers, deliveries = [], losses, withinMs = PATIENCE_MS } = all
  const told = () => [...writers, ...followers].flatMap((witness) => witness.problems)
  const waiting = () => writers.reduce((sum, writer) => sum + writer.unacked, 0)
  await eventually(
    () => waiting() === 0 || told().length > 0,
    () => `${waiting()} messages are not acknowledged`,
    withinMs,
  )
  assert.deepEqual(told(), [])
  const stored = new Map<string, StoredRoom>()
  const read = typeof reader === 'function' ? reader : (room: string) => storedRoom(reader, room)
  const ahead = (room: string) =>
    followers.some((one) => one.runs.has(room) && one.head(room) > (stored.get(room)?.events.length ?? 0))
  // A kick that was committed may be told, and then written, after everybody else has ended: then it is read with the rest.
  for (const end = performance.now() + SETTLE_MS; ; await sleep(100)) {
    for (const room of rooms) stored.set(room, await read(room))
    for (const [room, { events }] of stored) {
      await eventually(
        () => followers.every((one) => !one.runs.has(room) || one.head(room) >= events.length) || told().length > 0,
        () => `followers are at ${followers.map((one) => one.runs.has(room) && one.head(room))} of ${events.length}`,
        withinMs,
      )
    }
    if (!rooms.some(ahead) || performance.now() > end) break
  }
  assert.deepEqual(told(), [])
  const verdict = violations({
    acknowledged: writers.flatMap((writer) => [...writer.acked.values()]),
    changes: writers.flatMap((writer) => writer.changes),
    followed: followers.flatMap((follower) => follower.followed()),
    deliveries,
    stored,
    ...(losses !== undefined && { losses }),
  })
  assert.deepEqual(verdict.slice(0, TOLD), [], `${verdict.length} violations`)
  return stored
}

/** How long what somebody was told may take to be stored. */
const SETTLE_MS = 10_000
/** Violations of one run that are told. */
const TOLD = 20
