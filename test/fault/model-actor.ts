import assert from 'node:assert/strict'
import type { Client, Feed, StoredMessage, Timeline } from '../../client/src/api.ts'
import { createClient } from '../../client/src/client.ts'
import type { Push, ServerItem } from '../../src/protocol/frames.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { MemoryOutbox } from '../support/memory-outbox.ts'
import type { Person } from '../support/people.ts'
import type { Random } from '../support/random.ts'
import type { TestServer } from '../support/server.ts'
import { SimNetwork } from '../support/sim-network.ts'

/** A user was out of a room, up to when a join was asked for. */
export interface Absence {
  room: string
  user: string
  rejoinedAt: number
}

/** What one device saw of one room since the last reset: everything after `from`, so it says. */
interface View {
  from: number
  events: RoomEvent[]
  resets: number
  ended: boolean
  /** The last page of a feed, kept up to date by nobody: only its seqs are compared. */
  page: number[]
}

interface Sent {
  room: string
  body: string
  clientMessageId: string
  refused: boolean
  /** The program ended before it knew. */
  orphaned: boolean
}

interface Parts {
  server: TestServer
  person: Person
  rooms: string[]
  random: Random
  kind: 'feeds' | 'timelines'
}

/** One device of one person: a client of the SDK, what it does, and what it saw. */
export class Actor {
  readonly #parts: Parts
  readonly network: SimNetwork
  readonly #storage = new MemoryOutbox()
  readonly #views = new Map<string, View>()
  readonly #feeds = new Map<string, Feed>()
  readonly #timelines = new Map<string, Timeline>()
  readonly #sent: Sent[] = []
  readonly acknowledged = new Map<string, number>()
  readonly #errors: unknown[] = []
  #client: Client
  #made = 0

  constructor(parts: Parts) {
    this.#parts = parts
    this.network = new SimNetwork(parts.random, 25)
    this.#client = this.#start()
  }

  /** Does one thing, or something happens to its network. */
  async act(): Promise<void> {
    const { random, rooms } = this.#parts
    const room = random.pick(rooms)
    const what = random.next()
    if (what < 0.5) this.#send(room)
    else if (what < 0.72) await this.#change(room)
    else if (what < 0.77) this.network.cut()
    else if (what < 0.79) this.network.goHalfOpen()
    else if (what < 0.81) {
      this.network.down = true
      setTimeout(
        () => {
          this.network.down = false
        },
        random.whole(10, 300),
      )
    } else if (what < 0.86) this.#toggle(room)
    else if (what < 0.87) this.#restart()
    else if (what < 0.9) this.#timelines.get(room)?.markRead()
    else if (what < 0.92)
      await this.#timelines
        .get(room)
        ?.loadOlder()
        .catch(() => {})
  }

