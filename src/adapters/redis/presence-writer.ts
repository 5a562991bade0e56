import { counterOf } from './bus-feed.ts'
import type { RedisArgument, RedisLink } from './connection.ts'
import { presenceLibrary, writtenKeys } from './presence-keys.ts'

/** Changes within this time are written together. */
const GATHER_MS = 50
/** Entries that go in one call. */
const CHUNK = 500
/** How often it is made sure that Redis has them: it forgets them after much longer, see presence.lua. */
const RENEW_MS = 10_000
const RETRY_MS = 1_000
/** Changes that wait for Redis; beyond, all entries are written anew when it is back. */
const CHANGES_MAX = 10_000

/** This node's entries of one partition. */
interface Part {
  readonly tag: string
  /** `<room> <user>` */
  readonly entries: Set<string>
  /** What Redis has not been told: true to add, false to take away. */
  changes: Map<string, boolean>
  /** The version that Redis has; null when it is not known whether it has our entries. */
  version: string | null
  /** The version that a call whose answer was lost may have made. */
  maybe: string | null
  writing: boolean
}

/**
 * Keeps this node's entries in Redis: changes gathered, renewed before they expire, and written anew when Redis lost them.
 * Nothing waits for it, and nothing grows while Redis is away but what is online itself.
 */
export class PresenceWriter {
  readonly #link: RedisLink
  readonly #node: string
  #parts = new Map<string, Part>()
  #dirty = new Set<Part>()
  #timer: NodeJS.Timeout | null = null
  readonly #renewal: NodeJS.Timeout
  #closed = false

  constructor(link: RedisLink, node: string) {
    this.#link = link
    this.#node = node
    link.onUp(() => this.renew())
    this.#renewal = setInterval(() => this.renew(), RENEW_MS)
    this.#renewal.unref()
  }

  add(tag: string, entry: string): void {
    const part = this.#partOf(tag)
    part.entries.add(entry)
    part.changes.set(entry, true)
    this.#soon(part, GATHER_MS)
  }

  remove(tag: string, entry: string): void {
    const part = this.#partOf(tag)
    part.entries.delete(entry)
    part.changes.set(entry, false)
    this.#soon(part, GATHER_MS)
  }

  /** Makes sure that Redis has our entries, of these tags or of all. */
  renew(tags: Iterable<string> = this.#parts.keys()): void {
    for (const tag of tags) {
      const part = this.#parts.get(tag)
      if (part !== undefined) void this.#write(part, true)
    }
  }

  /** Takes all entries of this node away. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#renewal)
    if (this.#timer !== null) clearTimeout(this.#timer)
    await Promise.allSettled([...this.#parts.values()].map((part) => this.#call(part, 'empty', [this.#node])))
  }

  #partOf(tag: string): Part {
    let part = this.#parts.get(tag)
    if (part === undefined) {
      part = { tag, entries: new Set(), changes: new Map(), version: null, maybe: null, writing: false }
      this.#parts.set(tag, part)
    }
    return part
  }

  #soon(part: Part, ms: number): void {
    this.#dirty.add(part)
    if (part.changes.size > CHANGES_MAX && !part.writing) {
      part.changes.clear()
      part.version = null
    }
    if (this.#closed) return
    this.#timer ??= setTimeout(() => {
      const dirty = this.#dirty
      this.#dirty = new Set()
      this.#timer = null
      for (const one of dirty) void this.#write(one, false)
    }, ms)
    this.#timer.unref()
  }

  /** Brings Redis to what is so here; `renew`: also when there is nothing new. */
  async #write(part: Part, renew: boolean): Promise<void> {
    if (part.writing || this.#closed) return
    try {
      if (!this.#link.serverOf(counterOf(part.tag)).up) return
    } catch {
      return
    }
    part.writing = true
    try {
      if (renew || part.maybe !== null) await this.#renew(part)
      while (part.changes.size > 0 || part.version === null) {
        if (part.version === null) await this.#writeAnew(part)
        else await this.#change(part, part.version)
      }
    } catch {
      // The link tells of it; what is not written stays in `changes`.
      this.#soon(part, RETRY_MS)
    } finally {
      part.writing = false
    }
  }

  async #renew(part: Part): Promise<void> {
    const version = await this.#call(part, 'renew', [this.#node])
    part.version = version === part.version || version === part.maybe ? version : null
    part.maybe = null
  }

  async #change(part: Part, before: string): Promise<void> {
    const changes = [...part.changes].slice(0, CHUNK)
    const adds = changes.filter(([, on]) => on).map(([entry]) => entry)
    const removes = changes.filter(([, on]) => !on).map(([entry]) => entry)
    part.maybe = String(Number(before) + 1)
    const version = await this.#call(part, 'change', [this.#node, before, adds.length, ...adds, ...removes])
    part.maybe = null
    part.version = version === '' ? null : version
    if (version === '') return
    // What changed again meanwhile is told again.
    for (const [entry, on] of changes) if (part.changes.get(entry) === on) part.changes.delete(entry)
  }

  async #writeAnew(part: Part): Promise<void> {
    part.changes.clear()
    const entries = [...part.entries]
    try {
      await this.#call(part, 'empty', [this.#node])
      for (let i = 0; i < entries.length; i += CHUNK) await this.#call(part, 'fill', entries.slice(i, i + CHUNK))
      part.version = await this.#call(part, 'filled', [this.#node])
    } catch (error) {
      part.version = null
      part.maybe = null
      throw error
    }
  }

  async #call(part: Part, name: string, args: RedisArgument[]): Promise<string> {
    return String(await presenceLibrary.call(this.#link, `presence_${name}`, writtenKeys(part.tag, this.#node), args))
  }
}
