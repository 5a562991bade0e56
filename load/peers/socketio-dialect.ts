import { type Dialect, dueOf, streamOf } from '../generator/dialect.ts'
import { addEvent, emptyPayload, type Item, type Payload } from '../generator/payload.ts'

/**
 * Socket.IO's wire (Engine.IO 4 over WebSocket, Socket.IO protocol 5), as its own client speaks it: `0` open, `2` ping,
 * `3` pong, `40` connect, `42` event, `43` acknowledgement. One event is one frame. The event names are those of
 * `socketio.ts` beside this file. Where the server recovers connections it gives each a `pid` and ends every event with an
 * offset; the client shows both when it comes back, and what it missed comes as events like any other.
 */
export const socketio: Dialect = {
  path: '/socket.io/?EIO=4&transport=websocket',
  subprotocol: null,
  first: 'server',
  hello: (_token, session) =>
    session === null || session.bookmark === ''
      ? '40'
      : `40${JSON.stringify({ pid: session.id, offset: session.bookmark })}`,
  subscribe: (id, room) => `42${id}["subscribe","${room}"]`,
  subscribed(room, from, ok) {
    // Nothing is recovered by joining a room: what is emitted from now on comes.
    const { seq, node } = ok as { seq: number; node?: number }
    const byNode = node !== undefined
    return { room, epoch: 0, seq, byNode, caughtUp: [], recovered: from === null || (!byNode && from.seq === seq) }
  },
  events: null,
  paged: () => null,
  // As socket.io-client: one second, doubled up to five, each up to half longer or shorter.
  reconnection: {
    delayMs: (attempt) => Math.min(5_000, 1_000 * 2 ** attempt * (0.5 + Math.random())),
    stableMs: 0,
  },
  send: (id, room, clientMessageId, body) => `42${id}["send","${room}","${clientMessageId}","${body}"]`,
  acknowledged(room, ok) {
    const { seq, node } = ok as { seq: number; node?: number }
    return { stream: streamOf(room, node), seq }
  },
  ping: () => null,
  scan: scanSocketIo,
}

const EVENT = Buffer.from('42["event",')

export function scanSocketIo(bytes: Buffer, start: number, end: number): Payload {
  const payload = emptyPayload()
  if (bytes.compare(EVENT, 0, EVENT.length, start, Math.min(end, start + EVENT.length)) === 0) {
    const [, room, event, offset] = JSON.parse(bytes.toString('utf8', start + 2, end)) as [
      string,
      string,
      { seq: number; node?: number; body: string },
      string?,
    ]
    addEvent(payload, streamOf(room, event.node), event.seq, dueOf(event.body))
    if (offset !== undefined) payload.bookmark = offset
    return payload
  }
  payload.items.push(itemOf(bytes.toString('utf8', start, end)))
  return payload
}

function itemOf(text: string): Item {
  if (text.startsWith('0{')) return { is: 'greeting' }
  if (text === '2') return { is: 'prompt', answer: '3' }
  if (text.startsWith('40')) {
    const { pid } = JSON.parse(text.slice(2)) as { pid?: string }
    return { is: 'welcome', heartbeatMs: null, ...(pid !== undefined && { session: pid }) }
  }
  if (text.startsWith('43')) {
    const bracket = text.indexOf('[')
    const [ok] = JSON.parse(text.slice(bracket)) as [unknown]
    return { is: 'reply', id: Number(text.slice(2, bracket)), ok, error: null }
  }
  if (text.startsWith('44')) throw new Error(`refused: ${text}`)
  return { is: 'other' }
}
