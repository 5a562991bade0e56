import { newId } from '../../src/core/ids.ts'
import { Latency } from '../measure/latency.ts'
import { socketio } from '../peers/socketio-dialect.ts'
import { ws } from '../peers/ws-dialect.ts'
import { nowMicros, sleep } from './clock.ts'
import { Connection, type ConnectionSpec, type Crowd } from './connection.ts'
import { bodyOf, type Dialect, type Reconnection, roomOf } from './dialect.ts'
import { type EndurePlan, endure } from './drops.ts'
import { askAll, type HttpPlan } from './http-load.ts'
import { KeptConnection, newReturns } from './keeper.ts'
import { type PagesPlan, readPages } from './pages.ts'
import { PayloadCache } from './payload.ts'
import { holdSessions, type SessionsPlan } from './sessions.ts'
import { newTally, type Tally } from './tally.ts'
import { yeoul } from './yeoul-dialect.ts'

/**
 * One process of the load generator: thousands of connections, told over IPC what to do. Requests and answers are the
 * types below; one request is worked on at a time.
 */
export const DIALECTS = { yeoul, socketio, ws } satisfies Record<string, Dialect>
export type DialectName = keyof typeof DIALECTS

export interface SendPlan {
  /** Messages a second from this process, evenly spaced; senders take turns. */
  rate: number
  bodyLength: number
  /** All in µs of `nowMicros`. Sending ends with the window. */
  startAt: number
  windowFrom: number
  windowTo: number
  /** Senders whose connection ends come back, and send again what was not acknowledged, as a client library does. */
  keepUp?: boolean
}

interface Clients {
  dialect: DialectName
  host: string
  port: number
  connections: ConnectionSpec[]
}

export type Request =
  | ({ do: 'open'; parallel: number } & Clients)
  /** One session on each connection, opened when it is due. Answers when all have ended or are given up. */
  | ({ do: 'sessions'; plan: SessionsPlan } & Clients)
  /** Sets the window of what is measured and begins its figures anew; sends, if this process has senders. Answers when every send is answered. */
  | { do: 'run'; plan: SendPlan; patienceMs: number }
  /** Waits until every connection has everything up to the rooms' heads, or patience ends; then judges. */
  | { do: 'settle'; heads: Record<string, number>; patienceMs: number }
  /** Resets every connection at once and brings each back after a random part of `jitterMs`. */
  | { do: 'cut'; jitterMs: number; patienceMs: number }
  /** Keeps the connections up while others talk, and cuts them by the plan. Sets the window of what is measured. */
  | { do: 'endure'; plan: EndurePlan }
  /** Reads pages of a room's history over HTTP. */
  | { do: 'pages'; plan: PagesPlan }
  /** Asks over HTTP. */
  | { do: 'http'; plan: HttpPlan }
  | { do: 'report' }
  | { do: 'close' }

export interface Opened {
  live: number
  /** What made attempts fail; each was tried again. */
  failures: Record<string, number>
}
export interface Ran {
  unacknowledged: number
  /** Messages that were due when their connection was down. */
  unsent: number
  /** The furthest that a send was behind its time because this process was busy, in µs. */
  worstLag: number
}
export interface Verdict {
  received: number
  lost: number
  duplicated: number
  outOfOrder: number
  /** Some of what is lost: room, number of the connection, and seqs. */
  examples: string[]
}
export interface Recovered {
  recovered: number
  failed: number
  retries: number
  /** From the cut to being live again, encoded; jitter included. */
  times: string
}
export interface Report {
  connections: number
  tally: Tally
  deliveries: string
  acknowledgements: string
  cache: { hits: number; misses: number }
}

/** Losses that are told one by one. */
const EXAMPLES = 20

let crowd: Crowd | null = null
let connections: Connection[] = []
let heartbeat: NodeJS.Timeout | null = null

