import { sleep } from '../../generator/clock.ts'
import { talkers } from '../../generator/crowd.ts'
import { Fleet, type Totals } from '../../generator/fleet.ts'
import type { Ran, Verdict } from '../../generator/generator.ts'
import type { Latency } from '../../measure/latency.ts'
import { generatorFull, invariantsOf, measure } from '../../measure/measure.ts'
import { measureSpike } from '../../measure/spike.ts'
import { prefixed } from '../../scenarios/scenario.ts'
import type { Subject } from '../../subjects/subject.ts'
import { YeoulSubject } from '../../subjects/yeoul.ts'
import { YeoulClusterSubject } from '../../subjects/yeoul-cluster.ts'
import type { Experiment, Lab, Row } from '../experiment.ts'

const MEMBERS = 10
const BODY = 64
/** The limits of the origin, in ms. */
const LIMITS = [1_000, 2_000] as const
const GOAL_STORED = 300_000
const PATIENCE_MS = 30_000

/** Users and messages a second of all of them together. */
type Step = [users: number, rate: number]
interface Shape {
  steps: Step[]
  spike: { from: Step; to: Step; calmSeconds: number; spikeSeconds: number; afterSeconds: number }
  warmUpSeconds: number
  seconds: number
}

const FULL: Shape = {
  steps: [
    [100, 100],
    [500, 500],
    [1_000, 1_000],
    [2_500, 2_500],
    [5_000, 5_000],
  ],
  spike: { from: [500, 500], to: [5_000, 5_000], calmSeconds: 1, spikeSeconds: 3, afterSeconds: 2 },
  warmUpSeconds: 0.5,
  seconds: 3,
}
const QUICK: Shape = {
  steps: [[200, 200]],
  spike: { from: [50, 50], to: [200, 200], calmSeconds: 0.2, spikeSeconds: 0.5, afterSeconds: 0.3 },
  warmUpSeconds: 0.2,
  seconds: 0.5,
}

interface Database {
  name: string
  system: string
  /** Only the highest two steps, and no spike. */
  briefly?: true
  start(rooms: number): Promise<Subject>
}

const DATABASES: Database[] = [
  { name: 'SQLite', system: 'Yeoul, SQLite', start: (rooms) => YeoulSubject.start({ rooms, members: MEMBERS }) },
  { name: 'PostgreSQL', system: 'Yeoul, PostgreSQL', start: (rooms) => startCluster('sql', rooms) },
  {
    name: 'Redis log',
    system: 'Yeoul, Redis log before PostgreSQL',
    briefly: true,
    start: (rooms) => startCluster('redis', rooms),
  },
]

function startCluster(log: 'sql' | 'redis', rooms: number): Promise<Subject> {
  return YeoulClusterSubject.start({ log, rooms, members: MEMBERS, nodes: 1, workers: 1, through: 'gateways' })
}

