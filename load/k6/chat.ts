/**
 * Chat over WebSocket: people in rooms, some messages a second over all of them, each delivery timed and each room's
 * sequence checked on every connection.
 *
 *     k6 run -e USERS=200 -e RATE=100 load/k6/chat.ts
 *
 * | Environment     | Default               |                                                                   |
 * | --------------- | --------------------- | ----------------------------------------------------------------- |
 * | `YEOUL_URL`     | http://127.0.0.1:8080 | the server                                                        |
 * | `YEOUL_API_KEY` |                       | signs people in by the server's API key; without it they register |
 * | `USERS`         | 100                   | connections; each is in one room                                  |
 * | `ROOMS`         | 10                    |                                                                   |
 * | `RATE`          | 50                    | messages a second, over all                                       |
 * | `DURATION`      | 10                    | seconds during which messages are sent                            |
 * | `SETTLE`        | 2                     | seconds between the last arrival and the first message            |
 *
 * Open loop: each message has a time at which it is due, fixed beforehand. Delays count from that time, so that a server
 * (or a k6) that stalls is not spared the messages that it kept waiting.
 */
import { sleep } from 'k6'
import exec from 'k6/execution'
import { Counter, Trend } from 'k6/metrics'
import type { Options } from 'k6/options'
import { clearInterval, setInterval, setTimeout } from 'k6/timers'
import { WebSocket } from 'k6/websockets'
import { join, newPerson, newRoom, newRun, number, URL } from './yeoul.ts'

const USERS = number('USERS', 100)
const ROOMS = Math.min(USERS, number('ROOMS', 10))
const RATE = number('RATE', 50)
const DURATION = number('DURATION', 10)
const BODY_LENGTH = 64
/** People arrive one after the other, 100 a second, and the first message waits for the last of them. */
const ARRIVAL_MS = (USERS / 100) * 1_000
const SETTLE_MS = number('SETTLE', 2) * 1_000
/** From when the last message was due until everybody asks for the room's head. */
const GRACE_MS = 2_000
/** What was not delivered this long after that is missing. */
const PATIENCE_MS = 10_000

const delivery = new Trend('delivery', true)
const acknowledgement = new Trend('acknowledgement', true)
const sendingLate = new Trend('sending_late', true)
const sent = new Counter('messages_sent')
const acknowledged = new Counter('messages_acknowledged')
const refused = new Counter('messages_refused')
const unanswered = new Counter('messages_unanswered')
const received = new Counter('messages_received')
const missing = new Counter('events_missing')
const repeated = new Counter('events_repeated')
const complete = new Counter('connections_complete')
const late = new Counter('connections_late')
const lost = new Counter('connections_lost')
const lagging = new Counter('connections_lagging')

export const options: Options = {
  scenarios: {
    chat: {
      executor: 'per-vu-iterations',
      vus: USERS,
      iterations: 1,
      maxDuration: `${Math.ceil((ARRIVAL_MS + SETTLE_MS + GRACE_MS) / 1_000 + DURATION) + 30}s`,
      gracefulStop: '0s',
    },
  },
  summaryTrendStats: ['avg', 'med', 'p(95)', 'p(99)', 'max'],
  thresholds: {
    delivery: ['p(99)<1000', 'max<2000'],
    acknowledgement: ['p(99)<1000', 'max<2000'],
    // Above it k6, or the machine under it, was the bottleneck: the other figures say nothing of the server.
    sending_late: ['p(99)<100'],
    messages_refused: ['count==0'],
    messages_unanswered: ['count==0'],
    events_missing: ['count==0'],
    events_repeated: ['count==0'],
    connections_late: ['count==0'],
    connections_lost: ['count==0'],
    connections_lagging: ['count==0'],
    // Who received every event of the room up to its head, once. Fails, too, when somebody never came in.
    connections_complete: [`count==${USERS}`],
  },
}

interface Setup {
  run: string
  rooms: string[]
  /** When the first message is due, ms since 1970. */
  startAt: number
}

export function setup(): Setup {
  const run = newRun()
  const owner = newPerson(run)
  const rooms = Array.from({ length: ROOMS }, (_, i) => newRoom(owner, `${run} ${i}`))
  return { run, rooms, startAt: Date.now() + ARRIVAL_MS + SETTLE_MS }
}

export default function chat({ run, rooms, startAt }: Setup): void {
  const index = exec.vu.idInTest - 1
  sleep((index / USERS) * (ARRIVAL_MS / 1_000))
  const person = newPerson(`${run}-${index}`)
  const room = rooms[index % rooms.length] as string
  join(person, room)
  talk(person.token, room, startAt, startAt + (index * 1_000) / RATE)
}

