import { newId } from '../../src/core/ids.ts'
import { Latency } from '../measure/latency.ts'
import { nowMicros, sleepUntil } from './clock.ts'
import type { Connection } from './connection.ts'
import { bodyOf } from './dialect.ts'

/**
 * People who arrive at fixed times, however the server does (an open loop), and then talk as fast as they are answered (a
 * closed one): connect, enter, and send each message when the one before was acknowledged. It is what a scenario of
 * Artillery's does. Whoever is done stays and listens, so that each message can be missed.
 */
export interface SessionsPlan {
  /** When each connection of this process arrives, in their order; µs of `nowMicros`. */
  arrivals: number[]
  /** Of each session. */
  messages: number
  bodyLength: number
  /** Sessions that have not ended by then (µs) are given up. */
  until: number
}

export interface SessionsHeld {
  ended: number
  /** Not connected, cut off, or still talking when they were given up. */
  unended: number
  /** Lengths of those that ended, encoded: from the arrival to the last acknowledgement. */
  lengths: string
  /** When the last one ended, µs of `nowMicros`; 0 when none did. */
  lastAt: number
}

/** Holds one session on each connection; none of them is open yet. Those that were opened stay open. */
export async function holdSessions(connections: Connection[], plan: SessionsPlan): Promise<SessionsHeld> {
  const lengths = new Latency()
  let lastAt = 0
  const ends = await Promise.all(
    connections.map(async (connection, i) => {
      const arrival = plan.arrivals[i]!
      await sleepUntil(arrival)
      if (!(await heldUntil(connection, plan))) return false
      lastAt = nowMicros()
      lengths.record(lastAt - arrival)
      return true
    }),
  )
  const ended = ends.filter(Boolean).length
  return { ended, unended: ends.length - ended, lengths: lengths.encode(), lastAt }
}

/** Whether the session came to its end in time. */
async function heldUntil(connection: Connection, plan: SessionsPlan): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const late = setTimeout(() => resolve(false), Math.max(0, (plan.until - nowMicros()) / 1000))
  connection.open().then(
    () => talk(connection, plan, () => resolve(true)),
    () => resolve(false),
  )
  const ended = await promise
  clearTimeout(late)
  connection.answered = null
  return ended
}

/** A refused message is not sent again: it is counted, and the run fails by it. */
function talk(connection: Connection, { messages, bodyLength }: SessionsPlan, done: () => void): void {
  const { sendTo } = connection.spec
  let sent = 0
  const next = () => {
    if (sent === messages) return done()
    const now = nowMicros()
    connection.send(sendTo[sent++ % sendTo.length]!, newId(), bodyOf(now, bodyLength), now)
  }
  connection.answered = next
  next()
}

/**
 * When people arrive whose rate rises evenly from `from` to `to` a second: seconds after the start, rising, as many as
 * arrive in that time.
 */
export function ramp(from: number, to: number, seconds: number): number[] {
  const slope = (to - from) / seconds
  const count = Math.round(((from + to) / 2) * seconds)
  // The k-th arrives when the rate's integral, from·t + slope·t²/2, has come to k.
  return Array.from({ length: count }, (_, i) => {
    const k = i + 1
    return slope === 0 ? k / from : (Math.sqrt(from * from + 2 * slope * k) - from) / slope
  })
}
