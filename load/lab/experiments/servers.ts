import { sleep } from '../../generator/clock.ts'
import { talkers } from '../../generator/crowd.ts'
import { Fleet } from '../../generator/fleet.ts'
import { generatorFull, invariantsOf, type Measurement, measure } from '../../measure/measure.ts'
import { LiveOptions } from '../../servers/live-options.ts'
import { eachSubject, type Startable } from '../../subjects/each.ts'
import { startSocketIo } from '../../subjects/peers.ts'
import type { Subject } from '../../subjects/subject.ts'
import { YeoulClusterSubject } from '../../subjects/yeoul-cluster.ts'
import type { Experiment, Lab, Row } from '../experiment.ts'

const NODES = 3
/** Messages a second of each person: a thousand of them are heard 163,000 times a second in rooms of 250. */
const PACE = 0.652
/** How many times as much the one row has that asks for the most. */
const MOST = 10
const SAMPLE = 20

interface Scale {
  users: number[]
  members: number
  warmUpSeconds: number
  seconds: number
  generators: number
  /** Whether every row is measured, or one of each kind. */
  whole: boolean
}

const FULL: Scale = { users: [500, 1_000], members: 250, warmUpSeconds: 1.5, seconds: 4, generators: 2, whole: true }
const QUICK: Scale = { users: [100], members: 50, warmUpSeconds: 0.1, seconds: 0.6, generators: 1, whole: false }

/** What is asked of a server, and what their test found of it. */
interface Trial {
  name: string
  users: number
  nodes: number
  /** Messages a second, in all. */
  rate: number
  /** The most messages that share a commit; null: as it is set by default. */
  batch: number | null
  claim?: string
}

export const servers: Experiment = {
  name: 's1',
  title: 'One server against three, each message saved by itself or many together, with and without the bus',
  about:
    '500 and 1,000 people in rooms of 250, each with one connection, all of whom talk: 0.652 messages of 64 characters a second each, at ' +
    'times fixed beforehand. So 500 people are to receive 81,500 messages a second and 1,000 people 163,000, the best that their three ' +
    'servers did; “received %” is the part that came in time (within the measured seconds) of what was to be received. Yeoul is ' +
    'one cluster of three gateways over PostgreSQL, a worker, an API node and Redis; with “one node” everybody is connected to the first ' +
    'gateway, with “three nodes” the members of each room to all three in turn, past nginx. “One commit a message” is ' +
    '`YEOUL_APPEND_BATCH=1`, set while it runs; else as many as wait share a commit. Socket.IO gets the same work on one node, and on three ' +
    'with the sharded Redis adapter; it stores nothing. CPU is that of all processes of a system, databases included, from /proc; all share ' +
    'the two cores with the generator, so three nodes cannot be faster than one here: what they cost is seen. Last, three people on three ' +
    'nodes, one of whom talks: the part that reaches the two others, with the bus and with a Redis of its own for each gateway. There ' +
    'nothing is lost either: it is in the database, and who comes back gets it.',
  origin:
    'One server delivered 79,000/s to 500 people and 73,665/s to 1,000; three servers 163,022/s, or 139,813/s when each message was saved ' +
    'synchronously. Of what three people on three servers said, nothing came across without pub/sub and all with it.',
  figures: [
    { key: 'asked', title: 'to receive /s', better: null },
    { key: 'received', title: 'received /s', better: 'more' },
    { key: 'share', title: 'received %', better: 'more', digits: 1 },
    { key: 'inAll', title: 'received in all', better: null },
    { key: 'megabytes', title: 'MB/s', better: null, digits: 1 },
    { key: 'p50', title: 'p50 ms', better: 'less', digits: 1 },
    { key: 'p99', title: 'p99 ms', better: 'less', digits: 1 },
    { key: 'max', title: 'max ms', better: 'less', digits: 1 },
    { key: 'acknowledgedP99', title: 'ack p99 ms', better: 'less', digits: 1 },
    { key: 'cores', title: 'server cores', better: 'less', digits: 2 },
    { key: 'perCpuSecond', title: 'deliveries per CPU-s', better: 'more' },
    { key: 'lost', title: 'lost', better: 'less' },
    { key: 'duplicated', title: 'dup.', better: 'less' },
    { key: 'outOfOrder', title: 'disord.', better: 'less' },
    { key: 'stored', title: 'rows stored', better: null },
    { key: 'generatorCores', title: 'generator cores', better: null, digits: 2 },
    { key: 'otherCores', title: 'other cores', better: null, digits: 2 },
  ],
  charts: [
    {
      title: 'Messages received a second',
      kind: 'bars',
      figure: 'received',
      logarithmic: true,
      limits: [
        { at: 73_665, name: 'theirs, one server' },
        { at: 163_022, name: 'theirs, three' },
      ],
    },
    { title: 'Deliveries per CPU-second of the servers', kind: 'bars', figure: 'perCpuSecond', logarithmic: true },
    { title: 'Delivery, p99 ms', kind: 'bars', figure: 'p99', logarithmic: true },
  ],
  async *run(lab) {
    const scale = lab.quick ? QUICK : FULL
    for await (const { plan, subject } of eachSubject(plans(scale), { together: lab.quick, step: lab.step })) {
      yield* plan.rows(subject, lab)
    }
  },
}

