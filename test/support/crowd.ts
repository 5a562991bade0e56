import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Durability } from '../../src/protocol/model.ts'
import type { Loss, StoredRoom } from './checker.ts'
import { assertSound, roomInDatabase, withDatabase } from './database.ts'
import { PATIENCE_MS } from './patience.ts'
import { newPerson, type Person } from './people.ts'
import type { Random } from './random.ts'
import { kickAround, talk, Visitor } from './traffic.ts'
import { assertWitnessed, eventually, Follower, Writer } from './witnesses.ts'

export interface CrowdOptions {
  /** Nodes that take connections; each of the crowd begins at one and goes on to the next when it is cut. */
  gateways: readonly string[]
  /** Nodes that answer HTTP; those of `gateways` by default. */
  apis?: readonly string[]
  apiKey: string
  random: Random
  talkers?: number
  visitors?: number
  rooms?: number
  /** Between two messages of one talker. */
  everyMs?: number
  /** What every acknowledgement must name. */
  durability?: Durability
  /** Whether the log may lose data, so that epochs rise. */
  losses?: boolean
}

/** How long a connection may be silent until its client gives it up. */
const PING_MS = 1_000
/** Turns without an acknowledgement after which nothing is under way any more, and how many are waited for that at most. */
const QUIET_TURNS = 10
const TURNS_MAX = 50

/**
 * The load of the fault tests: people on all nodes who talk, change what they said, follow every room, come, go and are
 * kicked, while something breaks. In the end their testimony is checked against what is stored (P1–P5).
 */
export class Crowd {
  readonly owner: Person
  readonly rooms: string[]
  readonly writers: Writer[]
  readonly followers: Follower[]
  readonly visitors: Visitor[]
  readonly #options: CrowdOptions
  readonly #guests: Person[]
  readonly #stop = new AbortController()
  #busy: Promise<unknown>[] = []

  private constructor(options: CrowdOptions, owner: Person, talkers: Person[], guests: Person[], rooms: string[]) {
    const { gateways, apis = gateways, durability, losses, random } = options
    const from = (i: number) => [...gateways.slice(i % gateways.length), ...gateways.slice(0, i % gateways.length)]
    const line = { pingMs: PING_MS, ...(losses !== undefined && { losses }), ...(durability && { durability }) }
    this.owner = owner
    this.rooms = rooms
    this.#options = options
    this.#guests = guests
    this.writers = talkers.map((person, i) => new Writer(from(i), person, line))
    // On other nodes than those on which they talk.
    this.followers = talkers.map((person, i) => new Follower(from(i + 1), person, rooms, line))
    this.visitors = guests.map((person, i) => {
      const room = rooms[i % rooms.length] as string
      return new Visitor({ gateways: from(i), apis, person, room, random, pingMs: PING_MS })
    })
  }

  /** Signs everybody in, makes the rooms, and begins. `await using` it. */
  static async gather(options: CrowdOptions): Promise<Crowd> {
    const url = (options.apis ?? options.gateways)[0] as string
    const door = { url, config: { apiKey: options.apiKey } } as Parameters<typeof newPerson>[0]
    const people = (count: number) => Promise.all(Array.from({ length: count }, () => newPerson(door)))
    const talkers = await people(options.talkers ?? 3)
    const guests = await people(options.visitors ?? 2)
    const [owner, ...others] = talkers as [Person, ...Person[]]
    const rooms: string[] = []
    for (let i = 0; i < (options.rooms ?? 3); i++) rooms.push(await roomOnceItCan(owner, others))
    const crowd = new Crowd(options, owner, talkers, guests, rooms)
    crowd.#begin()
    return crowd
  }

  /** Messages acknowledged so far. */
  get acknowledged(): number {
    return this.writers.reduce((sum, { acked }) => sum + acked.size, 0)
  }

  /** How often senders were refused for the time being, by code. */
  get refusals(): Record<string, number> {
    const all: Record<string, number> = {}
    for (const { refusals } of this.writers) for (const [code, count] of refusals) all[code] = (all[code] ?? 0) + count
    return all
  }

  /** Waits until so many more messages were acknowledged. */
  async progress(messages = 20, withinMs = PATIENCE_MS): Promise<void> {
    const goal = this.acknowledged + messages
    for (const end = performance.now() + withinMs; this.acknowledged < goal; await sleep(20)) {
      const { acknowledged, refusals } = this
      if (performance.now() > end)
        assert.fail(`${acknowledged} of ${goal} acknowledged after ${withinMs} ms; ${JSON.stringify(refusals)}`)
    }
  }

