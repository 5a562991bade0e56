import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { checkCommand, decodeFrame } from '../../src/protocol/codec.ts'
import { isErrorCode, YeoulError } from '../../src/protocol/errors.ts'
import { newPerson, type Person } from '../support/people.ts'
import { CLOSE, frame, RawSocket, TEXT } from '../support/raw-socket.ts'
import { openRoom, postMany } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

/** `SEED=n` (or `FUZZ_SEED=n`) plays a run again; `FUZZ_RUNS=k` plays k times as many. */
const seed = Number(process.env.FUZZ_SEED ?? process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const times = Number(process.env.FUZZ_RUNS ?? 1)
console.log(`SEED=${seed}`)
const runs = (numRuns: number) => ({ seed, numRuns: numRuns * times, endOnFailure: true })

const UUID = '019b0000-0000-7000-8000-000000000000'
const REFUSALS = ['bad_request', 'unknown_op', 'bad_text', 'room_not_found']

/** One valid command of each op. */
const commandsOf = (room: string): Record<string, unknown>[] => [
  { op: 'ping' },
  { op: 'subscribe', room },
  { op: 'subscribe', room, position: { epoch: 1, seq: 3 } },
  { op: 'unsubscribe', room },
  { op: 'watch', rooms: [room] },
  { op: 'watch', rooms: 'all' },
  { op: 'send', room, clientMessageId: 'm1', body: '안녕 @somebody', replyTo: 2, retry: true, fileIds: [] },
  { op: 'edit', room, seq: 2, body: 'x', epoch: 1 },
  { op: 'delete', room, seq: 3 },
  { op: 'react', room, seq: 2, emoji: '👍', on: true },
  { op: 'read', room, seq: 4, n: 2 },
  { op: 'typing', room },
  { op: 'events', room, after: 0, epoch: 1, limit: 10 },
  { op: 'presence', room },
  { op: 'refresh', token: 'a.b.c' },
  { op: 'hello', token: 'a.b.c' },
]

const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom(
    '',
    '\0',
    '\ud800',
    'a\udc00b',
    'x'.repeat(9_000),
    '__proto__',
    'constructor',
    'hello',
    "'; --",
    UUID,
  ),
  fc.uuid(),
)
const oddNumber = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(0, -0, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 1e308, 5e-324, -(2 ** 53)),
)
const oddValue = fc.oneof(
  oddText,
  oddNumber,
  fc.constantFrom(null, true, false, {}, [], [[]], [{}], { epoch: 1 }, { epoch: -1, seq: 1 }, { length: 3 }),
  fc.jsonValue({ maxDepth: 3 }),
)
const FIELDS =
  'id op room rooms position token clientMessageId body replyTo fileIds retry seq epoch emoji on n after limit'.split(
    ' ',
  )

/** A valid command with some of its fields changed, taken away or added. */
const mutated = (room: string) =>
  fc
    .tuple(
      fc.constantFrom(...commandsOf(room)),
      fc.array(fc.tuple(fc.constantFrom(...FIELDS, '__proto__', 'toString'), fc.option(oddValue)), { maxLength: 3 }),
    )
    .map(([command, changes]) => {
      const changed: Record<string, unknown> = { id: 1, ...command }
      for (const [field, value] of changes) {
        if (value === null) delete changed[field]
        else Object.defineProperty(changed, field, { value, enumerable: true, configurable: true, writable: true })
      }
      return changed
    })

/** Well-formed JSON and not: cut short, with a byte changed, nested without end. */
const oddJson = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.tuple(fc.json(), fc.nat()).map(([json, at]) => json.slice(0, at % (json.length + 1))),
  fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 })).map(([json, at, piece]) => {
    const place = at % (json.length + 1)
    return json.slice(0, place) + piece + json.slice(place + 1)
  }),
  fc.tuple(fc.integer({ min: 1, max: 30_000 }), fc.constantFrom('[', '{"a":', '[{"b":')).map(([depth, open]) => {
    const close = open === '[' ? ']' : open === '[{"b":' ? '}]' : '}'
    return `${open.repeat(depth)}1${close.repeat(depth)}`
  }),
)

/** Whatever is thrown is an outcome that the table names. */
function outcome<T>(run: () => T): T | string {
  try {
    return run()
  } catch (error) {
    assert.ok(error instanceof YeoulError, `not an outcome: ${error}`)
    assert.ok(isErrorCode(error.code))
    return error.code
  }
}

