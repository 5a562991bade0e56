import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { textFrame } from '../../src/transports/websocket/frame.ts'
import { newPerson, type Person } from '../support/people.ts'
import { BINARY, CLOSE, CONTINUATION, closing, frame, PING, PONG, RawSocket, TEXT } from '../support/raw-socket.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const FRAME_BYTES = 16_384
const PING_COMMAND = JSON.stringify({ id: 7, op: 'ping', note: '여울' })

let server: TestServer
let mina: Person

before(async () => {
  server = await startTestServer({ helloTimeoutMs: 600, limits: { ...DEFAULT_LIMITS, frameBytes: FRAME_BYTES } })
  mina = await newPerson(server)
})
after(() => server[Symbol.asyncDispose]())

const hello = () => RawSocket.hello(server.port, mina.accessToken)

/** Sends bytes on a live connection; answers the code that it is closed with. */
async function closedBy(...bytes: Buffer[]): Promise<number | null> {
  const raw = await hello()
  for (const part of bytes) raw.write(part)
  return raw.closeCode()
}

describe('the handshake', () => {
  const refusal = async (request: Parameters<typeof RawSocket.request>[1]) => {
    const { status, socket } = await RawSocket.request(server.port, request)
    socket.destroy()
    return status
  }

  test('echoes the subprotocol that it speaks, among others', async () => {
    for (const offer of ['yeoul.v1', 'chat.v7, yeoul.v1']) {
      const answer = await RawSocket.request(server.port, { headers: { 'Sec-WebSocket-Protocol': offer } })
      answer.socket.destroy()
      assert.equal(answer.status, 101)
      assert.equal(answer.headers.get('sec-websocket-protocol'), 'yeoul.v1')
      assert.equal(answer.headers.has('sec-websocket-extensions'), false)
    }
  })

  test('goes without a subprotocol for a client that offers none', async () => {
    const answer = await RawSocket.request(server.port)
    answer.socket.destroy()
    assert.equal(answer.status, 101)
    assert.equal(answer.headers.has('sec-websocket-protocol'), false)
  })

  test('takes no compression, whatever is offered', async () => {
    const headers = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }
    const answer = await RawSocket.request(server.port, { headers })
    answer.socket.destroy()
    assert.equal(answer.status, 101)
    assert.equal(answer.headers.has('sec-websocket-extensions'), false)
  })

  test('is refused with a status when it asks for something else', async () => {
    assert.equal(await refusal({ headers: { 'Sec-WebSocket-Version': '12' } }), 400)
    assert.equal(await refusal({ headers: { 'Sec-WebSocket-Version': null } }), 400)
    assert.equal(await refusal({ headers: { 'Sec-WebSocket-Key': null } }), 400)
    assert.equal(await refusal({ headers: { 'Sec-WebSocket-Key': 'too short' } }), 400)
    assert.equal(await refusal({ headers: { 'Sec-WebSocket-Protocol': 'mqtt, wamp' } }), 400)
    assert.equal(await refusal({ method: 'POST', headers: { 'Content-Length': '0' } }), 405)
    assert.equal(await refusal({ path: '/' }), 404)
    assert.equal(await refusal({ path: '/ws/more' }), 404)
  })

  test('an address that is none is not found, and stops nobody', async () => {
    for (const path of ['//', '//:0', 'http://[', 'http://a:99999/ws', '*', '/\\ws', '/%']) {
      assert.equal(await refusal({ path }), 404, path)
    }
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  })

  test('a request that only offers another protocol is answered as a request', async () => {
    const headers = {
      Upgrade: 'h2c',
      Connection: 'Upgrade, HTTP2-Settings',
      'HTTP2-Settings': 'AAMAAABkAAQAoAAAAAIAAAAA',
    }
    assert.equal(await refusal({ path: '/healthz', headers }), 200)
  })

  test('a query at the address changes nothing', async () => {
    assert.equal(await refusal({ path: '/ws?from=here' }), 101)
  })
})

