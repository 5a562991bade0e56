import type { NodeRegistry } from '../../ports/nodes.ts'
import { YeoulError } from '../../protocol/errors.ts'
import type { AdminNode, NodeIdentity, NodeReport } from '../../protocol/model-admin.ts'
import type { RedisLink } from './connection.ts'
import { Library } from './library.ts'
import { RedisUnavailable } from './server.ts'

const KEY = 'yeoul:{nodes}'
const BEAT_MS = 1_000
/** A node that has not beaten for so long is gone. */
const GONE_MS = 5_000
/** A longer time between two beats says that this node or Redis was in trouble. */
const SLOW_MS = 2_500

const library = new Library('nodes', new URL('./nodes.lua', import.meta.url))

interface Known {
  record: AdminNode
  beat: number
  /** When this node saw the number of its beat change, by its own clock that never jumps. */
  changedAt: number
}

/**
 * The nodes that beat in Redis. Each node judges the others by its own monotonic clock: one whose beats have not changed for
 * five seconds is gone, if this node could read them all that time. So neither a jump of a clock nor an outage of Redis
 * makes anybody look dead.
 */
export class RedisNodes implements NodeRegistry {
  readonly self: NodeIdentity
  readonly #link: RedisLink
  #report: (() => NodeReport) | null = null
  #known = new Map<string, Known>()
  #handlers: ((id: string, seenAt: number) => void)[] = []
  #comeHandlers: ((id: string) => void)[] = []
  #returnHandlers: (() => void)[] = []
  #timer: NodeJS.Timeout | null = null
  #beats = 0
  #beatenAt = 0
  #beating: Promise<void> | null = null
  /** Since when every beat was answered in time. */
  #calmSince = performance.now()

  constructor(link: RedisLink, self: NodeIdentity) {
    this.#link = link
    this.self = self
  }

  async start(report: () => NodeReport): Promise<void> {
    this.#report = report
    this.#timer = setInterval(() => void this.#beat(), BEAT_MS)
    this.#timer.unref()
    await this.#beat()
  }

  async list(): Promise<AdminNode[]> {
    try {
      const [now, beats] = read(await library.call(this.#link, 'nodes', [KEY]))
      const alive = beats.filter(({ beat, record }) => beat > 0 && now - record.seenAt <= GONE_MS)
      return alive.map(({ record }) => record).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    } catch (error) {
      throw error instanceof RedisUnavailable ? new YeoulError('unavailable', error.message) : error
    }
  }

  /** Whether a node is alive as far as this one knows. */
  isAlive(id: string): boolean {
    return id === this.self.id || this.#known.has(id)
  }

  /**
   * All that may be alive: who is not among them is dead. Null when this node cannot know, because it or Redis was in trouble
   * a short time ago. Rejects like `list`.
   */
  async surelyAlive(): Promise<Set<string> | null> {
    const listed = await this.list()
    if (!this.#isCalm()) return null
    return new Set([this.self.id, ...this.#known.keys(), ...listed.map((node) => node.id)])
  }

  /** The others that are alive as far as this node knows. */
  others(): string[] {
    return [...this.#known.keys()]
  }

  onGone(handler: (id: string, seenAt: number) => void): void {
    this.#handlers.push(handler)
  }

  /** Told of each other node that this one has not known to be alive before. */
  onCome(handler: (id: string) => void): void {
    this.#comeHandlers.push(handler)
  }

  /** Told when this node beats again after the others may have given it up. */
  onReturn(handler: () => void): void {
    this.#returnHandlers.push(handler)
  }

  async stop(): Promise<void> {
    if (this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
    await this.#beating
    this.#beats = -1
    await this.#beat()
  }

  #beat(): Promise<void> {
    this.#beating ??= this.#tell().finally(() => {
      this.#beating = null
    })
    return this.#beating
  }

  async #tell(): Promise<void> {
    const sentAt = performance.now()
    try {
      const record = JSON.stringify({ ...this.self, ...this.#report?.() })
      const answer = await library.call(this.#link, 'beat', [KEY], [this.self.id, ++this.#beats, record])
      const silentMs = performance.now() - (this.#beats > 1 ? this.#beatenAt : sentAt)
      this.#beatenAt = performance.now()
      if (silentMs > SLOW_MS) this.#calmSince = performance.now()
      if (silentMs > GONE_MS - BEAT_MS) for (const handler of this.#returnHandlers) handler()
      const [now, beats] = read(answer)
      this.#learn(now, beats)
    } catch {
      // The link tells of it.
      this.#calmSince = performance.now()
    }
  }

  #learn(now: number, beats: { beat: number; record: AdminNode }[]): void {
    const seen = performance.now()
    for (const { beat, record } of beats) {
      const { id } = record
      if (id === this.self.id) continue
      const known = this.#known.get(id)
      if (beat === 0) {
        if (known !== undefined) this.#gone(known)
      } else if (known === undefined) {
        // One that beat long ago died before we came.
        if (now - record.seenAt > GONE_MS) continue
        this.#known.set(id, { record, beat, changedAt: seen })
        for (const handler of this.#comeHandlers) handler(id)
      } else if (known.beat !== beat) this.#known.set(id, { record, beat, changedAt: seen })
    }
    if (!this.#isCalm()) return
    for (const known of this.#known.values()) if (seen - known.changedAt > GONE_MS) this.#gone(known)
  }

  /** Whether every beat has been answered in time for so long that a living node must have been seen. */
  #isCalm(): boolean {
    return this.#timer !== null && performance.now() - this.#calmSince > GONE_MS
  }

  #gone({ record }: Known): void {
    this.#known.delete(record.id)
    for (const handler of this.#handlers) handler(record.id, record.seenAt)
  }
}

/** What the functions answer: the time of Redis, and all that beat. */
function read(answer: unknown): [now: number, beats: { beat: number; record: AdminNode }[]] {
  const [now, fields] = answer as [number, string[]]
  const beats: { beat: number; record: AdminNode }[] = []
  for (let i = 1; i < fields.length; i += 2) {
    const [, at, beat, json] = /^(\d+) (\d+) (.*)$/s.exec(fields[i] as string) ?? []
    const record = json === undefined ? null : recordOf(json)
    if (record !== null) beats.push({ beat: Number(beat), record: { ...record, seenAt: Number(at) } })
  }
  return [now, beats]
}

/** What a node of an older version does not tell. */
const UNSAID = {
  deliveriesPerSecond: 0,
  deliveryP99Ms: null,
  ackP99Ms: null,
  backlog: 0,
} satisfies Partial<NodeReport>

/** null for what is no record of a node: others may write into Redis too, and none of them may stop this node. */
function recordOf(json: string): AdminNode | null {
  try {
    const record = JSON.parse(json)
    const lists = [record.roles, record.keys]
    return typeof record.id === 'string' && lists.every(Array.isArray) ? { ...UNSAID, ...record } : null
  } catch {
    return null
  }
}
