import type { Membership } from '../generator/crowd.ts'
import type { Target } from '../generator/fleet.ts'
import { type ClusterShape, YeoulCluster } from '../servers/yeoul-cluster.ts'
import type { Subject, SubjectShape } from './subject.ts'

export interface YeoulClusterShape extends SubjectShape, Pick<ClusterShape, 'log' | 'withoutBus' | 'environment'> {
  /** Where clients connect: to nginx, or to the gateways themselves. */
  through: 'nginx' | 'gateways'
  /** 2 when not given. */
  workers?: number
}

/** A cluster of Yeoul: gateways, workers and an API node with PostgreSQL, Redis and nginx. */
export class YeoulClusterSubject implements Subject {
  readonly yeoul: YeoulCluster
  readonly #through: YeoulClusterShape['through']

  private constructor(yeoul: YeoulCluster, through: YeoulClusterShape['through']) {
    this.yeoul = yeoul
    this.#through = through
  }

  static async start(shape: YeoulClusterShape): Promise<YeoulClusterSubject> {
    const { rooms, members, nodes, through, workers = 2, ...rest } = shape
    const yeoul = await YeoulCluster.start({ ...rest, gateways: nodes, workers, apis: 1 }, rooms, members)
    return new YeoulClusterSubject(yeoul, through)
  }

  get memberships(): Membership[] {
    return this.yeoul.memberships
  }

  get targets(): Target[] {
    return this.#through === 'nginx' ? [this.yeoul.target] : this.yeoul.gateways
  }

  get cpuByPart(): Record<string, number> {
    return this.yeoul.cpuByPart
  }

  get cpuSeconds(): number {
    return this.yeoul.cpuSeconds
  }

  get residentBytes(): number {
    return this.yeoul.residentBytes
  }

  async storedMessages(wanted: number, patienceMs: number): Promise<number> {
    return (await this.yeoul.settledMessages(wanted, patienceMs)).stored
  }

  stop(): Promise<void> {
    return this.yeoul.stop()
  }
}