describe('frames of a client', () => {
  test('must be masked, unreserved and of a known kind', async () => {
    assert.equal(await closedBy(frame(TEXT, PING_COMMAND, { masked: false })), 1002)
    for (const rsv of [1, 2, 4, 7]) assert.equal(await closedBy(frame(TEXT, PING_COMMAND, { rsv })), 1002, `rsv ${rsv}`)
    for (const opcode of [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf])
      assert.equal(await closedBy(frame(opcode, 'x')), 1002, `opcode ${opcode}`)
  })

  test('in pieces are one message, with a ping answered in between', async () => {
    const raw = await hello()
    const bytes = Buffer.from(PING_COMMAND)
    raw.send(TEXT, bytes.subarray(0, 5), { fin: false })
    raw.send(PING, 'between')
    raw.send(CONTINUATION, bytes.subarray(5, 20), { fin: false })
    raw.send(CONTINUATION, '', { fin: false })
    const pong = await raw.frame(PONG)
    assert.equal(String(pong.payload), 'between')
    assert.equal(
      raw.items.some((item) => item.re === 7),
      false,
    )
    raw.send(CONTINUATION, bytes.subarray(20))
    assert.ok((await raw.reply(7)).ok)
    raw.destroy()
  })

  test('are understood byte by byte, and many in one packet', async () => {
    const raw = await hello()
    for (const byte of frame(TEXT, PING_COMMAND)) {
      raw.write(Buffer.from([byte]))
      await sleep(0)
    }
    await raw.reply(7)
    raw.write(Buffer.concat([8, 9, 10, 11].map((id) => frame(TEXT, JSON.stringify({ id, op: 'ping' })))))
    for (const id of [8, 9, 10, 11]) assert.ok((await raw.reply(id)).ok)
    raw.destroy()
  })

  test('out of turn end the connection with 1002', async () => {
    assert.equal(await closedBy(frame(CONTINUATION, PING_COMMAND)), 1002)
    assert.equal(await closedBy(frame(TEXT, '{', { fin: false }), frame(TEXT, PING_COMMAND)), 1002)
  })

  test('of control have at most 125 bytes and one piece', async () => {
    const raw = await hello()
    raw.send(PING, Buffer.alloc(125, 7))
    assert.deepEqual((await raw.frame(PONG)).payload, Buffer.alloc(125, 7))
    raw.destroy()
    assert.equal(await closedBy(frame(PING, Buffer.alloc(126))), 1002)
    assert.equal(await closedBy(frame(PING, 'x', { fin: false })), 1002)
    assert.equal(await closedBy(frame(CLOSE, closing(1000, 'x'.repeat(124)))), 1002)
  })

  test('a pong that nobody asked for is heard and not answered', async () => {
    const raw = await hello()
    raw.send(PONG, 'unasked')
    raw.send(TEXT, PING_COMMAND)
    await raw.reply(7)
    assert.deepEqual([...new Set(raw.frames.map(({ opcode }) => opcode))], [TEXT])
    raw.destroy()
  })

  test('of bytes rather than text are a bad frame: 4400', async () => {
    assert.equal(await closedBy(frame(BINARY, PING_COMMAND)), 4400)
  })
})

describe('text', () => {
  test('may be split inside a character', async () => {
    const raw = await hello()
    const bytes = Buffer.from(JSON.stringify({ id: 7, op: 'ping', note: '𝄞 여울' }))
    const clef = bytes.indexOf('𝄞')
    raw.send(TEXT, bytes.subarray(0, clef + 1), { fin: false })
    raw.send(CONTINUATION, bytes.subarray(clef + 1, clef + 3), { fin: false })
    raw.send(CONTINUATION, bytes.subarray(clef + 3))
    assert.ok((await raw.reply(7)).ok)
    raw.destroy()
  })

  test('that is not UTF-8 ends the connection with 1007', async () => {
    const bad = [
      [0xff],
      [0xc0, 0xaf],
      [0xe0, 0x80, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf0, 0x9d, 0x84],
      [0x80],
    ]
    for (const bytes of bad) {
      const text = Buffer.concat([Buffer.from('{"id":1,"op":"'), Buffer.from(bytes), Buffer.from('"}')])
      assert.equal(await closedBy(frame(TEXT, text)), 1007, bytes.map((byte) => byte.toString(16)).join(' '))
    }
    const whole = frame(TEXT, Buffer.from([0xed, 0xa0]), { fin: false })
    assert.equal(await closedBy(whole, frame(CONTINUATION, Buffer.from([0x80]))), 1007)
  })
})

