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

/**
 * What waits to be written to one connection until the next flush: its replies and the rooms' shared fragments, in order.
 * Bounded: a fragment that does not fit is refused (`offer`), and the caller turns the subscription into a lagging one.
 */
export class WriteQueue {
  readonly wire: Wire
  readonly #changed: (queue: WriteQueue) => void
  /** Bytes that may wait. */
  readonly limit: number
  #items: (string | Fragment)[] = []
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
    if (this.#ended) return
    this.#items.push(item)
    this.#length += item.length
    this.#mark()
  }

  /** Queues a room's fragment; false when more waits already than the connection may hold. */
  offer(fragment: Fragment): boolean {
    if (this.#length + this.wire.buffered > this.limit) return false
    this.#items.push(fragment)
    this.#length += fragment.text.length
    this.#mark()
    return true
  }

  /** Queues presence or typing when there is room to spare; drops it otherwise. */
  offerEphemeral(fragment: Fragment): void {
    if (this.waiting > this.limit / 2) return
    this.#items.push(fragment)
    this.#length += fragment.text.length
    this.#mark()
  }

  /** Resolves when no more waits than the connection may hold; never, when it closes first. */
  async drained(): Promise<void> {
    while (this.waiting > this.limit) {
      this.flush()
      await this.wire.flushed()
    }
  }

  #mark(): void {
    if (this.#dirty) return
    this.#dirty = true
    this.#changed(this)
  }

  /** The connection closes: what waits is dropped, and so is what comes later, such as the answer to a command under way. */
  end(): void {
    this.#ended = true
    this.#items = []
    this.#length = 0
  }

  /** Writes all that waits: one write for the connection. */
  flush(): void {
    this.#dirty = false
    const items = this.#items
    const length = this.#length
    if (items.length === 0) return
    this.#items = []
    this.#length = 0
    const wire = this.wire
    if (items.length === 1) wire.write(frameOf(items[0] as string | Fragment, wire))
    else if (length <= JOIN_MAX) {
      let text = '['
      for (const item of items) text += `${text.length === 1 ? '' : ','}${typeof item === 'string' ? item : item.text}`
      wire.write(wire.encode(`${text}]`))
    } else wire.writeAll(items.map((item) => frameOf(item, wire)))
  }
}

function frameOf(item: string | Fragment, wire: Wire): Uint8Array {
  return typeof item === 'string' ? wire.encode(item) : item.frame(wire)
}