  /** From now on the network is good, every room is open, and who was put out is back. */
  heal(): void {
    this.network.heal()
    for (const room of this.#parts.rooms) this.#open(room)
  }

  stop(): void {
    this.#client.close()
  }

  /** Messages that are neither acknowledged nor refused. */
  unsent(): string[] {
    return this.#sent.filter((sent) => this.#fate(sent) === 'unknown').map((sent) => sent.body)
  }

  /** Rooms that it has not seen to the end. */
  behind(heads: Map<string, number>): string[] {
    const behind: string[] = []
    for (const [room, head] of heads) {
      // A room that ended and was joined again is opened again, as a person does who sees that.
      this.#open(room)
      const at = this.#reached(room)
      if (at !== head)
        behind.push(`${this.#parts.person.username} (${this.#parts.kind}) is at ${at} of ${head} in ${room}`)
    }
    return behind
  }

  // The checks

  /** [P1] [P3] What was acknowledged is in the log, once, at the seq that was told; and in the order of sending. */
  checkSent(room: string, log: RoomEvent[]): void {
    const places = new Map<string, number[]>()
    for (const event of log) {
      if (event.type !== 'message' || event.actor !== this.#parts.person.id) continue
      places.set(event.clientMessageId, [...(places.get(event.clientMessageId) ?? []), event.seq])
    }
    let last = 0
    for (const sent of this.#sent) {
      if (sent.room !== room) continue
      const found = places.get(sent.clientMessageId) ?? []
      const fate = this.#fate(sent)
      if (fate === 'refused') {
        // Out of the room when it was tried last; an earlier try may have been stored.
        assert(found.length <= 1, `[P3] ${sent.body} at ${found}`)
        continue
      }
      const told = this.acknowledged.get(sent.clientMessageId)
      assert.equal(found.length, 1, `[P1] [P3] ${sent.body} (${fate}) is stored at ${found}`)
      if (told !== undefined) assert.equal(found[0], told, `[P3] ${sent.body} was acknowledged there`)
      assert(found[0]! > last, `${sent.body} at ${found} came after ${last}`)
      last = found[0]!
    }
    assert.deepEqual(this.#errors, [])
  }

  /** [P2] [P4] Since the last reset it saw exactly what the log holds; and its messages are what the server's are. */
  checkSeen(room: string, log: RoomEvent[], messages: Map<number, Message>): void {
    const view = this.#views.get(room)!
    const expected = view.resets === 0 ? [] : log.slice(view.from)
    assert.deepEqual(
      view.events.map(identity),
      expected.map(identity),
      `[P4] ${this.#parts.person.username} in ${room}`,
    )
    for (const seq of view.page) assert.equal(messages.get(seq)?.seq, seq)
    const shown = this.#timelines.get(room)?.getSnapshot()
    if (shown === undefined) return
    const first = shown.messages[0]?.seq ?? Number.POSITIVE_INFINITY
    const whole = [...messages.values()].filter((message) => message.seq >= first)
    assert.deepEqual(shown.messages.map(content), whole.map(content), `the messages of ${room}`)
    assert.deepEqual(
      shown.pending.filter((message) => message.status !== 'failed'),
      [],
    )
  }

  /** [P5] While out of a room, nothing after the leave arrived on any of this device's wires. */
  checkAbsences(room: string, log: RoomEvent[], absences: Absence[]): void {
    const { id } = this.#parts.person
    const leaves = log.filter((event) => event.type === 'leave' && event.user === id)
    const mine = absences.filter((absence) => absence.room === room && absence.user === id)
    assert.equal(leaves.length, mine.length)
    mine.forEach(({ rejoinedAt }, i) => {
      const leave = leaves[i]!.seq
      for (const { at, frame } of this.network.arrivals) {
        if (at >= rejoinedAt) break
        const seq = highest(frame, room)
        assert(seq <= leave, `[P5] ${seq} of ${room} arrived after the leave at ${leave}: ${frame.slice(0, 300)}`)
      }
    })
  }

  // What it does

  #start(): Client {
    const client = createClient({
      url: this.#parts.server.url,
      auth: { getToken: async () => this.#parts.person.accessToken },
      storage: this.#storage,
      tuning: {
        backoffMs: 20,
        backoffCapMs: 200,
        heldEvents: 20,
        timelineMessages: 200,
        pageSize: 10,
        timeoutMs: 2_000,
      },
      platform: { connect: this.network.connect, fetch: this.network.fetch },
      onError: (error) => this.#errors.push(error),
    })
    this.#client = client
    for (const room of this.#parts.rooms) this.#open(room)
    client.rooms.subscribe(() => {})
    return client
  }

  /** The program ends, and starts again with what it had stored. */
  #restart(): void {
    for (const sent of this.#sent) {
      // Nobody had said hello yet, so it was not known whose message it is, and nothing was stored.
      if (this.#fate(sent) === 'unknown' && this.#kept(sent) === undefined) sent.refused = true
    }
    this.#client.close()
    this.#feeds.clear()
    this.#timelines.clear()
    this.#start()
  }

  /** After a restart nobody holds the promise any more: then the stored outbox tells. */
  #fate(sent: Sent): 'acknowledged' | 'refused' | 'delivered' | 'unknown' {
    if (sent.refused) return 'refused'
    if (this.acknowledged.has(sent.clientMessageId)) return 'acknowledged'
    const kept = this.#kept(sent)
    if (kept !== undefined) return kept.failed === undefined ? 'unknown' : 'refused'
    return sent.orphaned ? 'delivered' : 'unknown'
  }

  #kept(sent: Sent): StoredMessage | undefined {
    return this.#storage.get(this.#parts.person.id, sent.clientMessageId)
  }

  #send(room: string): void {
    const body = `${this.#parts.person.username} ${this.#parts.kind} ${++this.#made}`
    const { clientMessageId, acknowledged } = this.#client.send(room, body)
    const sent: Sent = { room, body, clientMessageId, refused: false, orphaned: false }
    this.#sent.push(sent)
    acknowledged.then(
      ({ seq }) => this.acknowledged.set(clientMessageId, seq),
      (error) => {
        if (error.code === 'not_a_member') sent.refused = true
        else if (error.code === 'closed') sent.orphaned = true
        else this.#errors.push(error)
      },
    )
  }

  async #change(room: string): Promise<void> {
    const timeline = this.#timelines.get(room)
    const { random, person } = this.#parts
    const messages = timeline?.getSnapshot().messages ?? []
    if (timeline === undefined || messages.length === 0) return
    // Often an old one: others may be loading just that page.
    const message = random.pick(random.chance(0.5) ? messages.slice(0, 15) : messages)
    const mine = message.sender === person.id
    const what = random.next()
    const done =
      what < 0.2 && mine
        ? timeline.delete(message.seq)
        : what < 0.5 && mine
          ? timeline.edit(message.seq, `${message.body} edited`)
          : timeline.react(message.seq, random.pick(['👍', '😂', '여울']), random.chance(0.7))
    // Offline, deleted meanwhile, put out: a person would try again or not.
    await done.catch(() => {})
  }

