import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { WebSocket } from 'ws'
import type { Answers, EventsAnswer, SendAnswer } from '../../src/protocol/frames.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { Position, RoomEvent } from '../../src/protocol/model.ts'
import { newPerson, type Person } from '../support/people.ts'
import { RawSocket, TEXT } from '../support/raw-socket.ts'
import { openRoom, range } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

const MB = 2 ** 20
const LONG = 'x'.repeat(8_000)

type Lagging = { push: 'lagging'; room: string; position: Position }

const hello = (server: TestServer, person: Person) => TestSocket.hello(server.url, person.accessToken)

/** Sends `count` long messages, as fast as they are stored. */
async function sendLong(socket: TestSocket, room: string, count: number, body = LONG): Promise<void> {
  for (let i = 0; i < count; i += 100) {
    const portion = range(1, Math.min(100, count - i)).map(() =>
      socket.ok<SendAnswer>('send', { room, clientMessageId: crypto.randomUUID(), body }),
    )
    await Promise.all(portion)
  }
}

describe('[P6] limits of a session', () => {
  let server: TestServer
  let mina: Person

  before(async () => {
    server = await startTestServer({
      rateLimit: true,
      limits: { ...DEFAULT_LIMITS, subscriptions: 2, inFlight: 16, sendsPerSecond: 5, bodyLength: 10 },
    })
    mina = await newPerson(server)
  })
  after(() => server[Symbol.asyncDispose]())

  test('subscriptions: one more is refused, again to the same is not, and ending one makes room', async () => {
    const rooms = await Promise.all([openRoom(mina), openRoom(mina), openRoom(mina)])
    const socket = await hello(server, mina)
    await socket.ok('subscribe', { room: rooms[0] })
    await socket.ok('subscribe', { room: rooms[1] })
    assert.equal(await socket.refused('subscribe', { room: rooms[2] }), 'too_many_subscriptions')
    await socket.ok('subscribe', { room: rooms[1], position: { epoch: 1, seq: 0 } })
    await socket.ok('unsubscribe', { room: rooms[0] })
    await socket.ok('subscribe', { room: rooms[2] })
    socket.close()
  })

  test('the length of a body', async () => {
    const socket = await hello(server, mina)
    const room = await openRoom(mina)
    await socket.ok('send', { room, clientMessageId: 'a', body: '여'.repeat(10) })
    assert.equal(await socket.refused('send', { room, clientMessageId: 'b', body: 'x'.repeat(11) }), 'body_too_long')
    socket.close()
  })

  test('commands under way: those beyond are refused, and may be tried again', async () => {
    const socket = await hello(server, mina)
    const room = await openRoom(mina)
    const commands = range(100, 129).map((id) => ({ id, op: 'events', room, after: 0, epoch: 1 }))
    socket.ws.send(JSON.stringify(commands))
    const replies = () => socket.items.filter(({ re }) => typeof re === 'number' && re >= 100)
    await socket.until(() => replies().length === 30, 'all replies')
    const refused = socket.items.flatMap(({ re, err }) => (err === undefined ? [] : [{ re, ...(err as object) }]))
    assert.deepEqual(
      refused.map((one) => one.re),
      range(116, 129),
    )
    const [first] = refused as unknown as { code: string; retryable: boolean }[]
    assert.deepEqual([first?.code, first?.retryable], ['too_many_in_flight', true])
    await socket.ok('events', { room, after: 0, epoch: 1 })
    socket.close()
  })

  test('sends a second: those beyond are told when to try again', async () => {
    const socket = await hello(server, mina)
    const room = await openRoom(mina)
    const send = (i: number) => socket.ask('send', { room, clientMessageId: `r${i}`, body: 'x' })
    let reply = await send(0)
    for (let i = 1; i < 40 && reply.ok !== undefined; i++) reply = await send(i)
    const { code, retryable, retryAfterMs } = reply.err as { code: string; retryable: boolean; retryAfterMs: number }
    assert.deepEqual([code, retryable], ['rate_limited', true])
    assert.ok(retryAfterMs > 0 && retryAfterMs <= 200, String(retryAfterMs))
    await socket.ok('ping')
    await sleep(retryAfterMs + 20)
    assert.ok((await send(99)).ok)
    socket.close()
  })

  test('a flooder is sent away with 4429; nobody else notices', async () => {
    const joon = await newPerson(server)
    const room = await openRoom(mina, joon)
    const [reader, flooder] = [await hello(server, joon), await hello(server, mina)]
    await reader.ok('subscribe', { room })
    const began = performance.now()
    let worst = 0
    let on = true
    const measuring = (async () => {
      while (on) {
        const startedAt = performance.now()
        await reader.ok('ping')
        worst = Math.max(worst, performance.now() - startedAt)
        await sleep(10)
      }
    })()
    const flood = JSON.stringify(
      range(1, 400).map((id) => ({ id, op: 'send', room, clientMessageId: `f${id}`, body: 'f' })),
    )
    for (let i = 0; i < 100 && flooder.closed === null; i++) {
      flooder.ws.send(flood)
      await sleep(2)
    }
    assert.equal(await flooder.closeCode(), 4429)
    assert.equal(flooder.closed?.reason, 'too_many_commands')
    on = false
    await measuring
    assert.ok(worst < 2_500, `a ping took ${worst} ms`)
    const seconds = (performance.now() - began) / 1_000
    assert.ok(reader.seqs(room).length <= 25 + 5 * (seconds + 1), 'no more than the burst was sent')
    reader.close()
  })

  test('as a flood of nonsense, too', async () => {
    const flooder = await hello(server, mina)
    for (let i = 0; i < 50 && flooder.closed === null; i++) {
      flooder.ws.send(JSON.stringify(range(1, 200).map(() => ({ op: 'teleport' }))))
      await sleep(1)
    }
    assert.equal(await flooder.closeCode(), 4429)
  })
})

