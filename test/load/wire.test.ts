import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addEvent, emptyPayload, type Item, type Payload, PayloadCache } from '../../load/generator/payload.ts'
import { Sequence } from '../../load/generator/sequence.ts'
import { FrameReader, maskedFrame, OPCODE } from '../../load/generator/wire.ts'
import { scanYeoul } from '../../load/generator/yeoul-dialect.ts'
import { scanSocketIo } from '../../load/peers/socketio-dialect.ts'
import { newId } from '../../src/core/ids.ts'

const rooms = [newId(), newId(), newId()]

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('{"push":"event","room":"', '"}]', '\\"', '}},{', '한글 🙂', '"body":"12 "'),
)
const message = fc.record({
  push: fc.constant('event'),
  room: fc.constantFrom(...rooms),
  event: fc.record({
    seq: fc.integer({ min: 1, max: 2 ** 40 }),
    type: fc.constant('message'),
    at: fc.nat(),
    body: fc.tuple(fc.nat(), text).map(([due, rest]) => `${due} ${rest}`),
    mentions: fc.array(text, { maxLength: 2 }),
  }),
})
/** The same with the fields of the event in another order, as one that was read from a database may have them. */
const reordered = message.map(({ event: { seq, ...rest }, ...push }) => ({ ...push, event: { ...rest, seq } }))
const otherItem = fc.oneof(
  fc.record({ re: fc.integer({ min: 2, max: 1_000 }), ok: fc.record({ seq: fc.nat(), echo: text }) }),
  fc.record({ push: fc.constant('typing'), room: text, user: text }),
  fc.record({ push: fc.constant('event'), room: text, changes: fc.constant({}) }),
)
const items = fc.array(
  fc.oneof({ weight: 4, arbitrary: message }, { weight: 1, arbitrary: reordered }, { weight: 1, arbitrary: otherItem }),
  { minLength: 1, maxLength: 12 },
)

/** What a full parse says of the same frame. */
function parsed(frame: string): Payload {
  const payload = emptyPayload()
  const value = JSON.parse(frame) as Record<string, unknown> | Record<string, unknown>[]
  for (const item of Array.isArray(value) ? value : [value]) {
    const event = item.event as { seq: number; body: string } | undefined
    if (event !== undefined) addEvent(payload, item.room as string, event.seq, Number.parseInt(event.body, 10))
    else if ('re' in item) payload.items.push({ is: 'reply', id: item.re as number, ok: item.ok, error: null })
    else payload.items.push({ is: 'other' })
  }
  return payload
}

function frameOf(list: unknown[]): string {
  return list.length === 1 ? JSON.stringify(list[0]) : JSON.stringify(list)
}

/** An unmasked frame, as a server sends it. */
function serverFrame(payload: Buffer): Buffer {
  const size = payload.length
  const header = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10)
  header[0] = 0x81
  header[1] = size < 126 ? size : size < 65_536 ? 126 : 127
  if (header.length === 4) header.writeUInt16BE(size, 2)
  if (header.length === 10) header.writeBigUInt64BE(BigInt(size), 2)
  return Buffer.concat([header, payload])
}

test('what the scanner reads out of any frame is what JSON.parse reads', () => {
  fc.assert(
    fc.property(items, (list) => {
      const frame = frameOf(list)
      const bytes = Buffer.from(`xx${frame}yy`)
      assert.deepEqual(scanYeoul(bytes, 2, bytes.length - 2), parsed(frame))
    }),
    { numRuns: 2_000 },
  )
})

test('a frame cut short or with bytes after it is refused, not counted', () => {
  fc.assert(
    fc.property(items, fc.nat(), (list, cut) => {
      const bytes = Buffer.from(frameOf(list))
      assert.throws(() => scanYeoul(bytes, 0, 1 + (cut % (bytes.length - 1))))
      assert.throws(() => scanYeoul(Buffer.concat([bytes, Buffer.from(']')]), 0, bytes.length + 1))
    }),
    { numRuns: 500 },
  )
})

test('frames come out whole and in order wherever the reads cut the stream', () => {
  const sizes = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 65_530, max: 65_545 })), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(
      sizes,
      fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 50 }),
      (lengths, cuts) => {
        const payloads = lengths.map((length, i) => Buffer.alloc(length, 65 + i))
        const stream = Buffer.concat(payloads.map(serverFrame))
        const got: string[] = []
        const reader = new FrameReader((opcode, bytes, start, end) => {
          assert.equal(opcode, OPCODE.text)
          got.push(bytes.toString('latin1', start, end))
        })
        // One shared buffer, as the generator reads: held parts must be copies.
        const shared = Buffer.alloc(stream.length)
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size =
            i < 24 ? Math.min(i % 3 === 0 ? 1 : cuts[i % cuts.length]!, stream.length - at) : stream.length - at
          shared.fill(0)
          stream.copy(shared, 0, at, at + size)
          reader.read(shared, 0, size)
          at += size
        }
        assert.deepEqual(
          got,
          payloads.map((payload) => payload.toString('latin1')),
        )
      },
    ),
    { numRuns: 200 },
  )
})

