import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Running } from '../../load/lab/drops-systems.ts'
import { Crowd, type Outcome, type Trial } from '../../load/lab/drops-trial.ts'
import { newId } from '../../src/core/ids.ts'

/** What the server does not do as it promises. */
type Fault = 'none' | 'forgets' | 'stores repeats again'

interface Event {
  seq: number
  clientMessageId: string
  body: string
}

/** As small as a server with one room can be that keeps positions: it pushes, catches up, pages, and can be restarted. */
class LogServer {
  readonly room = newId()
  readonly #fault: Fault
  /** Events that the answer to a subscription holds at most. */
  readonly #catchUp: number
  readonly #events: Event[] = []
  readonly #subscribers = new Set<WebSocket>()
  #http!: Server
  #sockets!: WebSocketServer
  #mute = false
  port = 0

  private constructor(fault: Fault, catchUp: number) {
    this.#fault = fault
    this.#catchUp = catchUp
  }

  static async start(fault: Fault, catchUp = 1_000): Promise<LogServer> {
    const server = new LogServer(fault, catchUp)
    await server.#listen()
    return server
  }

  /** Ends all connections and is away for a while. The last messages before are stored and not acknowledged. */
  async restart(awayMs: number): Promise<void> {
    this.#mute = true
    await sleep(100)
    await this.stop()
    await sleep(awayMs)
    this.#mute = false
    await this.#listen()
  }

