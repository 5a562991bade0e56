import type { Redis } from 'ioredis'
import type { RedisLink } from './connection.ts'
import type { RedisServer } from './server.ts'

const TICK_MS = 1_000
/** A channel that nobody needs any more is heard for so many ticks longer: interest comes and goes. */
const LINGER_TICKS = 30
/** How long after a channel has moved its new place is looked for. */
const MOVED_MS = 100
/** Losses are told together. */
const GATHER_MS = 20

export interface FeedHandlers {
  /** One line of a push of another node. */
  line(tag: string, line: string): void
  /** Pushes of these tags may have been lost. */
  missed(tags: ReadonlySet<string>): void
}

interface Channel {
  readonly tag: string
  /** Where it is subscribed, or will be as soon as there is a connection. */
  subscriber: Subscriber | null
  /** Whether pushes arrive. */
  on: boolean
  /** The number of the last push; undefined until the first subscription stands. */
  seen: number | undefined
  interest: number
  idleTicks: number
}

/** One connection that hears the pushes of one server. */
interface Subscriber {
  readonly server: RedisServer
  readonly redis: Redis
  /** Whether a poll of it is unanswered. */
  asking: boolean
}

export const channelOf = (tag: string): string => `yeoul:{${tag}}`
export const counterOf = (tag: string): string => `yeoul:{${tag}}:pushes`

/**
 * Hears the numbered pushes of the channels that somebody needs, and knows when it has not heard one. Pushes and the answers
 * to polls of the counter come over the same connection, so in the order in which Redis wrote them: when an answer names a
 * higher number than was heard, a push is lost for good.
 *
 * A channel is off (no connection, or not subscribed yet) or on. While it is off, what is lost cannot be known, so it is told
 * once a second; when it is on again the counter says whether anything was pushed meanwhile.
 */
export class BusFeed {
  readonly #link: RedisLink
  readonly #origin: string
  #handlers: FeedHandlers[] = []
  #channels = new Map<string, Channel>()
  #subscribers = new Map<RedisServer, Subscriber>()
  #missed = new Set<string>()
  #missedTimer: NodeJS.Timeout | null = null
  #movedTimer: NodeJS.Timeout | null = null
  #timer: NodeJS.Timeout
  #closed = false
  #pushes = 0
  #losses = 0

