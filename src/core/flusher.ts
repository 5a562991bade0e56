import type { HotRoom } from './hot-room.ts'
import type { Metrics } from './metrics.ts'
import { Fragment, type WriteQueue } from './write-queue.ts'

/** How many times its own length a flush leaves to others before the next one, when waiting saves writes. */
const REST = 6

/**
 * Writes what waits: first each changed room's pushes become one fragment in its subscribers' queues, then each changed
 * connection gets one write.
 *
 * Adaptive: a lone message is flushed at once. When flushes get long, the next one waits, so that more events share each
 * write: REST times the last one's length, at most `maxIntervalMs`, scaled by the part of the deliveries that shared a write
 * with another. So a busy room waits and saves, while many quiet rooms, where waiting saves nothing, do not wait.
 */
export class Flusher {
  readonly #maxIntervalMs: () => number
  readonly #metrics: Metrics
  /** Told of a room's fragment, to hand it to the room's subscribers. */
  readonly #deliver: (room: HotRoom, fragment: Fragment, from: number) => void
  #rooms: HotRoom[] = []
  #queues: WriteQueue[] = []
  #scheduled = false
  /** Since the last flush: events times subscribers, and fragments times subscribers. */
  #deliveries = 0
  #writes = 0
  /** The time of the oldest event that was cut since the last flush, in ms since 1970. */
  #oldest = Number.POSITIVE_INFINITY
  #notBefore = 0

  constructor(options: {
    maxIntervalMs: () => number
    metrics: Metrics
    deliver: (room: HotRoom, fragment: Fragment, from: number) => void
  }) {
    this.#maxIntervalMs = options.maxIntervalMs
    this.#metrics = options.metrics
    this.#deliver = options.deliver
  }

  /** The room has pending pushes for its subscribers. May be called again before the flush: the room cuts once. */
  markRoom(room: HotRoom): void {
    this.#rooms.push(room)
    this.#schedule()
  }

  markQueue = (queue: WriteQueue): void => {
    this.#queues.push(queue)
    this.#schedule()
  }

  /** Adds a push that may be lost to what the room's subscribers get next. */
  ephemeral(room: HotRoom, item: string): void {
    if (room.ephemeral === '') {
      room.ephemeral = item
      this.markRoom(room)
    } else room.ephemeral += `,${item}`
  }

  /** Ends the room's pending fragment here: what comes later goes into another one. */
  cut(room: HotRoom): void {
    if (room.pendingEvents > 0) {
      const { pending, pendingEvents, pendingFrom, pendingSince } = room
      room.pending = ''
      room.pendingEvents = 0
      this.#deliveries += pendingEvents * room.subscribers.size
      this.#writes += room.subscribers.size
      if (pendingSince < this.#oldest) this.#oldest = pendingSince
      this.#deliver(room, new Fragment(pending, pendingEvents), pendingFrom)
    }
    if (room.ephemeral !== '') {
      const text = room.ephemeral
      room.ephemeral = ''
      const fragment = new Fragment(text, 2)
      // Presence and typing are dropped first: a queue that is half full does not take them.
      for (const subscription of room.subscribers) {
        subscription.queue.offerEphemeral(fragment)
      }
    }
  }

  /** Writes everything now: for tests and for the end of a drain. */
  flush(): void {
    const rooms = this.#rooms
    this.#rooms = []
    for (const room of rooms) this.cut(room)
    const queues = this.#queues
    this.#queues = []
    // By number, because an iterator allocates for each connection.
    for (let i = 0; i < queues.length; i++) (queues[i] as WriteQueue).flush()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const wait = this.#notBefore - performance.now()
    if (wait < 1) setImmediate(this.#run)
    else setTimeout(this.#run, wait)
  }

  #run = (): void => {
    const startedAt = performance.now()
    this.flush()
    const endedAt = performance.now()
    const shared = this.#deliveries === 0 ? 0 : 1 - this.#writes / this.#deliveries
    this.#count()
    this.#metrics.flushSeconds.observe((endedAt - startedAt) / 1000)
    this.#notBefore = endedAt + Math.min(this.#maxIntervalMs(), (endedAt - startedAt) * REST * shared)
    this.#scheduled = false
    if (this.#rooms.length > 0 || this.#queues.length > 0) this.#schedule()
  }

  /** Once a flush, not once a room: counting must not cost what it counts. */
  #count(): void {
    if (this.#deliveries === 0) return
    this.#metrics.deliveries.inc(this.#deliveries)
    this.#metrics.deliverySeconds.observe(Math.max(0, Date.now() - this.#oldest) / 1000)
    this.#deliveries = 0
    this.#writes = 0
    this.#oldest = Number.POSITIVE_INFINITY
  }
}