test('a small stream is split rightly at every single byte boundary', () => {
  const frames = [Buffer.from('{"re":1,"ok":{}}'), Buffer.alloc(126, 66), Buffer.alloc(0), Buffer.alloc(700, 67)]
  const stream = Buffer.concat(frames.map(serverFrame))
  for (let cut = 0; cut <= stream.length; cut++) {
    const got: string[] = []
    const reader = new FrameReader((_opcode, bytes, start, end) => got.push(bytes.toString('latin1', start, end)))
    reader.read(stream, 0, cut)
    reader.read(stream, cut, stream.length)
    assert.deepEqual(
      got,
      frames.map((frame) => frame.toString('latin1')),
    )
  }
})

test('a masked frame of the client unmasks to its text', () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    const frame = maskedFrame(OPCODE.text, Buffer.alloc(length, 'a'))
    const header = length < 126 ? 6 : length < 65_536 ? 8 : 14
    assert.equal(frame.length, header + length)
    const mask = frame.subarray(header - 4, header)
    for (let i = header; i < frame.length; i++) frame[i] = frame[i]! ^ mask[(i - header) & 3]!
    assert.equal(frame.toString('latin1', header), 'a'.repeat(length))
  }
})

test('the cache answers for equal bytes only, and keeps no more than its limit', () => {
  const cache = new PayloadCache(2_000)
  const frame = (seq: number) =>
    Buffer.from(JSON.stringify({ push: 'event', room: rooms[0], event: { seq, body: `${seq} x` } }))
  for (let seq = 100; seq < 200; seq++) {
    const bytes = frame(seq)
    assert.equal(cache.find(bytes, 0, bytes.length), null)
    cache.keep(bytes, 0, bytes.length, scanYeoul(bytes, 0, bytes.length))
  }
  const newest = frame(199)
  const found = cache.find(newest, 0, newest.length)?.items as Item[]
  assert.deepEqual(found, [{ is: 'run', room: rooms[0], first: 199, last: 199 }])
  const oldest = frame(100)
  assert.equal(cache.find(oldest, 0, oldest.length), null)
})

test('replies are never taken from the cache: they are for one connection', () => {
  const cache = new PayloadCache()
  const bytes = Buffer.from('[{"re":2,"ok":{"seq":1}}]')
  cache.keep(bytes, 0, bytes.length, scanYeoul(bytes, 0, bytes.length))
  assert.equal(cache.find(bytes, 0, bytes.length), null)
})

test('lost, duplicated and out of order are counted as a full list of seqs would tell', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }), (seqs) => {
      const sequence = new Sequence(0)
      for (const seq of seqs) sequence.take(seq, seq)
      const first = [...new Set(seqs)]
      assert.equal(sequence.received, first.length)
      assert.equal(sequence.duplicated, seqs.length - first.length)
      assert.equal(sequence.lost(30), 30 - first.length)
      let highest = 0
      let late = 0
      for (const seq of first) {
        if (seq < highest) late++
        highest = Math.max(highest, seq)
      }
      assert.equal(sequence.outOfOrder, late)
    }),
  )
})

test('a run that repeats a part of what came is counted seq by seq', () => {
  const sequence = new Sequence(10)
  sequence.take(11, 20)
  sequence.take(18, 22)
  sequence.take(25, 26)
  assert.deepEqual(
    [sequence.received, sequence.duplicated, sequence.outOfOrder, sequence.lost(26), sequence.lost(30)],
    [14, 3, 0, 2, 6],
  )
})

test('Socket.IO frames are read as its own client reads them', () => {
  const scan = (frame: string) => scanSocketIo(Buffer.from(frame), 0, Buffer.byteLength(frame))
  assert.deepEqual(scan(`42["event","${rooms[0]}",{"seq":7,"body":"123 한글"}]`), {
    items: [{ is: 'run', room: rooms[0], first: 7, last: 7 }],
    events: 1,
    due: [123],
  })
  assert.deepEqual(scan('43[{"seq":7}]').items, [{ is: 'reply', id: 0, ok: { seq: 7 }, error: null }])
  assert.deepEqual(scan('4317[{"seq":7}]').items, [{ is: 'reply', id: 17, ok: { seq: 7 }, error: null }])
  assert.deepEqual(scan('0{"sid":"a","pingInterval":25000}').items, [{ is: 'greeting' }])
  assert.deepEqual(scan('2').items, [{ is: 'prompt', answer: '3' }])
  assert.deepEqual(scan('40{"sid":"b"}').items, [{ is: 'welcome', heartbeatMs: null }])
})