describe('closing', () => {
  test('a code that a client may use comes back', async () => {
    for (const code of [1000, 1001, 1003, 1009, 1011, 3000, 4000, 4999])
      assert.equal(await closedBy(frame(CLOSE, closing(code, '안녕'))), code)
    assert.equal(await closedBy(frame(CLOSE)), 1005)
  })

  test('a code that none may send is a protocol error', async () => {
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535])
      assert.equal(await closedBy(frame(CLOSE, closing(code))), 1002, String(code))
    assert.equal(await closedBy(frame(CLOSE, 'x')), 1002)
    assert.equal(await closedBy(frame(CLOSE, closing(1000, Buffer.from([0xff])))), 1007)
  })

  // `closeCode` asserts that the close frame is the last. The answer to `events` is under way when the close comes.
  for (const [title, last, code] of [
    ['nothing is done or said after the close of a client', frame(CLOSE, closing(1000)), 1000],
    ['nothing is done or said after a close of the server', frame(TEXT, 'no JSON'), 4400],
    ['nothing is done or said after a frame that ws refuses', frame(TEXT, '', { announced: 2 ** 40 }), 4413],
  ] as const) {
    test(title, async () => {
      const raw = await hello()
      const { body } = await mina.call<{ id: string }>('POST', '/rooms', { title: 'closed' })
      const events = frame(TEXT, JSON.stringify({ id: 1, op: 'events', room: body.id, after: 0, epoch: 0 }))
      raw.write(Buffer.concat([events, last, frame(TEXT, JSON.stringify({ id: 2, op: 'ping' }))]))
      await raw.frame(CLOSE)
      await sleep(20)
      assert.equal(await raw.closeCode(), code)
      assert.equal(
        raw.items.some((item) => item.re === 2),
        false,
      )
    })
  }

  test('a connection that is cut without a word is let go', async () => {
    const before = await connections()
    const raw = await hello()
    raw.send(TEXT, '{"id":', { fin: false })
    await sleep(10)
    raw.destroy()
    for (let tries = 0; (await connections()) > before && tries < 1_000; tries++) await sleep(10)
    assert.equal(await connections(), before)
  })
})

describe('[P6] limits', () => {
  test('a frame of the largest size is taken, one byte more is 4413', async () => {
    const raw = await hello()
    const command = (size: number) => {
      const text = JSON.stringify({ id: 7, op: 'ping', pad: '' })
      return text.replace('""', `"${'x'.repeat(size - text.length)}"`)
    }
    raw.send(TEXT, command(FRAME_BYTES))
    assert.ok((await raw.reply(7)).ok)
    raw.destroy()
    assert.equal(await closedBy(frame(TEXT, command(FRAME_BYTES + 1))), 4413)
  })

  test('a message whose pieces are too large together is 4413', async () => {
    const piece = Buffer.alloc(FRAME_BYTES / 2, ' ')
    const pieces = [TEXT, CONTINUATION, CONTINUATION].map((opcode) => frame(opcode, piece, { fin: false }))
    assert.equal(await closedBy(...pieces), 4413)
  })

  test('a length that is only announced is refused at once, and reserves nothing', async () => {
    const before = process.memoryUsage()
    const raws = await Promise.all(Array.from({ length: 50 }, hello))
    for (const raw of raws) raw.send(TEXT, '', { announced: 2 ** 40 })
    for (const raw of raws) assert.equal(await raw.closeCode(), 4413)
    for (const announced of [FRAME_BYTES + 1, 65_535, 2 ** 31, 2 ** 32, 2 ** 53 - 1])
      assert.equal(await closedBy(frame(TEXT, '', { announced })), 4413, String(announced))
    // Beyond 2^53 - 1, and with the top bit set, which RFC 6455 forbids.
    for (const top of ['00200000', '80000000'])
      assert.equal(await closedBy(Buffer.from(`81ff${top}0000000000000000`, 'hex')), 4413, top)
    const { arrayBuffers, external } = process.memoryUsage()
    assert.ok(arrayBuffers + external - before.arrayBuffers - before.external < 512 * 2 ** 20)
  })

  test('a message in very many pieces is 1008, however small they are', async () => {
    const pieces = Array.from({ length: 300 }, (_, i) => frame(i === 0 ? TEXT : CONTINUATION, ' ', { fin: false }))
    assert.equal(await closedBy(Buffer.concat(pieces)), 1008)
    const empty = Array.from({ length: 300 }, (_, i) => frame(i === 0 ? TEXT : CONTINUATION, '', { fin: false }))
    assert.equal(await closedBy(Buffer.concat(empty)), 1008)
  })

  test('a hello that never comes, or comes too slowly, is 4408', async () => {
    const silent = await RawSocket.open(server.port)
    const slow = await RawSocket.open(server.port)
    const half = await RawSocket.open(server.port)
    half.write(frame(TEXT, JSON.stringify({ id: 0, op: 'hello', token: mina.accessToken })).subarray(0, -1))
    const bytes = frame(TEXT, JSON.stringify({ id: 0, op: 'hello', token: mina.accessToken }))
    let sent = 0
    const drip = setInterval(() => slow.write(bytes.subarray(sent, ++sent)), 20)
    // Pings are no hello.
    const pings = setInterval(() => silent.send(PING), 100)
    try {
      for (const raw of [silent, slow, half]) assert.equal((await raw.frame(CLOSE)).payload.readUInt16BE(), 4408)
    } finally {
      clearInterval(drip)
      clearInterval(pings)
      for (const raw of [silent, slow, half]) raw.destroy()
    }
  })
})

