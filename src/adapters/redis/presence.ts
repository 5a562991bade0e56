import { partitionOf } from '../../core/partition.ts'
import { UserCounts } from '../../core/user-counts.ts'
import type { Presence } from '../../ports/presence.ts'
import type { BusFeed } from './bus-feed.ts'
import type { RedisLink } from './connection.ts'
import type { RedisNodes } from './nodes.ts'
import { entriesOf, presenceLibrary, versionsOf } from './presence-keys.ts'
import { type NodeEntries, PresenceView } from './presence-view.ts'
import { PresenceWriter } from './presence-writer.ts'

const TICK_MS = 1_000
/** A partition without own entries is followed for so many ticks longer. */
const LINGER_TICKS = 30
/** Pushes that wait while a node's entries are read; beyond, they are read once more. */
const HELD_MAX = 1_000

/** A node's entries, and what was pushed while they are being read. */
interface Followed extends NodeEntries {
  reading: boolean
  held: { version: string; changes: string[] }[]
}

/** A partition in which this node has entries, or had some a short time ago. */
interface Partition {
  readonly tag: string
  /** How many own entries there are. */
  own: number
  idleTicks: number
  nodes: Map<string, Followed>
  comparing: boolean
  /** Whether it must be compared, once more, at the next tick. */
  unsure: boolean
}

/**
 * Presence of a cluster: the union of what all live nodes have written to Redis. Changes come as pushes over the bus, each
 * with the version that a node's entries have by it; whenever one may have been missed the versions are compared, and the
 * entries of a node with another version are read. A node that is gone takes its entries with it.
 */
export class RedisPresence implements Presence {
  readonly #link: RedisLink
  readonly #feed: BusFeed
  readonly #nodes: RedisNodes
  readonly #partitions: number
  readonly #view = new PresenceView()
  readonly #writer: PresenceWriter
  /** Own subscriptions: room -> user -> how many. */
  readonly #own = new UserCounts()
  #followed = new Map<string, Partition>()
  readonly #timer: NodeJS.Timeout

