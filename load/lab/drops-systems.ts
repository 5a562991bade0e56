import { sleep } from '../generator/clock.ts'
import { treeCpuSeconds } from '../measure/processes.ts'
import { Metrics } from '../servers/yeoul-server.ts'
import type { Peer } from '../subjects/peer.ts'
import { startSocketIo, startSocketIoStreams } from '../subjects/peers.ts'
import type { Subject, SubjectShape } from '../subjects/subject.ts'
import { YeoulSubject } from '../subjects/yeoul.ts'
import { YeoulClusterSubject } from '../subjects/yeoul-cluster.ts'

export type EndBy = 'SIGTERM' | 'SIGKILL'

/** What the nodes of a system counted so far, all together. */
export interface Counted {
  reads: number
  hashes: number
  /** Catch-ups that the hot tail answered, and those that needed the log. */
  fromMemory: number
  fromLog: number
}

/** A system of the experiment that is up. */
export interface Running {
  readonly subject: Subject
  /** CPU used so far, that of nodes which ended included. */
  cpuSeconds(): number
  /** Null where nothing is stored or counted. */
  counted(): Promise<Counted | null>
  /** Ends a node and starts it again where it was. */
  restart(by: EndBy): Promise<void>
}

export interface DropSystem {
  name: string
  /**
   * `everything`: what is acknowledged is stored, each event comes once and in order, and who comes back gets all of it.
   * `order`: what comes is in order. Connection state recovery promises neither: it reads the stream and then enters the rooms,
   * so that at the moment of a return some come twice, late, or not at all.
   */
  promises: 'everything' | 'order' | 'nothing'
  remark?: string
  /** What the published test found of it under drops. */
  claim?: string
  /** Whether a quick run has it too: the others differ from these in one part only. */
  quick: boolean
  /** What is restarted, and by which signals (in a quick run by the first one only); null: it takes part in the drops only. */
  restarts: { what: 'the server' | 'one gateway of three'; by: EndBy[] } | null
  start(shape: Omit<SubjectShape, 'nodes'>, drainMs: { alone: number; cluster: number }): Promise<Running>
}

const GATEWAYS = 3

/** Which gateway ends by which signal: the one that was restarted has few clients when the other one is killed. */
const ENDED_BY: Record<EndBy, string> = { SIGTERM: 'gateway-1', SIGKILL: 'gateway-2' }

export const SYSTEMS: DropSystem[] = [
  {
    name: 'Yeoul',
    promises: 'everything',
    quick: true,
    restarts: { what: 'the server', by: ['SIGKILL', 'SIGTERM'] },
    async start(shape, drainMs) {
      const subject = await YeoulSubject.start(shape, { YEOUL_DRAIN_MS: String(drainMs.alone) })
      const { yeoul } = subject
      const gone = new Gone()
      return {
        subject,
        cpuSeconds: () => gone.cpuSeconds + subject.cpuSeconds,
        counted: async () => sumOf([gone.counted, await countedAt(yeoul.server.url)]),
        async restart(by) {
          await gone.count(yeoul.server.url)
          await gone.watch(yeoul.server.pid, yeoul.restart(by))
        },
      }
    },
  },
  {
    name: 'Yeoul cluster, log=sql',
    promises: 'everything',
    quick: true,
    restarts: { what: 'one gateway of three', by: ['SIGTERM', 'SIGKILL'] },
    start: (shape, drainMs) => startCluster('sql', shape, drainMs.cluster),
  },
  {
    name: 'Yeoul cluster, log=redis',
    promises: 'everything',
    quick: false,
    restarts: null,
    start: (shape, drainMs) => startCluster('redis', shape, drainMs.cluster),
  },
  {
    name: 'Socket.IO',
    promises: 'order',
    quick: true,
    remark: 'stores nothing, recovers nothing',
    claim: 'about 85 %',
    // It ends at once on either signal.
    restarts: { what: 'the server', by: ['SIGTERM'] },
    start: async (shape) => runningPeer(await startSocketIo({ ...shape, nodes: 1 })),
  },
  {
    name: 'Socket.IO, Redis adapter',
    promises: 'order',
    quick: false,
    remark: 'stores nothing, recovers nothing',
    restarts: null,
    start: async (shape) => runningPeer(await startSocketIo({ ...shape, nodes: GATEWAYS })),
  },
  {
    name: 'Socket.IO, Redis Streams adapter',
    promises: 'nothing',
    quick: true,
    remark: 'connection state recovery, out of the newest 10,000 entries of all rooms; no history',
    restarts: null,
    start: async (shape) => runningPeer(await startSocketIoStreams({ ...shape, nodes: GATEWAYS })),
  },
]

async function startCluster(
  log: 'sql' | 'redis',
  shape: Omit<SubjectShape, 'nodes'>,
  drainMs: number,
): Promise<Running> {
  const subject = await YeoulClusterSubject.start({
    ...shape,
    log,
    nodes: GATEWAYS,
    workers: 1,
    through: 'nginx',
    environment: { YEOUL_DRAIN_MS: String(drainMs) },
  })
  const { cluster, gateways } = subject.yeoul
  const urls = gateways.map(({ host, port }) => `http://${host}:${port}`)
  const gone = new Gone()
  return {
    subject,
    cpuSeconds: () => gone.cpuSeconds + subject.cpuSeconds,
    counted: async () => sumOf([gone.counted, ...(await Promise.all(urls.map(countedAt)))]),
    async restart(by) {
      const name = ENDED_BY[by]
      const { pid, url } = cluster.part(name)
      await gone.count(url)
      await gone.watch(pid, by === 'SIGKILL' ? cluster.kill(name) : cluster.node(name).drain())
      await cluster.restart(name)
    },
  }
}

function runningPeer(peer: Peer): Running {
  return {
    subject: peer,
    cpuSeconds: () => peer.cpuSeconds,
    counted: () => Promise.resolve(null),
    restart: () => peer.restartNode(0),
  }
}

/** What nodes used and counted that have ended. */
class Gone {
  cpuSeconds = 0
  counted: Counted = sumOf([])

  /** Takes what a node has counted up to now; what it counts until its end is left out. */
  async count(url: string): Promise<void> {
    this.counted = sumOf([this.counted, await countedAt(url)])
  }

  /** Takes the CPU of a process while something brings about its end. */
  async watch(pid: number, ending: Promise<unknown>): Promise<void> {
    let over = false
    const ended = ending.finally(() => {
      over = true
    })
    let last = 0
    while (!over) {
      try {
        last = treeCpuSeconds(pid)
      } catch {
        break
      }
      await sleep(20)
    }
    this.cpuSeconds += last
    await ended
  }
}

async function countedAt(url: string): Promise<Counted> {
  const response = await fetch(`${url}/metrics`)
  if (!response.ok) throw new Error(`/metrics: ${response.status}`)
  const metrics = new Metrics(await response.text())
  return {
    reads: metrics.sum('yeoul_store_reads_total'),
    hashes: metrics.sum('yeoul_password_hashes_total'),
    fromMemory: metrics.sum('yeoul_recoveries_total', 'result="tail"'),
    fromLog: metrics.sum('yeoul_recoveries_total', 'result="log"'),
  }
}

function sumOf(all: Counted[]): Counted {
  const sum = (of: (one: Counted) => number) => all.reduce((total, one) => total + of(one), 0)
  return {
    reads: sum(({ reads }) => reads),
    hashes: sum(({ hashes }) => hashes),
    fromMemory: sum(({ fromMemory }) => fromMemory),
    fromLog: sum(({ fromLog }) => fromLog),
  }
}
