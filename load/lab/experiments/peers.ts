import { crowd } from '../../generator/crowd.ts'
import { Fleet } from '../../generator/fleet.ts'
import { generatorFull, invariantsOf, type Measurement, measure } from '../../measure/measure.ts'
import { startSocketIo, startSocketIoStreams, startWs } from '../../subjects/peers.ts'
import type { Subject, SubjectShape } from '../../subjects/subject.ts'
import { YeoulSubject } from '../../subjects/yeoul.ts'
import { YeoulClusterSubject } from '../../subjects/yeoul-cluster.ts'
import type { Experiment, Lab, Row } from '../experiment.ts'

interface System {
  name: string
  nodes: 'one' | 'several'
  /** It keeps Yeoul's promises, and the run fails when it does not. */
  promises: boolean
  remark: string
  start(shape: SubjectShape): Promise<Subject>
}

const SYSTEMS: System[] = [
  {
    name: 'Yeoul',
    nodes: 'one',
    promises: true,
    remark: 'stored in SQLite before it is acknowledged',
    start: (shape) => YeoulSubject.start(shape),
  },
  {
    name: 'Socket.IO',
    nodes: 'one',
    promises: false,
    remark: 'stores nothing, recovers nothing',
    start: startSocketIo,
  },
  {
    name: 'ws',
    nodes: 'one',
    promises: false,
    remark: 'stores nothing, recovers nothing, waits for no slow reader',
    start: startWs,
  },
  {
    name: 'Yeoul cluster, log=sql',
    nodes: 'several',
    promises: true,
    remark: 'stored in PostgreSQL before it is acknowledged',
    start: (shape) => YeoulClusterSubject.start({ ...shape, log: 'sql', workers: 1, through: 'gateways' }),
  },
  {
    name: 'Yeoul cluster, log=redis',
    nodes: 'several',
    promises: true,
    remark: 'in Redis’ append-only file before it is acknowledged, in PostgreSQL soon after',
    start: (shape) => YeoulClusterSubject.start({ ...shape, log: 'redis', workers: 1, through: 'gateways' }),
  },
  {
    name: 'Socket.IO, Redis adapter',
    nodes: 'several',
    promises: false,
    remark: 'stores nothing, recovers nothing, no order across nodes',
    start: startSocketIo,
  },
  {
    name: 'Socket.IO, Redis Streams adapter',
    nodes: 'several',
    promises: false,
    remark: 'recovers out of the newest 10,000 entries of all rooms, no history, no order across nodes',
    start: startSocketIoStreams,
  },
  {
    name: 'ws, Redis Pub/Sub',
    nodes: 'several',
    promises: false,
    remark: 'stores nothing, recovers nothing, no order across nodes',
    start: startWs,
  },
]

interface Load {
  name: string
  rooms: number
  members: number
  /** Of each room. */
  speakers: number
  /** Messages a second over all rooms. */
  rate: number
  on: System[]
}

interface Scale {
  loads: Load[]
  /** How many nodes several are. */
  several: number
  warmUpSeconds: number
  seconds: number
}

const BODY = 64
const PATIENCE_MS = 10_000

const FULL: Scale = {
  loads: [
    { name: 'hot room', rooms: 1, members: 500, speakers: 20, rate: 100, on: SYSTEMS },
    { name: 'sparse', rooms: 250, members: 10, speakers: 1, rate: 2_000, on: SYSTEMS },
  ],
  several: 3,
  warmUpSeconds: 1,
  seconds: 3,
}

const ALONE = SYSTEMS.filter(({ nodes }) => nodes === 'one')
/** The two logs of a cluster differ in an option, and other experiments run both. */
const TOGETHER = SYSTEMS.filter(({ name, nodes }) => nodes === 'several' && name !== 'Yeoul cluster, log=redis')

/** Every program once and every load once. */
const QUICK: Scale = {
  loads: [
    { name: 'hot room', rooms: 1, members: 100, speakers: 5, rate: 50, on: ALONE },
    { name: 'sparse', rooms: 50, members: 10, speakers: 1, rate: 200, on: TOGETHER },
  ],
  several: 2,
  warmUpSeconds: 0.2,
  seconds: 0.8,
}

