import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { Session } from '../../core/session.ts'
import type { Wire } from '../../core/write-queue.ts'
import { textFrame } from './frame.ts'

const MESSAGE_TOO_BIG = 1009
const FRAME_TOO_LARGE = 4413
const NOTHING = Buffer.alloc(0)

/** A `ws` connection that says 4413, our code, where RFC 6455 has 1009; it knows its session. */
export class YeoulSocket extends WebSocket {
  session: Session | null = null

  override close(code?: number, data?: string | Buffer): void {
    // With data it is the echo of the client's own close.
    super.close(code === MESSAGE_TOO_BIG && data === undefined ? FRAME_TOO_LARGE : code, data)
  }
}

/** What Node's own socket time-outs look at to see whether a write makes progress. */
interface Inside {
  _bytesDispatched: number
  _handle: { writeQueueSize: number } | null
}

/**
 * Writes whole frames to the socket itself, past `ws`, which keeps no state between unfragmented, uncompressed frames: so
 * the same bytes go to every subscriber of a room without being framed again. `ws` does the handshake, reads, answers pings
 * and closes.
 */
export class SocketWire implements Wire {
  readonly #ws: YeoulSocket
  readonly #socket: Socket

  constructor(ws: YeoulSocket, socket: Socket) {
    this.#ws = ws
    this.#socket = socket
  }

  encode(text: string): Buffer {
    return textFrame(text)
  }

  write(bytes: Uint8Array): void {
    if (this.#isOpen) this.#socket.write(bytes)
  }

  writeAll(list: Uint8Array[]): void {
    if (!this.#isOpen) return
    this.#socket.cork()
    for (const bytes of list) this.#socket.write(bytes)
    this.#socket.uncork()
  }

  /** `ws` may have said goodbye by itself, and nothing may follow a close frame. */
  get #isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN && this.#socket.writable
  }

  get buffered(): number {
    return this.#socket.writableLength
  }

  get drained(): number {
    // A write counts as written when all of it is: of a large one that goes out slowly only the handle knows more.
    const { _bytesDispatched, _handle } = this.#socket as Socket & Inside
    return _bytesDispatched - (_handle?.writeQueueSize ?? 0)
  }

  flushed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isOpen) this.#socket.write(NOTHING, (error) => error ?? resolve())
    })
  }

  get received(): number {
    return this.#socket.bytesRead
  }

  takeFrames(bytes: number): void {
    const { _receiver } = this.#ws as YeoulSocket & { _receiver: { _maxPayload: number } | null }
    if (_receiver !== null && _receiver._maxPayload < bytes) _receiver._maxPayload = bytes
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason)
  }
}