describe('the decoder', () => {
  test('makes of any text the objects in it, or bad_frame', () => {
    fc.assert(
      fc.property(oddJson, (text) => {
        const items = outcome(() => decodeFrame(text))
        if (typeof items === 'string') assert.equal(items, 'bad_frame')
        else for (const item of items) assert.ok(typeof item === 'object' && item !== null && !Array.isArray(item))
      }),
      runs(1_500),
    )
  })

  test('lets through no command whose fields are not what they must be', () => {
    fc.assert(
      fc.property(fc.oneof(mutated(UUID), fc.dictionary(fc.constantFrom(...FIELDS), oddValue)), (item) => {
        const [copy] = decodeFrame(JSON.stringify(item)) as [Record<string, unknown>]
        const command = outcome(() => checkCommand(copy))
        if (typeof command === 'string') return assert.ok(REFUSALS.includes(command), command)
        const { id, op, room, seq, epoch, after, limit, replyTo, position, body, token, emoji } =
          command as unknown as Record<string, unknown>
        const whole = (value: unknown, least: number) =>
          assert.ok(Number.isSafeInteger(value) && (value as number) >= least)
        assert.ok(Number.isSafeInteger(id))
        if (!['ping', 'watch', 'hello', 'refresh'].includes(op as string))
          assert.match(room as string, /^[0-9a-f-]{36}$/)
        if (['edit', 'delete', 'react'].includes(op as string)) whole(seq, 1)
        if (['edit', 'delete', 'react', 'read'].includes(op as string) && epoch !== undefined) whole(epoch, 0)
        if (op === 'read') whole(seq, 0)
        if (op === 'events') {
          whole(after, 0)
          whole(epoch, 0)
          if (limit !== undefined) whole(limit, 1)
        }
        if (op === 'send' && replyTo !== undefined) whole(replyTo, 1)
        if (op === 'send' || op === 'edit') assert.equal(typeof body, 'string')
        if (op === 'subscribe' && position !== undefined) {
          whole((position as { epoch: unknown }).epoch, 0)
          whole((position as { seq: unknown }).seq, 0)
        }
        if (op === 'hello' || op === 'refresh') assert.ok((token as string).isWellFormed())
        if (op === 'react') assert.ok((emoji as string).isWellFormed() && (emoji as string).length <= 32)
      }),
      runs(5_000),
    )
  })
})

