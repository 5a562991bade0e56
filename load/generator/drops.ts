import { nowMicros, sleepUntil } from './clock.ts'
import type { Connection } from './connection.ts'
import type { Reconnection } from './dialect.ts'
import { allLive, KeptConnection, newReturns } from './keeper.ts'

/** What the connections of one process live through while others talk. Times of the clock are in µs of `nowMicros`. */
export interface EndurePlan {
  from: number
  /** From now on nobody is cut, and nobody is away any more. */
  to: number
  /** Each connection is cut at random moments; null: none is. */
  drops: Drops | null
  /** All are cut at this moment; null: they are not. */
  cutAllAt: number | null
  /** How long, after `to`, they may take to come back, in ms. */
  patienceMs: number
}

export interface Drops {
  /** The mean time that a connection is up, in ms; exponential, so that no moment is likelier than another. */
  everyMs: number
  /** How long it is away, in ms: anything between the two, as often up to twice the least as from half the most. */
  away: { least: number; most: number }
}

export interface Endured {
  cuts: number
  /** Ended by the server, or left because it asked for it. */
  ended: number
  failed: number
  returned: number
  /** Connections that are up at the end. */
  live: number
  /** `Returns.times`, encoded. */
  times: string
}

/** Keeps the connections up as their own client library would, and cuts them by the plan. */
export async function endure(
  connections: Connection[],
  reconnection: Reconnection,
  plan: EndurePlan,
): Promise<Endured> {
  const returns = newReturns()
  const kept = connections.map((connection) => new KeptConnection(connection, reconnection, returns))
  try {
    await sleepUntil(plan.from)
    const endsAt = performance.now() + (plan.to - nowMicros()) / 1000
    const timers = plan.drops === null ? [] : kept.map((one) => dropAtRandom(one, plan.drops!, endsAt))
    if (plan.cutAllAt !== null) {
      await sleepUntil(plan.cutAllAt)
      const now = performance.now()
      for (const one of kept) one.cut(now)
    }
    await sleepUntil(plan.to)
    for (const stop of timers) stop()
    for (const one of kept) one.networkBack(endsAt)
    const live = await allLive(connections, plan.patienceMs)
    return { ...returns, live, times: returns.times.encode() }
  } finally {
    for (const one of kept) one.release()
  }
}

/** Answers how to end it. */
function dropAtRandom(kept: KeptConnection, { everyMs, away }: Drops, endsAt: number): () => void {
  let timer: NodeJS.Timeout
  const plan = () => {
    timer = setTimeout(drop, -Math.log(1 - Math.random()) * everyMs)
  }
  const drop = () => {
    // Who is still on the way back is not cut again before that.
    if (kept.connection.state === 'live') {
      const awayMs = away.least * (away.most / away.least) ** Math.random()
      kept.cut(Math.min(performance.now() + awayMs, endsAt))
    }
    plan()
  }
  plan()
  return () => clearTimeout(timer)
}
