import { openSqlite } from '../../src/adapters/sql/sqlite/sqlite.ts'
import { databaseFile } from '../../src/config.ts'
import { sleep } from '../generator/clock.ts'
import type { Membership } from '../generator/crowd.ts'
import type { Target } from '../generator/fleet.ts'
import { Yeoul } from '../servers/yeoul-server.ts'
import type { Subject, SubjectShape } from './subject.ts'

/** One Yeoul with its own database (SQLite), each acknowledgement after the commit. */
export class YeoulSubject implements Subject {
  readonly memberships: Membership[]
  readonly yeoul: Yeoul

  private constructor(yeoul: Yeoul, memberships: Membership[]) {
    this.yeoul = yeoul
    this.memberships = memberships
  }

  /** `environment`: options of the server besides those that a load test needs. */
  static async start(
    { rooms, members }: Omit<SubjectShape, 'nodes'>,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<YeoulSubject> {
    const yeoul = await Yeoul.start(rooms * members, environment)
    try {
      const memberships: Membership[] = []
      for (let i = 0; i < rooms; i++) {
        const people = yeoul.people.slice(i * members, (i + 1) * members)
        memberships.push({ room: await yeoul.createRoom(`room ${i}`, people), people })
      }
      return new YeoulSubject(yeoul, memberships)
    } catch (error) {
      await yeoul.stop()
      throw error
    }
  }

  get targets(): Target[] {
    return [this.yeoul.server.target]
  }

  get cpuSeconds(): number {
    return this.yeoul.server.cpuSeconds
  }

  get residentBytes(): number {
    return this.yeoul.server.residentBytes
  }

  get writeCalls(): number {
    return this.yeoul.server.writeCalls
  }

  async storedMessages(wanted: number, patienceMs: number): Promise<number> {
    const { raw } = openSqlite({ path: databaseFile({ dataDir: this.yeoul.folder }), readOnly: true, cacheKiB: 1_024 })
    try {
      const count = raw.prepare('SELECT count(*) AS stored FROM events WHERE type = 0')
      const end = performance.now() + patienceMs
      for (;;) {
        const stored = Number(count.get()?.stored)
        if (stored >= wanted || performance.now() > end) return stored
        await sleep(100)
      }
    } finally {
      raw.close()
    }
  }

  stop(): Promise<void> {
    return this.yeoul.stop()
  }
}