describe('a server that is sent nonsense', () => {
  let server: TestServer
  let mina: Person
  let witness: TestSocket
  let room: string

  before(async () => {
    server = await startTestServer({ heartbeatMs: 600_000 })
    mina = await newPerson(server)
    room = await openRoom(mina)
    await postMany(mina, room, 5)
    witness = await TestSocket.hello(server.url, mina.accessToken)
    await witness.ok('subscribe', { room })
  })
  after(() => server[Symbol.asyncDispose]())

  /** Nobody else notices, and nothing is left behind. */
  async function allIsWell(): Promise<void> {
    const startedAt = performance.now()
    await witness.ok('ping')
    assert.ok(performance.now() - startedAt < 10_000)
    assert.equal(witness.closed, null)
    let text = ''
    for (let tries = 0; tries < 2_000 && !/^yeoul_sessions 1$/m.test(text); tries++) {
      text = await (await fetch(`${server.url}/metrics`)).text()
    }
    assert.match(text, /^yeoul_sessions 1$/m)
    assert.doesNotMatch(text, /code="internal"/)
    const seqs = witness.seqs(room)
    assert.deepEqual(
      seqs,
      seqs.map((_, i) => (seqs[0] ?? 0) + i),
    )
  }

  test('answers every command that can be answered, and never with `internal`', async () => {
    let socket = await TestSocket.hello(server.url, mina.accessToken)
    let nextId = 1_000
    await fc.assert(
      fc.asyncProperty(fc.array(mutated(room), { minLength: 1, maxLength: 6 }), async (commands) => {
        if (socket.closed !== null) socket = await TestSocket.hello(server.url, mina.accessToken)
        const ids: number[] = []
        for (const command of commands) {
          if (command.id !== 1) continue
          command.id = ++nextId
          ids.push(nextId)
        }
        socket.items.length = 0
        socket.ws.send(JSON.stringify(commands))
        await socket.until(
          () => socket.closed !== null || ids.every((id) => socket.items.some((item) => item.re === id)),
          'an answer to each',
        )
        // Too many mistakes at once are the only reason to be sent away.
        if (socket.closed !== null) assert.equal(socket.closed.code, 4429)
        for (const { err } of socket.items) {
          const code = (err as { code: string } | undefined)?.code
          if (code !== undefined) assert.ok(isErrorCode(code) && code !== 'internal', code)
        }
      }),
      runs(400),
    )
    socket.close()
    await allIsWell()
  })

  test('takes or refuses any text', async () => {
    await fc.assert(
      fc.asyncProperty(oddJson, async (text) => {
        const raw = await RawSocket.hello(server.port, mina.accessToken)
        raw.send(TEXT, text.slice(0, 60_000))
        raw.send(TEXT, '{"id":77,"op":"ping"}')
        await raw.until(
          () => raw.frames.some((one) => one.opcode === CLOSE) || raw.items.some((item) => item.re === 77),
          'an answer',
        )
        const close = raw.frames.find((one) => one.opcode === CLOSE)
        if (close !== undefined) assert.ok([4400, 4429, 1007].includes(close.payload.readUInt16BE()))
        raw.destroy()
      }),
      runs(150),
    )
    await allIsWell()
  })

  const oddFrame = fc
    .record({
      opcode: fc.oneof(fc.constantFrom(0, 1, 1, 2, 8, 9, 10), fc.nat({ max: 15 })),
      payload: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(Buffer.from('[]'), Buffer.from([3, 232]))),
      fin: fc.boolean(),
      rsv: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 7 }) }),
      masked: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    })
    .map(({ opcode, payload, ...options }) => frame(opcode, Buffer.from(payload), options))
  const oddBytes = fc.oneof(
    oddFrame,
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    fc.tuple(oddFrame, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1))),
  )

  test('closes on bytes that are no WebSocket, with a code that says so', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(oddBytes, { minLength: 1, maxLength: 8 }), fc.boolean(), async (parts, greeted) => {
        const raw = greeted ? await RawSocket.hello(server.port, mina.accessToken) : await RawSocket.open(server.port)
        for (const part of parts) raw.write(part)
        raw.send(TEXT, '{"id":77,"op":"ping"}')
        // What is unfinished may swallow the ping; then there is nothing to wait for.
        await raw.until(() => raw.ended || raw.frames.some((one) => one.opcode === CLOSE), '', 15).catch(() => {})
        const close = raw.frames.find((one) => one.opcode === CLOSE)
        if (close !== undefined) {
          const code = close.payload.length < 2 ? 1005 : close.payload.readUInt16BE()
          assert.ok((code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999), String(code))
          assert.equal(raw.frames.at(-1), close)
        }
        raw.destroy()
      }),
      runs(200),
    )
    await allIsWell()
  })

  test('goes on after requests that are no HTTP', async () => {
    const target = fc.oneof(
      fc.webPath(),
      fc.constantFrom('/ws', '//', '*', 'http://[', '/ws?%', '/%00'),
      fc.string({ maxLength: 20 }),
    )
    const header = fc.tuple(
      fc.constantFrom(
        'Origin',
        'Sec-WebSocket-Protocol',
        'Sec-WebSocket-Key',
        'Sec-WebSocket-Extensions',
        'X-Forwarded-For',
        'Host',
        'Upgrade',
      ),
      fc.oneof(fc.string({ maxLength: 30 }), fc.constantFrom('websocket', 'h2c', ',', 'permessage-deflate; x="', '\t')),
    )
    await fc.assert(
      fc.asyncProperty(target, fc.array(header, { maxLength: 4 }), fc.boolean(), async (path, headers, upgrade) => {
        const asked = upgrade ? ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'] : []
        const lines = [`GET ${path} HTTP/1.1`, 'Host: x', ...asked, ...headers.map((pair) => pair.join(': '))]
        const socket = connect(server.port, '127.0.0.1')
        socket.on('error', () => {})
        socket.write(`${lines.join('\r\n')}\r\n\r\n`)
        const answer = await new Promise<string>((resolve) => {
          socket.once('data', (data) => resolve(String(data)))
          socket.once('close', () => resolve(''))
          socket.setTimeout(200, () => resolve(''))
        })
        socket.destroy()
        assert.ok(answer === '' || /^HTTP\/1\.1 [1-4]\d\d /.test(answer), answer.slice(0, 60))
      }),
      runs(200),
    )
    await allIsWell()
  })
})
