import { nowMicros, sleepUntil } from '../generator/clock.ts'
import { roomOf } from '../generator/dialect.ts'
import type { Fleet, Totals } from '../generator/fleet.ts'
import type { Ran, Verdict } from '../generator/generator.ts'
import type { LatencySummary } from './latency.ts'
import { busySeconds, cpuSeconds } from './processes.ts'

export interface Load {
  /** Messages a second, of all senders together. */
  rate: number
  bodyLength: number
  warmUpSeconds: number
  seconds: number
  /** Which generator processes send. The rate is shared out among them evenly. */
  senders: number[]
  /** How many generator processes there are. */
  generators: number
  /** How long answers and deliveries are waited for after the end, in ms; 15,000 when not given. */
  patienceMs?: number
}

/** What is read off the server while it is measured. */
export interface Measurable {
  readonly cpuSeconds: number
  readonly residentBytes: number
  /** Write calls of the main thread, where it is one process: to sockets, and a few to wake other threads. */
  readonly writeCalls?: number
  /** What makes up `cpuSeconds`, where it is more than one process. */
  readonly cpuByPart?: Record<string, number>
}

export interface Measurement {
  seconds: number
  /** What was asked for; the rates below are of the measured time. */
  rate: number
  acknowledgedPerSecond: number
  deliveriesPerSecond: number
  /** Part of one core that the server used, all threads. */
  serverCores: number
  /** The same by process, where there are several. */
  coresByPart: Record<string, number>
  deliveriesPerCpuSecond: number
  /** System calls of the server's main thread that write, in the measured time; null where it is not one process. */
  writeCalls: number | null
  acknowledgedPerCpuSecond: number
  /** From the time the message was due to the read that brought it; of the sampled connections. */
  delivery: LatencySummary
  acknowledgement: LatencySummary
  eventsPerFrame: number
  /** Frames with events that one connection received a second: the flush interval, as it is felt. */
  writesPerConnection: number
  bytesPerDelivery: number
  generatorCores: number
  /** Of the generator process that used most: one that nears a whole core measures itself. */
  busiestGenerator: number
  /** What everything else on the machine used meanwhile: figures with much of it are worth less. */
  otherCores: number
  serverResidentMiB: number
  verdict: Verdict
  totals: Totals
  ran: Ran
}

/**
 * Runs an open-loop load on connections that are up, and judges what came of it. Everything happens at times fixed
 * beforehand; what the server or the generator is late with shows in the delays, because they count from the due time.
 */
export async function measure(fleet: Fleet, server: Measurable, load: Load): Promise<Measurement> {
  const startAt = nowMicros() + 300_000
  const windowFrom = startAt + load.warmUpSeconds * 1e6
  const windowTo = windowFrom + load.seconds * 1e6
  const plans = Array.from({ length: load.generators }, () => ({
    rate: load.rate / load.senders.length,
    bodyLength: load.bodyLength,
    startAt,
    windowFrom,
    windowTo,
  }))
  const patienceMs = load.patienceMs ?? 15_000
  const running = fleet.run(plans, patienceMs)
  await sleepUntil(windowFrom)
  const before = readClocks(fleet, server)
  await sleepUntil(windowTo)
  const after = readClocks(fleet, server)
  const seconds = after.at - before.at
  const cpu = after.server - before.server
  const each = after.generators.map((used, i) => used - before.generators[i]!)
  const generators = each.reduce((sum, used) => sum + used, 0)
  const ran = await running
  const { rooms } = (await fleet.totals()).tally
  const heads = Object.fromEntries(Object.entries(rooms).map(([room, { head }]) => [room, head]))
  const verdict = await fleet.settle(heads, patienceMs)
  const totals = await fleet.totals()
  const { tally } = totals
  const delivered = tally.deliveredInWindow
  return {
    seconds,
    rate: load.rate,
    acknowledgedPerSecond: tally.acknowledgedInWindow / load.seconds,
    deliveriesPerSecond: delivered / load.seconds,
    serverCores: cpu / seconds,
    coresByPart: Object.fromEntries(
      Object.entries(after.parts).map(([part, used]) => [part, (used - (before.parts[part] ?? 0)) / seconds]),
    ),
    deliveriesPerCpuSecond: delivered / Math.max(cpu, 0.01),
    writeCalls: after.writes === null || before.writes === null ? null : after.writes - before.writes,
    acknowledgedPerCpuSecond: tally.acknowledgedInWindow / Math.max(cpu, 0.01),
    delivery: totals.deliveries.summary(),
    acknowledgement: totals.acknowledgements.summary(),
    eventsPerFrame: delivered / Math.max(1, tally.framesInWindow),
    writesPerConnection: tally.framesInWindow / load.seconds / Math.max(1, totals.connections),
    bytesPerDelivery: tally.bytesInWindow / Math.max(1, delivered),
    generatorCores: generators / seconds,
    busiestGenerator: Math.max(...each) / seconds,
    otherCores: Math.max(0, (after.machine - before.machine - cpu - generators) / seconds),
    serverResidentMiB: server.residentBytes / 1024 / 1024,
    verdict,
    totals,
    ran,
  }
}

/** Seconds: of the wall clock, and of CPU used so far. */
function readClocks(fleet: Fleet, server: Measurable) {
  const parts = server.cpuByPart ?? {}
  const all = Object.values(parts)
  return {
    at: nowMicros() / 1e6,
    parts,
    server: all.length > 0 ? all.reduce((sum, used) => sum + used, 0) : server.cpuSeconds,
    writes: server.writeCalls ?? null,
    generators: fleet.pids.map(cpuSeconds),
    machine: busySeconds(),
  }
}

/** Of one core: a generator process beyond it measures itself. */
const GENERATOR_CORE = 0.85

/** Why a run has no figure, although nothing was lost: the generator was the bottleneck. Null when it was not. */
export function generatorFull({ busiestGenerator }: Pick<Measurement, 'busiestGenerator'>): string | null {
  if (busiestGenerator <= GENERATOR_CORE) return null
  return `the generator is full (${busiestGenerator.toFixed(2)} of a core in one process)`
}

/** What must hold of every run, as sentences that are false when broken. */
export function invariantsOf(
  measured: Pick<Measurement, 'verdict' | 'totals' | 'ran'>,
  subscribers: (room: string) => number,
): Record<string, boolean> {
  const { verdict, totals, ran } = measured
  const { tally } = totals
  let expected = 0
  let numbered = 0
  for (const [id, room] of Object.entries(tally.rooms)) {
    const events = Math.max(0, room.head - room.start)
    numbered += events
    expected += events * subscribers(roomOf(id))
  }
  return {
    'every message that was due was sent': ran.unsent === 0,
    'every message was acknowledged, none refused': ran.unacknowledged === 0 && Object.keys(tally.refused).length === 0,
    'as many seqs were given as messages were acknowledged': numbered === tally.acknowledged,
    'lost 0': verdict.lost === 0,
    'duplicated 0': verdict.duplicated === 0,
    'out of order 0': verdict.outOfOrder === 0,
    'every subscriber received every message': verdict.received === expected,
    'no connection was closed': Object.keys(tally.closed).length === 0,
  }
}
