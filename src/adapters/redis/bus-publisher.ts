import { channelOf, counterOf } from './bus-feed.ts'
import type { RedisLink } from './connection.ts'
import { Library } from './library.ts'

/** Bytes of notices that go in one push; more are several. */
const PUSH_MAX = 262_144
/** Bytes that may wait for Redis; beyond, notices are dropped. */
const WAITING_MAX = 8_388_608
const TICK_MS = 1_000

/** The functions of bus.lua. */
export const busLibrary = new Library('bus', new URL('./bus.lua', import.meta.url))

interface Gathered {
  lines: string[]
  bytes: number
}

/**
 * Publishes lines: what one turn of the event loop brings for a tag is one push. Nothing ever waits here for Redis. What
 * cannot be sent is dropped and remembered: as soon as Redis takes pushes again the others are told that something is missing.
 */
export class BusPublisher {
  readonly #link: RedisLink
  readonly #origin: string
  #gathered = new Map<string, Gathered>()
  #scheduled = false
  /** Tags of which something was dropped, or may have been. */
  #owed = new Set<string>()
  #timer: NodeJS.Timeout
  #pushes = 0
  #dropped = 0
  readonly #onDrop: (tag: string) => void

  /** `onDrop` is told of each tag of which something was dropped. */
  constructor(link: RedisLink, origin: string, onDrop: (tag: string) => void = () => {}) {
    this.#link = link
    this.#origin = origin
    this.#onDrop = onDrop
    link.onUp(() => this.#confess())
    this.#timer = setInterval(() => this.#confess(), TICK_MS)
    this.#timer.unref()
  }

  /** Counted since the start: pushes made, and lines that were dropped, or may have been. */
  stats(): { pushes: number; dropped: number } {
    return { pushes: this.#pushes, dropped: this.#dropped }
  }

  publish(tag: string, line: string): void {
    let gathered = this.#gathered.get(tag)
    if (gathered === undefined) {
      gathered = { lines: [], bytes: 0 }
      this.#gathered.set(tag, gathered)
      if (!this.#scheduled) {
        this.#scheduled = true
        setImmediate(() => this.#flush())
      }
    } else if (gathered.bytes + line.length > PUSH_MAX) {
      this.#push(tag, gathered.lines)
      gathered = { lines: [], bytes: 0 }
      this.#gathered.set(tag, gathered)
    }
    gathered.lines.push(line)
    gathered.bytes += line.length
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #flush(): void {
    this.#scheduled = false
    const all = this.#gathered
    this.#gathered = new Map()
    for (const [tag, { lines }] of all) this.#push(tag, lines)
  }

  #push(tag: string, lines: string[]): void {
    if (!this.#takesPushes(tag)) return this.#drop(tag, lines.length)
    this.#pushes++
    this.#send(tag, lines.length === 1 ? (lines[0] as string) : lines.join('\n')).catch(() =>
      this.#drop(tag, lines.length),
    )
  }

  #send(tag: string, body: string): Promise<unknown> {
    return busLibrary.call(this.#link, 'push', [counterOf(tag), channelOf(tag)], [this.#origin, body])
  }

  #drop(tag: string, count: number): void {
    this.#dropped += count
    this.#owed.add(tag)
    this.#onDrop(tag)
  }

  /** Tells the others of which tags something was dropped. */
  #confess(): void {
    for (const tag of this.#owed) {
      if (!this.#takesPushes(tag)) continue
      this.#owed.delete(tag)
      this.#send(tag, '!').catch(() => this.#owed.add(tag))
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
