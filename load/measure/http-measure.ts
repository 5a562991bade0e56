import type { Fleet } from '../generator/fleet.ts'
import type { HttpPlan } from '../generator/http-load.ts'
import { Latency, type LatencySummary } from './latency.ts'
import type { Measurable } from './measure.ts'
import { busySeconds, cpuSeconds } from './processes.ts'

export interface HttpMeasurement {
  /** Of each request in turn; null of one that was not made. See `HttpAsked`. */
  outcomes: (string | null)[]
  /** How often each outcome was seen. */
  counts: Record<string, number>
  /** Both from the time a request was due. */
  firstByte: LatencySummary
  answer: LatencySummary
  /** Of requests that succeeded. */
  perSecond: number
  /** From the first request to the last answer. */
  seconds: number
  /** That the server used for all of it. */
  serverCpuSeconds: number
  /** The load is one process: as in `Measurement`. */
  busiestGenerator: number
  otherCores: number
}

/** Asks over HTTP, in a process of its own, and reads meanwhile what the server costs. */
export async function measureHttp(
  server: Pick<Measurable, 'cpuSeconds'>,
  fleet: Fleet,
  plan: HttpPlan,
): Promise<HttpMeasurement> {
  const clocks = () => ({
    at: performance.now() / 1000,
    server: server.cpuSeconds,
    generator: cpuSeconds(fleet.pids[0]!),
    machine: busySeconds(),
  })
  const before = clocks()
  const { outcomes, firstBytes, answers, ...asked } = await fleet.httpOn(0, plan)
  const after = clocks()
  const seconds = after.at - before.at
  const serverCpuSeconds = after.server - before.server
  const generator = after.generator - before.generator
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) if (outcome !== null) counts[outcome] = (counts[outcome] ?? 0) + 1
  return {
    ...asked,
    outcomes,
    counts,
    firstByte: Latency.merged([firstBytes]).summary(),
    answer: Latency.merged([answers]).summary(),
    serverCpuSeconds,
    busiestGenerator: generator / seconds,
    otherCores: Math.max(0, (after.machine - before.machine - serverCpuSeconds - generator) / seconds),
  }
}