export const peers: Experiment = {
  name: 'peers',
  title: 'Peers on the same work',
  about:
    'The same messages at the same fixed rate for everybody, from the same generator. **Hot room**: one room of 500, 20 of whom send ' +
    '100 messages a second together. **Sparse**: 250 rooms of 10, 2,000 messages a second over all: eight in a room, so that hardly two ' +
    'can share a write. A message is 64 characters and an event of about 290 bytes. On one node, and on three with the members of each room on all of them, so that every message has to ' +
    'cross. The rates are such that all of them hold: what differs is what it costs. At higher rates in one room Yeoul lets more ' +
    'deliveries share a write (docs/performance.md).\n\n' +
    'Each peer is set up as its own documentation says, with WebSocket as the only transport. Socket.IO 4.8 alone; on three nodes with ' +
    'the sharded Redis adapter, which its documentation recommends for new developments, or with the Redis Streams adapter and ' +
    'connection state recovery. ws 8 with the broadcast of its README (JSON once, `client.send` in a loop, no compression), on three ' +
    'nodes over a Redis channel for each room. `bufferutil` is not installed. The peers check no token and no membership and store ' +
    'nothing; they acknowledge a message when they have handed it on. They have no sequence of a room that holds for all nodes, ' +
    'and are not charged for one: each node numbers what it takes, and lost, repeated and disordered is judged by room and node.\n\n' +
    'CPU is of all processes of a system out of /proc: nodes, Redis, and for Yeoul’s clusters (three gateways, a worker, an API node) ' +
    'PostgreSQL and an idle nginx too; all clients are connected to the nodes themselves. “Times Yeoul” compares ' +
    'the deliveries for the same CPU with those of Yeoul on as many nodes (log=sql on three). “Writes a delivery” are system calls of ' +
    'a single node’s main thread that write, those for acknowledgements and for waking other threads included.',
  origin: null,
  figures: [
    { key: 'deliveries', title: 'deliveries/s', better: 'more' },
    { key: 'cores', title: 'server cores', better: 'less', digits: 2 },
    { key: 'perCpu', title: 'deliveries per CPU-s', better: 'more' },
    { key: 'times', title: 'times Yeoul', better: 'more', digits: 2 },
    { key: 'writes', title: 'writes a delivery', better: 'less', digits: 2 },
    { key: 'p50', title: 'p50 ms', better: 'less', digits: 1 },
    { key: 'p99', title: 'p99 ms', better: 'less', digits: 1 },
    { key: 'max', title: 'max ms', better: 'less', digits: 1 },
    { key: 'lost', title: 'lost', better: 'less' },
    { key: 'duplicated', title: 'dup.', better: 'less' },
    { key: 'outOfOrder', title: 'disord.', better: 'less' },
    { key: 'generatorCores', title: 'generator cores', better: null, digits: 2 },
    { key: 'otherCores', title: 'other cores', better: null, digits: 2 },
  ],
  charts: [
    { title: 'Deliveries for a second of server CPU', kind: 'bars', figure: 'perCpu' },
    { title: 'From send to receive, p99', kind: 'bars', figure: 'p99', logarithmic: true },
  ],
  async *run(lab) {
    const scale = lab.quick ? QUICK : FULL
    for (const load of scale.loads) {
      for (const nodes of ['one', 'several'] as const) {
        let yeoul: Row | null = null
        for (const system of load.on.filter((one) => one.nodes === nodes)) {
          const row = await rowOf(system, load, scale, lab)
          yeoul ??= row
          if (!row.void && !yeoul.void) row.figures.times = row.figures.perCpu! / yeoul.figures.perCpu!
          yield row
        }
      }
    }
  },
}

async function rowOf(system: System, load: Load, scale: Scale, lab: Lab): Promise<Row> {
  const nodes = system.nodes === 'one' ? 1 : scale.several
  const name = `${load.name}, ${nodes === 1 ? 'one node' : `${nodes} nodes`}: ${system.name}`
  lab.step(`${name}: starting`)
  const subject = await system.start({ rooms: load.rooms, members: load.members, nodes })
  try {
    const apart = crowd(subject.memberships, load.speakers, 1, subject.targets)
    // Processes take a while to start, and a quick run has little to send.
    const groups = lab.quick ? [apart.flat()] : apart
    const fleet = await Fleet.open(subject.targets[0]!, groups)
    try {
      lab.step(name)
      const measured = await measure(fleet, subject, {
        rate: load.rate,
        bodyLength: BODY,
        warmUpSeconds: scale.warmUpSeconds,
        seconds: scale.seconds,
        senders: [0],
        generators: groups.length,
        patienceMs: PATIENCE_MS,
      })
      return {
        name,
        system: system.name,
        remark: system.remark,
        figures: figuresOf(measured),
        invariants: system.promises ? await promisesOf(subject, load, measured) : {},
        void: generatorFull(measured),
        notes: system.promises ? [] : shortfalls(load, measured),
      }
    } finally {
      await fleet.close()
    }
  } finally {
    await subject.stop()
  }
}

function figuresOf(measured: Measurement): Row['figures'] {
  const { delivery, verdict, writeCalls } = measured
  const delivered = measured.deliveriesPerSecond * measured.seconds
  return {
    deliveries: measured.deliveriesPerSecond,
    cores: measured.serverCores,
    perCpu: measured.deliveriesPerCpuSecond,
    ...(writeCalls !== null && { writes: writeCalls / Math.max(1, delivered) }),
    p50: delivery.p50,
    p99: delivery.p99,
    max: delivery.max,
    lost: verdict.lost,
    duplicated: verdict.duplicated,
    outOfOrder: verdict.outOfOrder,
    generatorCores: measured.generatorCores,
    otherCores: measured.otherCores,
  }
}

async function promisesOf(subject: Subject, load: Load, measured: Measurement): Promise<Record<string, boolean>> {
  const { acknowledged } = measured.totals.tally
  const stored = await subject.storedMessages(acknowledged, PATIENCE_MS)
  return {
    ...invariantsOf(measured, () => load.members),
    'everything acknowledged is stored, and nothing else': stored === acknowledged,
  }
}

/** A peer that does not do all of the work is not compared on equal terms: that is told. */
function shortfalls({ rate }: Load, measured: Measurement): string[] {
  const { acknowledgedPerSecond, ran, totals } = measured
  const told: string[] = []
  if (acknowledgedPerSecond < rate * 0.98) {
    told.push(`it took ${Math.round(acknowledgedPerSecond)} of ${rate} messages a second`)
  }
  if (ran.unacknowledged > 0) told.push(`${ran.unacknowledged} messages were never answered`)
  const closed = Object.values(totals.tally.closed).reduce((sum, n) => sum + n, 0)
  if (closed > 0) told.push(`${closed} connections ended`)
  return told
}
