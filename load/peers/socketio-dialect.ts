import { type Dialect, dueOf } from '../dialect.ts'
import { addEvent, emptyPayload, type Payload } from '../payload.ts'

/**
 * Socket.IO's wire (Engine.IO 4 over WebSocket, Socket.IO protocol 5), as its own client speaks it: `0` open, `2` ping,
 * `3` pong, `40` connect, `42` event, `43` acknowledgement. One event is one frame. The event names are those of
 * `socketio.ts` beside this file.
 */
export const socketio: Dialect = {
  path: '/socket.io/?EIO=4&transport=websocket',
  subprotocol: null,
  hello: () => null,
  subscribe: (id, room) => `42${id}["subscribe","${room}"]`,
  subscribed: (room, _from, ok) => ({ room, epoch: 0, seq: ok as number, caughtUp: [], recovered: true }),
  send: (id, room, clientMessageId, body) => `42${id}["send","${room}","${clientMessageId}","${body}"]`,
  acknowledged: (ok) => (ok as { seq: number }).seq,
  ping: () => null,
  scan: scanSocketIo,
}

const EVENT = Buffer.from('42["event",')

export function scanSocketIo(bytes: Buffer, start: number, end: number): Payload {
  const payload = emptyPayload()
  if (bytes.compare(EVENT, 0, EVENT.length, start, Math.min(end, start + EVENT.length)) === 0) {
    const [, room, event] = JSON.parse(bytes.toString('utf8', start + 2, end)) as [
      string,
      string,
      { seq: number; body: string },
    ]
    addEvent(payload, room, event.seq, dueOf(event.body))
    return payload
  }
  const text = bytes.toString('utf8', start, end)
  if (text.startsWith('0{')) payload.items.push({ is: 'prompt', answer: '40' })
  else if (text === '2') payload.items.push({ is: 'prompt', answer: '3' })
  else if (text.startsWith('40')) payload.items.push({ is: 'welcome', heartbeatMs: null })
  else if (text.startsWith('43')) {
    const bracket = text.indexOf('[')
    const [ok] = JSON.parse(text.slice(bracket)) as [unknown]
    payload.items.push({ is: 'reply', id: Number(text.slice(2, bracket)), ok, error: null })
  } else if (text.startsWith('44')) throw new Error(`refused: ${text}`)
  else payload.items.push({ is: 'other' })
  return payload
}
