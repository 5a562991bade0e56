import { cpus } from 'node:os'
import { climb, highest, type Step } from '../measure/climb.ts'
import { backendNotes, boundBy, postgresTable, processTable, redisTable, runsTable } from '../measure/cluster-report.ts'
import { ClusterBench, type ClusterRun } from '../measure/cluster-run.ts'
import { generatorFull } from '../measure/measure.ts'
import { number } from '../measure/report.ts'
import type { LogName } from '../servers/yeoul-cluster.ts'
import { type Options, type Outcome, reportOf, type Scenario } from './scenario.ts'

/** What a rate must keep to hold. */
const P99_MS = 500
const CPU_PART = 0.8
/** Cores that others may use until a run is said to be worth less. */
const NOISE = 0.15

const OPTIONS = {
  rate: { quick: 0, full: 0, about: 'messages a second of all people together; 0: the highest that holds' },
  'first-rate': { quick: 1_000, full: 1_000, about: 'messages a second at which the search begins' },
  rooms: { quick: 500, full: 500, about: 'rooms' },
  members: { quick: 10, full: 10, about: 'members of each room, all connected, subscribed and talking' },
  gateways: { quick: 3, full: 3, about: 'nodes that hold the connections' },
  workers: { quick: 2, full: 2, about: 'nodes that work in the background' },
  generators: { quick: 1, full: 1, about: 'processes of the load generator' },
  direct: { quick: 0, full: 0, about: '1: connections go to the gateways, past nginx' },
  body: { quick: 64, full: 64, about: 'characters of a message' },
  flush: {
    quick: 50,
    full: 50,
    about: 'YEOUL_FLUSH_MS of the gateways: how long pushes are gathered under load, at most',
  },
  'warm-up': { quick: 3, full: 10, about: 'seconds before measuring' },
  'step-seconds': { quick: 5, full: 10, about: 'seconds measured of each rate of the search' },
  seconds: { quick: 10, full: 60, about: 'seconds measured of the rate that holds' },
}

export const clusterSql = clusterScenario('sql', 'acknowledged out of PostgreSQL (log=sql)')
export const clusterRedis = clusterScenario('redis', 'acknowledged out of Redis, written back by workers (log=redis)')

function clusterScenario(log: LogName, told: string): Scenario {
  return {
    name: `cluster-${log}`,
    about: `a whole cluster on this machine under small rooms where everybody talks, ${told}`,
    cluster: true,
    options: OPTIONS,
    run: (options) => run(log, options),
  }
}

async function run(log: LogName, options: Options): Promise<Outcome> {
  const bench = await ClusterBench.start({
    log,
    gateways: options.gateways!,
    workers: options.workers!,
    apis: 1,
    rooms: options.rooms!,
    members: options.members!,
    bodyLength: options.body!,
    generators: options.generators!,
    direct: options.direct === 1,
    flushMs: options.flush!,
  })
  try {
    const steps = options.rate! > 0 ? [] : await search(bench, options)
    const wanted = options.rate! > 0 ? options.rate! : highest(steps)?.rate
    const long = wanted === undefined ? [] : await hold(bench, wanted, options)
    const audit = await bench.audit()
    const tried = [...steps, ...long]
    const shown = tried.at(-1)!
    return {
      tables: tablesOf(log, options, tried),
      invariants: { ...shown.result.invariants, 'a rate holds': long.at(-1)?.failure === null, ...audit.invariants },
      notes: [verdictOn(tried), ...backendNotes(shown.result), ...audit.notes, ...lossesOf(tried)],
      data: {
        tried: tried.map(({ rate, failure, result }) => ({ rate, failure, ...reportOf(result.measured) })),
        held: { rate: shown.rate, failure: shown.failure, ...reportOf(shown.result.measured) },
        messages: shown.result.messages,
        counts: shown.result.counts,
        settledSeconds: audit.settledSeconds,
      },
    }
  } finally {
    await bench.stop()
  }
}

function search(bench: ClusterBench, options: Options): Promise<Step<ClusterRun>[]> {
  return climb(options['first-rate']!, (rate) => attempt(bench, rate, options['warm-up']!, options['step-seconds']!))
}

