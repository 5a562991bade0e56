import { connect, type Socket } from 'node:net'
import type { Latency } from '../measure/latency.ts'
import { nowMicros } from './clock.ts'
import type { Dialect, Session } from './dialect.ts'
import { Following } from './following.ts'
import type { Item, Payload, PayloadCache } from './payload.ts'
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

/** One client connection. `open` after `cut` goes on from where it stood. */
export class Connection {
  readonly spec: ConnectionSpec
  readonly following: Following
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
  /** µs of `nowMicros`. What was due before is recovered, however it comes. */
  #liveSince = 0
  #session: Session | null = null
  #socket: Socket | null = null
  #settle: { done: () => void; failed: (error: Error) => void } | null = null
  #lastId = 1

  constructor(crowd: Crowd, spec: ConnectionSpec) {
    this.#crowd = crowd
    this.spec = spec
    this.following = new Following(crowd.dialect, crowd.tally, spec.subscribe, {
      nextId: () => ++this.#lastId,
      write: (text) => this.#write(text),
      fail: (error) => this.#fail(error),
    })
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
    this.following.cut()
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
    for (const room of this.spec.subscribe) this.following.subscribe(room)
    this.#liveWhenAnswered()
  }

  #liveWhenAnswered(): void {
    if (this.state !== 'subscribing' || !this.following.complete) return
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
      case 'run':
        this.following.take(item)
        return
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
        this.following.subscribe(item.room)
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
    if (this.following.answered(id, ok, error)) this.#liveWhenAnswered()
    else if (error !== null) count(this.#crowd.tally.refused, error)
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