export const steps: Experiment = {
  name: 's2',
  title: 'From 100 to 5,000 users, and a spike',
  about:
    `Users in rooms of ${MEMBERS}, each with one connection, everybody talks: 100 users with 100 messages a second in all, then 500, ` +
    '1,000, 2,500 and 5,000 (small numbers in a quick run). Each message makes ten deliveries, every one timed from when the message ' +
    'was due. Then the spike: 500 users at 500/s; within one second the other 4,500 connect, and all 5,000 send 5,000 a second; then ' +
    'they leave and the 500 go on. Who is not connected in time sends late, and the delays show it. “Stored a minute” is by how many ' +
    'rows the database grew while the load ran; at the end of each row it must hold exactly what was acknowledged. SQLite is one ' +
    'process with its own database; PostgreSQL is a cluster with one gateway, without nginx in the way; with the Redis log a message is ' +
    'acknowledged when it is in Redis, and a worker writes it to PostgreSQL. All on the two cores that the generator uses too: ' +
    'what they cannot carry comes late, and is shown. CPU is that of all nodes, PostgreSQL, Redis and nginx, from /proc.',
  origin:
    'A goal, with no result published: 5,000 messages/s in, 5,000 users, each delivered within 1,000 ms, 300,000 a minute stored.',
  figures: [
    { key: 'users', title: 'users', better: null },
    { key: 'sent', title: 'acknowledged/s', better: 'more' },
    { key: 'deliveries', title: 'deliveries/s', better: 'more' },
    { key: 'errors', title: 'errors %', better: 'less', digits: 2 },
    { key: 'p50', title: 'p50 ms', better: 'less', digits: 1 },
    { key: 'p99', title: 'p99 ms', better: 'less', digits: 1 },
    { key: 'max', title: 'max ms', better: 'less' },
    { key: 'over1000', title: 'over 1 s %', better: 'less', digits: 2 },
    { key: 'over2000', title: 'over 2 s %', better: 'less', digits: 2 },
    { key: 'storedPerMinute', title: 'stored a minute', better: 'more' },
    { key: 'connected', title: 'connected after s', better: 'less', digits: 2 },
    { key: 'serverCores', title: 'server cores', better: 'less', digits: 2 },
    { key: 'perCpuSecond', title: 'deliveries per CPU-s', better: 'more' },
    { key: 'generatorCores', title: 'generator cores', better: null, digits: 2 },
  ],
  charts: [
    {
      title: 'Send to receive, p99 in ms, over users (as many messages a second)',
      kind: 'lines',
      figure: 'p99',
      x: 'users',
      logarithmic: true,
      limits: LIMITS.map((at) => ({ at, name: `${at.toLocaleString('en-US')} ms` })),
    },
    {
      title: 'Rows stored a minute, over users',
      kind: 'lines',
      figure: 'storedPerMinute',
      x: 'users',
      limits: [{ at: GOAL_STORED, name: 'the goal: 300,000' }],
    },
  ],
  async *run(lab) {
    const shape = lab.quick ? QUICK : FULL
    for (const database of DATABASES) {
      lab.step(`${database.name}: starting`)
      const subject = await database.start(Math.max(...shape.steps.map(([users]) => users)) / MEMBERS)
      try {
        yield* rowsOf(database, subject, shape, lab)
      } finally {
        await subject.stop()
      }
    }
  },
}

async function* rowsOf(database: Database, subject: Subject, shape: Shape, lab: Lab): AsyncGenerator<Row> {
  const { name, system, briefly = false } = database
  for (const step of briefly ? shape.steps.slice(-2) : shape.steps) {
    const told = `${name}, ${inWords(step)}`
    lab.step(told)
    yield await measureStep({ name: told, system }, subject, step, shape)
  }
  if (briefly) return
  lab.step(`${name}, spike`)
  yield* measureSpikeOf(database, subject, shape)
}

function inWords([users, rate]: Step): string {
  return `${users.toLocaleString('en-US')} users, ${rate.toLocaleString('en-US')}/s`
}

type Told = Pick<Row, 'name' | 'system'>

async function measureStep(told: Told, subject: Subject, [users, rate]: Step, shape: Shape): Promise<Row> {
  const { warmUpSeconds, seconds } = shape
  const store = await StoredRows.of(subject)
  const memberships = subject.memberships.slice(0, users / MEMBERS)
  const fleet = await Fleet.open(subject.targets[0]!, talkers(memberships, 1))
  try {
    const growing = sleep(300 + 1_000 * warmUpSeconds).then(() => store.perMinute(seconds))
    const measured = await measure(fleet, subject, {
      rate,
      bodyLength: BODY,
      warmUpSeconds,
      seconds,
      senders: [0],
      generators: 1,
      patienceMs: PATIENCE_MS,
    })
    return {
      ...told,
      figures: {
        users,
        sent: measured.acknowledgedPerSecond,
        deliveries: measured.deliveriesPerSecond,
        errors: errorPercent([measured]),
        ...delaysOf(measured.totals.deliveries),
        ...stored(await growing, seconds),
        serverCores: measured.serverCores,
        perCpuSecond: measured.deliveriesPerCpuSecond,
        generatorCores: measured.generatorCores,
      },
      invariants: { ...invariantsOf(measured, () => MEMBERS), ...(await store.holds([measured])) },
      void: generatorFull(measured),
    }
  } finally {
    await fleet.close()
  }
}