  /** Asks everybody to come back. */
  drain(afterMs: number): void {
    for (const socket of this.#subscribers) socket.send(JSON.stringify({ push: 'reconnect', afterMs }))
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#http.close()
    await once(this.#http, 'close')
  }

  async #listen(): Promise<void> {
    this.#http = createServer()
    this.#sockets = new WebSocketServer({ server: this.#http })
    this.#sockets.on('connection', (socket) => {
      socket.on('close', () => this.#subscribers.delete(socket))
      socket.on('message', (data) => this.#command(socket, JSON.parse(String(data))))
    })
    this.#http.listen(this.port, '127.0.0.1')
    await once(this.#http, 'listening')
    this.port = (this.#http.address() as AddressInfo).port
  }

  #command(socket: WebSocket, command: Record<string, unknown>): void {
    const { id, op } = command
    const reply = (ok: object) => {
      if (!this.#mute) socket.send(JSON.stringify({ re: id, ok }))
    }
    if (op === 'hello') reply({ heartbeatMs: 10_000 })
    else if (op === 'subscribe') reply(this.#subscribe(socket, command.position as { seq: number } | undefined))
    else if (op === 'events') {
      const after = Number(command.after)
      reply({ epoch: 1, recovered: true, events: this.#after(after, Math.min(2, Number(command.limit))) })
    } else if (op === 'send') reply({ seq: this.#take(String(command.clientMessageId), String(command.body)) })
  }

  #subscribe(socket: WebSocket, position: { seq: number } | undefined): object {
    this.#subscribers.add(socket)
    const head = this.#events.length
    if (position === undefined || this.#fault === 'forgets') {
      return { position: { epoch: 1, seq: head }, recovered: false, messages: [], head }
    }
    const events = this.#after(position.seq, this.#catchUp)
    const last = position.seq + events.length
    return { position: { epoch: 1, seq: last }, recovered: true, events, more: last < head, head }
  }

  #after(seq: number, limit: number): Event[] {
    return this.#events.slice(seq, seq + limit)
  }

  #take(clientMessageId: string, body: string): number {
    const known = this.#events.find((event) => event.clientMessageId === clientMessageId)
    if (known !== undefined && this.#fault !== 'stores repeats again') return known.seq
    const event = { seq: this.#events.length + 1, clientMessageId, body }
    this.#events.push(event)
    for (const one of this.#subscribers) one.send(JSON.stringify({ push: 'event', room: this.room, event }))
    return event.seq
  }
}

const LISTENERS = 20

/** One talker and twenty listeners on a server, in one trial. */
async function live(server: LogServer, trial: Partial<Trial>): Promise<Outcome> {
  const people = Array.from({ length: LISTENERS + 1 }, () => ({ id: newId(), token: 'x' }))
  const running: Running = {
    subject: {
      targets: [{ dialect: 'yeoul', host: '127.0.0.1', port: server.port }],
      memberships: [{ room: server.room, people }],
      cpuSeconds: 0,
      residentBytes: 0,
      storedMessages: () => Promise.resolve(null),
      stop: () => Promise.resolve(),
    },
    cpuSeconds: () => 0,
    counted: () => Promise.resolve(null),
    restart: () => Promise.resolve(),
  }
  const crowd = await Crowd.open(running, 1, 0)
  try {
    return await crowd.run({ seconds: 1.5, patienceMs: 20_000, settleMs: 1_000, ...trial })
  } finally {
    await crowd.close()
    await server.stop()
  }
}

const DROPS = { everyMs: 300, away: { least: 20, most: 400 } }

function assertWhole(outcome: Outcome): void {
  const { lost, duplicated, outOfOrder, notRecovered, examples } = outcome
  assert.deepEqual(
    { lost, duplicated, outOfOrder, notRecovered },
    { lost: 0, duplicated: 0, outOfOrder: 0, notRecovered: 0 },
    examples.join('\n'),
  )
  assert.equal(outcome.endured.live, LISTENERS)
  assert.equal(outcome.ran.unacknowledged, 0)
  assert.equal(outcome.acknowledged, 75)
  assert.equal(outcome.numbered, 75)
  assert.equal(outcome.expected, 75 * (LISTENERS + 1))
  assert.ok(outcome.completeSeconds !== null)
}

describe('clients that are cut', { concurrency: true }, () => {
  test('who is cut at random comes back by itself and has everything, each once and in order', async () => {
    const outcome = await live(await LogServer.start('none'), { drops: DROPS })
    assertWhole(outcome)
    assert.ok(outcome.endured.cuts > LISTENERS, `${outcome.endured.cuts} cuts`)
    assert.equal(outcome.endured.returned, outcome.endured.cuts)
    assert.equal(outcome.resumed, outcome.endured.cuts)
    assert.ok(outcome.caughtUp > 0)
    assert.equal(outcome.sentAgain, 0)
  })

  test('what does not fit one answer is read in pages, and pushes wait for it', async () => {
    const outcome = await live(await LogServer.start('none', 3), { cutAllAfterMs: 400 })
    assertWhole(outcome)
    assert.equal(outcome.endured.cuts, LISTENERS)
    assert.ok(outcome.caughtUp > 3 * LISTENERS, `${outcome.caughtUp} caught up`)
  })

  test('a server that does not recover is found out: what was missed is lost, and nobody is ever complete', async () => {
    const outcome = await live(await LogServer.start('forgets'), { drops: DROPS })
    assert.equal(outcome.endured.live, LISTENERS)
    assert.equal(outcome.notRecovered, outcome.endured.returned)
    assert.ok(outcome.lost > 0 && outcome.lost < outcome.expected, `${outcome.lost} of ${outcome.expected}`)
    assert.equal(outcome.completeSeconds, null)
  })

  test('what a server did not acknowledge before it ended is sent again under its id', async () => {
    const server = await LogServer.start('none')
    const outcome = await live(server, { strike: { afterMs: 300, does: () => server.restart(300) } })
    assertWhole(outcome)
    assert.equal(outcome.endured.ended, LISTENERS)
    assert.ok(outcome.endured.failed > 0)
    assert.ok(outcome.sentAgain > 0)
  })

  test('[P3] a server that stores a repeat again is found out: more seqs than messages', async () => {
    const server = await LogServer.start('stores repeats again')
    const outcome = await live(server, { strike: { afterMs: 300, does: () => server.restart(300) } })
    assert.equal(outcome.acknowledged, 75)
    assert.ok(outcome.numbered > 75, `${outcome.numbered} seqs`)
  })

  test('who is asked to come back leaves at that moment and is back at once', async () => {
    const server = await LogServer.start('none')
    const drain = () => Promise.resolve(server.drain(200))
    const outcome = await live(server, { strike: { afterMs: 300, does: drain } })
    assertWhole(outcome)
    assert.equal(outcome.endured.ended, LISTENERS)
    assert.equal(outcome.endured.failed, 0)
  })
})