  /** `origin` names this node: its own pushes are counted and not handed on. */
  constructor(link: RedisLink, origin: string) {
    this.#link = link
    this.#origin = origin
    link.onMap(() => this.#place())
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#timer.unref()
  }

  listen(handlers: FeedHandlers): void {
    this.#handlers.push(handlers)
  }

  /** Counts up and down: a tag is heard while its count is above 0, and some time longer. */
  hold(tag: string): void {
    let channel = this.#channels.get(tag)
    if (channel === undefined) {
      channel = { tag, subscriber: null, on: false, seen: undefined, interest: 0, idleTicks: 0 }
      this.#channels.set(tag, channel)
      this.#placeOne(channel)
    }
    channel.interest++
    channel.idleTicks = 0
  }

  release(tag: string): void {
    const channel = this.#channels.get(tag)
    if (channel !== undefined) channel.interest--
  }

  /** Another way than Redis says that pushes of these tags, or of any (null), were lost. */
  lost(tags: string[] | null): void {
    for (const channel of this.#channels.values()) {
      if (channel.interest > 0 && (tags === null || tags.includes(channel.tag))) this.#lost(channel)
    }
  }

  /** Whether pushes of a tag arrive. */
  hears(tag: string): boolean {
    return this.#channels.get(tag)?.on ?? false
  }

  /** Counted since the start: pushes heard, and times that some were lost. */
  stats(): { pushes: number; losses: number } {
    return { pushes: this.#pushes, losses: this.#losses }
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
    if (this.#missedTimer !== null) clearTimeout(this.#missedTimer)
    if (this.#movedTimer !== null) clearTimeout(this.#movedTimer)
    for (const subscriber of this.#subscribers.values()) subscriber.redis.disconnect()
  }

  #tick(): void {
    for (const channel of this.#channels.values()) {
      if (channel.interest === 0 && ++channel.idleTicks > LINGER_TICKS) this.#drop(channel)
      else if (!channel.on) {
        this.#lost(channel)
        this.#placeOne(channel)
      }
    }
    // What a busy node has not read yet is no silence of Redis: it is read before we judge.
    setImmediate(() => setImmediate(() => this.#poll()))
  }

  #poll(): void {
    if (this.#closed) return
    const silent = new Set<Subscriber>()
    for (const subscriber of this.#subscribers.values()) {
      if (subscriber.asking) silent.add(subscriber)
      else if (subscriber.redis.status === 'ready') subscriber.asking = true
    }
    const asked = new Map<Subscriber, Promise<void>[]>()
    for (const channel of this.#channels.values()) {
      const { subscriber } = channel
      if (!channel.on || subscriber === null) continue
      if (silent.has(subscriber)) {
        this.#lost(channel)
        continue
      }
      const answers = asked.get(subscriber)
      const answer = this.#compare(channel, subscriber)
      if (answers === undefined) asked.set(subscriber, [answer])
      else answers.push(answer)
    }
    for (const subscriber of this.#subscribers.values()) {
      if (silent.has(subscriber)) continue
      void Promise.all(asked.get(subscriber) ?? []).then(() => {
        subscriber.asking = false
      })
    }
  }

  /** Asks for the counter, over the connection that brings the pushes. */
  async #compare(channel: Channel, subscriber: Subscriber): Promise<void> {
    const before = channel.seen ?? 0
    let counter: number
    try {
      const answer = await subscriber.redis.get(counterOf(channel.tag))
      counter = answer === null ? await begin(subscriber.redis, channel.tag) : Number(answer)
      if (answer === null && channel.subscriber === subscriber) channel.seen = undefined
    } catch (error) {
      if ((error as Error).message.startsWith('MOVED')) {
        if (channel.subscriber === subscriber) channel.on = false
        void this.#link.readMap()
      }
      return
    }
    if (channel.subscriber !== subscriber || !channel.on) return
    // Later pushes may have been handled before this answer: only below what was seen when we asked the counter went back.
    if (channel.seen !== undefined && counter <= channel.seen && counter >= before) return
    channel.seen = Math.max(counter, counter < before ? 0 : (channel.seen ?? 0))
    this.#lost(channel)
  }

  #push(subscriber: Subscriber, name: string, message: string): void {
    const channel = this.#channels.get(name.slice(name.indexOf('{') + 1, -1))
    if (channel === undefined || channel.subscriber !== subscriber) return
    this.#pushes++
    const space = message.indexOf(' ')
    let end = message.indexOf('\n')
    const number = Number(message.slice(0, space))
    if (channel.seen !== undefined && number !== channel.seen + 1) this.#lost(channel)
    channel.seen = number
    if (message.slice(space + 1, end) === this.#origin) return
    while (end !== -1) {
      const start = end + 1
      end = message.indexOf('\n', start)
      const line = end === -1 ? message.slice(start) : message.slice(start, end)
      // The node that published has dropped something.
      if (line === '!') this.#lost(channel)
      else for (const handler of this.#handlers) handler.line(channel.tag, line)
    }
  }

  #lost(channel: Channel): void {
    this.#losses++
    this.#missed.add(channel.tag)
    this.#missedTimer ??= setTimeout(() => {
      const tags = this.#missed
      this.#missed = new Set()
      this.#missedTimer = null
      for (const handler of this.#handlers) handler.missed(tags)
    }, GATHER_MS)
  }

  /** Brings every channel to the server in charge of it. */
  #place(): void {
    if (this.#closed) return
    for (const channel of this.#channels.values()) this.#placeOne(channel)
    const servers = new Set(this.#link.servers)
    for (const [server, subscriber] of this.#subscribers) {
      if (servers.has(server)) continue
      this.#subscribers.delete(server)
      subscriber.redis.disconnect()
    }
  }

  #placeOne(channel: Channel): void {
    let server: RedisServer
    try {
      server = this.#link.serverOf(counterOf(channel.tag))
    } catch {
      channel.subscriber = null
      channel.on = false
      return
    }
    if (channel.subscriber?.server === server && channel.on) return
    if (channel.subscriber !== null && channel.subscriber.server !== server && channel.on)
      channel.subscriber.redis.sunsubscribe(channelOf(channel.tag)).catch(() => {})
    channel.on = false
    channel.subscriber = this.#subscriberOf(server)
    if (channel.subscriber.redis.status === 'ready') void this.#subscribe(channel, channel.subscriber)
  }

  #subscriberOf(server: RedisServer): Subscriber {
    const known = this.#subscribers.get(server)
    if (known !== undefined) return known
    const redis = server.connect('bus')
    const subscriber: Subscriber = { server, redis, asking: false }
    const mine = () => [...this.#channels.values()].filter((channel) => channel.subscriber === subscriber)
    redis.on('ready', () => {
      for (const channel of mine()) void this.#subscribe(channel, subscriber)
    })
    redis.on('close', () => {
      subscriber.asking = false
      for (const channel of mine()) channel.on = false
      void this.#link.readMap()
    })
    // The link tells of what is lost.
    redis.on('error', () => {})
    redis.on('smessage', (name: string, message: string) => this.#push(subscriber, name, message))
    redis.on('moved', () => {
      for (const channel of mine()) channel.on = false
      // The servers themselves may not agree yet: not at once, and not again and again.
      this.#movedTimer ??= setTimeout(() => {
        this.#movedTimer = null
        void this.#link.readMap().then(() => this.#place())
      }, MOVED_MS)
    })
    this.#subscribers.set(server, subscriber)
    return subscriber
  }

  async #subscribe(channel: Channel, subscriber: Subscriber): Promise<void> {
    const first = channel.seen === undefined
    const { redis } = subscriber
    try {
      const subscribed = redis.ssubscribe(channelOf(channel.tag)).then(() => {
        if (channel.subscriber === subscriber) channel.on = true
      })
      const [answer] = await Promise.all([redis.get(counterOf(channel.tag)), subscribed])
      if (channel.subscriber !== subscriber) return
      const counter = answer === null ? await begin(redis, channel.tag) : Number(answer)
      if (channel.subscriber !== subscriber) return
      // What was published while it was needed and not heard yet is lost too.
      if (first || answer === null || counter > (channel.seen ?? 0)) {
        channel.seen = Math.max(counter, channel.seen ?? 0)
        this.#lost(channel)
      }
    } catch {
      // The connection ended, and `ready` comes again; or the channel has moved, which the next tick finds.
    }
  }

  #drop(channel: Channel): void {
    this.#channels.delete(channel.tag)
    if (channel.on) channel.subscriber?.redis.sunsubscribe(channelOf(channel.tag)).catch(() => {})
  }
}

/** Starts a counter that is not there, in the way of bus.lua, unless another node was quicker; answers what it stands at. */
async function begin(redis: Redis, tag: string): Promise<number> {
  const fresh = Date.now() * 1_000
  try {
    const answer = await redis.set(counterOf(tag), fresh, 'NX', 'GET')
    return answer === null ? fresh : Number(answer)
  } catch (error) {
    // Redis is full: the first push begins it.
    if ((error as Error).message.startsWith('OOM')) return 0
    throw error
  }
}
