import { nowMicros, sleep, sleepUntil } from '../generator/clock.ts'
import { crowd, type Membership } from '../generator/crowd.ts'
import { roomOf } from '../generator/dialect.ts'
import type { Drops, Endured } from '../generator/drops.ts'
import { Fleet, type Totals } from '../generator/fleet.ts'
import type { Ran, Verdict } from '../generator/generator.ts'
import { Latency, type LatencySummary } from '../measure/latency.ts'
import { cpuSeconds } from '../measure/processes.ts'
import type { Counted, Running } from './drops-systems.ts'

/** Messages a second, over all rooms, of one sender a room, who is not cut. */
export const RATE = 50

export interface Trial {
  seconds: number
  drops?: Drops
  /** All are cut at once that long after the beginning, in ms. */
  cutAllAfterMs?: number
  /** What is done to the system, and how long after the beginning. */
  strike?: { afterMs: number; does(): Promise<void> }
  /** How long after the last message who is away may take to come back, in ms. */
  patienceMs: number
  /** How long what is missing may take to arrive after that, in ms. */
  settleMs: number
}

/** What became of one trial. Counts are of this trial alone. */
export interface Outcome {
  /** What should have been received, by everybody who was subscribed. */
  expected: number
  lost: number
  duplicated: number
  outOfOrder: number
  acknowledged: number
  /** Seqs that were given. */
  numbered: number
  /** Sends without an answer on their connection, or refused, that were sent again. */
  sentAgain: number
  refused: number
  ran: Ran
  connections: number
  endured: Endured
  /** Of coming back, from the moment that the network was there again, in ms. */
  back: LatencySummary
  /** Subscriptions that were taken up again, and those of them that could not go on from where they were. */
  resumed: number
  notRecovered: number
  caughtUp: number
  /** From the last message until everybody had everything; null: never. */
  completeSeconds: number | null
  /** Of messages that were due while the receiver was connected. */
  delivery: LatencySummary
  serverCpuSeconds: number
  /** PostgreSQL's part of it; null where there is none. */
  postgresCpuSeconds: number | null
  /** Null where nothing is counted. */
  counted: Counted | null
  /** Reads of the database in the same time when nothing happens. */
  backgroundReads: number
  /** Of a core, of the generator process that used most. */
  busiestGenerator: number
  examples: string[]
}

/** A crowd that is connected to a system and lives through trials, one after the other. */
export class Crowd {
  readonly connections: number
  readonly #running: Running
  readonly #memberships: Membership[]
  readonly #fleet: Fleet
  /** Reads of the database a second when nothing happens. */
  readonly #background: number
  #before: State = { tally: null, verdict: null, heads: {} }

  private constructor(
    running: Running,
    memberships: Membership[],
    fleet: Fleet,
    connections: number,
    background: number,
  ) {
    this.#running = running
    this.#background = background
    this.#memberships = memberships
    this.#fleet = fleet
    this.connections = connections
  }

  /**
   * The first of each room sends, in a process of its own; the others are the crowd. `quietSeconds`: how long nothing happens
   * then, to see what the system reads by itself.
   */
  static async open(running: Running, rooms: number, quietSeconds: number): Promise<Crowd> {
    const { targets } = running.subject
    const memberships = running.subject.memberships.slice(0, rooms)
    const groups = crowd(memberships, 1, 1, targets)
    // Everybody's deliveries are timed: there are few.
    const specs = groups.map((group) => group.map((spec) => ({ ...spec, sampled: true })))
    const fleet = await Fleet.open(targets[0]!, specs)
    const before = await running.counted()
    await sleep(quietSeconds * 1000)
    const after = await running.counted()
    const background = before && after ? (after.reads - before.reads) / quietSeconds : 0
    return new Crowd(running, memberships, fleet, groups[1]!.length, background)
  }

  /** Messages that were acknowledged so far. */
  get acknowledged(): number {
    return this.#before.tally?.acknowledged ?? 0
  }

