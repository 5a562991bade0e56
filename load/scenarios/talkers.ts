import { newId } from '../../src/core/ids.ts'
import { SUBPROTOCOL } from '../../src/protocol/frames.ts'
import { sleep } from '../generator/clock.ts'
import type { Person } from '../servers/people.ts'

const TICK_MS = 50
const BODY = '안녕하세요, this is a message of about the usual length.'

/** A few connections that send into one room at a steady rate, in turn. */
export class Talkers {
  readonly #sockets: WebSocket[]
  readonly #room: string
  readonly #seqs: number[] = []
  #sent = 0
  #timer: NodeJS.Timeout | undefined

  private constructor(sockets: WebSocket[], room: string) {
    this.#sockets = sockets
    this.#room = room
  }

  static async start(url: string, room: string, people: Person[], rate: number): Promise<Talkers> {
    const sockets = await Promise.all(people.map((person) => connect(url, person)))
    const talkers = new Talkers(sockets, room)
    for (const socket of sockets) {
      socket.onmessage = ({ data }) => {
        for (const item of [JSON.parse(data)].flat()) if (item.ok?.seq !== undefined) talkers.#seqs.push(item.ok.seq)
      }
    }
    const from = performance.now()
    talkers.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - from) * rate) / 1_000)
      while (talkers.#sent < due) talkers.#say()
    }, TICK_MS)
    return talkers
  }

  /** Stops sending; resolves the seqs of all that was sent, once every one is acknowledged. */
  async stop(): Promise<number[]> {
    clearInterval(this.#timer)
    while (this.#seqs.length < this.#sent) await sleep(20)
    return this.#seqs
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const socket of this.#sockets) socket.close()
  }

  #say(): void {
    const id = ++this.#sent
    const socket = this.#sockets[id % this.#sockets.length]!
    socket.send(JSON.stringify({ id, op: 'send', room: this.#room, clientMessageId: newId(), body: `${id} ${BODY}` }))
  }
}

function connect(url: string, person: Person): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, SUBPROTOCOL)
    socket.onerror = () => reject(new Error('a talker cannot connect'))
    socket.onopen = () => socket.send(JSON.stringify({ id: 0, op: 'hello', token: person.token }))
    socket.onmessage = () => resolve(socket)
  })
}
