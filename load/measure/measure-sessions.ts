import { nowMicros } from '../generator/clock.ts'
import type { ConnectionSpec } from '../generator/connection.ts'
import { Fleet, type Totals } from '../generator/fleet.ts'
import type { Verdict } from '../generator/generator.ts'
import type { Subject } from '../subjects/subject.ts'
import { Latency, type LatencySummary } from './latency.ts'
import { busySeconds, cpuSeconds } from './processes.ts'

export interface Crowding {
  /** When each person arrives, seconds after the start, rising. */
  arrivals: number[]
  /** Of each session. */
  messages: number
  bodyLength: number
  /** Processes of the generator. */
  generators: number
  /** Sessions that have not ended so long after the start are given up, in seconds. */
  limitSeconds: number
  /** How long deliveries are waited for after the last session, in ms; 30,000 when not given. */
  patienceMs?: number
}

export interface SessionsMeasured {
  /** Sessions that came to their end, and those that did not. */
  ended: number
  unended: number
  /** From a person's arrival to the acknowledgement of their last message. */
  lengths: LatencySummary
  /** From the start to the end of the last session. */
  seconds: number
  acknowledged: number
  deliveries: number
  /** From the sending of a message to the read that brought it, of one connection in ten. */
  delivery: LatencySummary
  /** From the start until everything was delivered and stored. */
  serverCpuSeconds: number
  busiestGenerator: number
  /** Part of one core that everything else on the machine used until the last session ended. */
  otherCores: number
  /** Messages of these sessions in the database at the end; null where the server stores none. */
  stored: number | null
  verdict: Verdict
  totals: Totals
}

/** One listener in so many has its deliveries timed. */
const SAMPLE = 10

/**
 * Lets people arrive at a server with one node, talk as fast as they are answered, and stay until all have what was said.
 * One person after the other fills room after room.
 */
export async function measureSessions(subject: Subject, crowding: Crowding): Promise<SessionsMeasured> {
  const { arrivals, messages, bodyLength, generators, limitSeconds, patienceMs = 30_000 } = crowding
  const fleet = Fleet.idle(generators)
  try {
    const startAt = nowMicros() + 500_000
    const groups = Array.from({ length: generators }, () => ({
      specs: [] as ConnectionSpec[],
      plan: { arrivals: [] as number[], messages, bodyLength, until: startAt + limitSeconds * 1e6 },
    }))
    for (const [i, { spec, room }] of everyone(subject).slice(0, arrivals.length).entries()) {
      const group = groups[room % generators]!
      group.specs.push({ ...spec, sampled: i % SAMPLE === room % SAMPLE })
      group.plan.arrivals.push(startAt + arrivals[i]! * 1e6)
    }
    const storedBefore = await subject.storedMessages(0, 0)
    const before = readClocks(fleet, subject)
    const held = await fleet.sessions(
      subject.targets[0]!,
      groups.map(({ specs }) => specs),
      groups.map(({ plan }) => plan),
    )
    const after = readClocks(fleet, subject)
    const { rooms } = (await fleet.totals()).tally
    const heads = Object.fromEntries(Object.entries(rooms).map(([room, { head }]) => [room, head]))
    const verdict = await fleet.settle(heads, patienceMs)
    const totals = await fleet.totals()
    const stored = await subject.storedMessages((storedBefore ?? 0) + totals.tally.acknowledged, 60_000)
    const serverCpuSeconds = subject.cpuSeconds - before.server
    const each = after.generators.map((used, i) => used - before.generators[i]!)
    const others = after.machine - before.machine - (after.server - before.server) - each.reduce((a, b) => a + b, 0)
    const elapsed = after.at - before.at
    const ended = held.reduce((sum, one) => sum + one.ended, 0)
    return {
      ended,
      unended: arrivals.length - ended,
      lengths: Latency.merged(held.map((one) => one.lengths)).summary(),
      seconds: (Math.max(...held.map((one) => one.lastAt)) - startAt) / 1e6,
      acknowledged: totals.tally.acknowledged,
      deliveries: totals.tally.delivered,
      delivery: totals.deliveries.summary(),
      serverCpuSeconds,
      busiestGenerator: Math.max(...each) / elapsed,
      otherCores: Math.max(0, others / elapsed),
      stored: stored === null ? null : stored - (storedBefore ?? 0),
      verdict,
      totals,
    }
  } finally {
    await fleet.close()
  }
}

/** Everybody's one connection, room after room. */
function everyone(subject: Subject): { spec: ConnectionSpec; room: number }[] {
  return subject.memberships.flatMap(({ room, people }, index) =>
    people.map(({ token }) => ({
      spec: { token, from: '127.0.0.2', subscribe: [room], sendTo: [room], sampled: false },
      room: index,
    })),
  )
}

function readClocks(fleet: Fleet, subject: Subject) {
  return {
    at: nowMicros() / 1e6,
    server: subject.cpuSeconds,
    generators: fleet.pids.map(cpuSeconds),
    machine: busySeconds(),
  }
}

/** What must hold of a server that stores what it acknowledges and loses nothing on its way. */
export function invariantsOfSessions(measured: SessionsMeasured): Record<string, boolean> {
  const { tally } = measured.totals
  let numbered = 0
  for (const { head, start } of Object.values(tally.rooms)) numbered += Math.max(0, head - start)
  return {
    'every session came to its end': measured.unended === 0,
    'no message was refused': Object.keys(tally.refused).length === 0,
    'no connection was closed': Object.keys(tally.closed).length === 0,
    'as many seqs were given as messages were acknowledged': numbered === measured.acknowledged,
    'lost 0': measured.verdict.lost === 0,
    'duplicated 0': measured.verdict.duplicated === 0,
    'out of order 0': measured.verdict.outOfOrder === 0,
    'the database holds the messages that were acknowledged, and no others': measured.stored === measured.acknowledged,
  }
}
