import { createServer, type Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Bytes that may be on a long way at a time. */
const DELAYED_MAX = 8_388_608

/** What the network does to the bytes of one direction. */
export interface Weather {
  /** Nothing gets through, and nobody is told: no FIN, no reset. */
  frozen: boolean
  delayMs: number
  /** 0: as fast as it goes. */
  bytesPerSecond: number
  /** Sees each piece before it goes on; true keeps it back for good, and all that comes after it on its connection. */
  holds: ((piece: Buffer) => boolean) | null
}

const fair = (): Weather => ({ frozen: false, delayMs: 0, bytesPerSecond: 0, holds: null })

/** A TCP proxy between clients and a server: delays, throttles, and stops bytes without a word. */
export class TcpProxy {
  /** Towards the server and towards the client, of the connections made from now on and of those that are open. */
  readonly up = fair()
  readonly down = fair()
  #refusing = false
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Connections that were open when they were cut off: they stay frozen whatever comes. */
  #lost = new WeakSet<Socket>()

  private constructor(target: number) {
    this.#server = createServer((client) => this.#open(client, target))
  }

  /** Listens on a free port of this machine and forwards to another one. */
  static async to(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Open connections get nothing through any more, for good; new ones do. */
  loseAll(): void {
    for (const socket of this.#sockets) this.#lost.add(socket)
  }

  /** The network is good again for connections made from now on; those that were lost stay lost. */
  heal(): void {
    Object.assign(this.up, fair())
    Object.assign(this.down, fair())
    this.#refusing = false
  }

  /** Open connections are cut, as by a router that restarts; new ones are taken. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** As if nothing were there: open connections are cut, and new ones too until `accept`. */
  refuse(): void {
    this.#refusing = true
    this.cutAll()
  }

  accept(): void {
    this.#refusing = false
  }

  close(): void {
    this.#server.close()
    this.cutAll()
  }

  #open(client: Socket, target: number): void {
    if (this.#refusing) return void client.resetAndDestroy()
    const server = new Socket()
    server.connect(target, '127.0.0.1')
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    }
    void this.#forward(client, server, this.up)
    void this.#forward(server, client, this.down)
  }

  /** Little is under way at a time: what does not fit stays in the sender's own buffers, as on a slow network. */
  async #forward(from: Socket, to: Socket, weather: Weather): Promise<void> {
    let underWay = 0
    let last: Promise<unknown> = Promise.resolve()
    const deliver = async (chunk: Buffer, arrivedAt: number) => {
      const early = arrivedAt + weather.delayMs - performance.now()
      if (early > 1) await sleep(early)
      if (weather.bytesPerSecond > 0) await sleep((chunk.length / weather.bytesPerSecond) * 1_000)
      if (weather.holds?.(chunk)) this.#lost.add(from)
      await this.#thaw(from, weather)
      if (!to.destroyed && !to.write(chunk))
        await new Promise((resolve) => to.once('drain', resolve).once('close', resolve))
      underWay -= chunk.length
    }
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        underWay += chunk.length
        const arrivedAt = performance.now()
        last = last.then(() => deliver(chunk, arrivedAt))
        if (underWay > (weather.delayMs > 0 ? DELAYED_MAX : 0)) await last
      }
    } catch {
      // A reset: it is passed on below.
    }
    await last
    await this.#thaw(from, weather)
    to.destroy()
  }

  async #thaw(socket: Socket, weather: Weather): Promise<void> {
    while ((weather.frozen || this.#lost.has(socket)) && this.#server.listening) await sleep(10)
  }
}
