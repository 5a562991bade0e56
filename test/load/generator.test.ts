import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import { crowd } from '../../load/generator/crowd.ts'
import { Fleet } from '../../load/generator/fleet.ts'
import { invariantsOf, type Measurement, measure } from '../../load/measure/measure.ts'
import { fanOutOnSocketIo } from '../../load/scenarios/fan-out.ts'
import { newId } from '../../src/core/ids.ts'

/**
 * A generator that cannot fail proves nothing: here it meets a server that keeps the promises, and servers that break one
 * each. The server is as small as can be and runs in this process.
 */
type Fault = 'none' | 'loses' | 'repeats' | 'swaps' | 'refuses' | 'closes'

const servers: WebSocketServer[] = []
after(() => {
  for (const server of servers) {
    for (const client of server.clients) client.terminate()
    server.close()
  }
})

async function startServer(fault: Fault): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  servers.push(server)
  const subscribers = new Set<WebSocket>()
  let seq = 4
  let late: string | null = null
  const emit = (socket: WebSocket, event: string) => {
    if (seq % 50 === 0 && socket === [...subscribers][0]) {
      if (fault === 'loses') return
      if (fault === 'repeats') socket.send(event)
      if (fault === 'swaps') {
        late = event
        return
      }
      if (fault === 'closes') socket.close(4508)
    }
    // Alone and in an array, as a server that flushes does.
    socket.send(seq % 2 === 0 ? event : `[${event}]`)
    if (late !== null && socket === [...subscribers][0]) {
      socket.send(late)
      late = null
    }
  }
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const command = JSON.parse(String(data)) as Record<string, unknown>
      if (command.op === 'hello') socket.send(JSON.stringify({ re: command.id, ok: { heartbeatMs: 10_000 } }))
      if (command.op === 'subscribe') {
        subscribers.add(socket)
        const position = { epoch: 1, seq }
        socket.send(JSON.stringify({ re: command.id, ok: { position, recovered: false, messages: [], head: seq } }))
      }
      if (command.op === 'send') {
        if (fault === 'refuses' && seq === 60) {
          seq++
          return socket.send(JSON.stringify({ re: command.id, err: { code: 'overloaded' } }))
        }
        seq++
        socket.send(JSON.stringify({ re: command.id, ok: { seq } }))
        const event = JSON.stringify({ push: 'event', room: command.room, event: { seq, body: command.body } })
        for (const one of subscribers) emit(one, event)
      }
    })
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function measured(fault: Fault): Promise<{ measurement: Measurement; broken: string[] }> {
  const port = await startServer(fault)
  const people = Array.from({ length: 12 }, () => ({ id: newId(), token: 'x' }))
  const groups = crowd([{ room: newId(), people }], 2, 1)
  const fleet = await Fleet.open({ dialect: 'yeoul', host: '127.0.0.1', port }, groups)
  try {
    const self = { cpuSeconds: 0, residentBytes: 0 }
    const measurement = await measure(fleet, self, {
      rate: 200,
      bodyLength: 40,
      warmUpSeconds: 0.2,
      seconds: 1,
      senders: [0],
      generators: groups.length,
      patienceMs: 500,
    })
    const invariants = Object.entries(invariantsOf(measurement, () => people.length))
    return { measurement, broken: invariants.flatMap(([what, holds]) => (holds ? [] : [what])) }
  } finally {
    await fleet.close()
  }
}

test('a server that keeps its promises breaks no invariant, and every delivery is counted', async () => {
  const { measurement, broken } = await measured('none')
  assert.deepEqual(broken, [])
  assert.equal(measurement.totals.tally.acknowledged, 240)
  assert.equal(measurement.verdict.received, 240 * 12)
  assert.equal(measurement.totals.tally.delivered, 240 * 12)
  // Ten of twelve are not speakers, one in twenty of all is sampled: the first speakers always.
  assert.ok(measurement.delivery.count >= 2 * 190, `${measurement.delivery.count} timed`)
  assert.ok(measurement.delivery.p50 > 0 && measurement.delivery.p50 < 500)
})

test('a lost message is reported as lost', async () => {
  const { measurement, broken } = await measured('loses')
  // Seqs 50, 100, 150 and 200 never reached one of the subscribers.
  assert.equal(measurement.verdict.lost, 4)
  assert.deepEqual(broken, ['lost 0', 'every subscriber received every message'])
})

test('a repeated message is reported as duplicated', async () => {
  const { measurement, broken } = await measured('repeats')
  assert.equal(measurement.verdict.duplicated, 4)
  assert.deepEqual(broken, ['duplicated 0'])
})

test('a message that comes after a later one is reported as out of order', async () => {
  const { measurement, broken } = await measured('swaps')
  assert.equal(measurement.verdict.outOfOrder, 4)
  assert.deepEqual(broken, ['out of order 0'])
})

test('a refused message fails the run', async () => {
  const { measurement, broken } = await measured('refuses')
  assert.deepEqual(measurement.totals.tally.refused, { overloaded: 1 })
  assert.ok(broken.includes('every message was acknowledged, none refused'))
})

test('a closed connection fails the run', async () => {
  const { measurement, broken } = await measured('closes')
  assert.deepEqual(measurement.totals.tally.closed, { 'close 4508': 1 })
  assert.ok(broken.includes('no connection was closed'))
})

test('the yardstick does the same work: a plain Socket.IO server loses, repeats and disorders nothing', async () => {
  const { measured, invariants } = await fanOutOnSocketIo({
    rooms: 2,
    members: 10,
    speakers: 1,
    rate: 50,
    bodyLength: 64,
    warmUpSeconds: 0.2,
    seconds: 1,
  })
  assert.deepEqual(
    Object.entries(invariants).filter(([, holds]) => !holds),
    [],
  )
  assert.equal(measured.verdict.received, 60 * 10)
})