describe('[P6] a slow reader', () => {
  let server: TestServer
  let mina: Person
  let joon: Person

  before(async () => {
    server = await startTestServer({ writeQueueBytes: 256 * 1_024, slowConsumerMs: 1_000 })
    mina = await newPerson(server)
    joon = await newPerson(server)
  })
  after(() => server[Symbol.asyncDispose]())

  test('is told that it lags, catches up, and then has everything once', async () => {
    // However long the sending takes here, it is not given up meanwhile.
    await using server = await startTestServer({ writeQueueBytes: 256 * 1_024, slowConsumerMs: 60_000 })
    const [mina, joon] = [await newPerson(server), await newPerson(server)]
    const room = await openRoom(mina, joon)
    const [slow, quick, sender] = [await hello(server, joon), await hello(server, joon), await hello(server, mina)]
    for (const socket of [slow, quick]) await socket.ok('subscribe', { room })
    slow.ws.pause()
    await sendLong(sender, room, 1_200)
    await quick.until(() => quick.seqs(room).length === 1_200, 'what the quick one gets')
    assert.equal(quick.pushes('lagging').length, 0)
    slow.ws.resume()
    const lagging = await slow.until(() => slow.pushes<Lagging>('lagging')[0], 'lagging')
    const got = slow.pushes<{ event: RoomEvent }>('event').map((push) => push.event.seq)
    assert.ok(got.length < 1_200)
    // From there on nothing is pushed until it subscribes again.
    assert.deepEqual(got, range(3, lagging.position.seq))
    await sendLong(sender, room, 1)
    await slow.ok('ping')
    assert.equal(slow.seqs(room).length, got.length)
    let { position } = lagging
    for (;;) {
      const answer = await slow.ok<Answers['subscribe']>('subscribe', { room, position })
      assert.ok(answer.recovered)
      got.push(...answer.events.map((event) => event.seq))
      position = answer.position
      if (!answer.more) break
      const { events } = await slow.ok<EventsAnswer>('events', { room, after: position.seq, epoch: 1, limit: 1_000 })
      got.push(...events.map((event) => event.seq))
      position = { epoch: 1, seq: got.at(-1) ?? 0 }
    }
    await sendLong(sender, room, 1)
    await slow.until(() => slow.seqs(room).at(-1) === 1_204, 'the next push')
    assert.deepEqual([...got, 1_204], range(3, 1_204))
    assert.equal(slow.pushes('lagging').length, 1)
    for (const socket of [slow, quick, sender]) socket.close()
  })

  test('that never reads is closed with 4508, and holds no more memory than its limit', async () => {
    const room = await openRoom(mina, joon)
    const sender = await hello(server, mina)
    // Whatever a room in use keeps, it has now.
    await sendLong(sender, room, 1_000)
    const stuck = await Promise.all(
      range(1, 8).map(async () => {
        const raw = await RawSocket.hello(server.port, joon.accessToken)
        raw.send(TEXT, JSON.stringify({ id: 1, op: 'subscribe', room }))
        await raw.reply(1)
        raw.socket.pause()
        return raw
      }),
    )
    const before = heldBytes()
    await sendLong(sender, room, 6_000)
    const grown = heldBytes() - before
    // The kernel takes some MB for each; of 48 MB sent to each of 8, little more than a flush may wait here.
    assert.ok(grown < 25 * MB, `${Math.round(grown / MB)} MB`)
    for (let waited = 0; (await sessions(server)) > 1 && waited < 30_000; waited += 100) await sleep(100)
    assert.equal(await sessions(server), 1)
    for (const raw of stuck) raw.socket.resume()
    for (const raw of stuck) assert.ok([4508, null].includes(await raw.closeCode()))
    const rejected = /^yeoul_rejected_total\{code="slow_consumer"\} (\d+)/m.exec(await metrics(server))
    assert.equal(Number(rejected?.[1]), 8)
    await sender.ok('ping')
    sender.close()
  })

  test('that asks for much and reads nothing gets one answer at a time', async () => {
    const room = await openRoom(mina, joon)
    const sender = await hello(server, mina)
    await sendLong(sender, room, 900)
    sender.close()
    const { head } = await (await hello(server, joon)).ok<EventsAnswer>('events', { room, after: 0, epoch: 1 })
    for (const ask of [
      { op: 'events', room, after: 0, epoch: 1, limit: 1_000 },
      { op: 'subscribe', room, position: { epoch: 1, seq: head - 500 } },
    ]) {
      const raw = await RawSocket.hello(server.port, joon.accessToken)
      // Now the room is in memory, and a subscription is answered on the spot.
      raw.send(TEXT, JSON.stringify({ id: 99, op: 'subscribe', room }))
      await raw.reply(99)
      raw.socket.pause()
      const before = heldBytes()
      raw.send(TEXT, JSON.stringify(range(1, 60).map((id) => ({ id, ...ask }))))
      await sleep(600)
      const grown = heldBytes() - before
      // All of them together are more than 200 MB.
      assert.ok(grown < 20 * MB, `${ask.op}: ${Math.round(grown / MB)} MB`)
      raw.socket.destroy()
    }
  })

  test('that reads slowly but steadily is left alone', async () => {
    await using server = await startTestServer({ writeQueueBytes: 256 * 1_024, slowConsumerMs: 2_500 })
    const [mina, joon] = [await newPerson(server), await newPerson(server)]
    const room = await openRoom(mina, joon)
    const sender = await hello(server, mina)
    await sendLong(sender, room, 900, '여'.repeat(8_000))
    sender.close()
    const raw = await RawSocket.hello(server.port, joon.accessToken)
    raw.socket.pause()
    raw.send(TEXT, JSON.stringify({ id: 1, op: 'events', room, after: 0, epoch: 1, limit: 1_000 }))
    // Of 20 MB, it takes a part at a time; all of it takes longer than a reader that is stuck may.
    let left = 0
    raw.socket.on('data', (bytes) => {
      left -= bytes.length
      if (left <= 0) raw.socket.pause()
    })
    for (let step = 0; step < 16; step++) {
      await sleep(250)
      left = 0.75 * MB
      raw.socket.resume()
      raw.send(TEXT, JSON.stringify({ id: 100 + step, op: 'ping' }))
    }
    assert.ok(!raw.items.some((item) => item.re === 1), 'the answer is under way still')
    left = Number.POSITIVE_INFINITY
    raw.socket.resume()
    const answer = (await raw.reply(1)).ok as EventsAnswer
    assert.equal(answer.events.length, 902)
    await raw.reply(115)
    raw.destroy()
  })
})