async function handle(request: Request): Promise<unknown> {
  switch (request.do) {
    case 'open':
      return open(request)
    case 'sessions':
      prepare(request).window = { from: 0, to: Number.POSITIVE_INFINITY }
      return holdSessions(connections, request.plan)
    case 'run':
      return run(request.plan, request.patienceMs)
    case 'settle':
      return settle(request.heads, request.patienceMs)
    case 'cut':
      return cut(request.jitterMs, request.patienceMs)
    case 'endure': {
      const { from, to } = request.plan
      openWindow(begun(), { windowFrom: from, windowTo: to })
      return endure(connections, reconnection(), request.plan)
    }
    case 'pages':
      return readPages(request.plan)
    case 'http':
      return askAll(request.plan)
    case 'report':
      return report()
    case 'close':
      for (const connection of connections) connection.cut()
      connections = []
      if (heartbeat !== null) clearInterval(heartbeat)
      return {}
  }
}

async function open(request: Request & { do: 'open' }): Promise<Opened> {
  prepare(request)
  const failures: Record<string, number> = {}
  const waiting = [...connections]
  const worker = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await openOne(next, failures)
  }
  await Promise.all(Array.from({ length: Math.min(request.parallel, connections.length) }, worker))
  return { live: live(), failures }
}

/** Makes connections that are not open yet; nothing is measured before there is a window. */
function prepare({ dialect, host, port, connections: specs }: Clients): Crowd {
  const everyone: Crowd = {
    dialect: DIALECTS[dialect],
    host,
    port,
    buffer: Buffer.allocUnsafeSlow(512 * 1024),
    cache: new PayloadCache(),
    tally: newTally(),
    deliveries: new Latency(),
    acknowledgements: new Latency(),
    window: { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY },
  }
  crowd = everyone
  connections = specs.map((spec) => new Connection(everyone, spec))
  heartbeat = setInterval(keepAlive, 1_000)
  return everyone
}

async function openOne(connection: Connection, failures: Record<string, number>): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await connection.open()
      return
    } catch (error) {
      const { message } = error as Error
      failures[message] = (failures[message] ?? 0) + 1
      await sleep(100 + Math.random() * 400 * 2 ** attempt)
    }
  }
}

function live(): number {
  let count = 0
  for (const connection of connections) if (connection.state === 'live') count++
  return count
}

/** Pings who was silent for most of a heartbeat, as the protocol asks of clients. */
function keepAlive(): void {
  const now = performance.now()
  for (const connection of connections) {
    const { heartbeatMs, lastWrite } = connection
    if (heartbeatMs !== null && now - lastWrite > heartbeatMs * (0.6 + Math.random() * 0.3)) connection.ping()
  }
}

async function run(plan: SendPlan, patienceMs: number): Promise<Ran> {
  openWindow(begun(), plan)
  const senders = connections.filter((connection) => connection.spec.sendTo.length > 0)
  const kept = plan.keepUp === true ? senders.map((one) => new KeptConnection(one, reconnection(), newReturns())) : null
  const total = senders.length === 0 ? 0 : Math.floor(((plan.windowTo - plan.startAt) * plan.rate) / 1e6)
  const spacing = 1e6 / plan.rate
  let unsent = 0
  let worstLag = 0
  for (let i = 0; i < total; ) {
    const now = nowMicros()
    for (; i < total; i++) {
      const due = plan.startAt + i * spacing
      if (due > now) break
      const sender = senders[i % senders.length]!
      const { sendTo } = sender.spec
      const room = sendTo[Math.floor(i / senders.length) % sendTo.length]!
      const body = bodyOf(due, plan.bodyLength)
      if (kept !== null) kept[i % senders.length]!.send({ room, clientMessageId: newId(), body, due })
      else if (sender.state === 'live') sender.send(room, newId(), body, due)
      else unsent++
      worstLag = Math.max(worstLag, now - due)
    }
    await sleep(1)
  }
  await sleep((plan.windowTo - nowMicros()) / 1000)
  const end = performance.now() + patienceMs
  const waiting = () => (kept === null ? inFlight() : kept.reduce((sum, one) => sum + one.waiting, 0))
  while (waiting() > 0 && performance.now() < end) await sleep(20)
  for (const one of kept ?? []) one.release()
  return { unacknowledged: waiting(), unsent, worstLag }
}