  #toggle(room: string): void {
    if (!this.#feeds.has(room) && !this.#timelines.has(room)) return this.#open(room)
    this.#feeds.get(room)?.close()
    this.#timelines.get(room)?.close()
    this.#feeds.delete(room)
    this.#timelines.delete(room)
  }

  #open(room: string): void {
    const view = this.#views.get(room)
    if (this.#parts.kind === 'feeds') this.#openFeed(room, view)
    else this.#openTimeline(room)
  }

  #openFeed(room: string, old: View | undefined): void {
    if (old?.ended) this.#feeds.delete(room)
    if (this.#feeds.has(room)) return
    // A feed goes on from where the one before it was closed, as a program would with a position that it kept.
    const view: View = old === undefined || old.ended ? fresh() : old
    this.#views.set(room, view)
    const from = old === undefined || old.ended ? undefined : { epoch: 1, seq: view.from + view.events.length }
    const feed = this.#client.subscribe(
      room,
      {
        reset: ({ messages, position }) => {
          view.from = position.seq
          view.events = []
          view.resets++
          view.page = messages.map((message) => message.seq)
        },
        event: (event) => view.events.push(event),
        ended: () => {
          view.ended = true
        },
      },
      view.resets > 0 ? from : undefined,
    )
    this.#feeds.set(room, feed)
  }

  #openTimeline(room: string): void {
    const old = this.#timelines.get(room)
    if (old !== undefined && old.getSnapshot().state !== 'ended') return
    old?.close()
    const timeline = this.#client.openRoom(room)
    const view = fresh()
    this.#views.set(room, view)
    this.#timelines.set(room, timeline)
    let resets = timeline.getSnapshot().resets
    timeline.onEvent((event) => {
      const now = timeline.getSnapshot().resets
      // The first event after a page tells where the page ended.
      if (view.resets === 0 || now !== resets) {
        resets = now
        view.resets++
        view.from = event.seq - 1
        view.events = []
      }
      view.events.push(event)
    })
  }

  #reached(room: string): number {
    const timeline = this.#timelines.get(room)
    if (timeline !== undefined) return timeline.getSnapshot().messages.at(-1)?.seq ?? 0
    return this.#feeds.get(room)?.position()?.seq ?? 0
  }
}

function fresh(): View {
  return { from: 0, events: [], resets: 0, ended: false, page: [] }
}

/** An event without what may change afterwards: its text. */
function identity(event: RoomEvent): unknown {
  const { body: _, mentions: __, ...rest } = event as RoomEvent & { body?: unknown; mentions?: unknown }
  return rest
}

function content(message: Message): unknown {
  const { rev: _, reactions, ...rest } = message
  return {
    ...rest,
    reactions: reactions.map(({ emoji, count, users }) => ({ emoji, count, users: [...users].sort() })),
  }
}

/** The highest seq of a room that a frame tells, by push or by answer. */
function highest(frame: string, room: string): number {
  if (!frame.includes(room)) return 0
  const items = JSON.parse(frame) as ServerItem | ServerItem[]
  const seqs = (Array.isArray(items) ? items : [items]).map((item) => ('push' in item ? pushed(item, room) : 0))
  return Math.max(...seqs)
}

function pushed(push: Push, room: string): number {
  if (push.push === 'event' && push.room === room) return push.event.seq
  if (push.push === 'heads')
    return Math.max(0, ...push.rooms.filter((head) => head.room === room).map((head) => head.seq))
  return 0
}