describe('connections', () => {
  const status = (url: string, options: { origin?: string } = {}) =>
    new Promise<number>((resolve) => {
      const ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, 'yeoul.v1', options)
      ws.on('open', () => {
        ws.terminate()
        resolve(101)
      })
      ws.on('unexpected-response', (request, response) => {
        request.destroy()
        resolve(response.statusCode ?? 0)
      })
    })

  test('from a browser need an origin that is ours or listed', async () => {
    await using server = await startTestServer({ allowedOrigins: ['https://chat.example.com'] })
    const origins: [string | undefined, number][] = [
      [undefined, 101],
      [server.url, 101],
      [`http://localhost:${server.port}`, 101],
      ['https://chat.example.com', 101],
      ['https://evil.example.com', 403],
      ['https://chat.example.com.evil.net', 403],
      ['http://chat.example.com', 403],
      [`http://localhost:${server.port + 1}`, 403],
      ['null', 403],
    ]
    for (const [origin, expected] of origins) {
      assert.equal(await status(server.url, origin === undefined ? {} : { origin }), expected, String(origin))
    }
  })

  test('are as many as the limits say, here and from one address', async () => {
    for (const changes of [{ maxConnections: 3 }, { maxConnectionsPerAddress: 3 }]) {
      await using server = await startTestServer(changes)
      const mina = await newPerson(server)
      const sockets = await Promise.all(range(1, 3).map(() => hello(server, mina)))
      assert.equal(await status(server.url), 503)
      sockets[0]?.ws.terminate()
      for (let tries = 0; tries < 500 && (await status(server.url)) !== 101; tries++) await sleep(10)
      assert.equal(await status(server.url), 101)
      await sockets[1]?.ok('ping')
    }
  })
})