function begun(): Crowd {
  if (crowd === null) throw new Error('nothing is open yet')
  return crowd
}

function reconnection(): Reconnection {
  const { reconnection } = begun().dialect
  if (reconnection === null) throw new Error('clients of this kind do not come back by themselves')
  return reconnection
}

/** What is counted over the whole life of the connections goes on: by that they are judged. */
function openWindow(all: Crowd, plan: Pick<SendPlan, 'windowFrom' | 'windowTo'>): void {
  all.window = { from: plan.windowFrom, to: plan.windowTo }
  all.deliveries.reset()
  all.acknowledgements.reset()
  Object.assign(all.tally, { deliveredInWindow: 0, framesInWindow: 0, bytesInWindow: 0, acknowledgedInWindow: 0 })
}

function inFlight(): number {
  let count = 0
  for (const connection of connections) count += connection.inFlight.size
  return count
}

async function settle(heads: Record<string, number>, patienceMs: number): Promise<Verdict> {
  const end = performance.now() + patienceMs
  beginStreams(Object.keys(heads))
  for (;;) {
    const verdict: Verdict = { received: 0, lost: 0, duplicated: 0, outOfOrder: 0, examples: [] }
    for (const [i, connection] of connections.entries()) {
      for (const [room, sequence] of connection.following.sequences) {
        verdict.received += sequence.received
        const head = heads[room] ?? 0
        const lost = sequence.lost(head)
        verdict.lost += lost
        if (lost > 0 && verdict.examples.length < EXAMPLES)
          verdict.examples.push(`room ${room}, connection ${i}: ${sequence.missing(head)}`)
        verdict.duplicated += sequence.duplicated
        verdict.outOfOrder += sequence.outOfOrder
      }
    }
    if (verdict.lost === 0 || performance.now() > end) return verdict
    await sleep(50)
  }
}

/** A stream of which nothing came is judged like the others. */
function beginStreams(streams: string[]): void {
  for (const stream of streams) {
    const room = roomOf(stream)
    if (room === stream) continue
    for (const connection of connections)
      if (connection.spec.subscribe.includes(room)) connection.following.sequenceOf(stream)
  }
}

async function cut(jitterMs: number, patienceMs: number): Promise<Recovered> {
  const times = new Latency()
  const began = performance.now()
  const end = began + patienceMs
  let retries = 0
  for (const connection of connections) connection.cut()
  await Promise.all(
    connections.map(async (connection) => {
      for (let attempt = 0; performance.now() < end; attempt++) {
        await sleep(Math.random() * (attempt === 0 ? jitterMs : Math.min(8_000, 500 * 2 ** attempt)))
        try {
          await connection.open()
          times.record((performance.now() - began) * 1000)
          return
        } catch {
          retries++
        }
      }
    }),
  )
  return { recovered: live(), failed: connections.length - live(), retries, times: times.encode() }
}

function report(): Report {
  if (crowd === null) throw new Error('report before open')
  return {
    connections: connections.length,
    tally: crowd.tally,
    deliveries: crowd.deliveries.encode(),
    acknowledgements: crowd.acknowledgements.encode(),
    cache: { hits: crowd.cache.hits, misses: crowd.cache.misses },
  }
}

// Only as a child: the types above are imported by the parent too.
if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  process.on('message', (request: Request) => {
    handle(request).then(
      (answer) => process.send?.({ answer }),
      (error: Error) => process.send?.({ error: error.stack ?? error.message }),
    )
  })
  process.on('disconnect', () => process.exit(0))
}