describe('frames of the server', () => {
  test('have the shortest form of their length, unmasked and whole', () => {
    for (const [length, header] of [
      [0, '8100'],
      [1, '8101'],
      [125, '817d'],
      [126, '817e007e'],
      [127, '817e007f'],
      [65_535, '817effff'],
      [65_536, '817f0000000000010000'],
      [70_000, '817f0000000000011170'],
    ] as const) {
      const bytes = textFrame('x'.repeat(length))
      assert.equal(bytes.subarray(0, -length || undefined).toString('hex'), header)
      assert.equal(bytes.subarray(header.length / 2).toString(), 'x'.repeat(length))
    }
  })

  test('count bytes, not characters', () => {
    for (const text of [`${'한'.repeat(41)}ab`, '한'.repeat(42), '한'.repeat(21_845), '𝄞'.repeat(16_384), 'é여𝄞']) {
      const bytes = textFrame(text)
      const size = Buffer.byteLength(text)
      assert.equal(bytes.length, size + (size < 126 ? 2 : size < 65_536 ? 4 : 10))
      assert.equal(bytes.subarray(-size).toString(), text)
    }
  })

  test('reach a client in all three forms of length', async () => {
    const raw = await hello()
    const { body } = await mina.call<{ id: string }>('POST', '/rooms', { title: 'lengths' })
    const text = '여'.repeat(8_000)
    for (let i = 0; i < 3; i++)
      await mina.call('POST', `/rooms/${body.id}/messages`, { clientMessageId: `m${i}`, body: text })
    raw.send(TEXT, JSON.stringify({ id: 1, op: 'ping' }))
    await raw.reply(1)
    raw.send(TEXT, JSON.stringify({ id: 2, op: 'subscribe', room: body.id }))
    const { messages } = (await raw.reply(2)).ok as { messages: { body: string }[] }
    assert.deepEqual(
      messages.map((message) => message.body),
      [text, text, text],
    )
    for (const { fin, rsv, masked, lengthBytes, payload } of raw.frames) {
      assert.deepEqual({ fin, rsv, masked }, { fin: true, rsv: 0, masked: false })
      assert.equal(lengthBytes, payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8)
    }
    assert.deepEqual([...new Set(raw.frames.map((one) => one.lengthBytes))].sort(), [0, 2, 8])
    raw.destroy()
  })
})

async function connections(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return Number(/^yeoul_connections (\d+)/m.exec(text)?.[1])
}