describe('a drain', () => {
  test('tells clients when to come back, closes with 4503, and keeps all that was acknowledged', async () => {
    await using server = await startTestServer({ drainMs: 1_500 })
    const [mina, joon] = [await newPerson(server), await newPerson(server)]
    const room = await openRoom(mina, joon)
    const [sender, idle] = [await hello(server, mina), await hello(server, joon)]
    await idle.ok('subscribe', { room })
    const acknowledged: number[] = []
    const sending = (async () => {
      for (let i = 0; sender.closed === null; i++) {
        sender.ws.send(JSON.stringify({ id: 10_000 + i, op: 'send', room, clientMessageId: `m${i}`, body: `${i}` }))
        await sleep(2)
      }
    })()
    await idle.until(() => idle.seqs(room).length > 20, 'some messages')
    const drained = server.drain()
    const ready = await fetch(`${server.url}/readyz`)
    assert.deepEqual([ready.status, ((await ready.json()) as { code: string }).code], [503, 'draining'])
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    const push = await idle.until(() => idle.pushes<{ afterMs: number }>('reconnect')[0], 'reconnect')
    assert.ok(push.afterMs >= 0 && push.afterMs <= 1_500)
    for (const socket of [sender, idle]) assert.equal(await socket.closeCode(), 4503)
    await sending
    await drained
    for (const item of sender.items) {
      const { seq } = (item.ok ?? {}) as { seq?: number }
      if (seq !== undefined) acknowledged.push(seq)
    }
    await server.close()
    await using again = await startTestServer({ dataDir: server.config.dataDir })
    const socket = await hello(again, joon)
    const stored: RoomEvent[] = []
    for (let head = 1; stored.length < head; ) {
      const after = stored.length
      const answer = await socket.ok<EventsAnswer>('events', { room, after, epoch: 1, limit: 1_000 })
      stored.push(...answer.events)
      head = answer.head
    }
    assert.deepEqual(
      stored.map((event) => event.seq),
      range(1, stored.length),
    )
    assert.ok(acknowledged.length > 20)
    assert.ok(acknowledged.every((seq) => stored[seq - 1]?.type === 'message'))
    const pushed = idle.pushes<{ event: RoomEvent }>('event').map(({ event }) => event)
    assert.deepEqual(pushed, stored.slice(2, 2 + pushed.length))
    socket.close()
  })
})

/** Bytes outside and inside the heap, after a collection when there can be one. */
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of the buffers that are still held. Garbage is nobody's memory, and how much of it lies about is chance. */
function heldBytes(): number {
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

async function metrics(server: TestServer): Promise<string> {
  return (await fetch(`${server.url}/metrics`)).text()
}
async function sessions(server: TestServer): Promise<number> {
  return Number(/^yeoul_sessions (\d+)/m.exec(await metrics(server))?.[1])
}