/** Connects, subscribes to the room, sends a message every `USERS / RATE` seconds, and leaves when all must have come. */
function talk(token: string, room: string, startAt: number, firstDue: number): void {
  const endAt = startAt + DURATION * 1_000
  const socket = new WebSocket(`${URL.replace(/^http/, 'ws')}/ws`, null, {
    headers: { 'Sec-WebSocket-Protocol': 'yeoul.v1' },
  })
  const inFlight = new Map<number, number>()
  let lastId = 0
  let nextSeq = 0
  let whole = true
  let nextDue = firstDue
  let pings: number | null = null
  let leaving = false

  const command = (fields: object): number => {
    socket.send(JSON.stringify({ id: ++lastId, ...fields }))
    return lastId
  }
  const leave = () => {
    leaving = true
    if (pings !== null) clearInterval(pings)
    socket.close()
  }

  const hello = 1
  const subscribe = 2
  let askedForHead = 0
  socket.onopen = () => command({ op: 'hello', token })
  socket.onmessage = (event) => {
    const frame = JSON.parse(event?.data as string) as Item | Item[]
    // A frame is one object or an array of them.
    for (const item of Array.isArray(frame) ? frame : [frame]) {
      if ('push' in item) pushed(item)
      else answered(item)
    }
  }
  socket.onclose = () => {
    if (pings !== null) clearInterval(pings)
    if (!leaving) lost.add(1)
  }
  socket.onerror = (event) => console.error(`connection: ${event?.error}`)

  function answered({ re, ok, err }: Reply): void {
    const due = inFlight.get(re)
    if (due !== undefined) {
      inFlight.delete(re)
      if (err === undefined) {
        acknowledged.add(1)
        acknowledgement.add(Date.now() - due)
      } else {
        if (refusals++ === 0) console.error(`send: ${err.code}: ${err.message}`)
        refused.add(1)
      }
      return
    }
    if (err !== undefined) {
      console.error(`command ${re}: ${err.code}: ${err.message}`)
      socket.close()
    } else if (re === hello) {
      command({ op: 'subscribe', room })
      pings = setInterval(() => command({ op: 'ping' }), ok?.heartbeatMs as number)
    } else if (re === subscribe) {
      nextSeq = (ok?.position?.seq as number) + 1
      const now = Date.now()
      // What was said before is nothing that this connection was sent.
      if (now > startAt) late.add(1)
      goOn(now)
    } else if (re === askedForHead) {
      leaveAfter(ok?.heads?.[0]?.seq as number, Date.now() + PATIENCE_MS)
    }
  }

  function pushed(push: Push): void {
    if (push.push === 'lagging') {
      // Whoever reads this slowly measures itself: the figures are worth nothing.
      lagging.add(1)
      leave()
    } else if (push.push === 'event') {
      const { seq, type, body } = push.event
      if (seq > nextSeq) missing.add(seq - nextSeq)
      if (seq < nextSeq) repeated.add(1)
      if (seq !== nextSeq) whole = false
      nextSeq = Math.max(nextSeq, seq + 1)
      if (type !== 'message') return
      received.add(1)
      delivery.add(Date.now() - Number.parseInt(body as string, 10))
    }
  }

  function send(): void {
    if (leaving || socket.readyState !== 1) return
    const now = Date.now()
    for (; nextDue <= now && nextDue < endAt; nextDue += (USERS * 1_000) / RATE) {
      const body = `${Math.round(nextDue)} `.padEnd(BODY_LENGTH, 'x')
      const clientMessageId = `${lastId + 1}`
      inFlight.set(command({ op: 'send', room, clientMessageId, body }), nextDue)
      sendingLate.add(now - nextDue)
      sent.add(1)
    }
    goOn(now)
  }

  function goOn(now: number): void {
    if (nextDue < endAt) setTimeout(send, Math.max(0, nextDue - now))
    else setTimeout(askForHead, Math.max(0, endAt + GRACE_MS - now))
  }

  function askForHead(): void {
    if (!leaving && socket.readyState === 1) askedForHead = command({ op: 'watch', rooms: [room] })
  }

  /** The head may be ahead of the pushes: what is on its way is waited for, and missing only then. */
  function leaveAfter(head: number, until: number): void {
    if (nextSeq <= head && Date.now() < until) {
      setTimeout(() => leaveAfter(head, until), 50)
      return
    }
    if (nextSeq <= head) missing.add(head + 1 - nextSeq)
    else if (whole) complete.add(1)
    unanswered.add(inFlight.size)
    leave()
  }
}

/** Of this user: one line for the first refusal, not one for each. */
let refusals = 0

type Item = Reply | Push

interface Reply {
  re: number
  ok?: { heartbeatMs?: number; position?: { seq: number }; heads?: { seq: number }[] }
  err?: { code: string; message: string }
}

type Push =
  | { push: 'event'; room: string; event: { seq: number; type: string; body?: string } }
  | { push: 'lagging'; room: string }