  async run(trial: Trial): Promise<Outcome> {
    const counted = await this.#running.counted()
    const cpu = this.#running.cpuSeconds()
    const postgres = this.#postgresSeconds()
    const generators = this.#fleet.pids.map(cpuSeconds)
    const from = nowMicros() + 100_000
    const to = from + trial.seconds * 1e6
    const { strike } = trial
    const striking = strike && sleepUntil(from + strike.afterMs * 1000).then(strike.does)
    // A node that takes long to start keeps nobody from being complete: it is waited for at the end, whatever came of it.
    const struck = Promise.allSettled([striking])
    const { ran, endured, after, completeAt } = await this.#live(trial, from, to).finally(() => struck)
    await striking
    const took = (nowMicros() - from) / 1e6
    const countedAfter = await this.#running.counted()
    const before = this.#before
    this.#before = after.state
    const { tally, verdict, heads } = after.state
    const grown = (of: (state: State) => number | undefined) => of(after.state)! - (of(before) ?? 0)
    const acknowledged = grown((state) => state.tally?.acknowledged)
    return {
      ...this.#given(before, heads, tally.rooms),
      lost: verdict.lost - (before.verdict?.lost ?? 0),
      duplicated: grown((state) => state.verdict?.duplicated),
      outOfOrder: grown((state) => state.verdict?.outOfOrder),
      acknowledged,
      sentAgain: grown((state) => state.tally?.sent) - acknowledged,
      refused: grown(({ tally }) => total(tally?.refused ?? {})),
      ran,
      connections: this.connections,
      endured,
      back: Latency.merged([endured.times]).summary(),
      resumed: grown((state) => state.tally?.resumed),
      notRecovered: grown((state) => state.tally?.notRecovered),
      caughtUp: grown((state) => state.tally?.caughtUp),
      completeSeconds: verdict.lost > (before.verdict?.lost ?? 0) ? null : (completeAt - to) / 1e6,
      delivery: after.deliveries.summary(),
      serverCpuSeconds: this.#running.cpuSeconds() - cpu,
      postgresCpuSeconds: postgres === null ? null : this.#postgresSeconds()! - postgres,
      counted: counted && countedAfter && growth(counted, countedAfter),
      backgroundReads: this.#background * took,
      busiestGenerator: Math.max(...this.#fleet.pids.map((pid, i) => cpuSeconds(pid) - generators[i]!)) / took,
      examples: verdict.examples,
    }
  }

  async #live(trial: Trial, from: number, to: number) {
    const { drops = null, cutAllAfterMs, patienceMs, settleMs } = trial
    const [ran, endured] = await Promise.all([
      this.#fleet.runOn(
        0,
        { rate: RATE, bodyLength: 64, startAt: from, windowFrom: from, windowTo: to, keepUp: true },
        patienceMs,
      ),
      this.#fleet.endureOn(1, {
        from,
        to,
        drops,
        cutAllAt: cutAllAfterMs === undefined ? null : from + cutAllAfterMs * 1000,
        patienceMs,
      }),
    ])
    const after = await this.#settled(settleMs)
    return { ran, endured, after, completeAt: nowMicros() }
  }

  #postgresSeconds(): number | null {
    return this.#running.subject.cpuByPart?.postgres ?? null
  }

  /** Waits until everybody has everything, or patience ends. */
  async #settled(settleMs: number): Promise<{ state: Known; deliveries: Latency }> {
    const { rooms } = (await this.#fleet.totals()).tally
    const heads = Object.fromEntries(Object.entries(rooms).map(([room, { head }]) => [room, head]))
    const verdict = await this.#fleet.settle(heads, settleMs)
    const { tally, deliveries } = await this.#fleet.totals()
    return { state: { tally, verdict, heads }, deliveries }
  }

  #given(before: State, heads: Record<string, number>, rooms: Totals['tally']['rooms']) {
    const members = new Map(this.#memberships.map(({ room, people }) => [room, people.length]))
    let numbered = 0
    let expected = 0
    for (const [stream, head] of Object.entries(heads)) {
      const events = Math.max(0, head - Math.max(before.heads[stream] ?? 0, rooms[stream]!.start))
      numbered += events
      expected += events * (members.get(roomOf(stream)) ?? 0)
    }
    return { numbered, expected }
  }

  close(): Promise<void> {
    return this.#fleet.close()
  }
}

/** As it stood after a trial. */
interface State {
  tally: Totals['tally'] | null
  verdict: Verdict | null
  heads: Record<string, number>
}
type Known = State & { tally: Totals['tally']; verdict: Verdict }

function growth(before: Counted, after: Counted): Counted {
  return {
    reads: after.reads - before.reads,
    hashes: after.hashes - before.hashes,
    fromMemory: after.fromMemory - before.fromMemory,
    fromLog: after.fromLog - before.fromLog,
  }
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0)
}
