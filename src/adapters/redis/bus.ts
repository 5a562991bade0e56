import { setTimeout as sleep } from 'node:timers/promises'
import { partitionOf } from '../../core/partition.ts'
import type { Bus, BusHandlers, RoomNotice, UserNotice } from '../../ports/bus.ts'
import type { NodeRegistry } from '../../ports/nodes.ts'
import { BusFeed } from './bus-feed.ts'
import { BusPublisher } from './bus-publisher.ts'
import type { RedisLink } from './connection.ts'

/** The tag of what concerns users: every node hears it. */
const USERS = 'users'
/** A node that starts waits so long to hear it. */
const READY_MS = 2_000

/** What this version understands: a newer node beside it may say more. */
const ROOM_KINDS: Record<RoomNotice['kind'], true> = { events: true, typing: true, read: true }

/** A way from node to node beside Redis, see adapters/sql/postgres/signals.ts. */
export interface SpareWay {
  tell(tag: string): void
  listen(handler: (tags: string[] | null) => void): void
}

/**
 * The bus of a cluster. This node's own notices are handed to its handlers at once, without the way through Redis; those of
 * the others come as numbered pushes, one channel for each partition in which this node has interest.
 *
 * A line is `<room or user> <notice as JSON>`: what concerns a room without interest is dropped before it is parsed.
 */
export class RedisBus implements Bus {
  readonly feed: BusFeed
  readonly #publisher: BusPublisher
  readonly #partitions: number
  readonly #failed: (error: unknown) => void
  #handlers: BusHandlers | null = null
  #interest = new Map<string, number>()

  constructor(options: {
    link: RedisLink
    partitions: number
    /** The id of this node, see ports/nodes.ts. */
    node: string
    /** A node that dies may have committed what it could not publish any more. */
    nodes?: NodeRegistry
    /** By it the others learn where this node could not publish, as when it alone is cut off from Redis. */
    spare?: SpareWay
    /** Told of a notice of another node that could not be taken. */
    failed?: (error: unknown) => void
  }) {
    this.#partitions = options.partitions
    this.#failed = options.failed ?? (() => {})
    this.feed = new BusFeed(options.link, options.node)
    const { spare } = options
    // What users missed they are told when Redis is back.
    this.#publisher = new BusPublisher(options.link, options.node, (tag) => tag !== USERS && spare?.tell(tag))
    spare?.listen((tags) => this.feed.lost(tags))
    options.nodes?.onGone(() => this.#handlers?.missed(() => true))
  }

  listen(handlers: BusHandlers): void {
    this.#handlers = handlers
    this.feed.listen({
      line: (tag, line) => this.#line(tag, line),
      missed: (tags) => {
        if (tags.has(USERS) && this.feed.hears(USERS)) handlers.usersMissed()
        if (tags.size > 1 || !tags.has(USERS)) handlers.missed((room) => tags.has(this.#tagOf(room)))
      },
    })
    this.feed.hold(USERS)
  }

  /** Resolves when what other nodes tell users is heard, so that who connects then misses none of it; or soon without Redis. */
  async ready(): Promise<void> {
    const end = performance.now() + READY_MS
    while (!this.feed.hears(USERS) && performance.now() < end) await sleep(5)
  }

  publish(room: string, notice: RoomNotice): void {
    this.#publisher.publish(this.#tagOf(room), `${room} ${JSON.stringify(notice)}`)
    if (this.#interest.has(room)) this.#handlers?.room(room, notice)
  }

  publishToUser(user: string, notice: UserNotice): void {
    this.#publisher.publish(USERS, `${user} ${JSON.stringify(notice)}`)
    this.#handlers?.user(user, notice)
  }

  addInterest(room: string): void {
    const before = this.#interest.get(room) ?? 0
    this.#interest.set(room, before + 1)
    if (before === 0) this.feed.hold(this.#tagOf(room))
  }

  dropInterest(room: string): void {
    const before = this.#interest.get(room)
    if (before === undefined) return
    if (before > 1) {
      this.#interest.set(room, before - 1)
      return
    }
    this.#interest.delete(room)
    this.feed.release(this.#tagOf(room))
  }

  /** Counted since the start, in pushes but for `dropped`: lines that were not sent, or may not have been. */
  stats(): { published: number; heard: number; losses: number; dropped: number } {
    const { pushes, losses } = this.feed.stats()
    const published = this.#publisher.stats()
    return { published: published.pushes, heard: pushes, losses, dropped: published.dropped }
  }

  /** Resolves when what was published is on its way. */
  async close(): Promise<void> {
    this.feed.close()
    await this.#publisher.close()
  }

  #line(tag: string, line: string): void {
    const space = line.indexOf(' ')
    const id = line.slice(0, space)
    if (tag !== USERS && !this.#interest.has(id)) return
    try {
      if (tag === USERS) {
        const notice = parsed<UserNotice>(line, space + 1)
        if (notice !== null) this.#handlers?.user(id, notice)
      } else {
        const notice = parsed<RoomNotice>(line, space + 1)
        if (notice !== null && Object.hasOwn(ROOM_KINDS, notice.kind)) this.#handlers?.room(id, notice)
      }
    } catch (error) {
      // It is not what it seems to be; what it should have said is read from the log.
      this.#failed(error)
      this.feed.lost([tag])
    }
  }

  #tagOf(room: string): string {
    return String(partitionOf(room, this.#partitions))
  }
}

/** null for what is no notice: whoever writes into Redis beside us must not stop a node. */
function parsed<Notice>(line: string, from: number): Notice | null {
  try {
    return JSON.parse(line.slice(from))
  } catch {
    return null
  }
}
