import type { Answers, Reply } from '../../src/protocol/frames.ts'
import { SUBPROTOCOL } from '../../src/protocol/frames.ts'
import { EVENTS_LIMIT } from '../../src/protocol/limits.ts'
import { type Dialect, dueOf } from './dialect.ts'
import { addEvent, emptyPayload, type Item, type Payload } from './payload.ts'

const HELLO = 1

export const yeoul: Dialect = {
  path: '/ws',
  subprotocol: SUBPROTOCOL,
  first: 'client',
  hello: (token) => JSON.stringify({ id: HELLO, op: 'hello', token }),
  subscribe: (id, room, from) =>
    JSON.stringify(
      from === null
        ? { id, op: 'subscribe', room }
        : { id, op: 'subscribe', room, position: { epoch: from.epoch, seq: from.seq } },
    ),
  subscribed(room, from, ok) {
    const answer = ok as Answers['subscribe']
    const { epoch, seq } = answer.position
    if (!answer.recovered) return { room, epoch, seq, caughtUp: [], recovered: from === null }
    const caughtUp = answer.events.map((event) => event.seq)
    return { room, epoch, seq, caughtUp, recovered: true, ...(answer.more && { head: answer.head }) }
  },
  events: (id, { room, epoch, seq }, to) =>
    JSON.stringify({ id, op: 'events', room, after: seq, epoch, limit: Math.min(EVENTS_LIMIT.max, to - seq) }),
  paged(ok) {
    const answer = ok as Answers['events']
    return answer.recovered ? answer.events.map((event) => event.seq) : null
  },
  // As the SDK: full jitter, doubled up to a cap.
  reconnection: { delayMs: (attempt) => Math.random() * Math.min(5_000, 500 * 2 ** attempt), stableMs: 5_000 },
  send: (id, room, clientMessageId, body, retry) =>
    `{"id":${id},"op":"send","room":"${room}","clientMessageId":"${clientMessageId}","body":"${body}"${retry ? ',"retry":true' : ''}}`,
  acknowledged: (room, ok) => ({ stream: room, seq: (ok as Answers['send']).seq }),
  ping: (id) => `{"id":${id},"op":"ping"}`,
  scan: scanYeoul,
}

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const QUOTE = 0x22
const BACKSLASH = 0x5c

const EVENT = Buffer.from('{"push":"event","room":"')
const SEQ = Buffer.from('","event":{"seq":')
const BODY = Buffer.from('"body":"')
const UUID = 36

/**
 * Reads a frame of Yeoul's by walking over its bytes: most event pushes are recognised by their beginning, which cannot
 * stand inside a string (its quotes would be escaped); everything else is parsed as JSON.
 */
export function scanYeoul(bytes: Buffer, start: number, end: number): Payload {
  const payload = emptyPayload()
  if (bytes[start] !== OPEN_BRACKET) {
    if (scanItem(bytes, start, end, payload) !== end) throw new Error('bytes after the object')
    return payload
  }
  let at = start + 1
  if (bytes[at] === CLOSE_BRACKET && at + 1 === end) return payload
  for (;;) {
    at = scanItem(bytes, at, end, payload)
    const next = bytes[at]
    at++
    if (next === COMMA && at < end) continue
    if (next === CLOSE_BRACKET && at === end) return payload
    throw new Error(`unexpected byte ${next} after an item`)
  }
}

function scanItem(bytes: Buffer, start: number, end: number, payload: Payload): number {
  if (bytes[start] !== OPEN_BRACE) throw new Error(`unexpected byte ${bytes[start]} where an object begins`)
  const seqAt = start + EVENT.length + UUID + SEQ.length
  if (seqAt < end && isAt(bytes, start, EVENT) && isAt(bytes, seqAt - SEQ.length, SEQ)) {
    let seq = 0
    let at = seqAt
    for (let digit = bytes[at]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[++at]! - 0x30) seq = seq * 10 + digit
    if (at === seqAt) throw new Error('an event without a seq')
    const after = endOfObject(bytes, at, end, 2)
    const room = bytes.toString('latin1', start + EVENT.length, start + EVENT.length + UUID)
    addEvent(payload, room, seq, dueIn(bytes, at, after))
    return after
  }
  const after = endOfObject(bytes, start, end, 0)
  const value: unknown = JSON.parse(bytes.toString('utf8', start, after))
  // The order of an event's fields is nobody's promise: one that was read from the database may have another.
  if (isEvent(value)) addEvent(payload, value.room, value.event.seq, dueOf(value.event.body))
  else payload.items.push(itemOf(value))
  return after
}

function isAt(bytes: Buffer, start: number, what: Buffer): boolean {
  for (let i = 0; i < what.length; i++) if (bytes[start + i] !== what[i]) return false
  return true
}

/** The byte after the brace that closes the outermost object, begun `depth` braces before `start`. */
function endOfObject(bytes: Buffer, start: number, end: number, depth: number): number {
  let open = depth
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      for (at++; bytes[at] !== QUOTE; at++) {
        if (at >= end) throw new Error('a string without an end')
        if (bytes[at] === BACKSLASH) at++
      }
    } else if (byte === OPEN_BRACE) {
      open++
    } else if (byte === CLOSE_BRACE && --open === 0) {
      return at + 1
    }
  }
  throw new Error('an object without an end')
}

function dueIn(bytes: Buffer, start: number, end: number): number {
  const body = bytes.indexOf(BODY, start)
  if (body < 0 || body >= end) return Number.NaN
  let due = 0
  let at = body + BODY.length
  const first = at
  for (let digit = bytes[at]! - 0x30; digit >= 0 && digit <= 9; digit = bytes[++at]! - 0x30) due = due * 10 + digit
  return at > first && bytes[at] === 0x20 ? due : Number.NaN
}

function itemOf(value: unknown): Item {
  if (isReply(value)) {
    if ('err' in value) return { is: 'reply', id: value.re, ok: null, error: value.err.code }
    if (value.re === HELLO) return { is: 'welcome', heartbeatMs: (value.ok as Answers['hello']).heartbeatMs }
    return { is: 'reply', id: value.re, ok: value.ok, error: null }
  }
  const push = value as { push?: unknown; room?: unknown; afterMs?: unknown }
  if (push.push === 'lagging' && typeof push.room === 'string') return { is: 'lagging', room: push.room }
  if (push.push === 'reconnect') return { is: 'comeBack', afterMs: Number(push.afterMs) }
  return { is: 'other' }
}

function isEvent(value: unknown): value is { room: string; event: { seq: number; body?: unknown } } {
  const { push, event } = value as { push?: unknown; event?: { seq?: unknown } }
  return push === 'event' && typeof event?.seq === 'number'
}

function isReply(value: unknown): value is Reply {
  return typeof (value as { re?: unknown }).re === 'number'
}
