import type { Bus } from '../ports/bus.ts'
import type { History } from '../ports/history.ts'
import type { Log } from '../ports/log.ts'
import type { Rooms } from '../ports/rooms.ts'
import { YeoulError } from '../protocol/errors.ts'
import { factsAfter, type RoomFacts } from '../protocol/facts.ts'
import type { RoomEvent } from '../protocol/model.ts'
import { HotRoom, NEWEST_PAGE } from './hot-room.ts'

/** Events that wait for a room that is being loaded; beyond, they are dropped, and the gap is filled from the log. */
const HELD_MAX = 10_000
/** How often a room is read whose epoch was raised in between. */
const TRIES = 3

interface Loading {
  room: Promise<HotRoom | null>
  /** What arrived meanwhile. */
  waiting: { epoch: number; events: RoomEvent[] }[]
  events: number
}

/**
 * The hot rooms of this node: those with subscribers, and the most recent ones without. Bounded by a number of rooms and
 * of tail events in all; the room that was used least recently goes first, a tail in use shrinks.
 */
export class HotRooms {
  /** In order of use: the first was used least recently. */
  #rooms = new Map<string, HotRoom>()
  #loading = new Map<string, Loading>()
  #tailEvents = 0
  readonly #ports: { log: Log; history: History; rooms: Rooms; bus: Bus }
  readonly #limits: { rooms: number; tail: number; tailEvents: number }
  /** Brings a room that was just loaded up to date with what arrived meanwhile. */
  readonly #catchUp: (room: HotRoom, epoch: number, events: RoomEvent[]) => void

  constructor(options: {
    ports: { log: Log; history: History; rooms: Rooms; bus: Bus }
    /** `tail`: events kept a room; `tailEvents`: in all rooms together. */
    limits: { rooms: number; tail: number; tailEvents: number }
    catchUp: (room: HotRoom, epoch: number, events: RoomEvent[]) => void
  }) {
    this.#ports = options.ports
    this.#limits = options.limits
    this.#catchUp = options.catchUp
  }

  get size(): number {
    return this.#rooms.size
  }

  all(): HotRoom[] {
    return [...this.#rooms.values()]
  }

  /** The room if it is hot. */
  get(id: string): HotRoom | undefined {
    return this.#rooms.get(id)
  }

  /** The room if it is hot; now it is the one used most recently. */
  use(id: string): HotRoom | undefined {
    const hot = this.#rooms.get(id)
    if (hot === undefined) return undefined
    this.#rooms.delete(id)
    this.#rooms.set(id, hot)
    return hot
  }

  /** The room, loaded when it is not hot; null when there is none. */
  load(id: string): HotRoom | Promise<HotRoom | null> {
    const hot = this.use(id)
    if (hot !== undefined) return hot
    const underWay = this.#loading.get(id)
    if (underWay !== undefined) return underWay.room
    const loading: Loading = { room: this.#read(id), waiting: [], events: 0 }
    this.#loading.set(id, loading)
    return loading.room
  }

  /** Reads from the log what this node has not heard of yet. */
  async bringUpToDate(room: HotRoom): Promise<void> {
    for (let before = -1; before < room.head && this.#rooms.get(room.id) === room; ) {
      before = room.head
      const { head, events } = await this.#ports.log.read(room.id, before, this.#limits.tail)
      this.#catchUp(room, head.epoch, events)
      if (room.head >= head.seq) return
    }
  }

  /** Resolves when the rooms among these that are being loaded now are hot, or could not be. */
  async loaded(concerns: (room: string) => boolean): Promise<void> {
    const loading = [...this.#loading].filter(([id]) => concerns(id))
    await Promise.allSettled(loading.map(([, { room }]) => room))
  }

  /** Events of a room that is being loaded wait for it; false when it is not. */
  hold(id: string, epoch: number, events: RoomEvent[]): boolean {
    const loading = this.#loading.get(id)
    if (loading === undefined) return false
    if (loading.events > HELD_MAX) {
      loading.waiting = []
      loading.events = 0
    }
    loading.waiting.push({ epoch, events })
    loading.events += events.length
    return true
  }

  /** Told after events were applied, so that the bounds hold. */
  grew(room: HotRoom, events: number): void {
    this.#tailEvents += events
    // In strides, so that a busy room is not copied at every event.
    if (room.tailLength > this.#limits.tail * 2) this.#tailEvents -= room.trimTail(this.#limits.tail)
    if (this.#tailEvents > this.#limits.tailEvents) this.#shrink()
  }

  /** Forgets a room: it was deleted, or its epoch changed. */
  drop(room: HotRoom): void {
    if (this.#rooms.get(room.id) !== room) return
    this.#rooms.delete(room.id)
    this.#tailEvents -= room.tailLength
    this.#ports.bus.dropInterest(room.id)
  }

  async #read(id: string): Promise<HotRoom | null> {
    const { rooms, bus } = this.#ports
    // Interest first: what is published from here on waits in `events`, what came before is in what we read.
    bus.addInterest(id)
    let hot: HotRoom | null = null
    try {
      const record = await rooms.get(id)
      if (record === null) return null
      const { page, head, events } = await this.#newest(id)
      const tail = events.filter((event) => event.seq <= page.head)
      hot = new HotRoom({
        id,
        kind: record.kind,
        // As of `record`; what happened between it and the page is in the tail.
        facts: tail.filter((event) => event.seq > record.position.seq).reduce<RoomFacts>(factsAfter, record),
        epoch: head.epoch,
        head: page.head,
        n: page.n,
        messages: page.messages,
        tail,
      })
      this.#rooms.set(id, hot)
      this.#tailEvents += hot.tailLength
      this.#catchUp(hot, head.epoch, events.slice(tail.length))
      return hot
    } finally {
      const waiting = this.#loading.get(id)?.waiting ?? []
      this.#loading.delete(id)
      if (hot === null) bus.dropInterest(id)
      else {
        for (const { epoch, events } of waiting) this.#catchUp(hot, epoch, events)
        if (this.#rooms.size > this.#limits.rooms) this.#evictIdle(hot)
      }
    }
  }

  /** The newest page and what goes before and after it, of one epoch: the numbers of two say nothing about each other. */
  async #newest(id: string) {
    const { log, history } = this.#ports
    const { tail } = this.#limits
    for (let tries = 0; tries < TRIES; tries++) {
      const page = await history.messages(id, { limit: NEWEST_PAGE })
      const { head, events } = await log.read(id, Math.max(0, page.head - tail), tail * 2)
      if (head.epoch === page.epoch) return { page, head, events }
    }
    throw new YeoulError('unavailable', 'The epoch of the room rises faster than the room is read.')
  }

  #evictIdle(but: HotRoom): void {
    for (const room of this.#rooms.values()) {
      if (this.#rooms.size <= this.#limits.rooms) return
      if (!room.live && room !== but) this.drop(room)
    }
  }

  #shrink(): void {
    for (const room of this.#rooms.values()) {
      if (this.#tailEvents <= this.#limits.tailEvents * 0.9) return
      if (room.live) this.#tailEvents -= room.trimTail(Math.floor(room.tailLength / 2))
      else this.drop(room)
    }
  }
}
