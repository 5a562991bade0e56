import { nowMicros, sleepUntil } from '../generator/clock.ts'
import { talkers } from '../generator/crowd.ts'
import { Fleet, type Totals } from '../generator/fleet.ts'
import type { Ran, SendPlan, Verdict } from '../generator/generator.ts'
import type { Subject } from '../subjects/subject.ts'
import { Latency } from './latency.ts'
import { type Measurement, measure } from './measure.ts'
import { cpuSeconds } from './processes.ts'

/** A few people talk; all at once many more come and talk; then these go, and the few go on. */
export interface SpikePlan {
  /** Rooms whose people are there all the time; those of all other rooms come for the spike. */
  calmRooms: number
  calmRate: number
  /** Messages a second of all people together, the calm ones among them. */
  spikeRate: number
  bodyLength: number
  calmSeconds: number
  spikeSeconds: number
  afterSeconds: number
}

export interface SpikeMeasurement {
  /** From the first who came to the last, in s. Who has messages due before they are in sends them late. */
  connectedSeconds: number
  /** Of messages that were due from when the others came to the end of the spike. */
  delivery: Latency
  acknowledgement: Latency
  acknowledgedPerSecond: number
  deliveriesPerSecond: number
  /** In that time; with what it costs to let the others in. */
  deliveriesPerCpuSecond: number
  serverCores: number
  busiestGenerator: number
  /** Of those who are there all the time, and of those who came. */
  parts: { verdict: Verdict; totals: Totals; ran: Ran }[]
  /** The few, when the others had gone. */
  after: Measurement
}

/** How long the newcomers have to connect before their messages are due, in µs. */
const ARRIVAL = 1_000_000
const PATIENCE_MS = 15_000

/**
 * Everything happens at times fixed beforehand: who connects late sends late, and the delays show it. `begins` is called when the
 * first message of the spike is due.
 */
export async function measureSpike(subject: Subject, plan: SpikePlan, begins: () => void): Promise<SpikeMeasurement> {
  const target = subject.targets[0]!
  const newcomers = Fleet.idle(1)
  const calm = await Fleet.open(target, talkers(subject.memberships.slice(0, plan.calmRooms), 1))
  try {
    const startAt = nowMicros() + 300_000
    const comeAt = startAt + plan.calmSeconds * 1e6
    const spikeFrom = comeAt + ARRIVAL
    const windowTo = spikeFrom + plan.spikeSeconds * 1e6
    const clocks = () => ({
      at: nowMicros() / 1e6,
      server: subject.cpuSeconds,
      generators: [...calm.pids, ...newcomers.pids].map(cpuSeconds),
    })
    const sending = (rate: number, from: number, windowFrom: number): SendPlan[] => [
      { rate, bodyLength: plan.bodyLength, startAt: from, windowFrom, windowTo },
    ]

    const calmRun = calm.run(sending(plan.calmRate, startAt, comeAt), PATIENCE_MS)
    await sleepUntil(comeAt)
    const before = clocks()
    await newcomers.connect(target, talkers(subject.memberships.slice(plan.calmRooms), 1))
    const connectedSeconds = (nowMicros() - comeAt) / 1e6
    const newRun = newcomers.run(sending(plan.spikeRate - plan.calmRate, spikeFrom, spikeFrom), PATIENCE_MS)
    await sleepUntil(spikeFrom)
    begins()
    await sleepUntil(windowTo)
    const after = clocks()
    const parts = [await judged(calm, await calmRun), await judged(newcomers, await newRun)]

    const leaving = newcomers.close()
    const afterwards = await measure(calm, subject, {
      rate: plan.calmRate,
      bodyLength: plan.bodyLength,
      warmUpSeconds: 0,
      seconds: plan.afterSeconds,
      senders: [0],
      generators: 1,
    })
    await leaving

    // The window of the few is longer: it begins when the others come.
    const seconds = [(windowTo - comeAt) / 1e6, plan.spikeSeconds]
    const sum = (key: 'acknowledgedInWindow' | 'deliveredInWindow', times = [1, 1]) =>
      parts.reduce((total, { totals }, i) => total + totals.tally[key] / times[i]!, 0)
    const wall = after.at - before.at
    const cpu = after.server - before.server
    return {
      connectedSeconds,
      delivery: Latency.merged(parts.map(({ totals }) => totals.deliveries.encode())),
      acknowledgement: Latency.merged(parts.map(({ totals }) => totals.acknowledgements.encode())),
      acknowledgedPerSecond: sum('acknowledgedInWindow', seconds),
      deliveriesPerSecond: sum('deliveredInWindow', seconds),
      deliveriesPerCpuSecond: sum('deliveredInWindow') / Math.max(cpu, 0.01),
      serverCores: cpu / wall,
      busiestGenerator: Math.max(...after.generators.map((used, i) => used - before.generators[i]!)) / wall,
      parts,
      after: afterwards,
    }
  } finally {
    await Promise.all([calm.close(), newcomers.close()])
  }
}

/** Waits until everybody has everything. */
async function judged(fleet: Fleet, ran: Ran): Promise<SpikeMeasurement['parts'][number]> {
  const { rooms } = (await fleet.totals()).tally
  const heads = Object.fromEntries(Object.entries(rooms).map(([room, { head }]) => [room, head]))
  const verdict = await fleet.settle(heads, PATIENCE_MS)
  return { verdict, totals: await fleet.totals(), ran }
}