interface Plan extends Startable {
  rows(subject: Subject, lab: Lab): AsyncIterable<Row>
}

function plans(scale: Scale): Plan[] {
  const most = Math.max(...scale.users)
  const shape = { rooms: most / scale.members, members: scale.members }
  const cluster = { nodes: NODES, through: 'gateways', workers: 1, log: 'sql' } as const
  return [
    {
      name: 'a cluster of Yeoul',
      start: () => YeoulClusterSubject.start({ ...shape, ...cluster }),
      rows: (subject, lab) => rowsOfYeoul(subject as YeoulClusterSubject, scale, lab),
    },
    {
      name: 'a cluster of Yeoul without the bus',
      start: () => YeoulClusterSubject.start({ rooms: 1, members: NODES, ...cluster, withoutBus: true }),
      rows: (subject, lab) => proof(subject, false, lab),
    },
    ...[1, NODES].map((nodes) => ({
      name: `Socket.IO, ${nodesOf(nodes)}`,
      start: () => startSocketIo({ ...shape, nodes }),
      rows: (subject: Subject, lab: Lab) => rowsOfSocketIo(subject, nodes, scale, lab),
    })),
  ]
}

function nodesOf(nodes: number): string {
  return nodes === 1 ? 'one node' : 'three nodes'
}

async function* rowsOfYeoul(subject: YeoulClusterSubject, scale: Scale, lab: Lab): AsyncIterable<Row> {
  const live = await LiveOptions.of(subject.yeoul.cluster)
  let batch: number | null = null
  for (const trial of trialsOfYeoul(scale)) {
    if (trial.batch !== batch) {
      await live.change({ appendBatch: trial.batch })
      batch = trial.batch
    }
    lab.step(trial.name)
    const before = await subject.storedMessages(0, 0)
    const measured = await run(subject, trial, scale)
    const { acknowledged } = measured.totals.tally
    const stored = (await subject.storedMessages(before + acknowledged, 15_000)) - before
    const row = rowOf(trial, scale, measured)
    yield {
      ...row,
      system: `Yeoul, ${nodesOf(trial.nodes)}`,
      figures: { ...row.figures, stored },
      invariants: {
        ...invariantsOf(measured, () => scale.members),
        'the database holds the messages that were acknowledged, and no others': stored === acknowledged,
      },
    }
  }
  yield* proof(subject, true, lab)
}

function trialsOfYeoul({ users, whole }: Scale): Trial[] {
  const most = users.at(-1)!
  const trial = (count: number, nodes: number, batch: number | null, claim?: string): Trial => ({
    name: `Yeoul, ${count} people, ${nodesOf(nodes)}${batch === 1 ? ', one commit a message' : ''}`,
    users: count,
    nodes,
    rate: count * PACE,
    batch,
    ...(claim !== undefined && { claim }),
  })
  const top = trial(most, 1, null)
  return [
    ...users.flatMap((count) => [
      trial(count, 1, null, THEIRS[count]?.one),
      trial(count, NODES, null, THEIRS[count]?.three),
    ]),
    ...(whole
      ? [{ ...top, name: `${top.name}, ${MOST} times the messages`, rate: top.rate * MOST }, trial(most, 1, 1)]
      : []),
    trial(most, NODES, 1, most === 1_000 ? '139,813/s' : undefined),
  ]
}

/** By the number of people: received a second. */
const THEIRS: Record<number, { one?: string; three?: string }> = {
  500: { one: '79,000/s' },
  1000: { one: '73,665/s', three: '163,022/s' },
}

