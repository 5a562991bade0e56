import { sleep } from '../generator/clock.ts'
import { Fleet } from '../generator/fleet.ts'
import { type ClusterShape, YeoulCluster } from '../servers/yeoul-cluster.ts'
import { type BackendCounts, Backends, COUNTED_MS, growth } from './backends.ts'
import { invariantsOf, type Measurement, measure } from './measure.ts'

export interface ClusterLoad extends ClusterShape {
  rooms: number
  members: number
  bodyLength: number
  /** Processes of the generator. */
  generators: number
  /** Past nginx. */
  direct: boolean
}

export interface ClusterRun {
  measured: Measurement
  invariants: Record<string, boolean>
  /** Acknowledged in this run, outside the measured time too. */
  messages: number
  /** What Redis and PostgreSQL counted for these messages. */
  counts: BackendCounts
}

/** A cluster under an open-loop load: everybody is connected, subscribed to their room and talks there. */
export class ClusterBench {
  readonly cluster: YeoulCluster
  /** Messages that were acknowledged, and those of which the outcome was not told, over all runs. */
  acknowledged = 0
  unsure = 0
  readonly #load: ClusterLoad
  readonly #backends: Backends
  #fleet: Fleet | null = null
  /** Acknowledged on the connections that are open now. */
  #onFleet = 0

  private constructor(cluster: YeoulCluster, backends: Backends, load: ClusterLoad) {
    this.cluster = cluster
    this.#backends = backends
    this.#load = load
  }

  static async start(load: ClusterLoad): Promise<ClusterBench> {
    const cluster = await YeoulCluster.start(load, load.rooms, load.members)
    try {
      return new ClusterBench(cluster, await Backends.open(cluster.redisUrl, cluster.postgresUrl), load)
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  /** Sends at a rate; connections are opened first where none are. A run that broke a promise leaves none for the next. */
  async run(rate: number, warmUpSeconds: number, seconds: number): Promise<ClusterRun> {
    const { generators, members, bodyLength, direct } = this.#load
    this.#fleet ??= await Fleet.open(this.cluster.target, this.cluster.everyone(generators, direct))
    await sleep(COUNTED_MS)
    const before = await this.#backends.read()
    const measured = await measure(this.#fleet, this.cluster, {
      rate,
      bodyLength,
      warmUpSeconds,
      seconds,
      senders: Array.from({ length: generators }, (_, i) => i),
      generators,
    })
    await sleep(COUNTED_MS)
    const counts = growth(before, await this.#backends.read())
    const { acknowledged, refused } = measured.totals.tally
    const messages = acknowledged - this.#onFleet
    this.#onFleet = acknowledged
    this.acknowledged += messages
    const invariants = invariantsOf(measured, () => members)
    if (Object.values(invariants).includes(false)) {
      this.unsure += measured.ran.unacknowledged + Object.values(refused).reduce((sum, n) => sum + n, 0)
      await this.#disconnect()
    }
    return { measured, invariants, messages, counts }
  }

  async #disconnect(): Promise<void> {
    await this.#fleet?.close()
    this.#fleet = null
    this.#onFleet = 0
  }

  /** Everything that was acknowledged must be in PostgreSQL, and nothing else; then the data is audited. */
  async audit(): Promise<{ invariants: Record<string, boolean>; notes: string[]; settledSeconds: number }> {
    await this.#disconnect()
    const { stored, seconds } = await this.cluster.settledMessages(this.acknowledged, 60_000)
    const { sound, output } = await this.cluster.verify()
    return {
      invariants: {
        'PostgreSQL holds the messages that were acknowledged, and no others':
          stored >= this.acknowledged && stored <= this.acknowledged + this.unsure,
        '`yeoul verify` finds nothing wrong': sound,
      },
      notes: [
        `${stored.toLocaleString('en-US')} messages in PostgreSQL, ${this.acknowledged.toLocaleString('en-US')} acknowledged; ` +
          `all were there ${seconds.toFixed(1)} s after the last.`,
        ...(sound ? [] : [output]),
      ],
      settledSeconds: seconds,
    }
  }

  async stop(): Promise<void> {
    await this.#disconnect()
    await this.#backends.close()
    await this.cluster.stop()
  }
}
