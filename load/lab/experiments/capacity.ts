import { Fleet } from '../../generator/fleet.ts'
import { type HttpMeasurement, measureHttp } from '../../measure/http-measure.ts'
import { clusterDoor, type Door, embeddedDoor, type Guard, PeerBackends } from '../../servers/doors.ts'
import type { Experiment, Lab, Row } from '../experiment.ts'

const PLACES = 5
const NODES = 3

export const capacity: Experiment = {
  name: 's4',
  title: 'A thousand at a door with room for five',
  about:
    `1,000 people (200 in a quick run) join a room with ${PLACES} free places at the same instant, over HTTP, each on a connection ` +
    'that is open already, to the nodes in turn. In a full run a first crowd at another room, which is not shown, warms the server up. The peers ' +
    'are small servers over PostgreSQL that check no token and have no members to tell of who came: “count, then insert” as one writes ' +
    'it at first; the same with the room’s row locked (`SELECT … FOR UPDATE`); and the same behind a lock in Redis (`SET NX PX`, ' +
    'tried again every 200 to 400 ms as node-redlock does, but for as long as it takes). Yeoul takes the place by one conditional ' +
    'UPDATE, in one transaction with the membership and its event in the room’s sequence; it checks each token, and tells everyone in ' +
    'the room. CPU is that of all nodes, PostgreSQL and Redis, for the whole crowd, from /proc. The times contain the generator’s ' +
    'own work, which is the same for all.',
  origin: '1,000 threads join a room with room for 5: over-admitted without a lock, exact with a distributed lock.',
  figures: [
    { key: 'admitted', title: 'admitted', better: null },
    { key: 'tooMany', title: 'too many', better: 'less' },
    { key: 'refused', title: 'refused as full', better: null },
    { key: 'errors', title: 'errors', better: 'less' },
    { key: 'allMs', title: 'all answered ms', better: 'less' },
    { key: 'p50', title: 'answer p50 ms', better: 'less' },
    { key: 'p99', title: 'p99 ms', better: 'less' },
    { key: 'cpuMs', title: 'CPU ms in all', better: 'less' },
  ],
  charts: [
    {
      title: `Admitted to ${PLACES} places`,
      kind: 'bars',
      figure: 'admitted',
      limits: [{ at: PLACES, name: 'places' }],
    },
    { title: 'Time until all were answered, ms', kind: 'bars', figure: 'allMs', logarithmic: true },
  ],
  async *run(lab) {
    const generator = Fleet.idle(1)
    try {
      yield* rowsOfPeers(generator, lab)
      lab.step('starting Yeoul')
      yield await rowOf(OURS, await embeddedDoor(joinersOf(lab)), generator, lab)
      lab.step('starting a cluster of Yeoul')
      yield await rowOf(OURS_IN_A_CLUSTER, await clusterDoor(NODES, joinersOf(lab)), generator, lab)
    } finally {
      await generator.close()
    }
  },
}

function joinersOf({ quick }: Lab): number {
  return quick ? 200 : 1_000
}

interface Told {
  name: string
  system: string
  remark?: string
  /** What the origin of the test found of such a system. */
  claim?: string
  /** Whether it promises to admit no more than there are places. */
  exact: boolean
}

const OURS: Told = { name: 'Yeoul, one node', system: 'Yeoul', exact: true }
const OURS_IN_A_CLUSTER: Told = { name: `Yeoul, ${NODES} nodes`, system: 'Yeoul, cluster', exact: true }

const LACKS = 'Checks no token; has no members to tell, and no sequence to tell them in.'
const PEERS: (Told & { guard: Guard })[] = [
  peer('none', 'count, then insert', { exact: false, claim: 'over-admitted' }),
  peer('row', 'row lock', { exact: true }),
  peer('lock', 'lock in Redis', { exact: true, claim: 'exact' }),
]

function peer(guard: Guard, system: string, told: Pick<Told, 'exact' | 'claim'>): Told & { guard: Guard } {
  return { guard, name: `${system}, ${NODES} nodes`, system, remark: LACKS, ...told }
}

async function* rowsOfPeers(generator: Fleet, lab: Lab): AsyncGenerator<Row> {
  lab.step('starting PostgreSQL and Redis')
  const backends = await PeerBackends.start()
  try {
    for (const { guard, ...told } of PEERS) {
      yield await rowOf(told, await backends.peer(guard, NODES, joinersOf(lab)), generator, lab)
    }
  } finally {
    await backends.stop()
  }
}

/** Stops the door when the crowd is done. */
async function rowOf(told: Told, door: Door, generator: Fleet, lab: Lab): Promise<Row> {
  const crowd = async () => {
    const { requests, entered } = await door.room(PLACES)
    const plan = { host: '127.0.0.1', requests, pace: { kind: 'at-once' }, warmUpSeconds: 0 } as const
    return { measured: await measureHttp(door, generator, plan), entered: await entered() }
  }
  try {
    if (!lab.quick) {
      lab.step(`${told.name}: warm-up`)
      await crowd()
    }
    lab.step(told.name)
    const { measured, entered } = await crowd()
    return judged(told, joinersOf(lab), measured, entered)
  } finally {
    await door.stop()
  }
}

function judged(told: Told, joiners: number, measured: HttpMeasurement, entered: number): Row {
  const { counts, answer } = measured
  const admitted = counts['200'] ?? 0
  const refused = counts['409 room_full'] ?? 0
  const odd = Object.entries(counts).filter(([outcome]) => outcome !== '200' && outcome !== '409 room_full')
  return {
    name: told.name,
    system: told.system,
    ...(told.remark !== undefined && { remark: told.remark }),
    ...(told.claim !== undefined && { claim: told.claim }),
    figures: {
      admitted,
      tooMany: entered - PLACES,
      refused,
      errors: joiners - admitted - refused,
      allMs: 1_000 * measured.seconds,
      p50: answer.p50,
      p99: answer.p99,
      cpuMs: 1_000 * measured.serverCpuSeconds,
    },
    invariants: {
      'who was admitted is a member, and nobody else': entered === admitted,
      ...(told.exact && {
        [`exactly ${PLACES} are admitted`]: admitted === PLACES,
        'all others are told that the room is full': refused === joiners - PLACES,
      }),
    },
    ...(odd.length > 0 && { notes: odd.map(([outcome, times]) => `${told.name}: ${times} × ${outcome}`) }),
  }
}