async function* rowsOfSocketIo(subject: Subject, nodes: number, scale: Scale, lab: Lab): AsyncIterable<Row> {
  for (const users of nodes === 1 ? scale.users : scale.users.slice(-1)) {
    const name = `Socket.IO, ${users} people, ${nodesOf(nodes)}`
    lab.step(name)
    const trial = { name, users, nodes, rate: users * PACE, batch: null }
    const measured = await run(subject, trial, scale)
    yield {
      ...rowOf(trial, scale, measured),
      system: `Socket.IO, ${nodesOf(nodes)}`,
      remark: 'stores nothing, recovers nothing, checks no token',
      invariants: {
        'duplicated 0': measured.verdict.duplicated === 0,
        'out of order 0': measured.verdict.outOfOrder === 0,
      },
    }
  }
}

async function run(subject: Subject, trial: Trial, scale: Scale): Promise<Measurement> {
  const memberships = subject.memberships.slice(0, trial.users / scale.members)
  const targets = subject.targets.slice(0, trial.nodes)
  const groups = talkers(memberships, scale.generators, { targets, sample: SAMPLE })
  const fleet = await Fleet.open(targets[0]!, groups)
  try {
    return await measure(fleet, subject, {
      rate: trial.rate,
      bodyLength: 64,
      warmUpSeconds: scale.warmUpSeconds,
      seconds: scale.seconds,
      senders: groups.map((_, i) => i),
      generators: groups.length,
      patienceMs: 60_000,
    })
  } finally {
    await fleet.close()
  }
}

function rowOf(trial: Trial, { members }: Scale, measured: Measurement): Omit<Row, 'system' | 'invariants'> {
  const { delivery, verdict, deliveriesPerSecond } = measured
  const asked = trial.rate * members
  return {
    name: trial.name,
    ...(trial.claim !== undefined && { claim: trial.claim }),
    figures: {
      asked,
      received: deliveriesPerSecond,
      share: (100 * deliveriesPerSecond) / asked,
      inAll: measured.totals.tally.delivered,
      megabytes: (deliveriesPerSecond * measured.bytesPerDelivery) / 1e6,
      p50: delivery.p50,
      p99: delivery.p99,
      max: delivery.max,
      acknowledgedP99: measured.acknowledgement.p99,
      cores: measured.serverCores,
      perCpuSecond: measured.deliveriesPerCpuSecond,
      lost: verdict.lost,
      duplicated: verdict.duplicated,
      outOfOrder: verdict.outOfOrder,
      generatorCores: measured.generatorCores,
      otherCores: measured.otherCores,
    },
    void: generatorFull(measured),
  }
}

/** Messages of the proof, and how many a second. */
const SAID = 20
const SAID_PER_SECOND = 40
/** A node that begins to listen looks once, within this time (ms), whether it has missed something. */
const LISTENING_MS = 2_500

/** Three people on three nodes, of whom one talks. */
async function* proof(subject: Subject, bus: boolean, lab: Lab): AsyncIterable<Row> {
  const name = `Yeoul, three people on three nodes, ${bus ? 'with' : 'without'} the bus`
  lab.step(name)
  const { room, people } = subject.memberships[0]!
  const [group] = talkers([{ room, people: people.slice(0, NODES) }], 1, { targets: subject.targets })
  const listening = group!.map((spec, i) => (i === 0 ? spec : { ...spec, sendTo: [] }))
  const fleet = await Fleet.open(subject.targets[0]!, [listening])
  try {
    if (!bus) await sleep(LISTENING_MS)
    const { verdict, totals } = await measure(fleet, subject, {
      rate: SAID_PER_SECOND,
      bodyLength: 64,
      warmUpSeconds: 0,
      seconds: SAID / SAID_PER_SECOND,
      senders: [0],
      generators: 1,
      patienceMs: 1_000,
    })
    const { acknowledged } = totals.tally
    // The one who talks has their own messages in any case.
    const share = (verdict.received - acknowledged) / ((NODES - 1) * acknowledged)
    yield {
      name,
      system: 'Yeoul, three nodes',
      claim: bus ? '100 %' : '0 %',
      figures: { share: 100 * share, inAll: verdict.received },
      invariants: {
        'every message was acknowledged': acknowledged === SAID,
        ...(bus
          ? { 'every message reaches all three': share === 1 }
          : { 'no message reaches another node: the proof can fail': share === 0 }),
      },
    }
  } finally {
    await fleet.close()
  }
}
