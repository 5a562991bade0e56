/**
 * The HTTP API: pages of history, lists of rooms and registrations, each at a rate of its own.
 *
 *     k6 run -e HISTORY_RATE=200 -e REGISTRATION_RATE=20 load/k6/http.ts
 *
 * | Environment         | Default               |                                                                   |
 * | ------------------- | --------------------- | ----------------------------------------------------------------- |
 * | `YEOUL_URL`         | http://127.0.0.1:8080 | the server                                                        |
 * | `YEOUL_API_KEY`     |                       | signs readers in by the server's API key; without it they register |
 * | `READERS`           | 20                    | people who read                                                   |
 * | `MESSAGES`          | 500                   | in the room that they read                                        |
 * | `HISTORY_RATE`      | 50                    | people a second who read the newest three pages                   |
 * | `ROOMS_RATE`        | 20                    | lists a second of a person's own rooms                            |
 * | `REGISTRATION_RATE` | 5                     | registrations a second; each hashes a password                    |
 * | `DURATION`          | 10                    | seconds                                                           |
 *
 * Open loop: k6 begins as many iterations a second as asked, whether or not the ones before have ended. Where it could not,
 * it counts `dropped_iterations`, and the run fails: the rate that you asked for was not the rate that the server saw.
 */
import { check } from 'k6'
import exec from 'k6/execution'
import http from 'k6/http'
import type { ConstantArrivalRateScenario, Options } from 'k6/options'
import { call, join, newPerson, newRoom, newRun, number, type Person, request, URL } from './yeoul.ts'

const READERS = number('READERS', 20)
const MESSAGES = number('MESSAGES', 500)
const DURATION = number('DURATION', 10)
const PAGE = 50
const PAGES = 3

export const options: Options = {
  scenarios: {
    history: atRate('history', number('HISTORY_RATE', 50)),
    rooms: atRate('rooms', number('ROOMS_RATE', 20)),
    registration: atRate('registration', number('REGISTRATION_RATE', 5)),
  },
  setupTimeout: '120s',
  summaryTrendStats: ['avg', 'med', 'p(95)', 'p(99)', 'max'],
  thresholds: {
    'http_req_duration{scenario:history}': ['p(99)<1000'],
    'http_req_duration{scenario:rooms}': ['p(99)<1000'],
    'http_req_duration{scenario:registration}': ['p(99)<1000'],
    // The time to the first byte, of registrations alone.
    'http_req_waiting{scenario:registration}': ['p(99)<1000'],
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    dropped_iterations: ['count==0'],
  },
}

function atRate(what: string, rate: number): ConstantArrivalRateScenario {
  return {
    executor: 'constant-arrival-rate',
    exec: what,
    rate: Math.round(rate),
    timeUnit: '1s',
    duration: `${DURATION}s`,
    // Enough for answers that take a second: an iteration that waits for a new one is dropped.
    preAllocatedVUs: Math.ceil(rate) + 5,
    maxVUs: Math.ceil(rate * 2) + 10,
  }
}

interface Setup {
  run: string
  room: string
  readers: Person[]
}

export function setup(): Setup {
  const run = newRun()
  const readers = Array.from({ length: READERS }, (_, i) => newPerson(`${run}-${i}`))
  const [writer, ...others] = readers as [Person, ...Person[]]
  const room = newRoom(writer, run)
  for (const reader of others) join(reader, room)
  fill(room, writer)
  return { run, room, readers }
}

/** Messages are sent 20 at a time, as many connections would. */
function fill(room: string, writer: Person): void {
  const headers = { Authorization: `Bearer ${writer.token}`, 'Content-Type': 'application/json' }
  for (let from = 0; from < MESSAGES; from += 20) {
    const messages = Array.from({ length: Math.min(20, MESSAGES - from) }, (_, i) => ({
      method: 'POST',
      url: `${URL}/api/v1/rooms/${room}/messages`,
      body: JSON.stringify({ clientMessageId: `${from + i}`, body: `Message ${from + i} `.padEnd(64, 'x') }),
      params: { headers, tags: { name: 'POST /rooms/{id}/messages' } },
    }))
    http.batch(messages)
  }
}

/** The newest pages, one after the other, as somebody scrolls up: complete, in order, without a hole at a seam. */
export function history({ room, readers }: Setup): void {
  const reader = anyOf(readers)
  const numbers: number[] = []
  let before = ''
  for (let page = 0; page < PAGES; page++) {
    const { items } = call<Page>('GET', `/rooms/${room}/messages?limit=${PAGE}${before}`, reader.token)
    if (items.length === 0) break
    numbers.unshift(...items.map(({ n }) => n))
    before = `&before=${items[0]?.seq}`
  }
  const oldest = Math.max(1, MESSAGES - PAGES * PAGE + 1)
  check(numbers, {
    'the pages are the newest messages, without a hole or a repeat': (all) =>
      all.length === MESSAGES - oldest + 1 && all.every((n, i) => n === oldest + i),
  })
}

export function rooms({ room, readers }: Setup): void {
  const { items } = call<RoomList>('GET', '/me/rooms', anyOf(readers).token)
  check(items, {
    'the list names the room, with its newest message': ([first]) =>
      first?.room.id === room && first.lastMessage?.n === MESSAGES,
  })
}

export function registration({ run }: Setup): void {
  const username = `${run}-new-${exec.scenario.iterationInTest}`
  const answer = request('POST', '/auth/register', null, { username, password: `the password of ${username}` })
  check(answer, { 'the account was made': ({ status }) => status === 201 })
}

function anyOf<T>(all: T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T
}

interface Page {
  items: { n: number; seq: number }[]
}

interface RoomList {
  items: { room: { id: string }; lastMessage: { n: number } | null }[]
}
