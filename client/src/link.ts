import {
  type Answers,
  type Command,
  type Op,
  type Push,
  type ServerItem,
  SUBPROTOCOL,
} from '../../src/protocol/frames.ts'
import type { SocketLike } from './api.ts'
import { brokenConnection, errorOf, YeoulError } from './errors.ts'
import type { Surroundings } from './platform.ts'

/** A command without its id, as its asker writes it. */
export type Asked = Command extends infer C ? (C extends Command ? Omit<C, 'id'> : never) : never
/** Called once, while the frame that brought the answer is read: what follows in it comes after. */
export type Answered<O extends Op> = (answer: Answers[O] | null, error: YeoulError | null) => void

/** The code of a connection that ended without a close frame (RFC 6455). */
const ABNORMAL = 1006
const UNAUTHENTICATED = 4401

export interface LinkHandlers {
  online(hello: Answers['hello']): void
  push(push: Push): void
  closed(code: number, error: YeoulError): void
}

/**
 * One socket from opening to end: opening -> greeting (`hello` sent) -> online -> closed. Never comes back: the next
 * attempt is another link.
 */
export class Link {
  readonly token: string
  readonly #around: Surroundings
  readonly #handlers: LinkHandlers
  readonly #socket: SocketLike
  readonly #waiting = new Map<number, (answer: never, error: YeoulError | null) => void>()
  #state: 'opening' | 'greeting' | 'online' | 'closed' = 'opening'
  #nextId = 1
  /** Commands of this turn of the event loop, which travel in one frame. */
  #out: string[] = []
  #limits = { frameBytes: 65_536, inFlight: 512 }
  #heartbeatMs = 0
  #heardAt = 0
  #sentAt = 0
  #pinged: { at: number; deadline: number } | null = null
  #timer: unknown

