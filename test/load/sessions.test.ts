import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import { ramp } from '../../load/generator/sessions.ts'
import { invariantsOfSessions, measureSessions, type SessionsMeasured } from '../../load/measure/measure-sessions.ts'
import type { Subject } from '../../load/subjects/subject.ts'
import { newId } from '../../src/core/ids.ts'

const ANSWER_MS = 10
const PEOPLE = 6
const MESSAGES = 8

type Fault = 'none' | 'falls silent' | 'loses' | 'stores less'

/** One room on a server as small as can be, which answers each send after a while and stores what it has answered. */
class SmallServer implements AsyncDisposable {
  readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  readonly subscribers = new Set<WebSocket>()
  /** The most sends of one connection that waited for their answer at a time. */
  mostWaiting = 0
  /** How many people had begun when the first was done. */
  begunBeforeFirstEnd = 0
  stored = 0
  readonly #fault: Fault
  #seq = 0
  #begun = 0

  constructor(fault: Fault) {
    this.#fault = fault
    this.server.on('connection', (socket) => this.#serve(socket))
  }

  #serve(socket: WebSocket): void {
    let waiting = 0
    let answered = 0
    socket.on('message', (data) => {
      const { id, op, room, body } = JSON.parse(String(data)) as Record<string, unknown>
      const answer = (ok: unknown) => socket.send(JSON.stringify({ re: id, ok }))
      if (op === 'hello') answer({ heartbeatMs: 10_000 })
      if (op === 'subscribe') {
        this.subscribers.add(socket)
        answer({ position: { epoch: 1, seq: this.#seq }, recovered: false, messages: [], head: this.#seq })
      }
      if (op !== 'send') return
      if (answered === 0) this.#begun++
      this.mostWaiting = Math.max(this.mostWaiting, ++waiting)
      if (this.#fault === 'falls silent' && this.#begun === PEOPLE && answered === MESSAGES - 1) return
      setTimeout(() => {
        waiting--
        if (++answered === MESSAGES && this.begunBeforeFirstEnd === 0) this.begunBeforeFirstEnd = this.#begun
        this.#take(String(room), body)
        answer({ seq: this.#seq })
      }, ANSWER_MS)
    })
  }

  #take(room: string, body: unknown): void {
    const seq = ++this.#seq
    if (this.#fault !== 'stores less' || seq !== 5) this.stored++
    const event = JSON.stringify({ push: 'event', room, event: { seq, body } })
    for (const [i, one] of [...this.subscribers].entries()) {
      if (this.#fault !== 'loses' || seq !== 20 || i > 0) one.send(event)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.server.clients) client.terminate()
    this.server.close()
    await once(this.server, 'close')
  }
}

async function measured(fault: Fault): Promise<{ server: SmallServer; measured: SessionsMeasured; broken: string[] }> {
  await using server = new SmallServer(fault)
  await once(server.server, 'listening')
  const subject: Subject = {
    targets: [{ dialect: 'yeoul', host: '127.0.0.1', port: (server.server.address() as AddressInfo).port }],
    memberships: [{ room: newId(), people: Array.from({ length: PEOPLE }, () => ({ id: newId(), token: 'x' })) }],
    cpuSeconds: 0,
    residentBytes: 0,
    storedMessages: () => Promise.resolve(server.stored),
    stop: () => Promise.resolve(),
  }
  const sessions = await measureSessions(subject, {
    // All within less time than a session takes.
    arrivals: ramp(100, 100, PEOPLE / 100),
    messages: MESSAGES,
    bodyLength: 40,
    generators: 1,
    limitSeconds: fault === 'falls silent' ? 3 : 60,
    patienceMs: 500,
  })
  const invariants = Object.entries(invariantsOfSessions(sessions))
  return { server, measured: sessions, broken: invariants.flatMap(([what, holds]) => (holds ? [] : [what])) }
}

test('people arrive at a rate that rises evenly', () => {
  const arrivals = ramp(10, 200, 10)
  assert.equal(arrivals.length, 1_050)
  assert.ok(arrivals.every((at, i) => at > (arrivals[i - 1] ?? 0) && at <= 10 + 1e-9))
  const within = (from: number, to: number) => arrivals.filter((at) => at > from && at <= to).length
  assert.equal(within(0, 1), 19)
  assert.ok(Math.abs(within(9, 10) - 190.5) <= 1)
  assert.deepEqual(ramp(2, 2, 2), [0.5, 1, 1.5, 2])
})

test('each message of a session waits for the answer to the one before; people arrive whether others are done or not', async () => {
  const { server, measured: sessions, broken } = await measured('none')
  assert.deepEqual(broken, [])
  assert.equal(sessions.ended, PEOPLE)
  assert.equal(sessions.acknowledged, PEOPLE * MESSAGES)
  assert.equal(server.mostWaiting, 1)
  assert.equal(server.begunBeforeFirstEnd > 1, true, 'the second came while the first was talking')
  // Timers may be a little early.
  assert.ok(sessions.lengths.p50 >= MESSAGES * (ANSWER_MS - 1), `${sessions.lengths.p50} ms`)
  assert.ok(sessions.delivery.count > 0)
})

test('a session that gets no answer is given up at its time, and fails the run', async () => {
  const { measured: sessions, broken } = await measured('falls silent')
  assert.ok(sessions.unended > 0)
  assert.equal(sessions.ended + sessions.unended, PEOPLE)
  assert.deepEqual(broken, ['every session came to its end'])
})

test('a message that one of those who stayed did not get is lost', async () => {
  const { measured: sessions, broken } = await measured('loses')
  assert.equal(sessions.verdict.lost, 1)
  assert.deepEqual(broken, ['lost 0'])
})

test('a message that was acknowledged and is not in the database fails the run', async () => {
  const { broken } = await measured('stores less')
  assert.deepEqual(broken, ['the database holds the messages that were acknowledged, and no others'])
})