  /** Waits until each has been acknowledged in each room: nothing more must be looked up for anybody's next message. */
  async spread(): Promise<void> {
    const spoken = ({ acked }: Writer) => new Set([...acked.values()].map(({ room }) => room)).size
    await eventually(
      () => this.writers.every((writer) => spoken(writer) === this.rooms.length),
      () => `spoke in so many rooms: ${this.writers.map(spoken)} of ${this.rooms.length}`,
    )
  }

  /**
   * Waits until nothing is acknowledged any more: what was under way when something broke may still come through. In turns of
   * the event loop, since the nodes may be in this process: each takes as long as it does on a busy machine.
   */
  async quiet(): Promise<void> {
    let before = this.acknowledged
    for (let quiet = 0, turns = 0; quiet < QUIET_TURNS && turns < TURNS_MAX; turns++) {
      await sleep(20)
      quiet = this.acknowledged === before ? quiet + 1 : 0
      before = this.acknowledged
    }
  }

  /**
   * Everybody ends what they do; then what they were told is compared with what the database holds, which is audited too;
   * without its address with what the nodes say. `through`: a node that is well.
   */
  async assertKept(
    end: { database?: string; withinMs?: number; losses?: Loss[]; through?: string } = {},
  ): Promise<Map<string, StoredRoom>> {
    this.#stop.abort()
    await Promise.all(this.#busy)
    assert.deepEqual(
      this.visitors.flatMap((visitor) => visitor.problems),
      [],
    )
    const member = end.through === undefined ? this.owner : this.owner.at(end.through)
    const witnesses = {
      rooms: this.rooms,
      writers: this.writers,
      followers: this.followers,
      deliveries: this.visitors.flatMap((visitor) => visitor.deliveries),
      ...(end.withinMs !== undefined && { withinMs: end.withinMs }),
      ...(end.losses !== undefined && { losses: end.losses }),
    }
    if (end.database === undefined) return assertWitnessed({ ...witnesses, reader: member })
    return withDatabase(end.database, async (store) => {
      const reader = (room: string) => roomInDatabase(store, room, member)
      const stored = await assertWitnessed({ ...witnesses, reader })
      await assertSound(store)
      return stored
    })
  }

  /** What happened, in one line. */
  get summary(): string {
    const { acknowledged, refusals, writers, followers, visitors } = this
    const changes = writers.reduce((sum, one) => sum + one.changes.length, 0)
    const cuts = [...writers, ...followers, ...visitors].reduce((sum, { line }) => sum + line.cuts, 0)
    const visits = visitors.reduce((sum, one) => sum + one.visits, 0)
    const refused = Object.entries(refusals).map(([code, count]) => `${count} ${code}`)
    return `${acknowledged} acknowledged, ${changes} changes, ${visits} visits, ${cuts} cuts, refused: ${refused.join(', ') || 'none'}`
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
    for (const { line } of [...this.writers, ...this.followers]) line.stop()
    for (const visitor of this.visitors) visitor.stop()
  }

  #begin(): void {
    const { random, everyMs = 10 } = this.#options
    const { signal } = this.#stop
    this.#busy = [
      ...this.writers.map((writer) => talk(writer, this.rooms, random, signal, { everyMs })),
      ...this.visitors.map((visitor) => visitor.comeAndGo(signal)),
    ]
    if (this.#guests.length === 0) return
    const { apis = this.#options.gateways } = this.#options
    this.#busy.push(
      kickAround({
        owner: this.owner,
        apis,
        room: this.rooms[0] as string,
        people: this.#guests,
        random,
        stop: signal,
      }),
    )
  }
}

/** A new open room with its members, as soon as it can be: its part of the log may still be settled after another fault. */
async function roomOnceItCan(owner: Person, others: Person[]): Promise<string> {
  let room = ''
  const made = async () => {
    const { status, body } = await owner.call<{ id: string }>('POST', '/rooms', { title: '여울' })
    room = body.id
    return status === 201
  }
  await eventually(made, () => 'no room can be made')
  for (const { call } of others) {
    const joined = async () => (await call('POST', `/rooms/${room}/join`)).status === 200
    await eventually(joined, () => 'the room cannot be joined')
  }
  return room
}
