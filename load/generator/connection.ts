import { connect, type Socket } from 'node:net'
import type { Latency } from '../measure/latency.ts'
import { nowMicros } from './clock.ts'
import { type Dialect, type RoomPosition, roomOf, type Session } from './dialect.ts'
import type { Item, Payload, PayloadCache, Run } from './payload.ts'
import { Sequence } from './sequence.ts'
import { count, roomTally, type Tally } from './tally.ts'
import { checkUpgraded, FrameReader, maskedFrame, OPCODE, textFrame, upgrade } from './wire.ts'

export interface ConnectionSpec {
  token: string
  /** The loopback address to connect from: each has its own range of ports. */
  from: string
  /** The port to connect to, where it is not the one of all. */
  port?: number
  subscribe: string[]
  sendTo: string[]
  /** Whether the delay of each delivery on this connection is recorded. */
  sampled: boolean
}

/** What the connections of one process share. */
export interface Crowd {
  readonly dialect: Dialect
  readonly host: string
  readonly port: number
  /** All sockets read into this one buffer: a read is done with before the next begins. */
  readonly buffer: Buffer
  readonly cache: PayloadCache
  readonly tally: Tally
  readonly deliveries: Latency
  readonly acknowledgements: Latency
  /** Messages due in this time (µs) are timed; deliveries that arrive in it are counted as the rate. */
  window: { from: number; to: number }
}

/** Who looks after a connection that is to stay up. */
export interface Keeper {
  /** It ended, and not by `cut`. */
  ended(): void
  /** The server drains: it wants the client back after that time, in ms. */
  comeBack(afterMs: number): void
  /** A message was acknowledged, or refused. */
  answered(clientMessageId: string, refused: boolean): void
}

interface Outgoing {
  due: number
  room: string
  clientMessageId: string
}

/** down -> connecting -> upgrading -> greeting -> subscribing -> live -> down */
type State = 'down' | 'connecting' | 'upgrading' | 'greeting' | 'subscribing' | 'live'

/** One client connection. Positions are kept over a cut, so that `open` after `cut` goes on from them. */
export class Connection {
  readonly spec: ConnectionSpec
  /** By stream. */
  readonly sequences = new Map<string, Sequence>()
  state: State = 'down'
  keeper: Keeper | null = null
  /** Messages sent and not acknowledged. */
  readonly inFlight = new Map<number, Outgoing>()
  /** When this side last wrote, ms of `performance.now`. */
  lastWrite = 0
  heartbeatMs: number | null = null
  /** Told when a message of this side was acknowledged or refused. */
  answered: (() => void) | null = null
  readonly #crowd: Crowd
  readonly #epochs = new Map<string, number>()
  readonly #asked = new Map<number, RoomPosition | string>()
  /** Of the pages that are asked for. */
  readonly #pages = new Map<number, string>()
  /** Rooms of which pages up to a seq are on the way; the pushes that came meanwhile. */
  readonly #filling = new Map<string, { to: number; held: Run[] }>()
  /** µs of `nowMicros`. What was due before is recovered, however it comes. */
  #liveSince = 0
  #session: Session | null = null
  #socket: Socket | null = null
  #settle: { done: () => void; failed: (error: Error) => void } | null = null
  #lastId = 1

  constructor(crowd: Crowd, spec: ConnectionSpec) {
    this.#crowd = crowd
    this.spec = spec
  }

