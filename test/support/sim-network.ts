import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { SocketLike } from '../../client/src/api.ts'
import type { Random } from './random.ts'

/** What came over a wire to a client, in the order of arrival. */
export interface Arrival {
  at: number
  frame: string
}

/**
 * The network between one client and the server: delays frames, keeps their order, cuts connections with what is on the
 * way, and lets them go half open (nothing arrives any more, and nobody is told). `heal` ends all of that.
 */
export class SimNetwork {
  readonly #random: Random
  readonly #delayMs: number
  #sockets = new Set<SimSocket>()
  #healed = false
  #down = false
  readonly arrivals: Arrival[] = []
  cuts = 0
  halfOpens = 0

  constructor(random: Random, delayMs: number) {
    this.#random = random
    this.#delayMs = delayMs
  }

  readonly connect = (url: string, protocols: string[]): SocketLike => {
    const socket = new SimSocket(this, this.#down ? 'ws://127.0.0.1:9' : url, protocols)
    this.#sockets.add(socket)
    return socket
  }

  /** HTTP takes its time both ways. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    await sleep(this.delay())
    const answer = await globalThis.fetch(input, init)
    const body = await answer.text()
    await sleep(this.delay())
    return new Response(body === '' ? null : body, answer)
  }

  delay(): number {
    return this.#healed ? 0 : this.#random.next() * this.#delayMs
  }
  cut(): void {
    this.cuts++
    for (const socket of [...this.#sockets]) socket.cut()
  }
  goHalfOpen(): void {
    this.halfOpens++
    for (const socket of this.#sockets) socket.halfOpen = true
  }
  /** While down, connections are refused. */
  set down(down: boolean) {
    this.#down = down
    if (down) this.cut()
  }
  heal(): void {
    this.#healed = true
    this.#down = false
  }
  gone(socket: SimSocket): void {
    this.#sockets.delete(socket)
  }
}

class SimSocket implements SocketLike {
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  halfOpen = false
  readonly #network: SimNetwork
  readonly #real: WebSocket
  readonly #up: Pipe
  readonly #downward: Pipe
  #ended = false

  constructor(network: SimNetwork, url: string, protocols: string[]) {
    this.#network = network
    this.#up = new Pipe(network)
    this.#downward = new Pipe(network)
    this.#real = new WebSocket(url, protocols)
    this.#real.on('error', () => {})
    this.#real.on('open', () => this.#arrive(() => this.onopen?.({} as never)))
    this.#real.on('message', (data) => {
      const frame = String(data)
      this.#arrive(() => {
        network.arrivals.push({ at: performance.now(), frame })
        this.onmessage?.({ data: frame } as never)
      })
    })
    this.#real.on('close', (code) => this.#arrive(() => this.#end(code)))
  }

  send(text: string): void {
    this.#up.put(() => {
      if (!this.halfOpen && this.#real.readyState === WebSocket.OPEN) this.#real.send(text)
    })
  }
  close(): void {
    this.cut(false)
  }
  /** Both ends go, with everything on the way. */
  cut(told = true): void {
    this.#up.stop()
    this.#downward.stop()
    this.#real.terminate()
    if (told) this.#end(1006)
    else this.#network.gone(this)
  }

  #arrive(what: () => void): void {
    this.#downward.put(() => {
      if (!this.halfOpen) what()
    })
  }
  #end(code: number): void {
    if (this.#ended) return
    this.#ended = true
    this.#network.gone(this)
    this.onclose?.({ code, reason: '' } as never)
  }
}

/** One direction: things come out in the order in which they went in, each after a delay. */
class Pipe {
  readonly #network: SimNetwork
  #queue: { due: number; what: () => void }[] = []
  #timer: NodeJS.Timeout | null = null
  #stopped = false

  constructor(network: SimNetwork) {
    this.#network = network
  }
  put(what: () => void): void {
    if (this.#stopped) return
    const due = Math.max(this.#queue.at(-1)?.due ?? 0, performance.now() + this.#network.delay())
    this.#queue.push({ due, what })
    this.#timer ??= setTimeout(() => this.#run(), Math.max(1, due - performance.now()))
  }
  stop(): void {
    this.#stopped = true
    this.#queue = []
    if (this.#timer !== null) clearTimeout(this.#timer)
  }
  #run(): void {
    this.#timer = null
    while (this.#queue.length > 0 && this.#queue[0]!.due <= performance.now()) this.#queue.shift()!.what()
    if (this.#queue.length > 0 && !this.#stopped) {
      this.#timer = setTimeout(() => this.#run(), Math.max(1, this.#queue[0]!.due - performance.now()))
    }
  }
}
