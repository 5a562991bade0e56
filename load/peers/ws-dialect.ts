import { type Dialect, dueOf, streamOf } from '../generator/dialect.ts'
import { addEvent, emptyPayload, type Payload } from '../generator/payload.ts'

const HELLO = 1

/** What `ws.ts` beside this file speaks: one JSON object a frame. */
export const ws: Dialect = {
  path: '/',
  subprotocol: null,
  first: 'client',
  hello: () => `{"id":${HELLO},"op":"hello"}`,
  subscribe: (id, room) => `{"id":${id},"op":"subscribe","room":"${room}"}`,
  subscribed(room, from, ok) {
    const { seq, node } = ok as { seq: number; node?: number }
    const byNode = node !== undefined
    return { room, epoch: 0, seq, byNode, caughtUp: [], recovered: from === null || (!byNode && from.seq === seq) }
  },
  events: null,
  paged: () => null,
  reconnection: null,
  send: (id, room, clientMessageId, body) =>
    `{"id":${id},"op":"send","room":"${room}","clientMessageId":"${clientMessageId}","body":"${body}"}`,
  acknowledged(room, ok) {
    const { seq, node } = ok as { seq: number; node?: number }
    return { stream: streamOf(room, node), seq }
  },
  ping: () => null,
  scan: scanWs,
}

interface Frame {
  re?: number
  ok?: unknown
  room?: string
  event?: { seq: number; node?: number; body: string }
}

export function scanWs(bytes: Buffer, start: number, end: number): Payload {
  const payload = emptyPayload()
  const { re, ok, room, event } = JSON.parse(bytes.toString('utf8', start, end)) as Frame
  if (event !== undefined && room !== undefined) {
    addEvent(payload, streamOf(room, event.node), event.seq, dueOf(event.body))
  } else if (re === HELLO) {
    payload.items.push({ is: 'welcome', heartbeatMs: null })
  } else if (re !== undefined) {
    payload.items.push({ is: 'reply', id: re, ok, error: null })
  } else throw new Error('neither an event nor a reply')
  return payload
}