  constructor(options: { link: RedisLink; feed: BusFeed; nodes: RedisNodes; partitions: number }) {
    this.#link = options.link
    this.#feed = options.feed
    this.#nodes = options.nodes
    this.#partitions = options.partitions
    this.#writer = new PresenceWriter(options.link, options.nodes.self.id)
    options.feed.listen({
      line: (tag, line) => this.#line(tag, line),
      missed: (tags) => {
        this.#writer.renew(tags)
        for (const tag of tags) this.#compare(this.#followed.get(tag))
      },
    })
    options.nodes.onCome(() => {
      for (const partition of this.#followed.values()) this.#compare(partition)
    })
    options.nodes.onGone((id) => this.#gone(id))
    options.nodes.onReturn(() => this.#writer.renew())
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#timer.unref()
  }

  enter(room: string, user: string): boolean {
    if (!this.#own.add(room, user)) return false
    const partition = this.#follow(this.#tagOf(room))
    partition.own++
    this.#writer.add(partition.tag, `${room} ${user}`)
    this.#view.add(room, user)
    return true
  }

  exit(room: string, user: string): boolean {
    if (!this.#own.remove(room, user)) return false
    const tag = this.#tagOf(room)
    const partition = this.#followed.get(tag)
    if (partition !== undefined) partition.own--
    this.#writer.remove(tag, `${room} ${user}`)
    this.#view.remove(room, user)
    return true
  }

  count(room: string): number {
    return this.#view.count(room)
  }

  async list(room: string, limit: number): Promise<{ users: string[]; count: number }> {
    if (this.#own.of(room) === undefined) {
      const answer = await this.#ask(room, 'who', [limit])
      if (answer !== null) {
        const [count, users] = answer as [number, string[]]
        return { users, count }
      }
    }
    return this.#view.list(room, limit)
  }

  async among(room: string, users: string[]): Promise<Set<string>> {
    if (this.#own.of(room) === undefined && users.length > 0) {
      const answer = await this.#ask(room, 'among', users)
      if (answer !== null) return new Set(answer as string[])
    }
    return this.#view.among(room, users)
  }

  onChange(handler: (room: string, user: string, online: boolean) => void): void {
    this.#view.changed = handler
  }

  /** Takes this node's entries away. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#writer.close()
  }

  /** Asks for a room that this node does not follow; null when nobody answers. */
  async #ask(room: string, name: string, args: (string | number)[]): Promise<unknown> {
    const tag = this.#tagOf(room)
    const nodes = [this.#nodes.self.id, ...this.#nodes.others()]
    const keys = nodes.map((node) => entriesOf(tag, node)) as [string, ...string[]]
    return presenceLibrary.call(this.#link, `presence_${name}`, keys, [room, ...args]).catch(() => null)
  }

  #follow(tag: string): Partition {
    let partition = this.#followed.get(tag)
    if (partition === undefined) {
      partition = { tag, own: 0, idleTicks: 0, nodes: new Map(), comparing: false, unsure: false }
      this.#followed.set(tag, partition)
      this.#feed.hold(tag)
      // When it is heard for the first time, `missed` comes as soon as it is; when it was heard before, a tick will do.
      if (this.#feed.hears(tag)) this.#compare(partition)
      else partition.unsure = true
    }
    partition.idleTicks = 0
    return partition
  }

  #tick(): void {
    for (const partition of this.#followed.values()) {
      if (partition.own === 0 && ++partition.idleTicks > LINGER_TICKS) {
        this.#followed.delete(partition.tag)
        this.#feed.release(partition.tag)
        for (const node of partition.nodes.values()) this.#view.replace(node, [])
        // What is being read of them just now comes too late.
        partition.nodes.clear()
      } else if (partition.unsure) this.#compare(partition)
    }
  }

  /** `@<node> <version>`, then the changes. */
  #line(tag: string, line: string): void {
    if (!line.startsWith('@')) return
    const partition = this.#followed.get(tag)
    if (partition === undefined) return
    const [head, ...changes] = line.split('\t') as [string, ...string[]]
    const space = head.indexOf(' ')
    const id = head.slice(1, space)
    const version = head.slice(space + 1)
    if (!this.#nodes.isAlive(id)) return
    const node = partition.nodes.get(id)
    if (node === undefined || changes[0] === '*') void this.#read(partition, id)
    else if (node.reading) {
      if (node.held.length < HELD_MAX) node.held.push({ version, changes })
      else partition.unsure = true
    } else if (!this.#take(node, version, changes)) void this.#read(partition, id)
  }

  /** Takes a push; false when one before it is missing. */
  #take(node: Followed, version: string, changes: string[]): boolean {
    const step = Number(version) - Number(node.version)
    if (step <= 0) return true
    if (step > 1 || changes[0] === '*') return false
    for (const change of changes) this.#view.apply(node, change)
    node.version = version
    return true
  }

  /** Compares the versions of all nodes' entries with what is known here. */
  #compare(partition: Partition | undefined): void {
    if (partition === undefined) return
    if (partition.comparing) partition.unsure = true
    else void this.#compareNow(partition)
  }

  async #compareNow(partition: Partition): Promise<void> {
    partition.comparing = true
    partition.unsure = false
    try {
      const key = versionsOf(partition.tag)
      const versions = (await this.#link.call(key, 'HGETALL', [key])) as string[]
      for (let i = 0; i < versions.length; i += 2) {
        const id = versions[i] as string
        if (id === this.#nodes.self.id || !this.#nodes.isAlive(id)) continue
        if (partition.nodes.get(id)?.version !== versions[i + 1]) await this.#read(partition, id)
      }
    } catch {
      // While its channel is off `missed` comes again; while only commands fail, a tick tries again.
      partition.unsure = this.#feed.hears(partition.tag)
    } finally {
      partition.comparing = false
    }
  }

  async #read(partition: Partition, id: string): Promise<void> {
    let node = partition.nodes.get(id)
    if (node === undefined) {
      node = { version: '', entries: new Set(), reading: false, held: [] }
      partition.nodes.set(id, node)
    }
    if (node.reading) {
      partition.unsure = true
      return
    }
    node.reading = true
    try {
      const keys: [string, string] = [entriesOf(partition.tag, id), versionsOf(partition.tag)]
      const [version, entries] = (await presenceLibrary.call(this.#link, 'presence_read', keys, [id])) as [
        string,
        string[],
      ]
      // Gone meanwhile; or being written anew, and a push will tell when that is done.
      if (partition.nodes.get(id) !== node || version === '') return
      node.version = version
      this.#view.replace(
        node,
        entries.filter((entry) => entry !== ''),
      )
      for (const { version, changes } of node.held) if (!this.#take(node, version, changes)) partition.unsure = true
    } catch {
      partition.unsure = true
    } finally {
      node.reading = false
      node.held = []
    }
  }

  #gone(id: string): void {
    for (const partition of this.#followed.values()) {
      const node = partition.nodes.get(id)
      if (node === undefined) continue
      partition.nodes.delete(id)
      this.#view.replace(node, [])
    }
  }

  #tagOf(room: string): string {
    return String(partitionOf(room, this.#partitions))
  }
}
