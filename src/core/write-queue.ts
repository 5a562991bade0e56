/** One connection's way out, as the transport gives it. */
export interface Wire {
  /** Turns a text into the bytes that carry it. The same for every connection of a transport, so that bytes are shared. */
  encode(text: string): Uint8Array
  /** Hands bytes to the socket. */
  write(bytes: Uint8Array): void
  /** Several at once, in one system call where the platform can. */
  writeAll(list: Uint8Array[]): void
  /** Bytes handed over that the socket still holds. */
  readonly buffered: number
  /** Bytes that have left for the network, ever. */
  readonly drained: number
  /** Resolves when what was handed over so far has left; never, when the connection closes first. */
  flushed(): Promise<void>
  /** Bytes that came from the client, ever. */
  readonly received: number
  /** Frames of up to so many bytes are taken from here on; one that takes larger ones stays with that. */
  takeFrames(bytes: number): void
  /** Says goodbye with a close code; gives up waiting for an answer after a short time. */
  close(code: number, reason: string): void
}

/** Pushes of one room of one flush: joined once, encoded once, written to many. */
export class Fragment {
  /** Items joined by commas. */
  readonly text: string
  readonly count: number
  #frame: Uint8Array | null = null

  constructor(text: string, count: number) {
    this.text = text
    this.count = count
  }

  frame(wire: Wire): Uint8Array {
    this.#frame ??= wire.encode(this.count === 1 ? this.text : `[${this.text}]`)
    return this.#frame
  }
}

/** Up to here, what waits for a connection is joined to one frame; above, shared bytes are written as they are. */
const JOIN_MAX = 16_384

/** Never added to: the list of every connection for which one item or none waits. */
const NOTHING: (string | Fragment)[] = []

/**
 * What waits to be written to one connection until the next flush: its replies and the rooms' shared fragments, in order.
 * Bounded: a fragment that does not fit is refused (`offer`), and the caller turns the subscription into a lagging one.
 */
export class WriteQueue {
  readonly wire: Wire
  readonly #changed: (queue: WriteQueue) => void
  /** Bytes that may wait. */
  readonly limit: number
  /** What waits: the first, and those after it. One is what a busy room has for most: it needs no list. */
  #first: string | Fragment | null = null
  #more: (string | Fragment)[] = NOTHING
  #length = 0
  #dirty = false
  #ended = false

  constructor(wire: Wire, limit: number, changed: (queue: WriteQueue) => void) {
    this.wire = wire
    this.limit = limit
    this.#changed = changed
  }

  /** Bytes that wait here or in the socket (of texts not encoded yet, their length). */
  get waiting(): number {
    return this.#length + this.wire.buffered
  }

  /** A reply, or a push to this connection alone: one JSON object. Never refused. */
  push(item: string): void {
    if (!this.#ended) this.#add(item, item.length)
  }

  /** Queues a room's fragment; false when more waits already than the connection may hold. */
  offer(fragment: Fragment): boolean {
    if (this.#length + this.wire.buffered > this.limit) return false
    this.#add(fragment, fragment.text.length)
    return true
  }

  /** Queues presence or typing when there is room to spare; drops it otherwise. */
  offerEphemeral(fragment: Fragment): void {
    if (this.waiting > this.limit / 2) return
    this.#add(fragment, fragment.text.length)
  }

  /** Resolves when no more waits than the connection may hold; never, when it closes first. */
  async drained(): Promise<void> {
    while (this.waiting > this.limit) {
      this.flush()
      await this.wire.flushed()
    }
  }

  #add(item: string | Fragment, length: number): void {
    this.#length += length
    if (this.#first === null) this.#first = item
    else if (this.#more.length === 0) this.#more = [item]
    else this.#more.push(item)
    if (this.#dirty) return
    this.#dirty = true
    this.#changed(this)
  }

  /** The connection closes: what waits is dropped, and so is what comes later, such as the answer to a command under way. */
  end(): void {
    this.#ended = true
    this.#clear()
  }

  /** Writes all that waits: one write for the connection. */
  flush(): void {
    this.#dirty = false
    const first = this.#first
    const more = this.#more
    const length = this.#length
    if (first === null) return
    this.#clear()
    const wire = this.wire
    if (more.length === 0) wire.write(frameOf(first, wire))
    else if (length <= JOIN_MAX) {
      let text = `[${textOf(first)}`
      for (const item of more) text += `,${textOf(item)}`
      wire.write(wire.encode(`${text}]`))
    } else wire.writeAll([first, ...more].map((item) => frameOf(item, wire)))
  }

  #clear(): void {
    this.#first = null
    this.#more = NOTHING
    this.#length = 0
  }
}

function textOf(item: string | Fragment): string {
  return typeof item === 'string' ? item : item.text
}

function frameOf(item: string | Fragment, wire: Wire): Uint8Array {
  return typeof item === 'string' ? wire.encode(item) : item.frame(wire)
}