  constructor(around: Surroundings, token: string, handlers: LinkHandlers) {
    this.token = token
    this.#around = around
    this.#handlers = handlers
    this.#socket = around.connect(`${around.url.replace(/^http/, 'ws')}/ws`, [SUBPROTOCOL])
    this.#timer = around.clock.setTimeout(
      () => this.#end(ABNORMAL, new YeoulError('timeout', 'The server did not answer in time.', true)),
      around.tuning.timeoutMs,
    )
    this.#socket.onopen = () => this.#greet()
    this.#socket.onmessage = (event: { data: unknown }) => this.#read(event.data)
    this.#socket.onclose = (event: { code?: number; reason?: string }) => this.#closedBy(event)
    // A close follows, and says more.
    this.#socket.onerror = () => {}
  }

  /** Sends a command with what else is asked in this turn; `done` is called once, in a later one. */
  ask<O extends Op>(command: Asked & { op: O }, done: Answered<O>): void {
    const refused = this.#refusal(command)
    if (refused === null) this.#put(command, done)
    else queueMicrotask(() => done(null, refused))
  }

  limit(limits: { frameBytes: number; inFlight: number }): void {
    this.#limits = limits
  }

  /** Asks whether the other side is there; without an answer in `withinMs` the link is over. */
  probe(withinMs: number): void {
    if (this.#state !== 'online') return
    const deadline = this.#around.clock.now() + withinMs
    if (this.#pinged === null || this.#pinged.deadline > deadline) this.#ping(withinMs)
    this.#watch()
  }

  /** Ends it from this side; `closed` is not called. */
  close(): void {
    if (this.#state === 'closed') return
    this.#stop()
    this.#socket.close(1000)
    this.#failAll()
  }

  /** Why a command is not even sent: the server would end the connection over it, or it is over. */
  #refusal(command: Asked): YeoulError | null {
    if (this.#state !== 'online') return brokenConnection()
    if (this.#waiting.size >= this.#limits.inFlight) {
      return new YeoulError('too_many_in_flight', 'Too many commands wait for their answers.', true)
    }
    const { frameBytes } = this.#limits
    if ('body' in command && command.body.length * 3 > frameBytes / 2) {
      const bytes = new TextEncoder().encode(JSON.stringify(command)).length
      // Its id comes on top.
      if (bytes + 24 > frameBytes) return new YeoulError('frame_too_large', 'The text is too long.', false)
    }
    return null
  }

  #put<O extends Op>(command: Asked & { op: O }, done: Answered<O>): void {
    const id = this.#nextId++
    this.#waiting.set(id, done)
    if (this.#out.length === 0) queueMicrotask(() => this.#flush())
    this.#out.push(JSON.stringify({ id, ...command }))
  }

  /** Writes what was gathered: as few frames as the limit allows. A UTF-16 unit is at most 3 bytes of UTF-8. */
  #flush(): void {
    const out = this.#out
    this.#out = []
    if (this.#state !== 'online' && this.#state !== 'greeting') return
    let from = 0
    let bytes = 0
    for (let i = 0; i <= out.length; i++) {
      const size = i < out.length ? out[i]!.length * 3 + 1 : Number.POSITIVE_INFINITY
      if (i > from && bytes + size > this.#limits.frameBytes - 2) {
        this.#socket.send(i - from === 1 ? out[from]! : `[${out.slice(from, i).join()}]`)
        from = i
        bytes = 0
      }
      bytes += size
    }
    this.#sentAt = this.#around.clock.now()
  }

  #greet(): void {
    this.#state = 'greeting'
    this.#put({ op: 'hello', token: this.token }, (hello, error) => {
      if (hello === null) {
        if (error !== null && this.#state === 'greeting') this.#end(closeCodeOf(error), error)
        return
      }
      this.#state = 'online'
      this.#limits = hello.limits
      this.#heartbeatMs = hello.heartbeatMs
      this.#sentAt = this.#around.clock.now()
      this.#watch()
      this.#handlers.online(hello)
    })
  }

  #read(data: unknown): void {
    if (this.#state === 'closed') return
    this.#heardAt = this.#around.clock.now()
    let frame: ServerItem | ServerItem[]
    try {
      frame = JSON.parse(data as string)
    } catch (error) {
      this.#around.onError(error)
      this.#socket.close(4400)
      this.#end(ABNORMAL, new YeoulError('bad_answer', 'The server sent a frame that is not JSON.', true))
      return
    }
    for (const item of Array.isArray(frame) ? frame : [frame]) {
      // A handler may close the link in the middle of a frame.
      if (this.#isClosed()) return
      try {
        this.#take(item)
      } catch (error) {
        this.#around.onError(error)
      }
    }
  }

  #take(item: ServerItem): void {
    if ('push' in item) {
      if (this.#state === 'online') this.#handlers.push(item)
      return
    }
    if (!('re' in item)) return
    const done = this.#waiting.get(item.re)
    if (done === undefined) return
    this.#waiting.delete(item.re)
    if ('ok' in item) done(item.ok as never, null)
    else done(null as never, errorOf(item.err))
  }

  /**
   * One timer for the heartbeat. After `heartbeatMs` of silence in either direction it pings: the server drops who says
   * nothing, and a half-open socket says nothing to us.
   */
  #watch(): void {
    const { clock } = this.#around
    const now = clock.now()
    if (this.#pinged !== null) {
      if (this.#heardAt > this.#pinged.at) this.#pinged = null
      else if (now >= this.#pinged.deadline) {
        this.#socket.close(1000)
        this.#end(ABNORMAL, new YeoulError('network', 'The server has gone silent.', true))
        return
      }
    }
    const quietSince = Math.min(this.#heardAt, this.#sentAt)
    if (this.#pinged === null && now - quietSince >= this.#heartbeatMs) this.#ping(this.#heartbeatMs)
    const next =
      this.#pinged === null ? Math.min(this.#heardAt, this.#sentAt) + this.#heartbeatMs : this.#pinged.deadline
    clock.clearTimeout(this.#timer)
    this.#timer = clock.setTimeout(() => this.#watch(), Math.max(1, next - now))
  }

  #ping(withinMs: number): void {
    const at = this.#around.clock.now()
    this.#pinged = { at, deadline: at + withinMs }
    this.#sentAt = at
    this.#put({ op: 'ping' }, () => {
      this.#pinged = null
    })
  }

  #closedBy(event: { code?: number; reason?: string }): void {
    const { code = ABNORMAL, reason = '' } = event
    // The server gives its error code as the reason.
    const named = /^[a-z_]+$/.test(reason) ? (reason as YeoulError['code']) : null
    const final = code >= 4400 && code < 4500 && code !== 4408 && code !== 4429
    const ended = final || code === 4408 || code === 4429 ? refusalOf(code) : 'network'
    this.#end(code, new YeoulError(named ?? ended, reason || `The connection ended (${code}).`, !final))
  }

  #end(code: number, error: YeoulError): void {
    if (this.#state === 'closed') return
    this.#stop()
    // A socket that never opened, or that answers no more, is told as well: it may be half open.
    this.#socket.close()
    this.#failAll()
    this.#handlers.closed(code, error)
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #stop(): void {
    this.#state = 'closed'
    this.#around.clock.clearTimeout(this.#timer)
    this.#socket.onopen = null
    this.#socket.onmessage = null
    this.#socket.onclose = null
    // Kept: closing a socket that is still opening is reported as an error, which nobody needs to hear.
    this.#socket.onerror = () => {}
  }

  #failAll(): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const done of waiting) {
      try {
        done(null as never, brokenConnection())
      } catch (error) {
        this.#around.onError(error)
      }
    }
  }
}

/** How a connection ends whose `hello` was refused. */
function closeCodeOf(error: YeoulError): number {
  switch (error.code) {
    case 'token_expired':
    case 'unauthenticated':
    case 'session_ended':
    case 'hello_required':
      return UNAUTHENTICATED
    default:
      return error.retryable ? 4503 : 4400
  }
}

function refusalOf(code: number): YeoulError['code'] {
  switch (code) {
    case 4401:
      return 'unauthenticated'
    case 4403:
      return 'forbidden'
    case 4408:
      return 'heartbeat_timeout'
    case 4413:
      return 'frame_too_large'
    case 4429:
      return 'too_many_commands'
    default:
      return 'bad_frame'
  }
}
