import { Latency } from '../measure/latency.ts'
import { sleep } from './clock.ts'
import type { Connection, Keeper } from './connection.ts'
import type { Reconnection } from './dialect.ts'

/** How long a client gives a server to take it in; the time of both client libraries is longer or equal. */
const ATTEMPT_MS = 10_000
/** How long a message that was refused waits before it is sent again: up to this. */
const RESEND_MS = 500

/** How the connections of one process fared. */
export interface Returns {
  cuts: number
  /** Ended by the server, or left because it asked for it. */
  ended: number
  /** Attempts to come back that failed while the network was there. */
  failed: number
  returned: number
  /** From the moment that the network was there again (or the server gone) to being live with all that was recovered, µs. */
  readonly times: Latency
}

export function newReturns(): Returns {
  return { cuts: 0, ended: 0, failed: 0, returned: 0, times: new Latency() }
}

interface Outgoing {
  room: string
  clientMessageId: string
  body: string
  due: number
}

/**
 * Keeps one connection up as its own client library would: after the end it tries again by that library's back-off, and what
 * was not acknowledged is sent again under the same id, in order.
 *
 * live -> (cut, ended) -> waiting -> trying -> live | waiting
 */
export class KeptConnection implements Keeper {
  readonly connection: Connection
  readonly #reconnection: Reconnection
  readonly #returns: Returns
  readonly #outbox = new Map<string, Outgoing>()
  #attempt = 0
  /** All in ms of `performance.now`. */
  #liveSince: number
  #networkAt = 0
  #comeBackAt: number | null = null
  #timer: NodeJS.Timeout | undefined

  /** One that is down is brought up at once. */
  constructor(connection: Connection, reconnection: Reconnection, returns: Returns) {
    this.connection = connection
    this.#reconnection = reconnection
    this.#returns = returns
    this.#liveSince = performance.now()
    connection.keeper = this
    if (connection.state !== 'live') this.#down(performance.now())
  }

  /** Cuts it, with a reset. Nothing gets through before `networkAt`. */
  cut(networkAt: number): void {
    this.#returns.cuts++
    this.connection.cut()
    this.#down(networkAt)
  }

  /** The network is there for everybody from `at` on. */
  networkBack(at: number): void {
    this.#networkAt = Math.min(this.#networkAt, at)
  }

  send(message: Outgoing): void {
    this.#outbox.set(message.clientMessageId, message)
    if (this.connection.state === 'live') this.#put(message, false)
  }

  /** Messages without an acknowledgement. */
  get waiting(): number {
    return this.#outbox.size
  }

  /** From now on it is left alone. */
  release(): void {
    clearTimeout(this.#timer)
    this.connection.keeper = null
  }

  ended(): void {
    this.#returns.ended++
    this.#down(performance.now())
  }

  comeBack(afterMs: number): void {
    if (this.#comeBackAt !== null) return
    this.#comeBackAt = performance.now() + afterMs
    this.#timer = setTimeout(() => {
      this.connection.cut()
      this.ended()
    }, afterMs)
  }

  answered(clientMessageId: string, refused: boolean): void {
    if (!refused) {
      this.#outbox.delete(clientMessageId)
      return
    }
    setTimeout(() => {
      const message = this.#outbox.get(clientMessageId)
      if (message !== undefined && this.connection.state === 'live') this.#put(message, true)
    }, Math.random() * RESEND_MS)
  }

  #put({ room, clientMessageId, body, due }: Outgoing, retry: boolean): void {
    this.connection.send(room, clientMessageId, body, due, retry)
  }

  #down(networkAt: number): void {
    const now = performance.now()
    clearTimeout(this.#timer)
    this.#networkAt = networkAt
    if (now - this.#liveSince >= this.#reconnection.stableMs) this.#attempt = 0
    const comeBackAt = this.#comeBackAt
    this.#comeBackAt = null
    if (comeBackAt === null) this.#tryAgain()
    else this.#timer = setTimeout(() => this.#try(), comeBackAt - now)
  }

  #tryAgain(): void {
    this.#timer = setTimeout(() => this.#try(), this.#reconnection.delayMs(this.#attempt++))
  }

  async #try(): Promise<void> {
    if (performance.now() < this.#networkAt) {
      this.#tryAgain()
      return
    }
    const late = setTimeout(() => this.connection.giveUp(), ATTEMPT_MS)
    try {
      await this.connection.open()
    } catch {
      this.#returns.failed++
      if (this.connection.keeper === this) this.#tryAgain()
      return
    } finally {
      clearTimeout(late)
    }
    this.#liveSince = performance.now()
    this.#returns.returned++
    this.#returns.times.record((this.#liveSince - this.#networkAt) * 1000)
    for (const message of this.#outbox.values()) this.#put(message, true)
  }
}

/** Waits until all are live, or patience ends; answers how many are. */
export async function allLive(connections: Connection[], patienceMs: number): Promise<number> {
  const end = performance.now() + patienceMs
  for (;;) {
    const live = connections.filter(({ state }) => state === 'live').length
    if (live === connections.length || performance.now() > end) return live
    await sleep(20)
  }
}
