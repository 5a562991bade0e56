import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import type { HttpRequest } from '../../load/generator/http-client.ts'
import { askAll, type HttpAsked, type Pace } from '../../load/generator/http-load.ts'
import { Latency } from '../../load/measure/latency.ts'

const servers: Server[] = []
after(() => {
  for (const server of servers) server.close().closeAllConnections()
})

/** `answer` is called for each request but those that open connections, with its number from 0. */
async function startServer(
  answer: (response: ServerResponse, i: number) => void,
): Promise<{ server: Server; port: number }> {
  let asked = 0
  const server = createServer((request, response) => {
    if (request.url === '/healthz') response.end()
    else answer(response, asked++)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

function load(port: number, count: number, pace: Pace): Promise<HttpAsked> {
  const requests = Array.from({ length: count }, (): HttpRequest => ({ port, method: 'POST', path: '/', body: {} }))
  return askAll({ host: '127.0.0.1', requests, pace, warmUpSeconds: 0 })
}

test('what a server that hangs makes wait counts from when it was due, not from when it was asked', async () => {
  const { port } = await startServer((response, i) => {
    // The first answer blocks the whole server.
    if (i === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
    response.end()
  })
  const { answers, outcomes } = await load(port, 50, { kind: 'spaced', perSecond: 200 })
  assert.deepEqual(new Set(outcomes), new Set(['200']))
  const delays = Latency.merged([answers])
  assert.equal(delays.count, 50)
  // All 50 were due within 250 ms; the server answered none of them before 500 ms had gone by.
  assert.equal(delays.partOver(240), 1)
})

test('a crowd asks at the same instant, on connections that are open already', async () => {
  const waiting: ServerResponse[] = []
  const { server, port } = await startServer((response) => {
    waiting.push(response)
    // Nobody is answered before all have asked.
    if (waiting.length === 40) for (const one of waiting) one.end()
  })
  let connections = 0
  server.on('connection', () => connections++)
  const { outcomes } = await load(port, 40, { kind: 'at-once' })
  assert.deepEqual(outcomes, new Array(40).fill('200'))
  assert.equal(connections, 40)
})

test('a closed loop keeps as many under way as it should, and no more', async () => {
  let under = 0
  let most = 0
  const { port } = await startServer((response) => {
    most = Math.max(most, ++under)
    setTimeout(() => {
      under--
      response.end()
    }, 20)
  })
  const { outcomes, perSecond } = await load(port, 100_000, { kind: 'together', count: 4, seconds: 0.5 })
  assert.equal(most, 4)
  const made = outcomes.filter((outcome) => outcome !== null)
  assert.ok(made.length >= 4 && made.length <= 4 * 40, `${made.length} were made`)
  assert.ok(perSecond > 0)
})

test('refusals are told by their code, failures by theirs, and neither counts as a success', async () => {
  const { port } = await startServer((response, i) => {
    if (i === 0) response.writeHead(409).end(JSON.stringify({ code: 'room_full' }))
    else if (i === 1) response.writeHead(500).end('not JSON')
    else response.destroy()
  })
  const { outcomes, perSecond } = await load(port, 3, { kind: 'spaced', perSecond: 20 })
  assert.deepEqual(outcomes, ['409 room_full', '500', 'ECONNRESET'])
  assert.equal(perSecond, 0)
})

test('how much took longer than a limit is told to three digits', () => {
  const delays = new Latency()
  for (const ms of [1, 500, 999, 1_002, 1_500, 2_500, 700_000]) delays.record(ms * 1_000)
  assert.equal(delays.partOver(1_000), 4 / 7)
  assert.equal(delays.partOver(2_000), 2 / 7)
  assert.equal(new Latency().partOver(1_000), 0)
})