/** Long runs: a rate that a short run kept may be too high for a long one. Then a little less, a few times; all are answered. */
async function hold(bench: ClusterBench, wanted: number, options: Options): Promise<Step<ClusterRun>[]> {
  const steps: Step<ClusterRun>[] = []
  for (let rate = wanted; ; rate = Math.round((rate * 0.92) / 10) * 10) {
    const step = await attempt(bench, rate, options['warm-up']!, options.seconds!)
    steps.push(step)
    if (step.failure === null || options.rate! > 0 || steps.length === 4) return steps
  }
}

async function attempt(bench: ClusterBench, rate: number, warmUp: number, seconds: number): Promise<Step<ClusterRun>> {
  const result = await bench.run(rate, warmUp, seconds)
  const { serverCores, generatorCores } = result.measured
  const used = (serverCores + generatorCores) / cpus().length
  return { rate, used: used / CPU_PART, failure: failureOf(rate, used, result), result }
}

function failureOf(rate: number, used: number, { measured, invariants }: ClusterRun): string | null {
  const broken = Object.entries(invariants).flatMap(([what, holds]) => (holds ? [] : [what]))
  const full = generatorFull(measured)
  if (full !== null) return `${full}: no figure; try --generators`
  if (broken.length > 0) return `broken: ${broken.join(', ')}`
  if (measured.acknowledgedPerSecond < rate * 0.98) {
    return `${number(measured.acknowledgedPerSecond)} a second were acknowledged`
  }
  if (measured.delivery.p99 >= P99_MS) return `p99 ${measured.delivery.p99.toFixed(0)} ms`
  if (used > CPU_PART) return `${(used * 100).toFixed(0)} % of all cores`
  return null
}

function tablesOf(log: LogName, options: Options, tried: Step<ClusterRun>[]) {
  const shown = tried.at(-1)!
  const rows = tried.map(({ rate, failure, result }) => ({
    name: `${rate}/s, ${Math.round(result.measured.seconds)} s`,
    run: result,
    remark: failure ?? 'holds',
  }))
  const what = `cluster, log=${log}`
  const shape = `${options.rooms} rooms of ${options.members}, ${options.gateways} gateways`
  return [
    runsTable(`${what}: ${shape}${options.direct === 1 ? ', past nginx' : ' behind nginx'}`, rows),
    processTable(`${what}: processes at ${shown.rate} messages/s`, shown.result),
    redisTable(`${what}: Redis at ${shown.rate} messages/s`, shown.result),
    postgresTable(`${what}: PostgreSQL at ${shown.rate} messages/s`, shown.result),
  ].filter(({ rows: lines }) => lines.length > 0)
}

function lossesOf(steps: Step<ClusterRun>[]): string[] {
  return steps.flatMap(({ rate, result: { measured } }) => {
    const { lost, duplicated, outOfOrder, examples } = measured.verdict
    const { lagging, notRecovered, closed, refused } = measured.totals.tally
    const odd = { lost, duplicated, outOfOrder, lagging, notRecovered, closed, refused }
    const told = Object.entries(odd).filter(([, what]) =>
      typeof what === 'number' ? what > 0 : Object.keys(what).length,
    )
    if (told.length === 0) return []
    return [`At ${rate}/s: ${JSON.stringify(Object.fromEntries(told))} ${examples.join('; ')}`]
  })
}

function verdictOn(tried: Step<ClusterRun>[]): string {
  const shown = tried.at(-1)!
  const above = tried
    .filter(({ rate, failure }) => failure !== null && rate > shown.rate)
    .sort((a, b) => a.rate - b.rate)[0]
  const { otherCores } = shown.result.measured
  const noise =
    otherCores > NOISE ? ` ${otherCores.toFixed(2)} cores were busy with other things: on its own it does more.` : ''
  const verdict =
    shown.failure === null
      ? `${shown.rate} messages/s hold.`
      : `${shown.rate} messages/s do not hold: ${shown.failure}.`
  const next = above === undefined ? '' : ` ${above.rate} do not: ${above.failure}.`
  return `${verdict}${next} Cores in use: ${boundBy(shown.result)}.${noise}`
}
