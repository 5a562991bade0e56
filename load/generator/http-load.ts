import { Latency } from '../measure/latency.ts'
import { nowMicros, sleep } from './clock.ts'
import { type HttpAnswer, HttpClient, type HttpRequest } from './http-client.ts'

/**
 * How requests follow each other. `spaced`: each at its time, whatever became of those before (open loop). `at-once`: all at the
 * same instant, each on a connection of its own that is open already. `together`: so many at a time, each followed by the next
 * one when it is answered, until the time is over (closed loop).
 */
export type Pace =
  | { kind: 'spaced'; perSecond: number }
  | { kind: 'at-once' }
  | { kind: 'together'; count: number; seconds: number }

export interface HttpPlan {
  host: string
  requests: HttpRequest[]
  pace: Pace
  /** Answers in this time are not timed; of requests at once all are. */
  warmUpSeconds: number
}

export interface HttpAsked {
  /** Of each request in turn: `201`, `409 room_full`, `ECONNRESET`; null of one that was not made. */
  outcomes: (string | null)[]
  /** Encoded; from the time a request was due to its first and to its last byte. */
  firstBytes: string
  answers: string
  /** From the first request to the last answer, warm-up included. */
  seconds: number
  /**
   * Of requests that succeeded, after the warm-up: in a closed loop the answers in its time, else all that were due, over the time
   * until the last one was answered.
   */
  perSecond: number
}

const CONNECTIONS = 512
/** What opens a connection without work for the server. */
const GREETING = { method: 'GET', path: '/healthz' } as const

/** Asks everything that the plan says and answers what became of it. No answer within a minute is an outcome too. */
export async function askAll(plan: HttpPlan): Promise<HttpAsked> {
  const { host, requests, pace } = plan
  const client = new HttpClient(host, pace.kind === 'at-once' ? requests.length : CONNECTIONS)
  if (pace.kind === 'at-once') await Promise.all(requests.map(({ port }) => client.ask({ ...GREETING, port })))
  const record = new Asked(plan, nowMicros() + 50_000)
  const ask = (i: number, due: number) => record.answer(i, due, client.ask(requests[i]!))
  await sleep((record.startAt - nowMicros()) / 1000)
  switch (pace.kind) {
    case 'spaced':
      await askSpaced(requests.length, record.startAt, 1e6 / pace.perSecond, ask)
      break
    case 'at-once':
      await Promise.all(requests.map((_, i) => ask(i, record.startAt)))
      break
    case 'together':
      await askTogether(requests.length, pace.count, record.endAt, ask)
      break
  }
  client.close()
  return record.told()
}

type Ask = (i: number, due: number) => Promise<void>

async function askSpaced(count: number, startAt: number, spacing: number, ask: Ask): Promise<void> {
  const open: Promise<void>[] = []
  while (open.length < count) {
    const now = nowMicros()
    for (let due = startAt + open.length * spacing; due <= now && open.length < count; due += spacing) {
      open.push(ask(open.length, due))
    }
    await sleep(1)
  }
  await Promise.all(open)
}

async function askTogether(limit: number, together: number, endAt: number, ask: Ask): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let now = nowMicros(); next < limit && now < endAt; now = nowMicros()) await ask(next++, now)
  }
  await Promise.all(Array.from({ length: together }, worker))
}

/** What became of the requests of one plan. */
class Asked {
  readonly startAt: number
  /** Of a closed loop. */
  readonly endAt: number
  readonly #windowFrom: number
  readonly #outcomes: (string | null)[]
  readonly #firstBytes = new Latency()
  readonly #answers = new Latency()
  /** What `perSecond` counts. */
  #succeeded = 0
  #lastAt: number

  constructor({ requests, pace, warmUpSeconds }: HttpPlan, startAt: number) {
    this.startAt = startAt
    this.endAt = pace.kind === 'together' ? startAt + pace.seconds * 1e6 : Number.POSITIVE_INFINITY
    this.#lastAt = startAt
    this.#windowFrom = startAt + warmUpSeconds * 1e6
    this.#outcomes = Array.from({ length: requests.length }, () => null)
  }

  async answer(i: number, due: number, asked: Promise<HttpAnswer>): Promise<void> {
    let answer: HttpAnswer | null = null
    try {
      answer = await asked
      this.#outcomes[i] = outcomeOf(answer)
    } catch (error) {
      this.#outcomes[i] = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    }
    const now = nowMicros()
    this.#lastAt = Math.max(this.#lastAt, now)
    if (answer === null) return
    const since = this.endAt === Number.POSITIVE_INFINITY ? due : now
    if (answer.status < 400 && since >= this.#windowFrom && now < this.endAt) this.#succeeded++
    if (due < this.#windowFrom) return
    this.#firstBytes.record(answer.firstByteAt - due)
    this.#answers.record(now - due)
  }

  told(): HttpAsked {
    return {
      outcomes: this.#outcomes,
      firstBytes: this.#firstBytes.encode(),
      answers: this.#answers.encode(),
      seconds: (this.#lastAt - this.startAt) / 1e6,
      perSecond: (this.#succeeded * 1e6) / Math.max(1, Math.min(this.endAt, this.#lastAt) - this.#windowFrom),
    }
  }
}

/** The status, and the code of a problem document. */
function outcomeOf({ status, body }: HttpAnswer): string {
  if (status < 400) return String(status)
  try {
    const { code } = JSON.parse(body.toString()) as { code?: string }
    return code === undefined ? String(status) : `${status} ${code}`
  } catch {
    return String(status)
  }
}