  /** Resolves when authenticated and subscribed to all its rooms. Rejects when the connection fails before. */
  open(): Promise<void> {
    return new Promise((done, failed) => {
      const { host, dialect, buffer } = this.#crowd
      const port = this.spec.port ?? this.#crowd.port
      this.#settle = { done, failed }
      this.state = 'connecting'
      const handshake = upgrade(`${host}:${port}`, dialect.path, dialect.subprotocol)
      const frames = new FrameReader((opcode, bytes, start, end) => this.#frame(opcode, bytes, start, end))
      let head = ''
      const socket: Socket = connect({
        host,
        port,
        localAddress: this.spec.from,
        noDelay: true,
        onread: {
          buffer,
          callback: (size): boolean => {
            try {
              if (this.state !== 'upgrading') {
                frames.read(buffer, 0, size)
              } else {
                head += buffer.toString('latin1', 0, size)
                const end = head.indexOf('\r\n\r\n')
                if (end < 0) return true
                checkUpgraded(head.slice(0, end + 2), handshake.accept)
                this.#upgraded()
                const rest = Buffer.from(head.slice(end + 4), 'latin1')
                frames.read(rest, 0, rest.length)
              }
            } catch (error) {
              this.#fail(error as Error)
            }
            return this.#socket === socket
          },
        },
      })
      this.#socket = socket
      socket.on('connect', () => {
        this.state = 'upgrading'
        socket.write(handshake.request)
      })
      socket.on('error', (error) => {
        if (this.#socket === socket) this.#fail(error)
      })
      socket.on('close', () => {
        if (this.#socket === socket) this.#fail(new Error('closed by the server'))
      })
    })
  }

  /** Ends the connection at once, with a reset. */
  cut(): void {
    const socket = this.#socket
    this.#socket = null
    this.state = 'down'
    this.inFlight.clear()
    this.#asked.clear()
    this.#pages.clear()
    this.#filling.clear()
    socket?.resetAndDestroy()
  }

  /** Ends an attempt that takes too long: `open` rejects. */
  giveUp(): void {
    this.#fail(new Error('no answer in time'))
  }

  /** `retry`: it may have reached the server before. */
  send(room: string, clientMessageId: string, body: string, due: number, retry = false): void {
    const id = ++this.#lastId
    this.inFlight.set(id, { due, room, clientMessageId })
    this.#crowd.tally.sent++
    this.#write(this.#crowd.dialect.send(id, room, clientMessageId, body, retry))
  }

  ping(): void {
    const ping = this.#crowd.dialect.ping(++this.#lastId)
    if (ping !== null && this.state === 'live') this.#write(ping)
  }

  #write(text: string): void {
    this.lastWrite = performance.now()
    this.#socket?.write(textFrame(text))
  }

  #fail(error: Error): void {
    const wasLive = this.state === 'live'
    const settle = this.#settle
    this.#settle = null
    this.cut()
    if (settle !== null) settle.failed(error)
    else if (wasLive) {
      count(this.#crowd.tally.closed, error.message)
      this.keeper?.ended()
    }
  }

  #upgraded(): void {
    this.state = 'greeting'
    if (this.#crowd.dialect.first === 'client') this.#hello()
  }

  #hello(): void {
    this.#write(this.#crowd.dialect.hello(this.spec.token, this.#session))
  }

  #welcome(session: string | undefined): void {
    const restored = session !== undefined && session === this.#session?.id
    this.state = 'subscribing'
    if (restored) {
      this.#crowd.tally.resumed += this.spec.subscribe.length
      this.#liveWhenAnswered()
      return
    }
    this.#session = session === undefined ? null : { id: session, bookmark: '' }
    this.#subscribeAll()
  }

