import { setTimeout as sleep } from 'node:timers/promises'
import { channelOf, counterOf } from './bus-feed.ts'
import type { RedisLink } from './connection.ts'
import { Library } from './library.ts'

/** Bytes of notices that go in one call; more are several. */
const CALL_MAX = 262_144
/** Bytes that may wait for Redis; beyond, notices are dropped. */
const WAITING_MAX = 8_388_608
/** A call costs much more than a notice: calls follow each other no quicker. The first after a pause waits for nothing. */
const CALL_EVERY_MS = 3
const TICK_MS = 1_000
/** A push that was not answered in this time is counted as lost, as far as the others need to know. */
const DOUBT_MS = 1_000

/** The functions of bus.lua. */
export const busLibrary = new Library('bus', new URL('./bus.lua', import.meta.url))

/** Pushes that are made by one call: a body for each tag. */
interface Call {
  tags: string[]
  bodies: string[]
  lines: number
  sentAt: number
}

/**
 * Publishes lines: what one turn of the event loop (under load, some ms) brings for a tag is one push, and all pushes to one
 * server one call (in a Redis Cluster, to one partition). Nothing ever waits here for Redis. What
 * cannot be sent is dropped and remembered: as soon as Redis takes pushes again the others are told that something is missing.
 */
export class BusPublisher {
  readonly #link: RedisLink
  readonly #origin: string
  #gathered = new Map<string, string[]>()
  #gatheredBytes = 0
  #scheduled = false
  #flushedAt = 0
  /** Tags of which something was dropped, or may have been. */
  #owed = new Set<string>()
  /** Calls that were not answered yet, in the order in which they were sent. */
  #unanswered = new Set<Call>()
  #timer: NodeJS.Timeout
  #pushes = 0
  #dropped = 0
  readonly #onDrop: (tag: string) => void

  /** `onDrop` is told of each tag of which something was dropped, or may have been: as long as it is so, again and again. */
  constructor(link: RedisLink, origin: string, onDrop: (tag: string) => void = () => {}) {
    this.#link = link
    this.#origin = origin
    this.#onDrop = onDrop
    link.onUp(() => this.#confess())
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#timer.unref()
  }

  /** Counted since the start: pushes made, and lines that were dropped, or may have been. */
  stats(): { pushes: number; dropped: number } {
    return { pushes: this.#pushes, dropped: this.#dropped }
  }

  publish(tag: string, line: string): void {
    if (this.#gatheredBytes + line.length > CALL_MAX) this.#flush()
    const lines = this.#gathered.get(tag)
    if (lines === undefined) this.#gathered.set(tag, [line])
    else lines.push(line)
    this.#gatheredBytes += line.length
    if (this.#scheduled) return
    this.#scheduled = true
    const flush = () => {
      this.#scheduled = false
      this.#flush()
    }
    const waitMs = this.#flushedAt + CALL_EVERY_MS - performance.now()
    if (waitMs > 0) setTimeout(flush, waitMs)
    else setImmediate(flush)
  }

  /** Resolves when what was published is on its way, or soon when Redis does not take it. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#flush()
    const end = performance.now() + DOUBT_MS
    while (this.#unanswered.size > 0 && performance.now() < end) await sleep(5)
  }

  #tick(): void {
    this.#confess()
    const doubtful = new Set<string>()
    const before = performance.now() - DOUBT_MS
    for (const { tags, sentAt } of this.#unanswered) {
      if (sentAt > before) break
      for (const tag of tags) doubtful.add(tag)
    }
    for (const tag of doubtful) this.#onDrop(tag)
  }

  #flush(): void {
    const gathered = this.#gathered
    this.#gathered = new Map()
    this.#gatheredBytes = 0
    this.#flushedAt = performance.now()
    let call: Call | null = null
    for (const [tag, lines] of gathered) {
      if (!this.#takesPushes(tag)) {
        this.#drop([tag], lines.length)
        continue
      }
      if (call !== null && this.#link.isCluster) {
        this.#push(call)
        call = null
      }
      call ??= { tags: [], bodies: [], lines: 0, sentAt: performance.now() }
      call.tags.push(tag)
      call.bodies.push(lines.length === 1 ? (lines[0] as string) : lines.join('\n'))
      call.lines += lines.length
    }
    if (call !== null) this.#push(call)
  }

  #push(call: Call): void {
    this.#pushes += call.tags.length
    this.#unanswered.add(call)
    this.#send(call.tags, call.bodies)
      .catch(() => this.#drop(call.tags, call.lines))
      .finally(() => this.#unanswered.delete(call))
  }

  #send(tags: string[], bodies: string[]): Promise<unknown> {
    const keys = tags.flatMap((tag) => [counterOf(tag), channelOf(tag)]) as [string, ...string[]]
    return busLibrary.call(this.#link, 'push', keys, [this.#origin, ...bodies])
  }

  #drop(tags: string[], lines: number): void {
    this.#dropped += lines
    for (const tag of tags) {
      this.#owed.add(tag)
      this.#onDrop(tag)
    }
  }

  /** Tells the others of which tags something was dropped. */
  #confess(): void {
    for (const tag of this.#owed) {
      if (!this.#takesPushes(tag)) continue
      this.#owed.delete(tag)
      this.#send([tag], ['!']).catch(() => this.#owed.add(tag))
    }
  }

  #takesPushes(tag: string): boolean {
    try {
      const server = this.#link.serverOf(counterOf(tag))
      return server.up && server.pendingBytes < WAITING_MAX
    } catch {
      return false
    }
  }
}