async function* measureSpikeOf({ name, system }: Database, subject: Subject, shape: Shape): AsyncGenerator<Row> {
  const { from, to, ...times } = shape.spike
  const store = await StoredRows.of(subject)
  let growing = Promise.resolve(0)
  const plan = { calmRooms: from[0] / MEMBERS, calmRate: from[1], spikeRate: to[1], bodyLength: BODY, ...times }
  const spike = await measureSpike(subject, plan, () => {
    growing = store.perMinute(times.spikeSeconds)
  })
  const [calm, newcomers] = spike.parts
  yield {
    name: `${name}, spike: ${inWords(from)} → ${inWords(to)}`,
    system,
    figures: {
      sent: spike.acknowledgedPerSecond,
      deliveries: spike.deliveriesPerSecond,
      errors: errorPercent(spike.parts),
      ...delaysOf(spike.delivery),
      ...stored(await growing, times.spikeSeconds),
      connected: spike.connectedSeconds,
      serverCores: spike.serverCores,
      perCpuSecond: spike.deliveriesPerCpuSecond,
      generatorCores: spike.busiestGenerator,
    },
    invariants: {
      ...prefixed(
        'who was there before',
        invariantsOf(calm!, () => MEMBERS),
      ),
      ...prefixed(
        'who came',
        invariantsOf(newcomers!, () => MEMBERS),
      ),
    },
    void: generatorFull(spike),
  }
  const { after } = spike
  yield {
    name: `${name}, after the spike: ${inWords(from)}`,
    system,
    figures: {
      sent: after.acknowledgedPerSecond,
      deliveries: after.deliveriesPerSecond,
      errors: errorPercent([after]),
      ...delaysOf(after.totals.deliveries),
      serverCores: after.serverCores,
      perCpuSecond: after.deliveriesPerCpuSecond,
      generatorCores: after.generatorCores,
    },
    invariants: { ...invariantsOf(after, () => MEMBERS), ...(await store.holds([after, newcomers!])) },
    void: generatorFull(after),
  }
}

/** A worker writes in intervals of a second: what is seen of less says nothing. */
function stored(perMinute: number, seconds: number): Record<string, number> {
  return seconds < 2 ? {} : { storedPerMinute: perMinute }
}

interface Judged {
  verdict: Verdict
  totals: Totals
  ran: Ran
}

function delaysOf(deliveries: Latency): Record<string, number> {
  const { p50, p99, max } = deliveries.summary()
  const over = Object.fromEntries(LIMITS.map((ms) => [`over${ms}`, 100 * deliveries.partOver(ms)]))
  return { p50, p99, max, ...over }
}

/** Messages that were due and were not sent, were refused, or never answered, and connections that were closed. */
function errorPercent(parts: Judged[]): number {
  let due = 0
  let errors = 0
  for (const { totals, ran } of parts) {
    const { sent, refused, closed } = totals.tally
    due += sent + ran.unsent
    errors += ran.unsent + ran.unacknowledged + total(refused) + total(closed)
  }
  return (100 * errors) / Math.max(1, due)
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0)
}

/** What the database holds, from a time when nothing is under way. */
class StoredRows {
  readonly #subject: Subject
  readonly #before: number

  private constructor(subject: Subject, before: number) {
    this.#subject = subject
    this.#before = before
  }

  static async of(subject: Subject): Promise<StoredRows> {
    return new StoredRows(subject, await counted(subject))
  }

  /** By how many rows it grows a minute, looked at twice within the next `seconds`. */
  async perMinute(seconds: number): Promise<number> {
    await sleep(100 * seconds)
    const from = { rows: await counted(this.#subject), at: performance.now() }
    await sleep(800 * seconds)
    const to = { rows: await counted(this.#subject), at: performance.now() }
    return (60_000 * (to.rows - from.rows)) / (to.at - from.at)
  }

  /** Whether it gets to hold what was acknowledged since, and nothing else. */
  async holds(parts: Judged[]): Promise<Record<string, boolean>> {
    const wanted = this.#before + parts.reduce((sum, { totals }) => sum + totals.tally.acknowledged, 0)
    const stored = await this.#subject.storedMessages(wanted, PATIENCE_MS)
    return { 'the database holds the messages that were acknowledged, and no others': stored === wanted }
  }
}

async function counted(subject: Subject): Promise<number> {
  return (await subject.storedMessages(0, 0)) ?? 0
}