  #subscribeAll(): void {
    for (const room of this.spec.subscribe) this.#subscribe(room)
    this.#liveWhenAnswered()
  }

  #subscribe(room: string): void {
    const epoch = this.#epochs.get(room)
    const from = epoch === undefined ? null : { room, epoch, seq: (this.sequences.get(room)?.next ?? 1) - 1 }
    const id = ++this.#lastId
    this.#asked.set(id, from ?? room)
    this.#write(this.#crowd.dialect.subscribe(id, room, from))
  }

  #liveWhenAnswered(): void {
    if (this.state !== 'subscribing' || this.#asked.size > 0 || this.#pages.size > 0) return
    this.state = 'live'
    this.#liveSince = nowMicros()
    this.#settle?.done()
    this.#settle = null
  }

  #frame(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode === OPCODE.text) this.#text(bytes, start, end)
    else if (opcode === OPCODE.ping) this.#socket?.write(maskedFrame(OPCODE.pong, bytes.subarray(start, end)))
    else if (opcode === OPCODE.close) {
      const code = end - start >= 2 ? bytes.readUInt16BE(start) : 1005
      this.#fail(new Error(`close ${code} ${bytes.toString('utf8', Math.min(end, start + 2), end)}`.trim()))
    } else if (opcode !== OPCODE.pong) throw new Error(`unexpected frame: opcode ${opcode}`)
  }

  #text(bytes: Buffer, start: number, end: number): void {
    const { cache, dialect } = this.#crowd
    let payload = cache.find(bytes, start, end)
    if (payload === null) {
      payload = dialect.scan(bytes, start, end)
      cache.keep(bytes, start, end, payload)
    }
    if (payload.bookmark !== undefined && this.#session !== null) this.#session.bookmark = payload.bookmark
    for (const item of payload.items) this.#item(item)
    if (payload.events > 0) this.#delivered(payload, end - start)
  }

  #delivered(payload: Payload, size: number): void {
    const { tally, window, deliveries } = this.#crowd
    tally.delivered += payload.events
    const now = nowMicros()
    if (now >= window.from && now < window.to) {
      tally.deliveredInWindow += payload.events
      tally.framesInWindow++
      tally.bytesInWindow += size
    }
    // What was missed may come before the word that the connection is live.
    if (!this.spec.sampled || this.state !== 'live') return
    const from = Math.max(window.from, this.#liveSince)
    for (const due of payload.due) if (due >= from && due < window.to) deliveries.record(now - due)
  }

  #item(item: Item): void {
    switch (item.is) {
      case 'run': {
        const filling = this.#filling.size === 0 ? undefined : this.#filling.get(item.room)
        if (filling !== undefined) {
          filling.held.push(item)
          return
        }
        const sequence = this.sequences.get(item.room) ?? this.#firstOf(item.room)
        sequence.take(item.first, item.last)
        return
      }
      case 'comeBack':
        this.keeper?.comeBack(item.afterMs)
        return
      case 'greeting':
        this.#hello()
        return
      case 'prompt':
        this.#write(item.answer)
        return
      case 'welcome':
        this.heartbeatMs = item.heartbeatMs
        this.#welcome(item.session)
        return
      case 'lagging':
        this.#crowd.tally.lagging++
        this.#subscribe(item.room)
        return
      case 'reply':
        this.#reply(item.id, item.ok, item.error)
        return
      case 'other':
        return
    }
  }

  #reply(id: number, ok: unknown, error: string | null): void {
    const message = this.inFlight.get(id)
    if (message !== undefined) {
      this.inFlight.delete(id)
      this.#acknowledge(message, ok, error)
      this.answered?.()
      return
    }
    const paged = this.#pages.get(id)
    if (paged !== undefined) {
      this.#pages.delete(id)
      this.#paged(paged, ok, error)
      return
    }
    const asked = this.#asked.get(id)
    if (asked === undefined) {
      if (error !== null) count(this.#crowd.tally.refused, error)
      return
    }
    this.#asked.delete(id)
    if (error !== null) {
      count(this.#crowd.tally.refused, error)
      this.#fail(new Error(`subscribe: ${error}`))
      return
    }
    if (typeof asked === 'string') this.#subscribed(asked, null, ok)
    else this.#subscribed(asked.room, asked, ok)
    this.#liveWhenAnswered()
  }

  #subscribed(room: string, from: RoomPosition | null, ok: unknown): void {
    const answer = this.#crowd.dialect.subscribed(room, from, ok)
    if (from !== null) this.#crowd.tally.resumed++
    this.#epochs.set(room, answer.epoch)
    if (answer.byNode === true) {
      if (!answer.recovered) this.#crowd.tally.notRecovered++
      return
    }
    const sequence = this.sequences.get(room)
    if (sequence === undefined) {
      this.sequences.set(room, new Sequence(answer.seq))
      const one = roomTally(this.#crowd.tally, room)
      one.start = Math.min(one.start, answer.seq)
      return
    }
    this.#catchUp(sequence, answer.caughtUp)
    if (!answer.recovered) this.#crowd.tally.notRecovered++
    if (answer.head !== undefined) {
      this.#filling.set(room, { to: answer.head, held: [] })
      this.#askPage(room, sequence, answer.head)
    }
  }

  #catchUp(sequence: Sequence, seqs: number[]): void {
    for (const seq of seqs) sequence.take(seq, seq)
    this.#crowd.tally.caughtUp += seqs.length
  }

  #askPage(room: string, sequence: Sequence, to: number): void {
    const id = ++this.#lastId
    this.#pages.set(id, room)
    const from = { room, epoch: this.#epochs.get(room)!, seq: sequence.next - 1 }
    this.#write(this.#crowd.dialect.events!(id, from, to))
  }

  #paged(room: string, ok: unknown, error: string | null): void {
    if (error !== null) {
      count(this.#crowd.tally.refused, error)
      this.#fail(new Error(`events: ${error}`))
      return
    }
    const seqs = this.#crowd.dialect.paged(ok)
    const { to, held } = this.#filling.get(room)!
    const sequence = this.sequences.get(room)!
    this.#catchUp(sequence, seqs ?? [])
    // A page with nothing before the end is the server's mistake: what is missing then counts as lost.
    if (seqs !== null && seqs.length > 0 && sequence.next <= to) {
      this.#askPage(room, sequence, to)
      return
    }
    if (seqs === null) this.#crowd.tally.notRecovered++
    this.#filling.delete(room)
    for (const run of held) sequence.take(run.first, run.last)
    this.#liveWhenAnswered()
  }

  /** What is due on this connection of a stream up to its head; made where nothing of it has come. */
  sequenceOf(stream: string): Sequence {
    return this.sequences.get(stream) ?? this.#begin(stream)
  }

  #firstOf(stream: string): Sequence {
    const room = roomOf(stream)
    // Before the answer to its subscription there is no position to judge a room's event by: P2 has it come after.
    if (room === stream || !this.spec.subscribe.includes(room))
      throw new Error('an event of a room that is not subscribed')
    return this.#begin(stream)
  }

  #begin(stream: string): Sequence {
    const sequence = new Sequence(0)
    this.sequences.set(stream, sequence)
    roomTally(this.#crowd.tally, stream).start = 0
    return sequence
  }

  #acknowledge(message: Outgoing, ok: unknown, error: string | null): void {
    const { tally, window, dialect, acknowledgements } = this.#crowd
    this.keeper?.answered(message.clientMessageId, error !== null)
    if (error !== null) {
      count(tally.refused, error)
      return
    }
    tally.acknowledged++
    const now = nowMicros()
    if (now >= window.from && now < window.to) tally.acknowledgedInWindow++
    if (message.due >= window.from && message.due < window.to) acknowledgements.record(now - message.due)
    const { stream, seq } = dialect.acknowledged(message.room, ok)
    const room = roomTally(tally, stream)
    if (stream !== message.room) room.start = 0
    room.acknowledged++
    room.head = Math.max(room.head, seq)
  }
}
